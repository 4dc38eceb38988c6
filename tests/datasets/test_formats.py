"""Every accepted layout becomes the same store, recognised by its content."""

import io

import cv2
import numpy as np
import pytest

from emotion_ai.datasets import import_dataset, load_any
from emotion_ai.datasets.formats.framed import CROP_RAISE, CROP_SCALE, cut_by_points
from emotion_ai.datasets.formats.schemes import IBUG68
from emotion_ai.errors import DatasetError
from emotion_ai.labels import COORDINATE_COLUMNS, KEYPOINT_NAMES
from tests.support.dataset_files import (
    VOTES_HEADER,
    coordinates,
    face,
    fer_csv,
    jpg,
    keypoints_csv,
    pixels,
    png,
    pts,
    write_csv,
    write_tree,
    write_zip,
)


def test_fer2013_table_keeps_pixels_names_and_official_splits(tmp_path, data_dir):
    path = fer_csv(tmp_path / "anything.txt", [0, 3, 6], ["Training", "PublicTest", "PrivateTest"])
    dataset = import_dataset(path, data_dir).dataset
    assert dataset.name == "anything"
    assert dataset.samples["expression"].tolist() == ["angry", "happy", "neutral"]
    assert dataset.samples["split"].tolist() == ["train", "validation", "test"]
    assert np.array_equal(dataset.images, [face(0), face(1), face(2)])
    assert dataset.description["label_set"] == "fer7"
    assert dataset.description["split_rule"] == "official"


def test_stray_spaces_and_another_column_order_are_accepted(tmp_path, data_dir):
    rows = [f"5, PrivateTest ,{pixels(face(1))}"]
    path = write_csv(tmp_path / "icml_face_data.csv", "emotion, Usage, pixels", rows)
    dataset = import_dataset(path, data_dir).dataset
    assert dataset.samples.loc[0, ["expression", "split"]].tolist() == ["surprise", "test"]
    assert np.array_equal(dataset.images[0], face(1))


def test_numbers_up_to_four_without_usage_are_the_courses_five(tmp_path, data_dir):
    dataset = import_dataset(fer_csv(tmp_path / "course.csv", range(5)), data_dir).dataset
    assert dataset.description["label_set"] == "course5"
    assert dataset.samples["expression"].tolist() == [
        "angry", "disgust", "sad", "happy", "surprise",
    ]  # fmt: skip


def test_a_number_over_four_tells_fer2013_from_the_course(tmp_path, data_dir):
    dataset = import_dataset(fer_csv(tmp_path / "fer.csv", [2, 4, 6]), data_dir).dataset
    assert dataset.description["label_set"] == "fer7"
    assert dataset.samples["expression"].tolist() == ["fear", "sad", "neutral"]


def test_the_label_set_can_be_said(tmp_path, data_dir):
    path = fer_csv(tmp_path / "few.csv", [2, 3, 4])
    dataset = import_dataset(path, data_dir, label_set_name="fer7").dataset
    assert dataset.samples["expression"].tolist() == ["fear", "happy", "sad"]


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_expression_folders(tmp_path, data_dir, packed):
    files = {
        "fer/train/Anger/a.png": png(face(0)),
        "fer/train/happy/b.png": png(face(1)),
        "fer/validation/sad/c.png": png(face(2)),
        "fer/test/neutral/PublicTest_7.png": png(face(3)),
        "fer/test/neutral/d.PNG": png(face(4)),
        "__MACOSX/train/happy/._b.png": b"not an image",
        "readme.md": b"about",
    }
    path = (
        write_zip(tmp_path / "faces.zip", files)
        if packed
        else write_tree(tmp_path / "faces", files)
    )
    report = import_dataset(path, data_dir)
    by_source = report.dataset.samples.set_index("source")
    assert report.skipped == []
    assert by_source["split"].to_dict() == {
        "fer/train/Anger/a.png": "train",
        "fer/train/happy/b.png": "train",
        "fer/validation/sad/c.png": "validation",
        "fer/test/neutral/PublicTest_7.png": "validation",  # the name decides
        "fer/test/neutral/d.PNG": "test",
    }
    assert by_source.loc["fer/train/Anger/a.png", "expression"] == "angry"
    row = by_source.index.get_loc("fer/validation/sad/c.png")
    assert np.array_equal(report.dataset.images[row], face(2))


def test_colour_and_other_sizes_in_folders_become_grey_48(tmp_path, data_dir):
    colour = np.full((100, 80, 3), (200, 100, 50), np.uint8)
    folder = write_tree(
        tmp_path / "faces", {"happy/big.jpg": jpg(colour), "sad/small.png": png(face(0))}
    )
    report = import_dataset(folder, data_dir)
    assert report.resized == 1
    # 0.299 × 50 + 0.587 × 100 + 0.114 × 200 = 96.45
    assert abs(int(report.dataset.images[0].mean()) - 96) <= 2


def test_official_votes_stand_row_by_row_beside_the_table(tmp_path, data_dir):
    path = fer_csv(tmp_path / "fer.csv", [0, 9, 3], ["Training", "Training", "PublicTest"])
    votes = write_csv(
        tmp_path / "fer2013new.csv",
        f"Usage,Image name,{VOTES_HEADER}",
        [
            "Training,a.png,1,2,3,4,0,0,0,0,0,0",
            "Training,b.png,9,0,0,0,0,0,0,0,0,1",
            "PublicTest,,0,10,0,0,0,0,0,0,0,0",
        ],
    )
    report = import_dataset(path, data_dir, votes=votes)
    # The bad second row takes its votes with it.
    assert report.dataset.votes.tolist() == [
        [1, 2, 3, 4, 0, 0, 0, 0, 0, 0],
        [0, 10, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
    assert report.with_votes == 2


def test_votes_by_file_need_the_expression_too(tmp_path, data_dir):
    folder = write_tree(
        tmp_path / "faces",
        {
            "train/sad/1.png": png(face(0)),
            "train/fear/1.png": png(face(1)),
            "train/fear/2.png": png(face(2)),
        },
    )
    votes = write_csv(
        tmp_path / "votes.csv",
        f"file,expression,{VOTES_HEADER}",
        ["1.png,sadness,0,0,0,8,0,0,2,0,0,0", "1.png,fear,0,0,0,0,0,0,10,0,0,0"],
    )
    dataset = import_dataset(folder, data_dir, votes=votes).dataset
    found = dict(zip(dataset.samples["source"], dataset.votes.tolist(), strict=True))
    assert found["train/sad/1.png"] == [0, 0, 0, 8, 0, 0, 2, 0, 0, 0]
    assert found["train/fear/1.png"] == [0, 0, 0, 0, 0, 0, 10, 0, 0, 0]
    assert found["train/fear/2.png"] == [0] * 10


@pytest.mark.parametrize("packed", [False, True], ids=["csv", "zip"])
def test_kaggle_training_table(tmp_path, data_dir, packed):
    points = [coordinates(), coordinates(1), coordinates(2)]
    points[1][4:6] = ["", "nan"]
    points[2][0] = ""  # half a point is none
    path = keypoints_csv(tmp_path / "training.csv", points)
    if packed:
        path = write_zip(tmp_path / "training.zip", {"training.csv": path.read_bytes()})
    dataset = import_dataset(path, data_dir).dataset
    assert dataset.task == "keypoints"
    assert np.array_equal(dataset.images[1], face(1, 96))
    assert np.array_equal(dataset.keypoints_px[0].ravel(), coordinates())
    assert np.isnan(dataset.keypoints_px[1]).all(axis=1).nonzero()[0].tolist() == [2]
    assert np.isnan(dataset.keypoints_px[2, 0]).all()
    assert dataset.description["complete"] == 1


def test_kaggle_test_table_has_no_points_and_is_all_test(tmp_path, data_dir):
    rows = [f"{i + 1},{pixels(face(i, 96))}" for i in range(3)]
    path = write_csv(tmp_path / "test.csv", "ImageId,Image", rows)
    dataset = import_dataset(path, data_dir).dataset
    assert np.isnan(dataset.keypoints_px).all()
    assert dataset.description["splits"] == {"test": 3}
    assert dataset.description["unlabelled"] == 3


@pytest.mark.parametrize("first_axis", [False, True])
def test_public_copy_of_the_kaggle_set(tmp_path, data_dir, first_axis):
    images = np.stack([face(0, 96), face(1, 96)])
    stored = io.BytesIO()
    np.savez(stored, face_images=images if first_axis else np.moveaxis(images, 0, -1))
    points = [coordinates(), coordinates(1)]
    rows = "\n".join(",".join(map(str, row)) for row in points)
    files = {
        "copy/face_images.npz": stored.getvalue(),
        "copy/facial_keypoints.csv": f"{','.join(COORDINATE_COLUMNS)}\n{rows}\n".encode(),
    }
    dataset = import_dataset(write_zip(tmp_path / "public.zip", files), data_dir).dataset
    assert np.array_equal(dataset.images, images)
    assert np.array_equal(dataset.keypoints_px[1].ravel(), coordinates(1))


def square_points(centre_xy, side) -> np.ndarray:
    """68 points on a grid whose bounding box is a square of this side."""
    grid = np.stack(np.meshgrid(np.linspace(-0.5, 0.5, 10), np.linspace(-0.5, 0.5, 7)), -1)
    points = np.resize(grid.reshape(-1, 2), (68, 2))
    points[0], points[67] = (-0.5, -0.5), (0.5, 0.5)
    return (points * side + centre_xy).astype(np.float32)


def test_300w_points_are_reduced_to_fifteen_in_crop_pixels():
    points = square_points((150, 160), 100)
    crop, keypoints = cut_by_points(np.zeros((300, 300), np.uint8), points, IBUG68.reduced(points))
    assert crop.shape == (160, 160)
    side = CROP_SCALE * 100
    top_left_xy = np.array([150 - side / 2, 160 - CROP_RAISE * side - side / 2])
    # Continuous coordinates are those of pixel centres plus a half.
    expected = (points - top_left_xy) * 96 / side - 0.5
    at = KEYPOINT_NAMES.index
    for name, index in (
        ("nose_tip", 30),
        ("left_eye_inner_corner", 42),
        ("right_eye_outer_corner", 36),
        ("mouth_left_corner", 54),
        ("right_eyebrow_outer_end", 17),
        ("mouth_center_bottom_lip", 57),
    ):
        assert np.allclose(keypoints[at(name)], expected[index], atol=1e-3), name
    assert np.allclose(keypoints[at("left_eye_center")], expected[42:48].mean(axis=0), atol=1e-3)


@pytest.mark.parametrize("side", [60, 90, 400], ids=["enlarged", "about 1:1", "shrunk"])
def test_a_dot_in_the_photo_lies_under_its_point_in_the_crop(side):
    points = square_points((500, 500), side)
    photo = np.zeros((1000, 1000), np.uint8)
    dot = np.rint(points[30])
    points[30] = dot
    cv2.circle(photo, dot.astype(int).tolist(), max(side // 20, 2), 255, -1, cv2.LINE_AA)
    crop, keypoints = cut_by_points(photo, points, IBUG68.reduced(points))
    weights = crop.astype(float)
    ys, xs = np.indices(crop.shape)
    found = np.array([(weights * xs).sum(), (weights * ys).sum()]) / weights.sum()
    assert np.allclose(found - 32, keypoints[KEYPOINT_NAMES.index("nose_tip")], atol=0.05)


def test_300w_folder_names_subset_and_group(tmp_path, data_dir):
    photo = jpg(face(0, 200))
    files = {}
    for name in ("ytf/Ann_Lee_1", "ytf/Ann_Lee_2", "ytf/Bo_1", "helen/55_1"):
        files[f"{name}.jpg"] = photo
        files[f"{name}.pts"] = pts(square_points((100, 100), 80 + len(files)))
    dataset = import_dataset(write_tree(tmp_path / "300w", files), data_dir).dataset
    assert dataset.images.shape == (4, 96, 96)
    assert dataset.wide_images.shape == (4, 160, 160)
    assert dataset.samples["subset"].tolist() == ["helen", "ytf", "ytf", "ytf"]
    by_source = dataset.samples.set_index("source")["group"]
    assert by_source["ytf/Ann_Lee_1.jpg"] == by_source["ytf/Ann_Lee_2.jpg"]


def test_the_table_with_labels_and_splits_is_picked_from_several(tmp_path, data_dir):
    plain = fer_csv(tmp_path / "train.csv", [0, 1]).read_bytes()
    full = fer_csv(tmp_path / "icml.csv", [0, 6, 2], ["Training"] * 3).read_bytes()
    path = write_zip(tmp_path / "challenge.zip", {"a/train.csv": plain, "b/icml.csv": full})
    assert len(import_dataset(path, data_dir).dataset) == 3


def test_load_any_takes_a_name_or_a_file(tmp_path, data_dir):
    path = fer_csv(tmp_path / "fer.csv", [0, 6], ["Training"] * 2)
    import_dataset(path, data_dir, name="kept")
    assert load_any("kept", data_dir).folder == data_dir / "kept"
    temporary = load_any(path, data_dir)
    assert len(temporary) == 2
    assert data_dir not in temporary.folder.parents
    with pytest.raises(DatasetError, match=r"'nowhere'.*kept"):
        load_any("nowhere", data_dir)


def test_progress_counts_rows_to_the_end(tmp_path, data_dir):
    calls = []
    path = fer_csv(tmp_path / "fer.csv", [6] * 130, ["Training"] * 130)
    import_dataset(path, data_dir, progress=lambda *call: calls.append(call))
    assert calls == [(0, 130, "rows"), (64, 130, "rows"), (128, 130, "rows"), (130, 130, "rows")]


@pytest.mark.shared
def test_shared_300w_faces_have_their_subsets(shared_data, data_dir):
    dataset = import_dataset(shared_data / "keypoints_300w.zip", data_dir).dataset
    counts = dataset.samples["subset"].value_counts().to_dict()
    assert counts == {"ytf": 3462, "helen": 870, "afw": 337}
    # Upright faces: the mouth is below the eyes, the left eye on the picture's right.
    mean = dataset.keypoints_px.mean(axis=0)
    assert mean[14, 1] > mean[10, 1] > mean[0, 1]
    assert mean[0, 0] > mean[10, 0] > mean[1, 0]


@pytest.mark.shared
def test_shared_votes_find_their_faces(shared_data, data_dir):
    votes = shared_data / "ferplus.csv"
    report = import_dataset(shared_data / "fer2013.zip", data_dir, votes=votes)
    assert report.dataset.description["splits"] == {"train": 28_709, "validation": 3_589}
    assert report.with_votes == 32_134
    assert report.dataset.description["duplicates"]["also_in_train"] == {"validation": 280}
