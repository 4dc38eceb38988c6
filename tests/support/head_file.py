"""Files of taught heads, as the page *Teach it* writes them."""

import base64
import json
import zlib
from pathlib import Path

import numpy as np


def head_record(
    model_sha256: str,
    classes: tuple[str, ...],
    layers: list[tuple[np.ndarray, np.ndarray]],
    none_below: float = 0.6,
) -> dict:
    """The record of a head; ``layers``: weights (outputs, inputs) and biases of each."""
    blobs = [np.append(w.ravel(), b).astype("<f4").tobytes() for w, b in layers]
    checksum = 0
    for blob in blobs:
        checksum = zlib.crc32(blob, checksum)
    return {
        "format": "emotion-ai head",
        "version": 1,
        "classes": list(classes),
        "none_below": none_below,
        "model": model_sha256,
        "layers": [
            {
                "inputs": weights.shape[1],
                "outputs": weights.shape[0],
                "weights": base64.b64encode(blob).decode(),
            }
            for (weights, _), blob in zip(layers, blobs, strict=True)
        ],
        "crc32": checksum,
    }


def write_head(path: Path, record: dict) -> Path:
    path.write_text(json.dumps(record), encoding="utf-8")
    return path
