"""Formats of the field, on small files laid out as the real ones are: none of these sets may be
kept here, so nothing in this file was ever tried on the real thing."""

import io
import json
import os

import cv2
import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.io import savemat

from emotion_ai.datasets import import_dataset
from emotion_ai.datasets.formats import schemes
from emotion_ai.errors import DatasetError
from emotion_ai.labels import COORDINATE_COLUMNS, FLIP_ORDER, KEYPOINT_NAMES
from tests.support.dataset_files import face, jpg, png, write_csv, write_tree, write_zip


def npy(value) -> bytes:
    content = io.BytesIO()
    np.save(content, np.array(value))
    return content.getvalue()


def spread(count: int) -> np.ndarray:
    """(count, 2) points in a 200 × 200 photo, each at another place."""
    return np.random.default_rng(count).uniform(40, 160, (count, 2)).astype(np.float32)


def pair(dataset, name: str, row: int = 0) -> np.ndarray:
    return dataset.samples.loc[row, [f"{name}_x", f"{name}_y"]].to_numpy(float)


def test_rafdb(tmp_path, data_dir):
    aligned = "basic/Image/aligned"
    files = {
        "basic/EmoLabel/list_patition_label.txt":
            b"train_00001.jpg 5\ntest_0001.jpg 1\ntrain_00002.jpg 9\ntrain_00003.jpg 4\n",
        f"{aligned}/train_00001_aligned.jpg": jpg(face(0, 100)),
        f"{aligned}/test_0001_aligned.jpg": jpg(face(1, 100)),
    }  # fmt: skip
    report = import_dataset(write_tree(tmp_path / "raf", files), data_dir)
    samples = report.dataset.samples
    assert samples["expression"].tolist() == ["sad", "surprise"]
    assert samples["split"].tolist() == ["train", "test"]
    assert [m.partition(": ")[2] for m in report.skipped] == [
        "expected a class from 1 to 7, got '9'", "no picture train_00003_aligned.jpg",
    ]  # fmt: skip


def affectnet_folders():
    return {
        "train_set/images/1.jpg": jpg(face(0, 64)), "train_set/images/2.jpg": jpg(face(1, 64)),
        "val_set/images/3.jpg": jpg(face(2, 64)),
        "train_set/annotations/1_exp.npy": npy("7"), "train_set/annotations/1_val.npy": npy("-0.5"),
        "train_set/annotations/1_aro.npy": npy("0.25"),
        "train_set/annotations/2_exp.npy": npy("9"),
        "val_set/annotations/3_exp.npy": npy(0), "val_set/annotations/3_val.npy": npy(-2.0),
    }  # fmt: skip


def test_affectnet_folders_keep_valence_and_arousal(tmp_path, data_dir):
    report = import_dataset(write_zip(tmp_path / "affectnet.zip", affectnet_folders()), data_dir)
    samples = report.dataset.samples
    assert samples["expression"].tolist() == ["contempt", "neutral"]
    assert samples["split"].tolist() == ["train", "validation"]
    assert samples[["valence", "arousal"]].to_numpy().tolist()[0] == [-0.5, 0.25]
    assert samples.loc[1, ["valence", "arousal"]].isna().all()
    assert report.dataset.labels.name == "fer8"
    assert "uncertain" in report.skipped[0]


def test_affectnet_tables_cut_the_box(tmp_path, data_dir):
    photo = np.zeros((100, 100), np.uint8)
    photo[20:70, 30:80] = 200
    header = ("subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,"
              "expression,valence,arousal")  # fmt: skip
    folder = write_tree(tmp_path / "affectnet", {"Manually_Annotated/5/a.png": png(photo)})
    rows = ["5/a.png,30,20,50,50,1;2,1,0.5,-0.1", "5/gone.png,1,1,9,9,,1,0,0"]
    write_csv(folder / "training.csv", header, rows)
    report = import_dataset(folder, data_dir)
    assert report.dataset.samples["expression"].tolist() == ["happy"]
    assert report.dataset.images[0, 24, 24] == 200  # the box's middle, with a little around it
    assert report.dataset.images[0, 0, 0] == 0
    assert "no picture 5/gone.png" in report.skipped[0]


def test_ckplus_takes_the_peak_and_keeps_subjects_together(tmp_path, data_dir):
    files = {}
    for subject in ("S005", "S010", "S011", "S014", "S022"):
        for n in range(1, 6):
            name = f"cohn-kanade-images/{subject}/001/{subject}_001_0000000{n}.png"
            files[name] = png(face(int(subject[1:]) * 10 + n))
        emotion = b"   3.0000000e+00\n" if subject != "S022" else b"nonsense"
        files[f"Emotion/{subject}/001/{subject}_001_00000005_emotion.txt"] = emotion
    report = import_dataset(write_tree(tmp_path / "ck", files), data_dir, split="60/20/20")
    samples = report.dataset.samples
    assert samples["source"].str[-5].tolist() == ["3", "4", "5"] * 4
    assert set(samples["expression"]) == {"disgust"}
    assert samples.groupby("subject")["split"].nunique().tolist() == [1] * 4
    assert "expected a class from 0 to 7, got 'nonsense'" in report.skipped[0]


def test_jaffe_names_hold_subject_and_expression(tmp_path, data_dir):
    import cv2

    angry, happy = (cv2.imencode(".tiff", face(i, 256))[1].tobytes() for i in (1, 2))
    files = {
        "KA.AN1.39.tiff": angry,
        "KA.HA2.30.tiff": happy,
        "YM.FE1.1.tiff": b"II*\0" + bytes(99),
    }
    report = import_dataset(write_tree(tmp_path / "jaffe", files), data_dir)
    assert report.dataset.samples["expression"].tolist() == ["angry", "happy"]
    assert report.dataset.samples["subject"].tolist() == ["KA", "KA"]
    assert "YM.FE1.1.tiff" in report.skipped[0]


def test_kdef_names_hold_subject_expression_and_angle(tmp_path, data_dir):
    files = {"AF01/AF01ANS.JPG": jpg(face(1, 90)), "AM02/BM02AFHL.JPG": jpg(face(2, 90))}
    samples = import_dataset(write_tree(tmp_path / "kdef", files), data_dir).dataset.samples
    assert samples["expression"].tolist() == ["angry", "fear"]
    assert samples["subject"].tolist() == ["F01", "M02"]
    assert samples["angle"].tolist() == ["S", "HL"]


def test_expw_cuts_every_face_of_a_photo(tmp_path, data_dir):
    photo = np.zeros((100, 200), np.uint8)
    photo[:, 100:] = 250
    lines = b"a.jpg 0 20 20 80 80 98.5 3\na.jpg 1 20 120 180 80 60.1 6\na.jpg 2 0 0 9 9 5 9\n"
    files = {"label.lst": lines, "image/a.jpg": jpg(photo)}
    report = import_dataset(write_tree(tmp_path / "expw", files), data_dir)
    assert report.dataset.samples["expression"].tolist() == ["happy", "neutral"]
    assert report.dataset.images[0].max() < 20
    assert report.dataset.images[1].min() > 230
    assert report.dataset.samples["group"].nunique() == 1  # one photo, one side of a split
    assert "expected a class from 0 to 6, got 9" in report.skipped[0]


def hugging_face(path, labels, names, **further):
    pictures = [{"bytes": png(face(i)), "path": f"{i}.png"} for i in range(len(labels))]
    table = pa.table({**further, "label": labels, "image": pictures})
    if names:
        about = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(about)})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def test_parquet_brings_its_classes_in_its_order(tmp_path, data_dir):
    names = ["thinking", "Bored", "<b>"]
    hugging_face(tmp_path / "hf/data/train-00000-of-00001.parquet", [0, 1, 7], names)
    hugging_face(tmp_path / "hf/data/test-00000-of-00001.parquet", [1], names)
    report = import_dataset(tmp_path / "hf", data_dir)
    assert report.dataset.labels.expressions == ("thinking", "Bored", "‹b›")
    assert report.dataset.samples["split"].tolist() == ["test", "train", "train"]
    assert "expected a class from 0 to 2, got 7" in report.skipped[0]


def test_one_parquet_file_without_features_names_its_classes(tmp_path, data_dir):
    path = hugging_face(tmp_path / "faces.parquet", ["calm", "tense", "calm"], None)
    assert import_dataset(path, data_dir).dataset.labels.expressions == ("calm", "tense")


def test_parquet_keeps_its_further_columns_and_who_is_seen(tmp_path, data_dir):
    path = tmp_path / "hf/train.parquet"
    hugging_face(path, ["calm", "tense"] * 2, None, person=["ann", "bob", "ann", None],
                 valence=[0.5, -0.25, None, 1.0], mask=[True, False, None, True],
                 split=["a", "b", "a", "b"], box=[[1], [2], [3], [4]])  # fmt: skip
    hugging_face(tmp_path / "hf/test.parquet", ["calm"], None, valence=["much"], 年=["007"])
    samples = import_dataset(tmp_path / "hf", data_dir).dataset.samples
    assert samples["split"].tolist() == ["test"] + ["train"] * 4
    assert samples["valence"].fillna("").tolist() == ["much", "0.5", "-0.25", "", "1.0"]
    assert samples["mask"].tolist() == [None, True, False, None, True]
    assert samples["年"].fillna("").tolist() == ["007", "", "", "", ""]
    assert samples["subject"].fillna("").tolist() == ["", "ann", "bob", "ann", ""]
    assert samples["split_2"].fillna("").tolist() == ["", "a", "b", "a", "b"]
    assert "box" not in samples


def test_a_parquet_file_of_something_else_says_what_it_has(tmp_path, data_dir):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(DatasetError, match="expected a column of pictures and one of labels"):
        import_dataset(tmp_path / "x.parquet", data_dir)


def test_folders_of_any_name_are_classes(tmp_path, data_dir):
    files = {f"train/考える/{i}.png": png(face(i)) for i in range(3)}
    files |= {f"train/Bored/{i}.png": png(face(10 + i)) for i in range(2)}
    files |= {"train/bored/9.png": png(face(20)), "train/😀/1.png": png(face(30))}
    dataset = import_dataset(write_tree(tmp_path / "moods", files), data_dir).dataset
    assert dataset.labels.expressions == ("Bored", "考える", "😀")
    assert dataset.samples["expression"].value_counts()["Bored"] == 3


def test_two_hundred_classes(tmp_path, data_dir):
    files = {f"class {i:03}/{j}.png": png(face(2 * i + j, 48)) for i in range(200) for j in (0, 1)}
    dataset = import_dataset(write_zip(tmp_path / "many.zip", files), data_dir).dataset
    assert len(dataset.labels) == 200


def test_wflw_flags_become_columns(tmp_path, data_dir):
    points = spread(98)
    line = " ".join(map(str, points.ravel())) + " 40 40 160 160 1 0 0 0 1 0 0--Parade/a.jpg"
    lists = "WFLW_annotations/list_98pt_rect_attr_train_test"
    files = {
        f"{lists}/list_98pt_rect_attr_train.txt": f"{line}\n1 2 3\n".encode(),
        f"{lists}/list_98pt_rect_attr_test.txt": f"{line}\n".encode(),
        "WFLW_images/0--Parade/a.jpg": jpg(face(1, 200)),
    }
    report = import_dataset(write_tree(tmp_path / "wflw", files), data_dir)
    samples = report.dataset.samples
    assert samples["split"].tolist() == ["test", "train"]
    assert samples.loc[0, ["pose", "occlusion", "blur"]].tolist() == [True, True, False]
    # Two points of the set keep their distance in the crop, as many times as long.
    crop_side = 1.11 * np.ptp(points, axis=0).max()
    expected = (points[72] - points[60]) * 96 / crop_side
    got = pair(report.dataset, "left_eye_outer_corner") - pair(
        report.dataset, "right_eye_outer_corner"
    )
    assert got == pytest.approx(expected, abs=1e-3)
    assert "expected 206 numbers and a file" in report.skipped[0]


def test_cofw(tmp_path, data_dir):
    points = spread(29)
    photo = np.zeros((200, 180, 3), np.uint8)
    row = np.concatenate([(points + 1).T.ravel(), np.eye(29)[3] + np.eye(29)[5]])
    (tmp_path / "cofw").mkdir()
    with h5py.File(tmp_path / "cofw" / "COFW_train_color.mat", "w", userblock_size=512) as file:
        image = file.create_dataset("image", data=photo.T)  # MATLAB stores columns first
        images = file.create_dataset("IsTr", (1, 2), dtype=h5py.ref_dtype)
        images[0, 0] = images[0, 1] = image.ref
        file["phisTr"] = np.stack([row, np.full(87, np.nan)], axis=1)
    report = import_dataset(tmp_path / "cofw", data_dir)
    assert report.dataset.samples.loc[0, ["split", "occluded_points"]].tolist() == ["train", 2]
    side = 1.11 * np.ptp(points, axis=0).max()
    got = pair(report.dataset, "nose_tip") - pair(report.dataset, "mouth_left_corner")
    assert got == pytest.approx((points[20] - points[23]) * 96 / side, abs=1e-3)
    assert "face 2: a coordinate is not a number" in report.skipped[0]


def test_aflw2000_keeps_the_pose(tmp_path, data_dir):
    points = spread(68)
    content, other = io.BytesIO(), io.BytesIO()
    savemat(content, {"pt3d_68": np.vstack([points.T, np.zeros(68)]),
                      "Pose_Para": np.radians([[10, -45, 5, 1, 2, 3, 4]])})  # fmt: skip
    savemat(other, {"pt2d": points})
    files = {"image00002.jpg": jpg(face(1, 200)), "image00002.mat": content.getvalue(),
             "image00004.jpg": jpg(face(2, 200)), "image00004.mat": other.getvalue()}  # fmt: skip
    report = import_dataset(write_tree(tmp_path / "AFLW2000", files), data_dir)
    pose = report.dataset.samples.loc[0, ["pitch_deg", "yaw_deg", "roll_deg"]].tolist()
    assert pose == [10.0, -45.0, 5.0]
    assert "expected pt3d_68 and Pose_Para" in report.skipped[0]


@pytest.mark.parametrize("count", [468, 478])
def test_mediapipe(tmp_path, data_dir, count):
    points = spread(count)
    mesh = [{"x": float(x + 0.5) / 200, "y": float(y + 0.5) / 160, "z": 0.0} for x, y in points]
    photo = np.zeros((160, 200), np.uint8)
    said = {"faceLandmarks": [mesh, mesh[:5]], "facialTransformationMatrixes": []}
    files = {"a.jpg": jpg(photo), "a.json": json.dumps(said).encode()}
    report = import_dataset(write_tree(tmp_path / "mesh", files), data_dir)
    outline = points[list(schemes.MESH468.outline)]
    expected = (points[1] - points[61]) * 96 / (1.11 * np.ptp(outline, axis=0).max())
    got = pair(report.dataset, "nose_tip") - pair(report.dataset, "mouth_right_corner")
    assert got == pytest.approx(expected, abs=1e-2)
    assert "expected 468 or 478 points" in report.skipped[0]


@pytest.mark.parametrize("scheme", list(schemes.BY_COUNT.values()), ids=lambda s: str(s.count))
def test_left_points_of_a_mirrored_face_are_right_ones(scheme):
    """Each table maps 15 different places, and its left and right sides have as many points."""
    assert len(set(scheme.sources)) == 15
    sizes = [len(points) for points in scheme.sources]
    assert [sizes[i] for i in FLIP_ORDER] == sizes
    assert max(map(max, scheme.sources)) < scheme.count


def test_a_table_beside_pictures(tmp_path, data_dir):
    folder = write_tree(tmp_path / "own", {f"p/{i}.png": png(face(i, 60)) for i in range(4)})
    rows = ["p/0.png,thinking,train,ann,adult,0.5", "p/1.png,bored,test,bob,child,-1",
            "p/2.png,bored,train,ann,,", "p/9.png,bored,train,ann,,", "p/3.png,bored,soon,ann,,",
            "../../etc/passwd,bored,train,ann,,"]  # fmt: skip
    write_csv(folder / "faces.csv", "file,label,split,subject,age group,valence", rows)
    for given, name in ((folder, "folder"), (folder / "faces.csv", "table")):
        report = import_dataset(given, data_dir, name=name)
        samples = report.dataset.samples
        assert samples["expression"].tolist() == ["thinking", "bored", "bored"]
        assert samples["age_group"].fillna("").tolist() == ["adult", "child", ""]
        assert samples["valence"].tolist()[:2] == [0.5, -1.0]
        assert samples["subject"].tolist() == ["ann", "bob", "ann"]
        assert len(report.skipped) == 3


def test_a_table_of_points_names_them(tmp_path, data_dir):
    folder = write_tree(tmp_path / "points", {"0.png": png(face(0, 200))})
    header = "file,nose_tip_x,nose_tip_y,left_eye_center_x,left_eye_center_y,mouth_left_corner_x"
    write_csv(folder / "points.csv", header, ["0.png,100,120,140,80,130"])
    dataset = import_dataset(folder, data_dir).dataset
    known = dataset.samples[list(COORDINATE_COLUMNS)].notna().iloc[0]
    assert known.sum() == 4  # half a point is none
    # As large as in the mean face: from nose to eye √(17.7² + 20.6²) = 27.16 of 96 pixels.
    got = pair(dataset, "left_eye_center") - pair(dataset, "nose_tip")
    assert got == pytest.approx(np.array([1, -1]) * 27.16 / np.sqrt(2), abs=2e-3)
    middle = (pair(dataset, "left_eye_center") + pair(dataset, "nose_tip")) / 2
    assert middle == pytest.approx([(65.2 + 47.5) / 2, (34.8 + 55.4) / 2], abs=1e-3)


def test_a_crop_with_our_own_points_stays_as_it_is(tmp_path, data_dir):
    pixels = face(3, 96)
    folder = write_tree(tmp_path / "points", {"0.png": png(pixels)})
    points = np.arange(30).reshape(15, 2) + 20.5
    header = ",".join(["file", *COORDINATE_COLUMNS])
    write_csv(folder / "points.csv", header, [",".join(["0.png", *map(str, points.ravel())])])
    dataset = import_dataset(folder, data_dir).dataset
    np.testing.assert_array_equal(dataset.images[0], pixels)
    np.testing.assert_array_equal(dataset.keypoints_px[0], points)


@pytest.mark.parametrize("wrong", ["inf", "5000", "-900"])
def test_a_crop_whose_points_are_elsewhere_is_a_line(tmp_path, data_dir, wrong):
    folder = write_tree(tmp_path / "points", {f"{i}.png": png(face(i, 96)) for i in (0, 1)})
    header = ",".join(["file", *COORDINATE_COLUMNS])
    good = ["40.5"] * 30
    lines = [",".join(["0.png", *good]), ",".join(["1.png", wrong, *good[1:]])]
    write_csv(folder / "points.csv", header, lines)
    report = import_dataset(folder, data_dir)
    assert len(report.dataset) == 1
    assert "row 2: the points do not fit the 96 × 96 image" in report.skipped[0]


def test_pixels_in_a_column_called_image_are_no_names_of_pictures(tmp_path, data_dir):
    folder = write_tree(tmp_path / "downloads", {"holiday/x.png": png(face(0, 200))})
    header = ",".join([*COORDINATE_COLUMNS, "Image"])
    pixels = " ".join(["7"] * 96 * 96)
    rows = [",".join([*["40.0"] * 30, pixels]) for _ in range(3)]
    write_csv(folder / "training.csv", header, rows)
    for given in (folder / "training.csv", folder):
        dataset = import_dataset(given, data_dir, name=f"k{given.is_dir():d}").dataset
        assert (len(dataset), int(dataset.images[0].mean())) == (3, 7)


def test_class_7_of_eight_is_contempt(tmp_path, data_dir):
    pixels = " ".join(["9"] * 48 * 48)
    rows = [f"{number},{pixels}" for number in range(8)]
    write_csv(tmp_path / "ck.csv", "emotion,pixels", rows)
    report = import_dataset(tmp_path / "ck.csv", data_dir, label_set_name="fer8")
    assert not report.skipped
    assert report.dataset.samples["expression"].tolist()[7] == "contempt"


def test_a_person_of_number_0_is_one_and_rows_without_a_person_are_not_joined(tmp_path, data_dir):
    folder = write_tree(tmp_path / "own", {f"{i}.png": png(face(i, 60)) for i in range(8)})
    people = ["0", "0", "", "", "", "5", "5", "5"]
    rows = [f"{i}.png,{'up' if i % 2 else 'down'},{who}" for i, who in enumerate(people)]
    write_csv(folder / "faces.csv", "file,label,subject", rows)
    groups = import_dataset(folder, data_dir).dataset.samples["group"]
    assert groups.notna().all()
    assert groups.nunique() == 5
    assert groups[0] == groups[1] == "0"
    assert len(set(groups[2:5])) == 3


def test_a_file_name_that_is_not_utf_8_is_stored(tmp_path, data_dir):
    folder = write_tree(tmp_path / "old", {"up/a.png": png(face(0)), "down/b.png": png(face(1))})
    (folder / "up" / os.fsdecode(b"caf\xe9.png")).write_bytes(png(face(2)))
    sources = import_dataset(folder, data_dir).dataset.samples["source"]
    assert sources.str.contains(r"caf\xe9.png", regex=False).sum() == 1


def test_a_16_bit_tiff_keeps_its_greys(tmp_path, data_dir):
    deep = np.repeat(np.array([1000, 60000], np.uint16), 24 * 48).reshape(48, 48)
    names = ("up/0.tiff", "up/1.png", "down/2.png")
    files = {n: cv2.imencode(n[-5:].lstrip("012"), deep + i)[1].tobytes()
             for i, n in enumerate(names)}  # fmt: skip
    dataset = import_dataset(write_tree(tmp_path / "deep", files), data_dir).dataset
    assert {(int(face[0, 0]), int(face[-1, 0])) for face in dataset.images} == {(3, 234)}


@pytest.mark.parametrize(
    ("broken", "files"),
    [
        ("12", {"EmoLabel/list_patition_label.txt": b"train_1.jpg 12\ntrain_2.jpg 1\ntest_3.jpg 2"}
         | {f"Image/aligned/{n}_aligned.jpg": jpg(face(i))
            for i, n in enumerate(("train_1", "train_2", "test_3"))}),
        ("holds no number",
         {f"train_set/images/{i}.jpg": jpg(face(i)) for i in range(3)}
         | {f"train_set/annotations/{i}_{kind}.npy": npy(1) for i in range(3)
            for kind in ("exp", "val")} | {"train_set/annotations/0_aro.npy": b""}),
        ("expected pt3d_68", {"a.jpg": jpg(face(0)), "a.mat": b"MATLAB 5.0 MAT-file"}),
    ],
    ids=["RAF-DB", "AffectNet", "AFLW2000"],
)  # fmt: skip
def test_a_broken_file_among_good_ones_is_a_line(tmp_path, data_dir, broken, files):
    folder = write_tree(tmp_path / "set", files)
    try:
        told = "\n".join(import_dataset(folder, data_dir).skipped)
    except DatasetError as error:
        told = str(error)
    assert broken in told


def test_numbers_tell_photos_apart_where_every_name_begins_alike(tmp_path, data_dir):
    points = b"{\n" + "\n".join(f"{x} {y}" for x, y in spread(68)).encode() + b"\n}"
    names = [*(f"indoor/indoor_{i:03}" for i in range(6)),
             *(f"helen/{photo}_{face}" for photo in (11, 12, 13) for face in (1, 2))]  # fmt: skip
    files = {f"{name}.png": png(face(i, 200)) for i, name in enumerate(names)}
    files |= {f"{name}.pts": points for name in names}
    samples = import_dataset(write_tree(tmp_path / "300w", files), data_dir).dataset.samples
    groups = samples.groupby("subset")["group"].nunique()
    assert groups.to_dict() == {"indoor": 6, "helen": 3}


def test_folders_called_like_their_files_are_people(tmp_path, data_dir):
    points = b"{\n" + "\n".join(f"{x} {y}" for x, y in spread(68)).encode() + b"\n}"
    people = ("Ann_Lee", "Bob_Ray", "Cy_Day")
    names = [f"{name}/{name}_{frame:04}" for name in people for frame in (1, 2)]
    files = {f"{name}.png": png(face(i, 200)) for i, name in enumerate(names)}
    files |= {f"{name}.pts": points for name in names}
    samples = import_dataset(write_tree(tmp_path / "lfw", files), data_dir).dataset.samples
    assert samples.groupby("group").size().to_list() == [2, 2, 2]


def test_a_table_of_numbered_points(tmp_path, data_dir):
    points = spread(68)
    folder = write_tree(tmp_path / "points", {"0.png": png(face(0, 200))})
    header = ",".join(["image", *(f"{axis}{i}" for i in range(1, 69) for axis in "xy")])
    write_csv(folder / "p.csv", header, [",".join(["0.png", *map(str, points.ravel())])])
    dataset = import_dataset(folder, data_dir).dataset
    assert not np.isnan(dataset.keypoints_px).any()
    assert len(KEYPOINT_NAMES) == dataset.keypoints_px.shape[1]


def test_what_is_not_recognised_says_what_each_format_expects(tmp_path, data_dir):
    folder = write_tree(tmp_path / "notes", {"a.txt": b"1"})
    with pytest.raises(DatasetError) as told:
        import_dataset(folder, data_dir)
    for words in ("RAF-DB", "AffectNet", "CK+", "JAFFE", "KDEF", "ExpW", "WFLW", "COFW", "parquet"):
        assert words in str(told.value)
