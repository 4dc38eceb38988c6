"""The way between a photo and the square crops the networks read: cutting faces out, and mapping
points found in a crop back to the photo."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from emotion_ai.results import FaceBox


@dataclass(frozen=True)
class Framing:
    """A square crop from a face box: ``side = scale * sqrt(w * h)``, its centre ``shift_y`` sides
    below the box's centre."""

    scale: float
    shift_y: float


#: The crops that each task's training data holds, in terms of YuNet's boxes
#: (``benchmarks/framing.py`` measures them).
FRAMINGS = {"expression": Framing(1.10, 0.0), "keypoints": Framing(1.02, 0.02)}
#: What lies beyond the frame is filled up at this size at most (16 MB), however large the face.
_LARGEST_FILLED_PX = 4096


@dataclass(frozen=True)
class Crops:
    """Square grey face crops, uint8 (N, S, S), and where they came from: ``origin_px`` (N, 2) is
    the frame position of the crop's corner, ``side_px`` (N,) its side in frame pixels."""

    images: np.ndarray
    origin_px: np.ndarray
    side_px: np.ndarray

    def to_frame(self, keypoints_px: np.ndarray) -> np.ndarray:
        """Crop keypoints (N, 15, 2) in frame pixels; pixel centres stay pixel centres."""
        ratio = (self.side_px / self.images.shape[1])[:, None, None]
        return ((keypoints_px + 0.5) * ratio - 0.5 + self.origin_px[:, None]).astype(np.float32)


def crop_faces(grey: np.ndarray, faces: list[FaceBox], framing: Framing, size_px: int) -> Crops:
    """Cut every face out of a uint8 (H, W) frame; beyond the frame its edge is repeated."""
    images = np.empty((len(faces), size_px, size_px), np.uint8)
    origin = np.empty((len(faces), 2))
    sides = np.empty(len(faces))
    for i, face in enumerate(faces):
        x0, y0, x1, y1 = face.box_xyxy
        width, height = face.size_wh
        side = max(2, round(framing.scale * math.sqrt(max(width, 1) * max(height, 1))))
        left = round((x0 + x1) / 2 - side / 2)
        top = round((y0 + y1) / 2 + framing.shift_y * side - side / 2)
        interpolation = cv2.INTER_AREA if side > size_px else cv2.INTER_CUBIC
        square = _square(grey, left, top, side)
        cv2.resize(square, (size_px, size_px), dst=images[i], interpolation=interpolation)
        origin[i], sides[i] = (left, top), side
    return Crops(images, origin, sides)


def _square(grey: np.ndarray, left: int, top: int, side: int) -> np.ndarray:
    """The square itself, or a smaller picture of one that is large and lies beyond the frame."""
    height, width = grey.shape
    if 0 <= left <= width - side and 0 <= top <= height - side:
        return grey[top : top + side, left : left + side]
    x0, y0 = np.clip((left, top), 0, (width - 1, height - 1))
    x1, y1 = np.clip((left + side, top + side), (x0 + 1, y0 + 1), (width, height))
    inside = grey[y0:y1, x0:x1]
    if side > _LARGEST_FILLED_PX:
        scale = _LARGEST_FILLED_PX / side
        size_wh = [max(1, round(length * scale)) for length in (x1 - x0, y1 - y0)]
        inside = cv2.resize(inside, size_wh, interpolation=cv2.INTER_AREA)
        left, top, x0, y0 = (round(value * scale) for value in (left, top, x0, y0))
        side = _LARGEST_FILLED_PX
    # What the frame lacks on each side; all of it on one side for a box outside the frame.
    lacking_y, lacking_x = side - inside.shape[0], side - inside.shape[1]
    before_x = int(np.clip(x0 - left, 0, lacking_x))
    before_y = int(np.clip(y0 - top, 0, lacking_y))
    return cv2.copyMakeBorder(
        inside, before_y, lacking_y - before_y, before_x, lacking_x - before_x, cv2.BORDER_REPLICATE
    )
