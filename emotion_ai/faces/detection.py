"""Where the faces of a picture are.

YuNet (Wu et al. 2023, doi:10.1007/s11633-023-1423-y) finds them when its weights are at hand,
OpenCV's embedded Haar cascade otherwise. Boxes of both mean the same: brows' top to chin.
"""

import hashlib
import logging
import os
import urllib.error
import urllib.request
from pathlib import Path

import cv2
import numpy as np

from emotion_ai.faces.yunet import YuNet, converted
from emotion_ai.results import FaceBox
from emotion_ai.settings import Settings

log = logging.getLogger(__name__)

YUNET_SHA256 = "ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0"
YUNET_BYTES = 229_738
YUNET_FILE = "face_detection_yunet_2026may.onnx"
#: Kept there with Git LFS; the raw address would give a pointer.
YUNET_URL = (
    "https://media.githubusercontent.com/media/opencv/opencv_zoo/"
    "47534e27c9851bb1128ccc0102f1145e27f23f98/models/face_detection_yunet/" + YUNET_FILE
)
#: Photos are searched at most this large: faces from about 2 % of the picture's width up.
DETECTION_SIDE_PX = 1280
#: Haar is an order slower: it gets a smaller picture.
HAAR_SIDE_PX = 640
#: YuNet answers from memory that it did not set where a side of the picture is 32 pixels or less:
#: other boxes in each process, up to 1e25 pixels from the picture.
_YUNET_LEAST_PX = 64
#: A Haar square of side 1 around the same face is a YuNet box of this width and height.
HAAR_WIDTH, HAAR_HEIGHT = 0.78, 1.01


class FaceDetector:
    """Finds faces. Not thread-safe: one per worker. ``note`` says in a line what is missing."""

    def __init__(self, yunet: YuNet | None = None, note: str = ""):
        self.note = note
        self.name = "YuNet" if yunet else "Haar"
        if yunet:
            self._yunet = yunet
        else:
            folder = Path(cv2.data.haarcascades)
            self._haar = cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_default.xml"))

    def detect(self, frame: np.ndarray, max_side_px: int = DETECTION_SIDE_PX) -> list[FaceBox]:
        """Faces of a uint8 (H, W, 3) BGR frame, largest first; searched at ``max_side_px``."""
        height, width = frame.shape[:2]
        if self.name == "Haar":
            max_side_px = min(max_side_px, HAAR_SIDE_PX)
        shrink = min(1.0, max_side_px / max(height, width))
        if shrink < 1:
            size = max(1, round(width * shrink)), max(1, round(height * shrink))
            frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        find = self._find_yunet if self.name == "YuNet" else self._find_haar
        boxes = [
            FaceBox(tuple(float(value) / shrink for value in box_xyxy), float(score))
            for box_xyxy, score in find(frame)
            if _is_sane(box_xyxy, *frame.shape[1::-1])
        ]
        return sorted(boxes, key=lambda box: -box.size_wh[0] * box.size_wh[1])

    def _find_yunet(self, frame):
        lacking = [max(0, _YUNET_LEAST_PX - side) for side in frame.shape[:2]]
        if any(lacking):
            frame = cv2.copyMakeBorder(frame, 0, lacking[0], 0, lacking[1], cv2.BORDER_CONSTANT)
        return [((x, y, x + w, y + h), score) for x, y, w, h, score in self._yunet.detect(frame)]

    def _find_haar(self, frame):
        grey = cv2.equalizeHist(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))
        smallest = max(20, min(grey.shape) // 25)
        boxes, _, weights = self._haar.detectMultiScale3(
            grey, 1.1, 5, minSize=(smallest, smallest), outputRejectLevels=True
        )
        found = []
        for (x, y, side, _), weight in zip(boxes, np.ravel(weights), strict=True):
            cx, cy, w, h = x + side / 2, y + side / 2, side * HAAR_WIDTH, side * HAAR_HEIGHT
            score = 1 / (1 + np.exp(-weight / 2))  # stage weights are no probabilities
            found.append(((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), score))
        return found


def _is_sane(box_xyxy: tuple, width: int, height: int) -> bool:
    """Whether a box may be that of a face in a picture of this size: finite, with an area, in part
    inside, and not far larger than the picture."""
    x0, y0, x1, y1 = box_xyxy
    largest = 2 * max(width, height)
    return bool(
        np.isfinite(box_xyxy).all()
        and (1 <= x1 - x0 <= largest and 1 <= y1 - y0 <= largest)
        and (x0 < width and y0 < height and x1 > 0 and y1 > 0)
    )


def load_detector(settings: Settings) -> FaceDetector:
    """YuNet from the configured file, the cache or one download; Haar, with a note, otherwise."""
    try:
        content = converted(find_yunet(settings), settings.cache_dir)
        return FaceDetector(YuNet(content, settings.threads))
    except (OSError, ValueError, cv2.error) as error:
        log.info("YuNet is not available: %s", error)
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return FaceDetector(note=f"Using the simpler Haar detector: {reason}")


def find_yunet(settings: Settings) -> Path:
    """A verified file of YuNet's weights. OSError or ValueError say why there is none."""
    if settings.yunet:
        if not settings.yunet.is_file():
            raise OSError(f"EMOTION_AI_YUNET names no file: {settings.yunet.name}")
        _verify(settings.yunet.read_bytes(), settings.yunet.name)
        return settings.yunet
    cached = settings.cache_dir / YUNET_FILE
    if cached.is_file():
        _verify(cached.read_bytes(), cached.name)
        return cached
    try:
        with urllib.request.urlopen(YUNET_URL, timeout=5) as response:
            data = response.read(2 * YUNET_BYTES)
    except (urllib.error.URLError, TimeoutError):
        raise OSError("YuNet's weights could not be downloaded") from None
    _verify(data, "the download")
    settings.cache_dir.mkdir(parents=True, exist_ok=True)
    temporary = cached.with_name(f".{cached.name}.{os.getpid()}")
    temporary.write_bytes(data)
    os.replace(temporary, cached)
    return cached


def _verify(data: bytes, name: str) -> None:
    if hashlib.sha256(data).hexdigest() != YUNET_SHA256:
        raise ValueError(f"{name} is not the expected YuNet file (wrong checksum)")
