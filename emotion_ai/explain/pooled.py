"""Grad-CAM without gradients, for networks whose last feature map is only averaged and weighed.

Between that map and a logit stand means and one dense layer, so the gradient of the logit is the
same at every place: the dense layer's weight over the number of places (Selvaraju et al. 2017,
arXiv:1610.02391, section 3.1: Grad-CAM is then CAM, Zhou et al. 2016, arXiv:1512.04150). Both are
read from the ``.tflite`` itself, in milliseconds and without TensorFlow: what is explained is the
network that answers, in 8-bit numbers where it computes with such.
"""

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

#: What may stand between the feature map and the dense layer, or between that and the softmax.
_LINEAR = ("MEAN", "RESHAPE", "QUANTIZE", "DEQUANTIZE")


def heat_map(heat: np.ndarray, size_px: int) -> np.ndarray:
    """float32 (size_px, size_px), 0 to 1, of a coarse map of any range: what speaks against the
    answer is left out."""
    heat = np.maximum(heat, 0).astype(np.float32)
    heat /= max(float(heat.max()), 1e-12)
    return cv2.resize(heat, (size_px, size_px), interpolation=cv2.INTER_CUBIC).clip(0, 1)


def pooled_map(content: bytes, face: np.ndarray, logit: int) -> np.ndarray | None:
    """float32 (S, S), 0 to 1: which places of ``face``, uint8 (S, S), spoke for a
    ``logit`` of the ``.tflite`` network ``content``; None where it is built otherwise."""
    interpreter = Interpreter(
        model_content=content,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,  # also those between the layers
    )
    interpreter.allocate_tensors()
    if (found := _last_feature_map(interpreter)) is None:
        return None
    features, weights = found
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], face[None, :, :, None])
    interpreter.invoke()
    # Networks that also see the mirrored face have it second.
    places = _values(interpreter, features)[0]
    return heat_map(places @ _values(interpreter, weights)[logit], len(face))


def _last_feature_map(interpreter: Interpreter) -> tuple[int, int] | None:
    """The tensors of the last feature map (faces, H, W, channels) and of the dense layer's weights
    (classes, channels); None where more than means stand between the two."""
    operations = interpreter._get_ops_details()
    made_by = {int(out): operation for operation in operations for out in operation["outputs"]}
    shapes = {one["index"]: tuple(one["shape"]) for one in interpreter.get_tensor_details()}
    softmax = [operation for operation in operations if operation["op_name"] == "SOFTMAX"]
    if len(softmax) != 1:
        return None
    tensor, weights = int(softmax[0]["inputs"][0]), None
    while (operation := made_by.get(tensor)) is not None:
        kind, inputs = operation["op_name"], operation["inputs"]
        if kind == "FULLY_CONNECTED" and weights is None:
            weights = int(inputs[1])
        elif kind not in _LINEAR:
            return None
        tensor = int(inputs[0])
        if kind == "MEAN" and len(shapes[tensor]) == 4:
            return None if weights is None else (tensor, weights)
    return None


def _values(interpreter: Interpreter, tensor: int) -> np.ndarray:
    """A tensor as float32, whatever it is stored as."""
    about = next(one for one in interpreter.get_tensor_details() if one["index"] == tensor)
    stored, quantised = interpreter.get_tensor(tensor), about["quantization_parameters"]
    if not len(quantised["scales"]):
        return stored.astype(np.float32)
    shape = [1] * stored.ndim
    shape[quantised["quantized_dimension"]] = -1
    zeros, scales = (quantised[key].reshape(shape) for key in ("zero_points", "scales"))
    if len(quantised["scales"]) == 1:
        zeros, scales = zeros.ravel(), scales.ravel()
    return (stored.astype(np.float32) - zeros) * scales
