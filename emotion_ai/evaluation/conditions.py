"""Accuracy under the conditions a picture was taken in: light, sharpness, how the head is held."""

from itertools import pairwise

import numpy as np
import pandas as pd

from emotion_ai.evaluation.intervals import wilson_interval
from emotion_ai.faces.pose import nose_offset, roll_deg
from emotion_ai.faces.quality import TURNED_FROM_MIDDLE, sharpness

#: Turns of the head by where the nose tip stands between the eyes; beyond the outermost edges
#: ``faces.quality`` calls a face turned away.
TURN_EDGES = (-np.inf, -TURNED_FROM_MIDDLE, -TURNED_FROM_MIDDLE / 2, TURNED_FROM_MIDDLE / 2,
              TURNED_FROM_MIDDLE, np.inf)  # fmt: skip
TURN_NAMES = ("far right", "right", "ahead", "left", "far left")
TILT_EDGES_DEG = (-np.inf, -15.0, -5.0, 5.0, 15.0, np.inf)
TILT_NAMES = ("under −15°", "−15° to −5°", "−5° to 5°", "5° to 15°", "over 15°")
PARTS = 5


def brightness(images: np.ndarray) -> np.ndarray:
    """Mean grey value, 0 to 255, of uint8 (N, S, S) faces."""
    return images.mean(axis=(1, 2))


def by_fifths(values: np.ndarray, correct: np.ndarray, digits: int) -> pd.DataFrame:
    """Accuracy on the faces with the lowest fifth of ``values``, the next, and so on; parts are
    named by the values they span."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, PARTS + 1)))
    names = [f"{a:.{digits}f} to {b:.{digits}f}" for a, b in pairwise(edges)]
    inner = np.concatenate([[-np.inf], edges[1:-1], [np.inf]])
    return by_edges(values, correct, inner, names or [f"{edges[0]:.{digits}f}"])


def by_edges(values: np.ndarray, correct: np.ndarray, edges, names) -> pd.DataFrame:
    """A row for each part from one edge to the next: ``part``, ``faces``, ``accuracy`` and its
    95 % interval; NaN values and empty parts are left out."""
    rows = []
    for name, low, high in zip(names, edges, edges[1:], strict=False):
        inside = correct[(values >= low) & (values < high)]
        if len(inside):
            limits = wilson_interval(int(inside.sum()), len(inside))
            rows.append((name, len(inside), inside.mean(), *limits))
    return pd.DataFrame(rows, columns=["part", "faces", "accuracy", "low", "high"])


def light_tables(images: np.ndarray, correct: np.ndarray) -> dict[str, pd.DataFrame]:
    """Accuracy by brightness and by sharpness of uint8 (N, S, S) faces."""
    return {
        "brightness": by_fifths(brightness(images), correct, 0),
        "sharpness": by_fifths(np.array([sharpness(face) for face in images]), correct, 2),
    }


def pose_tables(keypoints_px: np.ndarray, correct: np.ndarray) -> dict[str, pd.DataFrame]:
    """Accuracy by turn and by tilt of the head, from detected keypoints (N, 15, 2)."""
    turn, tilt = nose_offset(keypoints_px), roll_deg(keypoints_px)
    return {
        "turn": by_edges(turn, correct, TURN_EDGES, TURN_NAMES),
        "tilt": by_edges(tilt, correct, TILT_EDGES_DEG, TILT_NAMES),
    }
