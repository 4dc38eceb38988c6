"""YuNet on LiteRT: the boxes of OpenCV's ``FaceDetectorYN`` in less than half of its time."""

import contextlib
import hashlib
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from emotion_ai.storage.files import write_bytes

#: Sides of what the network reads are multiples of this.
CELL_PX = 32
#: Boxes that share more of their area are one face.
NMS_OVERLAP = 0.3
MOST_FACES = 500


class YuNet:
    """Finds faces. Not thread-safe. ``content``: see ``converted``."""

    def __init__(self, content: bytes, threads: int = 2, min_score: float = 0.6):
        self.min_score = min_score
        self._network = Interpreter(model_content=content, num_threads=threads)
        self._input = self._network.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._network.get_output_details()]
        self._shape: tuple[int, ...] = ()

    def detect(self, frame: np.ndarray) -> np.ndarray:
        """float32 (N, 5), surest first: x, y, width, height in pixels of ``frame``, uint8 (H, W, 3)
        BGR, and score."""
        padded = _padded(frame)
        if padded.shape != self._shape:
            self._network.resize_tensor_input(self._input, [1, *padded.shape])
            self._network.allocate_tensors()
            self._shape = padded.shape
        self._network.set_tensor(self._input, padded[None])
        self._network.invoke()
        cells = [self._network.get_tensor(output)[0] for output in self._outputs]
        found = np.concatenate(
            [decode(one, len(padded) / len(one), self.min_score) for one in cells]
        )
        # OpenCV compares whole pixels.
        kept = cv2.dnn.NMSBoxes(
            found[:, :4].astype(np.int32).tolist(), found[:, 4].tolist(), self.min_score,
            NMS_OVERLAP, top_k=MOST_FACES,
        )  # fmt: skip
        return found[np.array(kept, int)]


def converted(onnx: Path, kept_in: Path | None = None) -> bytes:
    """YuNet's ``.onnx`` as a ``.tflite``; ValueError for another network.

    Kept in the folder ``kept_in``, under a name with both digests: converting, and importing what
    does, takes 30 ms and 20 MB.
    """
    given = onnx.read_bytes()
    name = f"{onnx.stem}-{_digest(given)}"
    for path in sorted(kept_in.glob(f"{name}-*.tflite")) if kept_in else ():
        with contextlib.suppress(OSError):
            content = path.read_bytes()
            if path.stem == f"{name}-{_digest(content)}":
                return content
    from emotion_ai.faces.yunet_file import yunet_tflite

    content = yunet_tflite(given, channels="BGR")
    if kept_in:
        with contextlib.suppress(OSError):  # a folder that only reads: next time, too
            kept_in.mkdir(parents=True, exist_ok=True)
            write_bytes(kept_in / f"{name}-{_digest(content)}.tflite", content)
    return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _padded(frame: np.ndarray) -> np.ndarray:
    """With black to the right and below, up to multiples of 32."""
    below, right = (-side % CELL_PX for side in frame.shape[:2])
    if not below and not right:
        return frame
    return cv2.copyMakeBorder(frame, 0, below, 0, right, cv2.BORDER_CONSTANT)


def decode(cells: np.ndarray, stride: float, min_score: float) -> np.ndarray:
    """The boxes of one output, float32 (rows, columns, 6): logits of "a face is here" and "its box
    is good", the centre in cells from this one's corner, logarithms of width and height in cells.

    Returns float32 (N, 5): x, y, width, height in pixels, and score, the root of both
    probabilities' product. Boxes that are not finite are left out.
    """
    lowest = min_score**2  # of either probability: the other is at most 1
    rows, columns = np.nonzero(cells[..., 0] >= np.log(lowest / (1 - lowest)))
    some = cells[rows, columns]
    with np.errstate(over="ignore"):
        face, good = 1 / (1 + np.exp(-some[:, :2].T))
        size = np.exp(some[:, 4:]) * stride
    centre = (np.stack([columns, rows], axis=1) + some[:, 2:4]) * stride
    boxes = np.column_stack([centre - size / 2, size, np.sqrt(face * good)]).astype(np.float32)
    return boxes[(boxes[:, 4] >= min_score) & np.isfinite(boxes).all(axis=1)]
