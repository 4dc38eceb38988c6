"""A Keras network as LiteRT, float or integer. Imports TensorFlow for the conversion."""

import tempfile
import warnings

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from keras import layers

from emotion_ai.errors import ModelError
from emotion_ai.labels import KEYPOINT_COUNT
from emotion_ai.models.runtime import LiteNetwork

#: Largest difference of a float LiteRT network from Keras that is accepted.
PARITY = 1e-3
#: Enough to see every range: more of them bring only the outliers, which coarsen the 256 steps.
CALIBRATION_FACES = 64


def convert(model: keras.Model, faces: np.ndarray, quantise: bool) -> tuple[bytes, float]:
    """A LiteRT network of a Keras one, and their largest output difference on ``faces``.

    ``faces``: uint8 (N, S, S), real ones, for ``quantise``: then the convolutions after the first
    are int8, per channel, and some of ``faces`` give the integer ranges. Input uint8 (1, S, S, 1),
    resizable batch; outputs by the names that ``LiteNetwork`` gives. ModelError when a float
    network differs from Keras by more than ``PARITY`` (of the crop's side, for keypoints).
    """
    import tensorflow as tf

    size = model.inputs[0].shape[1]
    name = "keypoints" if model.output.shape[1:] == (KEYPOINT_COUNT, 2) else "probabilities"
    if name == "probabilities":
        outputs = {name: model.output, "embedding": model.get_layer("logits").input}
    else:
        outputs = {name: _shaped_first(model)}
    with tempfile.TemporaryDirectory() as temporary:
        signature = [tf.TensorSpec((None, size, size, 1), tf.uint8)]
        keras.Model(model.inputs, outputs).export(
            temporary, format="tf_saved_model", input_signature=signature, verbose=False
        )
        converter = tf.lite.TFLiteConverter.from_saved_model(temporary)
        converter.experimental_enable_resource_variables = False  # weights become constants
        content = _quantised(converter, faces) if quantise else converter.convert()
    try:
        if quantise and name == "probabilities":
            content = _unbiased(content, model, faces)
        said = LiteNetwork(content, head=None)(faces)[name]
    except RuntimeError as error:  # an integer range of nearly nothing, say
        raise ModelError(f"LiteRT cannot run the network, train it longer: {error}") from error
    difference = float(np.abs(said - model.predict(faces[..., None], verbose=0)).max())
    if not quantise and difference > PARITY * (size if name == "keypoints" else 1):
        raise ModelError(f"LiteRT differs from Keras by {difference:.2g}: not saved")
    return content, difference


def _shaped_first(model: keras.Model):
    """Keypoints whose last step is a sum: the browser's runtime says zeros where the last step of a
    network changes nothing but the shape."""
    offsets, rescaling = model.get_layer("offsets").output, model.layers[-2]
    points = (KEYPOINT_COUNT, 2)
    mean_px = np.reshape(rescaling.offset, points).tolist()
    shaped = layers.Reshape(points, name="points")(offsets)
    return layers.Rescaling(rescaling.scale, mean_px, name="points_px")(shaped)


def _quantised(converter, faces: np.ndarray) -> bytes:
    """The network in int8, but for its two ends: variances of grey values and probabilities need
    more than 256 steps. The first convolution costs little in float32 and then reads all of them.
    """
    import tensorflow as tf

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    some = faces[:: max(1, len(faces) // CALIBRATION_FACES)]
    converter.representative_dataset = lambda: ([face[None, ..., None]] for face in some)
    with warnings.catch_warnings(action="ignore"):  # it warns of its own interpreter
        debugger = tf.lite.experimental.QuantizationDebugger(converter=converter)
        debugger.options = tf.lite.experimental.QuantizationDebugOptions(
            denylisted_nodes=_ends(debugger.calibrated_model)
        )
        return debugger.get_nondebug_quantized_model()


def _ends(content: bytes) -> list[str]:
    """Names of what is computed up to the first convolution and from the last dense layer on."""
    network = Interpreter(model_content=content)
    names = {tensor["index"]: tensor["name"] for tensor in network.get_tensor_details()}
    operators = network._get_ops_details()  # the runtime has no other way to list them
    kinds = [operator["op_name"] for operator in operators]
    first = kinds.index("CONV_2D")
    last = len(kinds) - 1 - kinds[::-1].index("FULLY_CONNECTED")
    ends = operators[: first + 1] + operators[last:]
    return [names[index] for operator in ends for index in operator["outputs"]]


def _unbiased(content: bytes, model: keras.Model, faces: np.ndarray) -> bytes:
    """The network with what its integers make of the logits in the mean taken out of their bias
    (Nagel et al. 2019, arXiv:1906.04721), which stands in the file as it is."""
    logits = model.get_layer("logits")
    kernel, bias = logits.get_weights()
    if content.count(bias.tobytes()) != 1:  # the zeros of a network that never learned
        return content
    features = keras.Model(model.inputs, logits.input).predict(faces[..., None], verbose=0)
    lacking = (features - LiteNetwork(content)(faces)["embedding"]).mean(axis=0) @ kernel
    return content.replace(bias.tobytes(), (bias + lacking).astype(np.float32).tobytes())
