from dataclasses import asdict

import numpy as np
import pytest

from emotion_ai.errors import ConfigError
from emotion_ai.labels import KEYPOINT_NAMES
from emotion_ai.training.augmentation import (
    Augmentation,
    augment,
    blend,
    blended,
    erase,
    flip_horizontal,
    flip_vertical,
    relight,
    warp,
)
from emotion_ai.training.config import TrainingConfig

LEFT_EYE, RIGHT_EYE = (KEYPOINT_NAMES.index(f"{side}_eye_center") for side in ("left", "right"))


@pytest.fixture
def faces():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (6, 40, 40), dtype=np.uint8)
    points = rng.uniform(5, 35, (6, 15, 2)).astype(np.float32)
    points[2, 4] = np.nan
    return images, points


def spots(points_px, size=41):
    """Images with one bright spot at each integer position (N, 2)."""
    images = np.zeros((len(points_px), size, size), np.uint8)
    for image, (x, y) in zip(images, points_px, strict=True):
        image[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2] = 255
    return images


def centre_of_light(images):
    grid = np.arange(images.shape[1])
    weight = images.sum(axis=(1, 2), dtype=float)
    x = (images.sum(axis=1) * grid).sum(axis=1) / weight
    y = (images.sum(axis=2) * grid).sum(axis=1) / weight
    return np.stack([x, y], axis=1)


def test_mirror_of_the_left_eye_is_where_and_what_the_right_eye_was():
    images = np.zeros((1, 10, 10), np.uint8)
    points = np.zeros((1, 15, 2), np.float32)
    points[0, LEFT_EYE], points[0, RIGHT_EYE] = (7, 3), (1, 4)
    _, mirrored = flip_horizontal(images, points)
    assert mirrored[0, RIGHT_EYE].tolist() == [2, 3]
    assert mirrored[0, LEFT_EYE].tolist() == [8, 4]


def test_without_exchange_the_mirrored_left_eye_lies_on_the_wrong_side():
    points = np.zeros((1, 15, 2), np.float32)
    points[0, LEFT_EYE], points[0, RIGHT_EYE] = (7, 3), (1, 4)
    _, mirrored = flip_horizontal(np.zeros((1, 10, 10), np.uint8), points, swap=False)
    assert mirrored[0, LEFT_EYE, 0] < mirrored[0, RIGHT_EYE, 0]


@pytest.mark.parametrize("flip", [flip_horizontal, flip_vertical])
def test_flipping_twice_changes_nothing(faces, flip):
    images, points = flip(*flip(*faces))
    np.testing.assert_array_equal(images, faces[0])
    np.testing.assert_allclose(points, faces[1], atol=1e-5)


def test_flips_leave_their_input_alone(faces):
    before = faces[0].copy(), faces[1].copy()
    flip_horizontal(*faces)
    flip_vertical(*faces)
    np.testing.assert_array_equal(faces[0], before[0])
    np.testing.assert_array_equal(faces[1], before[1])


def test_warp_moves_pixels_and_keypoints_together():
    places = np.array([[12, 15], [25, 30], [20, 20], [9, 28]], np.float32)
    points = np.repeat(places[:, None], 15, axis=1)
    rotation, scale = np.array([20.0, -35, 90, 5]), np.array([1.1, 0.8, 1.0, 1.25])
    shift = np.array([[2.0, -3], [0, 4], [1, 1], [-2, 0]])
    images, moved = warp(spots(places), points, rotation, scale, shift)
    np.testing.assert_allclose(centre_of_light(images), moved[:, 0], atol=0.15)


def test_a_quarter_turn_goes_counter_clockwise():
    points = np.full((1, 15, 2), np.nan, np.float32)
    points[0, 0] = (30, 20)  # right of the centre (20, 20)
    _, moved = warp(np.zeros((1, 41, 41), np.uint8), points, [90.0], [1.0], np.zeros((1, 2)))
    np.testing.assert_allclose(moved[0, 0], (20, 10), atol=1e-5)  # now above it
    assert np.isnan(moved[0, 1]).all()


def test_warp_without_change_cuts_the_border_off_exactly(faces):
    images, points = faces
    still = np.zeros(6), np.ones(6), np.zeros((6, 2))
    out, moved = warp(images, points, *still, border_px=4)
    np.testing.assert_array_equal(out, images[:, 4:-4, 4:-4])
    np.testing.assert_allclose(moved, points, atol=1e-5)


def test_the_border_supplies_what_a_shift_brings_in():
    image = np.zeros((1, 30, 30), np.uint8)
    image[0, :, 5] = 200  # in the border
    out, _ = warp(image, None, [0.0], [1.0], np.array([[6.0, 0.0]]), border_px=10)
    assert out[0, 5, 1] == 200  # 5 - 10 + 6


def test_relight_by_hand():
    image = np.array([[[100, 140], [60, 100]]], np.uint8)  # mean 100
    assert relight(image, 10.0, 0.5).tolist() == [[[110, 130], [90, 110]]]
    assert relight(image, 200.0, 1.0).max() == 255


def test_erase_fills_exactly_its_box():
    out = erase(np.zeros((2, 8, 8), np.uint8), [[1, 2, 4, 5], [3, 3, 3, 3]], [9, 9])
    assert (out[0] == 9).sum() == 9
    assert out[0, 2, 1] == 9
    assert not out[1].any()


def test_augment_is_reproducible_and_varies(faces):
    first = augment(*faces, Augmentation(), np.random.default_rng(5))
    again = augment(*faces, Augmentation(), np.random.default_rng(5))
    other = augment(*faces, Augmentation(), np.random.default_rng(6))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[0] != other[0]).any()


def test_augment_with_everything_off_is_the_identity(faces):
    off = Augmentation(**dict.fromkeys(asdict(Augmentation()), 0.0))
    images, points = augment(*faces, off, np.random.default_rng(0))
    np.testing.assert_array_equal(images, faces[0])
    np.testing.assert_allclose(points, faces[1], atol=1e-5)


def test_augment_keeps_missing_points_missing_in_unflipped_faces(faces):
    _, points = augment(*faces, Augmentation(flip=0), np.random.default_rng(0))
    np.testing.assert_array_equal(np.isnan(points), np.isnan(faces[1]))


def test_augment_of_no_faces_is_no_faces():
    images, points = augment(
        np.zeros((0, 20, 20), np.uint8), None, Augmentation(), np.random.default_rng(0)
    )
    assert images.shape == (0, 20, 20)
    assert points is None


def test_blending_mixes_faces_and_targets_alike():
    images = np.stack([np.full((4, 4), grey, np.uint8) for grey in (0, 100, 200)])
    targets = np.eye(3, dtype=np.float32)
    faces, aims = blend(images, targets, np.array([1, 2, 2]), np.array([0.25, 0.5, 0.4]))
    assert [int(face[0, 0]) for face in faces] == [25, 150, 200]
    np.testing.assert_allclose(aims, [[0.75, 0.25, 0], [0, 0.5, 0.5], [0, 0, 1]], atol=1e-6)


def test_a_face_stays_the_larger_part_of_what_it_is_blended_into():
    images, targets = np.zeros((200, 4, 4), np.uint8), np.eye(200, dtype=np.float32)
    _, aims = blended(images, targets, Augmentation(blend=0.5), np.random.default_rng(0))
    own = aims.diagonal()
    assert own.min() >= 0.5
    assert 60 < (own == 1).sum() < 140


def test_points_cannot_be_blended():
    with pytest.raises(ConfigError, match="blend: expected 0"):
        TrainingConfig.for_task("keypoints", ("d",), blend=0.5)
