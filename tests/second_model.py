"""A second model for the tests that compare two: the shipped one with noise in its last layer."""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from emotion_ai.model_store import KERAS, TFLITE, SavedModel, write_model


def noisy_copy(model: SavedModel, models_dir: Path, name: str, noise: float = 25) -> SavedModel:
    """``model`` as ``name``, its largest constant of the last layers disturbed byte by byte.

    Works on full-integer networks, without TensorFlow; the ``.keras`` is left as it is.
    """
    content = model.verified(TFLITE)
    interpreter = Interpreter(model_content=content)
    weights = [
        interpreter.get_tensor(details["index"])
        for details in interpreter.get_tensor_details()
        if details["dtype"] == np.int8 and len(details["shape"]) == 2
        and details["shape"][0] in (7, 30)
    ]  # fmt: skip
    weights = next(w for w in weights if content.find(w.tobytes()) > 0 and w.size > 100)
    change = np.random.default_rng(0).normal(0, noise, weights.shape)
    disturbed = np.clip(weights + change, -127, 127).astype(np.int8)
    content = content.replace(weights.tobytes(), disturbed.tobytes())
    card = {**model.card, "run": f"{model.name} with noise"}
    return write_model(models_dir / name, card, {KERAS: model.verified(KERAS), TFLITE: content})
