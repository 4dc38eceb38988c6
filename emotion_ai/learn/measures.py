"""A face as two numbers, so that it can be a point on a plane."""

import numpy as np

from emotion_ai.labels import KEYPOINT_NAMES, OUTER_EYE_CORNERS

_LIPS = [KEYPOINT_NAMES.index(f"mouth_center_{lip}_lip") for lip in ("top", "bottom")]
_CORNERS = [KEYPOINT_NAMES.index(f"mouth_{side}_corner") for side in ("left", "right")]


def mouth_measures(keypoints_px: np.ndarray) -> np.ndarray:
    """float (N, 2): how wide and how open the mouth is, in distances of the outer eye corners.

    ``keypoints_px``: float (N, 15, 2), x then y.
    """
    eyes = _distance(keypoints_px, OUTER_EYE_CORNERS)
    wide, open_ = _distance(keypoints_px, _CORNERS), _distance(keypoints_px, _LIPS)
    return np.stack([wide, open_], axis=1) / eyes[:, None]


def standardised(values: np.ndarray) -> np.ndarray:
    """Each column with mean 0 and standard deviation 1; a constant column becomes 0."""
    spread = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)


def _distance(keypoints_px: np.ndarray, pair) -> np.ndarray:
    first, second = pair
    return np.linalg.norm(keypoints_px[:, first] - keypoints_px[:, second], axis=1)
