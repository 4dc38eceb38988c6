"""What travels to a served model and back, in the form of TensorFlow Serving's REST interface.

https://www.tensorflow.org/tfx/serving/api_rest#predict_api
"""

import json

import numpy as np


def request_body(faces: np.ndarray) -> bytes:
    """The JSON of a request for uint8 (N, S, S) faces, each (S, S, 1)."""
    return json.dumps({"instances": faces[..., None].tolist()}, separators=(",", ":")).encode()


def reply_body(answers: np.ndarray) -> bytes:
    """The JSON of the answer: float (N, …), one entry a face."""
    return json.dumps({"predictions": np.asarray(answers, float).round(6).tolist()}).encode()


def newest(versions: list[int]) -> int | None:
    """Which version answers when a request names none: the one with the highest number."""
    return max(versions, default=None)
