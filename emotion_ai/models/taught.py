"""Classes of a visitor's own: the small head that they trained in their browser, from its file.

``static/device/head.mjs`` writes it: softmax regression, or one hidden layer (tanh) below it, on
the features (``embedding``) of one expression network, which its checksum names.
"""

import base64
import binascii
import unicodedata
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NotRequired, TypedDict

import msgspec
import numpy as np

from emotion_ai.errors import ModelError, RecordError
from emotion_ai.models.card import TFLITE
from emotion_ai.models.store import SavedModel
from emotion_ai.results import OwnClass
from emotion_ai.storage.records import Count, Line, Share, checked, parse, read_text

FORMAT, VERSION = "emotion-ai head", 1
MOST_CLASSES, LONGEST_NAME, MOST_LAYERS = 6, 40, 2
#: The largest that the page writes has 20 kB.
MAX_HEAD_BYTES = 1_000_000


class LayerRecord(TypedDict):
    """``weights``: float32, little-endian, base64: outputs × inputs, then a bias an output."""

    inputs: Annotated[int, msgspec.Meta(ge=1, le=4096)]
    outputs: Annotated[int, msgspec.Meta(ge=1, le=4096)]
    weights: Annotated[str, msgspec.Meta(max_length=MAX_HEAD_BYTES)]


class HeadRecord(TypedDict):
    """The file; ``model`` is the SHA-256 of the network whose features the head names."""

    format: str
    version: Count
    classes: Annotated[list[Line], msgspec.Meta(min_length=2, max_length=MOST_CLASSES)]
    none_below: Share
    model: Line
    layers: Annotated[list[LayerRecord], msgspec.Meta(min_length=1, max_length=MOST_LAYERS)]
    crc32: Count
    measured: NotRequired[dict]


@dataclass(frozen=True)
class TaughtHead:
    """``layers``: weights float32 (outputs, inputs) and biases (outputs,) of each."""

    classes: tuple[str, ...]
    none_below: float
    model_sha256: str
    layers: tuple[tuple[np.ndarray, np.ndarray], ...]

    def name(self, features: np.ndarray) -> list[OwnClass]:
        """What it says of each of the faces whose features (N, D) these are; ModelError for
        features of another number."""
        values = np.asarray(features, np.float64)
        if values.shape[1] != (wanted := self.layers[0][0].shape[1]):
            raise ModelError(f"expected a head of {values.shape[1]} features, got one of {wanted}")
        for weights, biases in self.layers[:-1]:
            values = np.tanh(values @ weights.T + biases)
        weights, biases = self.layers[-1]
        logits = values @ weights.T + biases
        said = np.exp(logits - logits.max(axis=1, keepdims=True))
        said /= said.sum(axis=1, keepdims=True)
        return [OwnClass(self.classes, row, none_below=self.none_below) for row in said]


def read_head(path: Path, model: SavedModel) -> TaughtHead:
    """The head in a file, for the features of ``model``; ModelError says what is wrong."""
    try:
        content = read_text(path)
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file") from None
    except RecordError as error:
        raise ModelError(str(error)) from None
    return parse_head(content, path.name, model)


def parse_head(content: str | bytes, name: str, model: SavedModel) -> TaughtHead:
    """The head in a file's ``content``, called ``name`` in the ModelError where it is none for
    the features of ``model``."""
    if len(content) > MAX_HEAD_BYTES:
        raise ModelError(f"{name}: expected a head of at most {MAX_HEAD_BYTES / 1e6:.0f} MB")
    try:
        text = content if isinstance(content, str) else content.decode()
        record = checked(parse(text, name), HeadRecord, name)
    except UnicodeDecodeError:
        raise ModelError(f"{name} is not text in UTF-8") from None
    except RecordError as error:
        raise ModelError(str(error)) from None
    if record["format"] != FORMAT or record["version"] != VERSION:
        came = f"{record['format'][:40]!r}, version {record['version']}"
        raise ModelError(f"{name}: expected {FORMAT!r}, version {VERSION}, got {came}")
    head = TaughtHead(
        tuple(record["classes"]), record["none_below"], record["model"], _layers(record, name)
    )
    names = {unicodedata.normalize("NFC", own).strip().lower() for own in head.classes}
    if "" in names or len(names) < len(head.classes) or max(map(len, head.classes)) > LONGEST_NAME:
        raise ModelError(f"{name} is damaged: classes need names, each its own")
    here = model.card["files"][TFLITE]["sha256"]
    if head.model_sha256 != here:
        raise ModelError(
            f"{name} was made with another network ({head.model_sha256[:8]}, here "
            f"{here[:8]}): train it again"
        )
    return head


def _layers(record: HeadRecord, name: str) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    damaged = ModelError(f"{name} is damaged: its numbers are not those that were saved")
    checksum, layers = 0, []
    for layer in record["layers"]:
        inputs, outputs = layer["inputs"], layer["outputs"]
        try:
            content = base64.b64decode(layer["weights"], validate=True)
        except (binascii.Error, ValueError):
            raise damaged from None
        checksum = zlib.crc32(content, checksum)
        if len(content) != 4 * (inputs + 1) * outputs:
            raise damaged
        values = np.frombuffer(content, "<f4")
        split = inputs * outputs
        layers.append((values[:split].reshape(outputs, inputs), values[split:]))
    widths = [len(biases) for _, biases in layers]
    followed = [weights.shape[1] for weights, _ in layers[1:]] + [len(record["classes"])]
    finite = all(np.isfinite(part).all() for layer in layers for part in layer)
    if checksum != record["crc32"] or widths != followed or not finite:
        raise damaged
    return tuple(layers)
