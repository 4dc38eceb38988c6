"""How a head is held, read from its keypoints. Rough: two numbers from a flat picture."""

import numpy as np

from emotion_ai.labels import KEYPOINT_NAMES, OUTER_EYE_CORNERS

_NOSE_TIP = KEYPOINT_NAMES.index("nose_tip")


def roll_deg(keypoints_px: np.ndarray) -> np.ndarray:
    """Tilt of the line through the outer eye corners: degrees (N,), 0 upright, positive when the
    head turns clockwise as seen. ``keypoints_px``: (N, 15, 2)."""
    left, right = (keypoints_px[:, i] for i in OUTER_EYE_CORNERS)
    dx, dy = (left - right).T
    return np.degrees(np.arctan2(dy, dx))


def nose_offset(keypoints_px: np.ndarray) -> np.ndarray:
    """Where the nose tip stands between the outer eye corners: (N,), 0 in the middle, positive
    towards the subject's left, 0.2 for a turn of about 30 degrees; NaN without an answer.

    Measured along the line between the eyes: a tilted head is not turned.
    """
    left, right = (keypoints_px[:, i] for i in OUTER_EYE_CORNERS)
    across = left - right
    with np.errstate(invalid="ignore", divide="ignore"):
        share = ((keypoints_px[:, _NOSE_TIP] - right) * across).sum(axis=1) / (across**2).sum(
            axis=1
        )
    return share - 0.5
