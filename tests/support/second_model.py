"""A second model for the tests that need two: the shipped one with another last layer."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from emotion_ai.models.store import KERAS, TFLITE, SavedModel, write_model


def noisy_copy(model: SavedModel, models_dir: Path, name: str, noise: float = 25) -> SavedModel:
    """``model`` as ``name``, the weights of its last layer disturbed by ``noise`` 127ths of the
    largest."""

    def disturb(weights: np.ndarray) -> np.ndarray:
        scale = noise * (1 if weights.dtype == np.int8 else np.abs(weights).max() / 127)
        disturbed = weights + np.random.default_rng(0).normal(0, scale, weights.shape)
        return np.clip(disturbed, -127, 127) if weights.dtype == np.int8 else disturbed

    return changed_copy(model, models_dir, name, disturb, "with noise")


def mistaken_copy(model: SavedModel, models_dir: Path, name: str) -> SavedModel:
    """``model`` as ``name``, which takes every expression for the one before it."""

    def shift(weights: np.ndarray) -> np.ndarray:
        heads = weights.reshape(len(model.heads), -1, weights.shape[-1])
        return np.roll(heads, -1, axis=1).reshape(weights.shape)

    return changed_copy(model, models_dir, name, shift, "mistaken")


def changed_copy(
    model: SavedModel,
    models_dir: Path,
    name: str,
    change: Callable[[np.ndarray], np.ndarray],
    what: str,
) -> SavedModel:
    """``model`` as ``name``, ``change`` done to the weights of its last layer, byte by byte:
    without TensorFlow, and the ``.keras`` is left as it is."""
    content = model.verified(TFLITE)
    interpreter = Interpreter(model_content=content)
    constants = [
        interpreter.get_tensor(details["index"])
        for details in interpreter.get_tensor_details()
        if details["dtype"] in (np.int8, np.float32)
        and len(details["shape"]) == 2
        and details["shape"][0] in (5, 7, 14, 30)
    ]
    weights = next(c for c in constants if c.size > 100 and c.tobytes() in content)
    changed = change(weights).astype(weights.dtype)
    content = content.replace(weights.tobytes(), changed.tobytes())
    card = {**model.card, "run": f"{model.name} {what}"}
    return write_model(models_dir / name, card, {KERAS: model.verified(KERAS), TFLITE: content})
