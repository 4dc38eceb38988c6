"""A Keras network as LiteRT, float or full-integer int8. Imports TensorFlow for the conversion."""

import tempfile
from pathlib import Path

import keras
import numpy as np

from emotion_ai.errors import ModelError
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.models.store import TFLITE

#: Largest difference of a float LiteRT network from Keras that is accepted.
PARITY = 1e-3


def convert(model: keras.Model, faces: np.ndarray, quantise: bool) -> tuple[bytes, float]:
    """A LiteRT network of a Keras one, and their largest output difference on ``faces``.

    ``faces``: uint8 (N, S, S), real ones: they calibrate the integer ranges. Input uint8
    (1, S, S, 1), resizable batch; outputs as ``LiteNetwork`` names them. ModelError when a float
    network differs from Keras by more than ``PARITY`` (of the crop's side, for keypoints).
    """
    import tensorflow as tf

    size = model.inputs[0].shape[1]
    outputs = {"keypoints": model.output}
    if len(model.output.shape) == 2:
        outputs = {"probabilities": model.output, "embedding": model.get_layer("logits").input}
    whole = keras.Model(model.inputs, outputs)

    options = {"experimental_enable_resource_variables": False}  # weights become constants
    if quantise:
        options |= {
            "optimizations": [tf.lite.Optimize.DEFAULT],
            "representative_dataset": lambda: _calibration(faces),
            "target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
            "inference_input_type": tf.uint8,
            "inference_output_type": tf.float32,
        }
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / TFLITE
        kind = tf.float32 if quantise else tf.uint8
        signature = [tf.TensorSpec((None, size, size, 1), kind)]
        whole.export(path, format="litert", input_signature=signature, verbose=False, **options)
        content = path.read_bytes()
    expected = model.predict(faces[..., None], verbose=0)
    network = LiteNetwork(content)
    name = "keypoints" if expected.ndim == 3 else "probabilities"
    difference = float(np.abs(network(faces)[name] - expected).max())
    if not quantise and difference > PARITY * (size if name == "keypoints" else 1):
        raise ModelError(f"LiteRT differs from Keras by {difference:.2g}: not saved")
    return content, difference


def _calibration(faces: np.ndarray):
    """Real faces one by one, after one of them stretched over all grey values: the input scale is
    then 1. It must look like a face: what a ramp or a blank image does to the last layers is far
    beyond what faces do, and would leave these a few of the 256 steps."""
    widest = faces[np.ptp(faces.reshape(len(faces), -1), axis=1).argmax()].astype(np.float32)
    low, high = widest.min(), widest.max()
    for face in ((widest - low) * (255 / max(high - low, 1)), *faces):
        yield [face[None, ..., None].astype(np.float32)]
