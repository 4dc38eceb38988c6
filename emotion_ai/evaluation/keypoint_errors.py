"""Where keypoints go wrong: by point, by side, by face. All in pixels of the face crop."""

import numpy as np
import pandas as pd

from emotion_ai.evaluation.paired_tests import paired_difference
from emotion_ai.labels import FLIP_ORDER, KEYPOINT_NAMES, OUTER_EYE_CORNERS

#: Said where ``normalised_errors`` are all NaN.
UNMEASURED = "No face here has both outer eye corners labelled, which errors are measured by."


def point_distances(predicted_px: np.ndarray, targets_px: np.ndarray) -> np.ndarray:
    """float (N, 15): from each labelled point to its prediction, NaN where not labelled."""
    return np.linalg.norm(predicted_px - targets_px, axis=2)


def normalised_errors(predicted_px: np.ndarray, targets_px: np.ndarray) -> np.ndarray:
    """float (N,): each face's mean distance of labelled points over that of its outer eye
    corners; NaN where a corner is not labelled. Both float (N, 15, 2)."""
    distance = point_distances(predicted_px, targets_px)
    left, right = (targets_px[:, i] for i in OUTER_EYE_CORNERS)
    eyes = np.linalg.norm(left - right, axis=1)
    errors = np.full(len(distance), np.nan)
    known = eyes > 0
    errors[known] = np.nanmean(distance[known], axis=1) / eyes[known]
    return errors


def worst_faces(errors: np.ndarray, most: int) -> np.ndarray:
    """Positions of at most ``most`` faces with the largest errors; none whose error is NaN."""
    return np.argsort(-errors)[: min(most, np.isfinite(errors).sum())]  # NaN comes last


def centred(predicted_px: np.ndarray, targets_px: np.ndarray) -> np.ndarray:
    """``predicted_px`` less each point's mean offset from ``targets_px``, both (N, 15, 2).

    For comparing runs: mirrored training leaves that offset to chance, and saving a run as a model
    takes it out (``conversion.centre_keypoints``), with training faces. Here it is taken from the
    faces that are scored, so errors come out a little smaller than on other faces.
    """
    return predicted_px + np.nan_to_num(np.nanmean(targets_px - predicted_px, axis=0))


def point_table(predicted_px: np.ndarray, targets_px: np.ndarray) -> pd.DataFrame:
    """A row for each point: faces, ``rmse_px`` over both coordinates as the scores have it,
    ``mean_distance_px``, and by how much predictions lie off on average (``bias_x_px`` to the
    right as seen, ``bias_y_px`` down); with its place on the mean face, ``x_px``, ``y_px``."""
    offset = predicted_px - targets_px
    distance = point_distances(predicted_px, targets_px)
    place = np.nanmean(targets_px, axis=0)
    bias = np.nanmean(offset, axis=0)
    return pd.DataFrame(
        {
            "point": [name.replace("_", " ") for name in KEYPOINT_NAMES],
            "faces": (~np.isnan(distance)).sum(axis=0),
            "rmse_px": np.sqrt(np.nanmean(offset**2, axis=(0, 2))),
            "mean_distance_px": np.nanmean(distance, axis=0),
            "bias_x_px": bias[:, 0],
            "bias_y_px": bias[:, 1],
            "x_px": place[:, 0],
            "y_px": place[:, 1],
        }
    )


def side_table(predicted_px: np.ndarray, targets_px: np.ndarray) -> pd.DataFrame:
    """A row for each pair of points: mean distance on the subject's left and right, and how much
    larger the right one is, with its 95 % interval over the faces that have both."""
    distance = point_distances(predicted_px, targets_px)
    rows = []
    for left, right in enumerate(FLIP_ORDER):
        name = KEYPOINT_NAMES[left]
        if "left" not in name:
            continue
        pair = distance[:, [left, right]]
        pair = pair[~np.isnan(pair).any(axis=1)]
        if len(pair):
            change, low, high = paired_difference(*pair.T)
            words = name.replace("left_", "").replace("_left", "").replace("_", " ")
            rows.append((words, len(pair), *pair.mean(axis=0), change, low, high))
    columns = ["pair", "faces", "left_px", "right_px", "right_minus_left_px", "low_px", "high_px"]
    return pd.DataFrame(rows, columns=columns)


def cumulative_errors(errors: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Share of the faces whose error, NaN left out, is at most each limit."""
    known = np.sort(errors[~np.isnan(errors)])
    return np.searchsorted(known, limits, side="right") / max(len(known), 1)
