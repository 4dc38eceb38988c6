"""A second model for the tests that compare two: the shipped one with noise in its last layer."""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from emotion_ai.model_store import KERAS, TFLITE, SavedModel, write_model


def noisy_copy(model: SavedModel, models_dir: Path, name: str, noise: float = 25) -> SavedModel:
    """``model`` as ``name``, the weights of its last layer disturbed by ``noise`` 127ths of the
    largest, byte by byte: without TensorFlow, and the ``.keras`` is left as it is."""
    content = model.verified(TFLITE)
    interpreter = Interpreter(model_content=content)
    constants = [
        interpreter.get_tensor(details["index"])
        for details in interpreter.get_tensor_details()
        if details["dtype"] in (np.int8, np.float32)
        and len(details["shape"]) == 2
        and details["shape"][0] in (5, 7, 30)
    ]
    weights = next(c for c in constants if c.size > 100 and c.tobytes() in content)
    scale = noise * (1 if weights.dtype == np.int8 else np.abs(weights).max() / 127)
    disturbed = weights + np.random.default_rng(0).normal(0, scale, weights.shape)
    if weights.dtype == np.int8:
        disturbed = np.clip(disturbed, -127, 127)
    content = content.replace(weights.tobytes(), disturbed.astype(weights.dtype).tobytes())
    card = {**model.card, "run": f"{model.name} with noise"}
    return write_model(models_dir / name, card, {KERAS: model.verified(KERAS), TFLITE: content})
