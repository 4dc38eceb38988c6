"""Why does a model say this about one face? Everything here runs on LiteRT, in milliseconds.

A face is uint8 (S, S). What is shown is what changes the answer; it is no proof of how the
network arrived at it.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.training.augmentation import flip_horizontal, relight, warp

#: A covered square and its step, in shares of the face's side.
PATCH, STEP = 1 / 5, 1 / 12
BRIGHTNESS_STEPS = (-80, -60, -40, -20, 0, 20, 40, 60, 80)
BLUR_STEPS_PX = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
ROTATION_STEPS_DEG = (-40, -30, -20, -10, 0, 10, 20, 30, 40)


def occlusion_map(network: LiteNetwork, face: np.ndarray, expression: int) -> np.ndarray:
    """How much covering each place lowers the probability of output ``expression``.

    float32 (S, S): at each pixel the mean drop over the grey squares that covered it, below 0
    where covering helps. After Zeiler & Fergus 2014, arXiv:1311.2901.
    """
    size = len(face)
    patch, step = max(2, round(size * PATCH)), max(1, round(size * STEP))
    starts = sorted({*range(0, size - patch, step), size - patch})
    corners = [(x, y) for y in starts for x in starts]
    covered = np.repeat(face[None], len(corners) + 1, axis=0)
    fill = round(float(face.mean()))
    for image, (x, y) in zip(covered, corners, strict=False):
        image[y : y + patch, x : x + patch] = fill
    said = network(covered)["probabilities"][:, expression]
    drop = said[-1] - said[:-1]
    total, times = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    for value, (x, y) in zip(drop, corners, strict=True):
        total[y : y + patch, x : x + patch] += value
        times[y : y + patch, x : x + patch] += 1
    return total / times


@dataclass(frozen=True)
class Stability:
    """What the answer does while one thing changes: ``steps`` (M,) in ``unit``, the changed
    ``images`` uint8 (M, S, S), and their ``probabilities`` float32 (M, C)."""

    name: str
    unit: str
    steps: np.ndarray
    images: np.ndarray
    probabilities: np.ndarray


def stability(network: LiteNetwork, face: np.ndarray) -> list[Stability]:
    """The face brighter and darker, blurred, rotated and mirrored; one batch."""
    changed = {
        ("brightness", "grey values"): (BRIGHTNESS_STEPS, _brighter),
        ("blur", "pixels"): (BLUR_STEPS_PX, _blurred),
        ("rotation", "degrees"): (ROTATION_STEPS_DEG, _rotated),
        ("mirror", ""): ((0, 1), lambda face, steps: _mirrored(face)),
    }
    images = {key: change(face, steps) for key, (steps, change) in changed.items()}
    said = network(np.concatenate(list(images.values())))["probabilities"]
    ends = np.cumsum([len(part) for part in images.values()])[:-1]
    return [
        Stability(name, unit, np.array(changed[name, unit][0], float), images[name, unit], part)
        for (name, unit), part in zip(images, np.split(said, ends), strict=True)
    ]


def _brighter(face: np.ndarray, steps: tuple) -> np.ndarray:
    return relight(np.repeat(face[None], len(steps), axis=0), np.array(steps, np.float32))


def _blurred(face: np.ndarray, steps: tuple) -> np.ndarray:
    return np.stack([cv2.GaussianBlur(face, (0, 0), sigma) if sigma else face for sigma in steps])


def _rotated(face: np.ndarray, steps: tuple) -> np.ndarray:
    n = len(steps)
    faces = np.repeat(face[None], n, axis=0)
    return warp(faces, None, np.array(steps, float), np.ones(n), np.zeros((n, 2)))[0]


def _mirrored(face: np.ndarray) -> np.ndarray:
    return np.concatenate([face[None], flip_horizontal(face[None])[0]])


def nearest(embedding: np.ndarray, others: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The ``n`` rows of ``others`` (M, D) most like ``embedding`` (D,), and their cosine
    similarity, falling."""
    lengths = np.linalg.norm(others, axis=1) * np.linalg.norm(embedding)
    similarity = others @ embedding / np.maximum(lengths, 1e-12)
    n = min(n, len(others))
    rows = np.argpartition(-similarity, n - 1)[:n]
    rows = rows[np.argsort(-similarity[rows], kind="stable")]
    return rows, similarity[rows]
