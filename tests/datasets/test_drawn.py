"""Synthetic faces: the same from the same seed, exact keypoints, expressions that show."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from emotion_ai.datasets.drawn.canvas import Canvas
from emotion_ai.datasets.drawn.geometry import place_face
from emotion_ai.datasets.drawn.painting import paint_face
from emotion_ai.datasets.drawn.parameters import PERFORMANCES, Face, random_face
from emotion_ai.datasets.drawn.synthetic import draw_faces, draw_photo, make_dataset
from emotion_ai.datasets.store import open_dataset
from emotion_ai.errors import ConfigError
from emotion_ai.labels import FER7, FLIP_ORDER, KEYPOINT_NAMES

POINT = {name: i for i, name in enumerate(KEYPOINT_NAMES)}


@pytest.fixture(scope="module")
def faces():
    return draw_faces(560, 48, seed=11)


@pytest.fixture
def face() -> Face:
    return random_face(np.random.default_rng(4), "neutral")


def acted(face: Face, expression: str, performance: int = 0) -> np.ndarray:
    """Keypoints of ``face`` looking straight ahead with an expression, in units, (15, 2)."""
    acting = PERFORMANCES[expression][performance]
    face = replace(face, acting=acting, expression=expression, roll=0.0, yaw=0.0, pitch=0.0)
    return place_face(face, np.zeros(2), 1.0).keypoints_px


def upright(points: np.ndarray) -> np.ndarray:
    """Faces turned so that their eyes are level, (N, 15, 2)."""
    across = points[:, POINT["left_eye_center"]] - points[:, POINT["right_eye_center"]]
    cos, sin = (across / np.linalg.norm(across, axis=1, keepdims=True)).T[..., None]
    x, y = points[..., 0], points[..., 1]
    return np.stack([x * cos + y * sin, y * cos - x * sin], axis=-1)


def test_the_same_seed_draws_the_same_faces_and_another_seed_others():
    one, same, other = (draw_faces(8, 48, seed) for seed in (3, 3, 4))
    assert np.array_equal(one.images, same.images)
    assert np.array_equal(one.keypoints_px, same.keypoints_px)
    assert one.expressions == same.expressions
    assert not np.array_equal(one.images, other.images)


def test_a_face_is_the_same_however_many_are_drawn(faces):
    few = draw_faces(9, 48, seed=11)
    assert np.array_equal(few.images, faces.images[:9])
    assert few.expressions == faces.expressions[:9]


def test_shapes_types_and_contrast(faces):
    assert faces.images.shape == (560, 48, 48)
    assert faces.images.dtype == np.uint8
    assert faces.keypoints_px.shape == (560, 15, 2)
    assert faces.keypoints_px.dtype == np.float32
    assert (faces.images.std(axis=(1, 2)) > 8).all()
    empty = draw_faces(0, 48, seed=0)
    assert empty.images.shape == (0, 48, 48)
    assert empty.expressions == ()


def test_colour_and_size_keep_the_person_and_the_points():
    small, large = draw_faces(4, 48, seed=2), draw_faces(4, 96, seed=2, colour=True)
    assert large.images.shape == (4, 96, 96, 3)
    assert np.allclose((small.keypoints_px + 0.5) * 2 - 0.5, large.keypoints_px, atol=1e-3)
    grey = draw_faces(4, 96, seed=2).images
    assert np.array_equal(cv2.cvtColor(large.images[0], cv2.COLOR_BGR2GRAY), grey[0])


def test_expressions_are_balanced_at_every_length(faces):
    for n in (7, 100, 560):
        counts = [faces.expressions[:n].count(name) for name in FER7.expressions]
        assert max(counts) - min(counts) <= 1


def test_keypoints_lie_inside_in_anatomical_order(faces):
    points = faces.keypoints_px
    assert points.min() > 0
    assert points.max() < 47
    x, y = ({name: upright(points)[:, i, axis] for name, i in POINT.items()} for axis in (0, 1))
    assert (x["left_eye_center"] > x["right_eye_center"] + 10).all()
    assert (x["left_eye_outer_corner"] > x["left_eye_inner_corner"]).all()
    assert (x["right_eye_inner_corner"] > x["right_eye_outer_corner"]).all()
    assert (x["left_eye_inner_corner"] > x["right_eye_inner_corner"]).all()
    assert (x["left_eyebrow_outer_end"] > x["left_eyebrow_inner_end"]).all()
    assert (x["right_eyebrow_inner_end"] > x["right_eyebrow_outer_end"]).all()
    assert (x["mouth_left_corner"] > x["mouth_right_corner"]).all()
    for side in ("left", "right"):
        assert (y[f"{side}_eye_center"] > y[f"{side}_eyebrow_inner_end"]).all()
        assert (y["nose_tip"] > y[f"{side}_eye_center"]).all()
        assert (y[f"mouth_{side}_corner"] > y["nose_tip"]).all()
    assert (y["mouth_center_bottom_lip"] > y["mouth_center_top_lip"]).all()


def test_framing_is_that_of_the_keypoint_photos():
    """Mean positions in the 96-pixel development photos, within three pixels."""
    mean = draw_faces(140, 96, seed=5).keypoints_px.mean(axis=0)
    expected = {
        "left_eye_center": (66, 35), "right_eye_center": (30, 35), "nose_tip": (49, 55),
        "mouth_left_corner": (64, 73), "mouth_right_corner": (33, 73),
        "mouth_center_bottom_lip": (49, 81),
    }  # fmt: skip
    for name, position in expected.items():
        assert np.abs(mean[POINT[name]] - position).max() < 3, name


def test_a_mirrored_pose_mirrors_and_exchanges_the_points(face):
    acting = replace(face.acting, lopsided=0.0)
    face = replace(face, acting=acting, roll=0.2, yaw=0.15)
    mirrored = replace(face, roll=-0.2, yaw=-0.15)
    centre_px = np.array([47.5, 40.0])
    points = place_face(face, centre_px, 18.0).keypoints_px
    flipped = place_face(mirrored, centre_px, 18.0).keypoints_px[list(FLIP_ORDER)]
    flipped[:, 0] = 95 - flipped[:, 0]
    assert np.allclose(points, flipped)


def test_the_drawing_moves_with_its_points(face):
    def drawn(centre_px):
        canvas = Canvas(np.full((240, 240, 3), 90, np.uint8), scale=2)
        lines = place_face(face, np.array(centre_px, float), 14.0)
        paint_face(canvas, face, lines)
        return canvas.finished().astype(int), lines.keypoints_px

    (image, points), (moved, moved_points) = drawn((60, 55)), drawn((65, 52))
    assert np.allclose(points + np.array([5, -3]), moved_points)
    assert np.abs(image[13:103, 10:100] - moved[10:100, 15:105]).mean() < 0.5


def test_whole_numbers_are_pixel_centres():
    canvas = Canvas(np.zeros((90, 90, 3), np.uint8), scale=3)
    canvas.dot(np.array([10.25, 20.0]), 4.0, (255, 255, 255))
    image = canvas.finished()[..., 0].astype(float)
    y, x = np.indices(image.shape)
    centre = (x * image).sum() / image.sum(), (y * image).sum() / image.sum()
    assert centre == pytest.approx((10.25, 20.0), abs=0.05)


def test_expressions_move_brows_and_mouth(face):
    def gap(points):
        lips = points[[POINT["mouth_center_top_lip"], POINT["mouth_center_bottom_lip"]], 1]
        return lips[1] - lips[0]

    def corners(points):
        return points[[POINT["mouth_left_corner"], POINT["mouth_right_corner"]], 1].mean()

    def brow(points, end):
        return points[POINT[f"left_eyebrow_{end}_end"], 1]

    rest = acted(face, "neutral")
    for performance in (0, 1):
        assert gap(acted(face, "surprise", performance)) > 1.5 * gap(rest)
        assert corners(acted(face, "happy", performance)) < corners(rest) - 0.2
        assert corners(acted(face, "sad", performance)) > corners(rest) + 0.15
        assert brow(acted(face, "angry", performance), "inner") > brow(rest, "inner") + 0.2
        assert brow(acted(face, "sad", performance), "inner") < brow(rest, "inner") - 0.2
        assert brow(acted(face, "surprise", performance), "outer") < brow(rest, "outer") - 0.2


def test_seven_expressions_can_be_learned(faces):
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pixels = faces.images.reshape(560, -1).astype(np.float32)
    pixels = (pixels - pixels.mean(axis=1, keepdims=True)) / pixels.std(axis=1, keepdims=True)
    labels = np.array(faces.expressions)
    model = make_pipeline(
        PCA(60, random_state=0), StandardScaler(), LogisticRegression(C=0.01, tol=0.01)
    )
    model.fit(pixels[:448], labels[:448])
    assert model.score(pixels[448:], labels[448:]) > 0.45  # chance is 0.14


def test_keypoints_can_be_learned(faces):
    from sklearn.linear_model import Ridge

    pixels = faces.images.reshape(560, -1) / np.float32(255)
    points = faces.keypoints_px.reshape(560, -1)
    guess = Ridge(alpha=30.0).fit(pixels[:448], points[:448]).predict(pixels[448:])
    error = np.sqrt(np.mean((guess - points[448:]) ** 2))
    spread = np.sqrt(np.mean((points[:448].mean(axis=0) - points[448:]) ** 2))
    assert error < 0.75 * spread


@pytest.mark.parametrize(("task", "size_px"), [("expression", 48), ("keypoints", 96)])
def test_a_dataset_is_stored_with_split_and_origin(data_dir, task, size_px):
    calls = []
    made = make_dataset(data_dir, task, n=70, seed=9, progress=lambda *call: calls.append(call))
    stored = open_dataset(data_dir / f"synthetic_{task}")
    drawn = draw_faces(70, size_px, seed=9)
    assert stored.digest == made.digest
    assert np.array_equal(stored.images, drawn.images)
    assert stored.description["splits"] == {"train": 42, "validation": 14, "test": 14}
    assert stored.description["format"] == "synthetic"
    assert stored.description["label_set"] == "fer7"
    assert stored.description["seed"] == 9
    assert stored.samples["group"].nunique() == 70
    assert calls[-1] == (70, 70, "faces")
    if task == "keypoints":
        assert np.array_equal(stored.keypoints_px, drawn.keypoints_px)
        assert stored.description["complete"] == 70
    else:
        assert tuple(stored.samples["expression"]) == drawn.expressions
        assert stored.description["expressions"]["test"] == dict.fromkeys(FER7.expressions, 2)
    again = make_dataset(data_dir, task, n=70, seed=9, name="again")
    assert again.digest == stored.digest


def test_a_photo_shows_everybody_within_the_picture():
    photo, boxes = draw_photo(seed=1, faces=5, size_wh=(480, 320))
    assert photo.shape == (320, 480, 3)
    assert photo.dtype == np.uint8
    assert len(boxes) == 5
    for x0, y0, x1, y1 in boxes:
        assert 0 <= x0 < x1 <= 479
        assert 0 <= y0 < y1 <= 319
        assert photo[int(y0) : int(y1), int(x0) : int(x1)].std() > 10
    again, _ = draw_photo(seed=1, faces=5, size_wh=(480, 320))
    assert np.array_equal(photo, again)


def test_impossible_orders_name_what_was_expected(data_dir):
    with pytest.raises(ConfigError, match="expression, keypoints"):
        make_dataset(data_dir, "age")
    with pytest.raises(ConfigError, match="at least 35 faces, got 5"):
        make_dataset(data_dir, "expression", n=5)
    with pytest.raises(ConfigError, match="16 to 2048"):
        draw_faces(1, 4, seed=0)
    with pytest.raises(ConfigError, match="at least one face"):
        draw_photo(seed=0, faces=0)
    assert not data_dir.exists()
