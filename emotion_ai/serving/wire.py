"""What travels to a served model and back: the JSON of TensorFlow Serving's REST interface.

https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import json
from dataclasses import dataclass

import numpy as np

from emotion_ai.errors import ServingError
from emotion_ai.media.images import encode_png

#: The signature of an exported model that takes pictures as JPEG or PNG, and its input's name.
ENCODED, ENCODED_INPUT = "encoded", "image_bytes"
#: The signature that takes grey values, and its input's name.
RAW, RAW_INPUT = "serving_default", "faces"


def request_body(faces: np.ndarray, *, columns: bool = False, encoded: bool = False) -> bytes:
    """The JSON of a request for uint8 (N, S, S) faces.

    By row (``instances``, one entry a face) or by ``columns`` (``inputs``, where the only input
    needs no name: KServe would not take one); each face as grey values (S, S, 1), or ``encoded``
    as a PNG in base64 for the signature ``ENCODED``.
    """
    if encoded:
        values = [{"b64": base64.b64encode(encode_png(face)).decode()} for face in faces]
    else:
        values = faces[..., None].tolist()
    body = {"signature_name": ENCODED} if encoded else {}
    body["inputs" if columns else "instances"] = values
    return json.dumps(body, separators=(",", ":")).encode()


def reply_body(answers: np.ndarray) -> bytes:
    """The JSON of the answer to a request by row: float (N, …), one entry a face."""
    return json.dumps({"predictions": np.asarray(answers, float).round(6).tolist()}).encode()


def newest(versions: list[int]) -> int | None:
    """Which version answers when a request names none: the one with the highest number."""
    return max(versions, default=None)


def read_json(body: bytes) -> dict:
    """The JSON object in ``body``; ServingError when it is none, or holds an ``error``."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise ServingError(f"expected JSON, got {_start(body)}") from None
    if not isinstance(found, dict):
        raise ServingError(f"expected a JSON object, got {_start(body)}")
    if "error" in found:
        raise ServingError(f"the server says: {str(found['error'])[:300]}")
    return found


def _start(body: bytes) -> str:
    return repr(body[:60].decode(errors="replace")) if body else "nothing"


def read_predictions(body: bytes, n: int) -> dict[str, np.ndarray]:
    """The outputs in a reply about ``n`` faces, by row or by column: name → float32 (n, …).

    A model with one output does not name it: it is then called ``""``. ServingError when the reply
    is something else, or holds other than finite numbers.
    """
    reply = read_json(body)
    if "predictions" in reply:
        found = reply["predictions"]
        if isinstance(found, list) and found and isinstance(found[0], dict):
            names = set(found[0])
            if not all(isinstance(row, dict) and set(row) == names for row in found):
                raise ServingError("expected the same outputs for every face")
            found = {name: [row[name] for row in found] for name in names}
    elif "outputs" in reply:
        found = reply["outputs"]
    else:
        given = ", ".join(sorted(reply))[:100] or "nothing"
        raise ServingError(f"expected predictions or outputs, got {given}")
    outputs = found if isinstance(found, dict) else {"": found}
    return {name: _numbers(values, n) for name, values in outputs.items()}


def _numbers(values, n: int) -> np.ndarray:
    try:
        array = np.asarray(values, np.float32)
    except (ValueError, TypeError, OverflowError):
        raise ServingError("expected numbers in rows of one length, got other values") from None
    if array.ndim == 0 or len(array) != n:
        came = "one value" if array.ndim == 0 else f"{len(array)}"
        raise ServingError(f"expected answers for {n} faces, got {came}")
    if not np.isfinite(array).all():
        raise ServingError("expected finite numbers, got NaN or infinity")
    return array


@dataclass(frozen=True)
class VersionStatus:
    """``state`` is one of START, LOADING, AVAILABLE, UNLOADING, END; ``message`` is empty unless
    something went wrong."""

    version: int
    state: str
    message: str = ""


@dataclass(frozen=True)
class ModelStatus:
    """``versions``, highest first; none from a server that knows no versions (KServe)."""

    ready: bool
    versions: tuple[VersionStatus, ...] = ()


def read_status(body: bytes) -> ModelStatus:
    """TensorFlow Serving's ``model_version_status``, or the ``ready`` of other V1 servers."""
    reply = read_json(body)
    try:
        if "model_version_status" not in reply:
            return ModelStatus(str(reply["ready"]).lower() == "true")
        versions = [
            VersionStatus(
                int(one["version"]),
                str(one["state"]),
                str(one.get("status", {}).get("error_message", ""))[:300],
            )
            for one in reply["model_version_status"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ServingError(f"expected the status of a model, got {_start(body)}") from None
    versions.sort(key=lambda one: -one.version)
    return ModelStatus(any(one.state == "AVAILABLE" for one in versions), tuple(versions))


@dataclass(frozen=True)
class Tensor:
    """``dtype`` as TensorFlow names it; ``shape``: -1 where any size goes, None for any rank."""

    dtype: str
    shape: tuple[int, ...] | None


@dataclass(frozen=True)
class Signature:
    """One way to ask a model: its inputs and outputs by name."""

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


@dataclass(frozen=True)
class Metadata:
    """What a served version says about itself."""

    version: int
    signatures: dict[str, Signature]


def read_metadata(body: bytes) -> Metadata:
    """TensorFlow Serving's metadata of one version."""
    reply = read_json(body)
    try:
        signatures = reply["metadata"]["signature_def"]["signature_def"]
        return Metadata(
            int(reply["model_spec"]["version"]),
            {
                str(name): Signature(_tensors(one["inputs"]), _tensors(one["outputs"]))
                for name, one in signatures.items()
                if not name.startswith("__")  # TensorFlow's own, without inputs
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ServingError(f"expected the metadata of a model, got {_start(body)}") from None


def _tensors(described: dict) -> dict[str, Tensor]:
    return {
        str(name): Tensor(
            str(one["dtype"]),
            None
            if one["tensor_shape"].get("unknown_rank")
            else tuple(int(dim["size"]) for dim in one["tensor_shape"].get("dim", ())),
        )
        for name, one in described.items()
    }
