"""What a training makes small, and what it counts beside it."""

import math

import keras
import numpy as np
from keras import ops

WING_WIDTH_PX, WING_CURVATURE_PX = 5.0, 1.0


@keras.saving.register_keras_serializable("emotion_ai")
def masked_wing_loss(target, predicted):
    """Wing loss (Feng et al. 2018, arXiv:1711.06753) over labelled coordinates, pixels.

    ``target``: (batch, 15, 3), x, y and 1 where labelled or 0; ``predicted``: (batch, 15, 2).
    """
    target, labelled = target[..., :2], target[..., 2:]
    error = ops.abs(predicted - target) * labelled
    near = WING_WIDTH_PX * ops.log(1 + error / WING_CURVATURE_PX)
    join = WING_WIDTH_PX - WING_WIDTH_PX * math.log(1 + WING_WIDTH_PX / WING_CURVATURE_PX)
    loss = ops.where(error < WING_WIDTH_PX, near, error + join * labelled)
    return ops.sum(loss, (1, 2)) / ops.maximum(2 * ops.sum(labelled, (1, 2)), 1)


@keras.saving.register_keras_serializable("emotion_ai")
def heads_loss(target, predicted):
    """Cross-entropy (batch,), the mean of all heads; both arguments (batch, heads, classes)."""
    return ops.mean(keras.losses.categorical_crossentropy(target, predicted), axis=-1)


@keras.saving.register_keras_serializable("emotion_ai")
def heads_accuracy(target, predicted):
    """Share of heads (batch,) that name the target's class."""
    return ops.mean(keras.metrics.categorical_accuracy(target, predicted), axis=-1)


def with_mask(keypoints_px: np.ndarray) -> np.ndarray:
    """float32 (N, 15, 3): coordinates with NaN as 0, and whether both were labelled."""
    labelled = ~np.isnan(keypoints_px).any(axis=2, keepdims=True)
    points = np.where(labelled, keypoints_px, 0)
    return np.concatenate([points, labelled], axis=2).astype(np.float32)
