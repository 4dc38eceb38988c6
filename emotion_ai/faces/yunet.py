"""YuNet on LiteRT: the boxes of OpenCV's ``FaceDetectorYN`` in less than half of its time."""

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from emotion_ai.faces.yunet_file import SIDE_PX, yunet_tflite

#: Boxes that share more of their area are one face.
NMS_OVERLAP = 0.3
MOST_FACES = 500


class YuNet:
    """Finds faces. Not thread-safe. ``onnx``: the content of its file; ValueError for another."""

    def __init__(self, onnx: bytes, threads: int = 2, min_score: float = 0.6):
        self.min_score = min_score
        self._network = Interpreter(
            model_content=yunet_tflite(onnx, channels="BGR"), num_threads=threads
        )
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


def _padded(frame: np.ndarray) -> np.ndarray:
    """With black to the right and below, up to multiples of 32."""
    below, right = (-side % SIDE_PX for side in frame.shape[:2])
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
