"""The Python interface: what comes back agrees with the command line and the pages, and what is
wrong is said in a line."""

import subprocess
import sys

import cv2
import numpy as np
import pandas as pd
import pytest

import emotion_ai
from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.errors import ConfigError, DatasetError, ImageError, ModelError, VideoError
from emotion_ai.evaluation.assessment import Question, assess
from emotion_ai.labels import COORDINATE_COLUMNS, COURSE5, FER7, KEYPOINT_NAMES
from emotion_ai.media.videos import film
from emotion_ai.models import store
from emotion_ai.reading.predictor import load_predictor
from emotion_ai.settings import settings


@pytest.fixture(scope="module")
def photo():
    """uint8 (H, W, 3) BGR with faces in it."""
    return draw_photo(seed=3)[0]


@pytest.fixture(scope="module")
def files(photo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(folder / name), photo)
    return folder


@pytest.fixture(scope="module")
def faces(drawn):
    return drawn("expression", 140)


def test_names_are_imported_only_when_asked_for():
    code = (
        "import sys, emotion_ai, emotion_ai.labels\n"
        "heavy = {'numpy', 'pandas', 'cv2', 'ai_edge_litert', 'platformdirs'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert {'read', 'open_model'} <= set(dir(emotion_ai))\n"
        "assert callable(emotion_ai.read) and 'pandas' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'emotion_ai' has no attribute 'reed'"):
        emotion_ai.reed  # noqa: B018


def test_photo_is_read_as_the_predictor_reads_it(files, photo):
    found = emotion_ai.read(files / "a.png")
    expected = load_predictor(settings()).read(photo)
    assert len(found) == len(expected) >= 3
    assert found[0].as_dict() == expected[0].as_dict()
    assert [face.as_dict() for face in found[1:]] == [face.as_dict() for face in expected[1:]]


def test_pixels_are_rgb_and_read_as_their_file(files, photo):
    rgb = np.ascontiguousarray(photo[..., ::-1])
    from_pixels, from_file = emotion_ai.read(rgb), emotion_ai.read(str(files / "a.png"))
    pd.testing.assert_frame_equal(from_pixels.to_frame(), from_file.to_frame())
    np.testing.assert_array_equal(from_file.image, rgb)


def test_grey_pixels_are_a_photo_too(photo):
    grey = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    assert len(emotion_ai.read(grey)) == len(emotion_ai.read(np.dstack([grey] * 3))) > 0


def test_frame_has_a_row_a_face_with_everything_read(files):
    found = emotion_ai.read(files / "a.png")
    table = found.to_frame()
    assert table["face"].tolist() == list(range(1, len(found) + 1))
    assert table["expression"].tolist() == [face.expression.label for face in found]
    shares = table[[f"p_{name}" for name in FER7.expressions]]
    np.testing.assert_allclose(shares.iloc[0], found[0].expression.probabilities, atol=1e-5)
    points = table[list(COORDINATE_COLUMNS)].to_numpy().reshape(-1, len(KEYPOINT_NAMES), 2)
    np.testing.assert_allclose(points[0], found[0].keypoints_px, atol=0.006)


def test_drawing_leaves_the_photo_as_it_is(files):
    found = emotion_ai.read(files / "a.png")
    before = found.image.copy()
    drawn = found.draw()
    np.testing.assert_array_equal(found.image, before)
    x0, y0, x1, y1 = (round(value) for value in found[0].face.box_xyxy)
    assert (drawn[y0 : y1 + 1, x0 : x1 + 1] != before[y0 : y1 + 1, x0 : x1 + 1]).any()


def test_photo_without_faces_gives_an_empty_table():
    found = emotion_ai.read(np.full((120, 160, 3), 128, np.uint8))
    assert len(found) == len(found.to_frame()) == 0


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((20, 20, 3), np.float32),
        np.zeros((20, 20, 4), np.uint8),
        np.zeros((0, 20, 3), np.uint8),
        np.zeros((2, 20, 20, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused_with_what_came(pixels):
    with pytest.raises(ImageError, match=r"expected .* RGB or \(H, W\) grey: got \w+ \("):
        emotion_ai.read(pixels)


def test_film_given_as_a_photo_names_what_reads_it():
    with pytest.raises(ImageError, match="got a film: read_table reads films"):
        emotion_ai.read("clip.mp4")


def test_table_holds_photos_folders_and_films(files, photo, tmp_path):
    clip = tmp_path / "clip.mp4"
    with film(clip) as writer:
        for step in range(5):
            writer.add(photo.copy(), step / 10)
    table = emotion_ai.read_table([files, clip])
    assert set(table["file"]) == {str(files / "a.png"), str(files / "b.png"), str(clip)}
    one = emotion_ai.read(files / "a.png").to_frame()
    of_photo = table[table["file"] == str(files / "a.png")].reset_index(drop=True)
    pd.testing.assert_frame_equal(of_photo[one.columns], one)
    assert of_photo["time_s"].isna().all()
    assert table.loc[table["file"] == str(clip), "time_s"].nunique() == 5


def test_table_of_one_path_is_the_table_of_a_list_of_it(files):
    one = emotion_ai.read_table(str(files / "a.png"))
    pd.testing.assert_frame_equal(one, emotion_ai.read_table([files / "a.png"]))


@pytest.mark.parametrize(("name", "error"), [("broken.png", ImageError), ("x.mp4", VideoError)])
def test_table_names_the_file_that_cannot_be_read(files, tmp_path, name, error):
    (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(error, match=name):
        emotion_ai.read_table([files / "a.png", tmp_path / name])


def test_dataset_opens_by_folder_and_unknown_ones_are_listed(faces):
    assert emotion_ai.open_dataset(faces.folder).digest == faces.digest
    with pytest.raises(DatasetError, match="no dataset or file 'nothing'"):
        emotion_ai.open_dataset("nothing")


def test_expression_model_reads_crops_as_a_table(faces):
    model = emotion_ai.open_model("expression")
    assert (model.name, model.task, model.size_px) == ("expression", "expression", 48)
    table = model.read(faces.images[:5])
    shares = store.open_model(settings().models_dir, "expression").network()(faces.images[:5])
    np.testing.assert_array_equal(table.filter(like="p_"), shares["probabilities"])
    best = shares["probabilities"].argmax(axis=1)
    assert table["expression"].tolist() == [FER7.expressions[i] for i in best]
    assert set(table["named_as"]) == {"crowd"}


def test_keypoint_model_reads_crops_as_coordinates():
    crops = np.random.default_rng(0).integers(0, 256, (3, 96, 96), np.uint8)
    table = emotion_ai.open_model("keypoints").read(crops)
    assert list(table.columns) == list(COORDINATE_COLUMNS)
    points = store.open_model(settings().models_dir, "keypoints").network()(crops)["keypoints"]
    np.testing.assert_array_equal(table.to_numpy().reshape(3, 15, 2), points)


def test_no_faces_are_no_rows():
    assert emotion_ai.open_model("expression").read(np.zeros((0, 48, 48), np.uint8)).empty


@pytest.mark.parametrize("shape", [(3, 96, 96), (48, 48), (3, 48, 48, 1)])
def test_crops_of_another_shape_are_refused(shape):
    with pytest.raises(ConfigError, match=r"expression reads face crops, uint8 \(N, 48, 48\): got"):
        emotion_ai.open_model("expression").read(np.zeros(shape, np.uint8))


def test_score_is_the_one_that_evaluate_prints(faces):
    model = emotion_ai.open_model("expression")
    scores = model.score(faces, split="test", labels="course5")
    saved = store.open_model(settings().models_dir, "expression")
    asked = Question("test", labels=COURSE5)
    assert scores == assess(saved, faces, asked, settings()).scores
    assert scores["split"] == "test"
    assert sum(map(sum, scores["confusion"])) == scores["n"]


def test_unknown_model_lists_the_known_ones():
    with pytest.raises(ModelError, match="expected one of: expression, keypoints"):
        emotion_ai.open_model("nobody")
