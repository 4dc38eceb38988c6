"""Image files of a dataset to greyscale; one that is too large is refused before decoding."""

from contextlib import suppress

import cv2
import numpy as np

from emotion_ai.errors import DatasetError
from emotion_ai.media.images import png_is_whole

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")
MAX_PIXELS = 4096 * 4096

_PNG = b"\x89PNG\r\n\x1a\n"
#: JPEG start-of-frame markers; C4, C8 and CC are tables and extensions.
_START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def is_image(name: str) -> bool:
    return name.lower().endswith(IMAGE_SUFFIXES)


def decode_grey(name: str, content: bytes) -> np.ndarray:
    """uint8 (H, W); DatasetError names a file that is no whole JPEG or PNG, or too large."""
    size_wh = _size_wh(content)
    if size_wh is None:
        raise DatasetError(f"{name}: not a JPEG or PNG image")
    width, height = size_wh
    if not 0 < width * height <= MAX_PIXELS:
        raise DatasetError(
            f"{name}: {width} × {height} pixels, at most {MAX_PIXELS:,} are accepted"
        )
    # OpenCV fills the missing part of a truncated file with grey and says nothing.
    if (b"IEND" if content.startswith(_PNG) else b"\xff\xd9") not in content[-4096:]:
        raise DatasetError(f"{name}: the image is truncated")
    image = None
    if png_is_whole(content):
        with suppress(cv2.error):
            image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise DatasetError(f"{name}: the image cannot be decoded")
    return image


def fitted(image: np.ndarray, size_px: int) -> tuple[np.ndarray, bool]:
    """The image, uint8 (H, W), as uint8 (size_px, size_px), and whether it had to be scaled."""
    if image.shape == (size_px, size_px):
        return image, False
    shrinks = min(image.shape) > size_px
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (size_px, size_px), interpolation=interpolation), True


def _size_wh(content: bytes) -> tuple[int, int] | None:
    """Width and height from the header of a PNG or JPEG, None for anything else."""
    if content.startswith(_PNG) and len(content) >= 24:
        return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
    if not content.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _START_OF_FRAME:
            height, width = content[at + 5 : at + 7], content[at + 7 : at + 9]
            return int.from_bytes(width), int.from_bytes(height)
        # A marker may be padded with further 0xFF bytes.
        at += 1 if marker == 0xFF else 2 + int.from_bytes(content[at + 2 : at + 4])
    return None
