"""Hints about a face's picture, and the wording of a doubtful expression."""

import cv2
import numpy as np
import pytest

from emotion_ai.datasets.drawn.synthetic import draw_faces
from emotion_ai.faces.quality import (
    expression_text,
    is_turned_away,
    is_uncertain,
    quality_hints,
    sharpness,
)
from emotion_ai.labels import FER7, KEYPOINT_NAMES
from emotion_ai.results import Expression, FaceBox, FaceReading


def expression(**probabilities) -> Expression:
    values = [probabilities.get(name, 0.0) for name in FER7.expressions]
    return Expression(FER7.expressions, np.array(values, np.float32))


def keypoints(nose_share: float, angle_deg: float = 0.0) -> np.ndarray:
    """Eye corners 40 px apart, the nose tip at a share of the way, the head tilted."""
    points = np.full((15, 2), 50, np.float32)
    points[KEYPOINT_NAMES.index("right_eye_outer_corner")] = (30, 40)
    points[KEYPOINT_NAMES.index("left_eye_outer_corner")] = (70, 40)
    points[KEYPOINT_NAMES.index("nose_tip")] = (30 + 40 * nose_share, 60)
    turn = np.deg2rad(angle_deg)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (points @ rotation.T).astype(np.float32)


def test_low_first_probability_is_worded_as_uncertain():
    doubtful, clear = expression(neutral=0.41, sad=0.4), expression(happy=0.91)
    assert is_uncertain(doubtful)
    assert expression_text(doubtful) == "uncertain: neutral 0.41"
    assert expression_text(clear) == "happy 0.91"


@pytest.mark.parametrize("angle_deg", [0, 30, -75])
def test_turned_away_is_seen_at_any_tilt(angle_deg):
    assert not is_turned_away(keypoints(0.5, angle_deg))
    assert is_turned_away(keypoints(0.75, angle_deg))
    assert is_turned_away(keypoints(0.25, angle_deg))


def test_missing_points_give_no_hint():
    points = keypoints(0.9)
    points[:] = np.nan
    assert not is_turned_away(points)
    assert not is_turned_away(None)
    assert not is_turned_away(np.zeros((15, 2), np.float32))


def test_blur_lowers_sharpness_and_contrast_does_not_matter():
    face = draw_faces(1, 96, seed=5).images[0]
    faint = (face * 0.4 + 80).astype(np.uint8)
    assert sharpness(cv2.GaussianBlur(face, (0, 0), 3)) < sharpness(face) / 5
    assert sharpness(faint) == pytest.approx(sharpness(face), rel=0.2)
    assert sharpness(np.full((96, 96), 7, np.uint8)) == 0


def test_hints_name_what_is_wrong_with_each_face():
    face = draw_faces(1, 200, seed=5).images[0]
    photo = np.hstack([face, cv2.GaussianBlur(face, (0, 0), 8)])
    readings = [
        FaceReading(FaceBox(box, 1.0), points)
        for box, points in (
            ((20, 20, 180, 190), keypoints(0.5)),
            ((220, 20, 380, 190), keypoints(0.8)),
            ((80, 80, 110, 115), None),
        )
    ]
    hints = quality_hints(photo, readings)
    assert hints[0] == ()
    assert hints[1] == ("blurred", "turned away")
    assert "small" in hints[2]
    assert quality_hints(photo, []) == []
