"""Photos at the edge: encoded bytes in, checked pixels out."""

import io
import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from emotion_ai.errors import ImageError

MAX_PIXELS = 50_000_000
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "BMP", "TIFF")
_PNG = b"\x89PNG\r\n\x1a\n"
#: What Pillow's readers of headers raise at data that is none of theirs.
_NO_PICTURE = (OSError, ValueError, SyntaxError, TypeError, LookupError, EOFError, struct.error)
EXTENSIONS = ("jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff")


def decode_image(data: bytes, name: str = "image") -> np.ndarray:
    """Pixels of an encoded photo: uint8 (H, W, 3) BGR, turned upright by its EXIF orientation.

    Size and format are read from the header before any pixel is decoded. ImageError names the
    file and says what came when it is no picture, a kind not accepted, or over 50 megapixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limit follows
            with Image.open(io.BytesIO(data)) as header:
                width, height, kind = *header.size, header.format
    except _NO_PICTURE:
        raise ImageError(
            f"{name}: expected a picture (JPEG, PNG, WebP …), got other data"
        ) from None
    except Image.DecompressionBombError:
        raise ImageError(f"{name}: expected at most 50 megapixels, got far more") from None
    if kind not in FORMATS:
        raise ImageError(f"{name}: expected one of {', '.join(FORMATS)}, got {kind}")
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{name}: expected at most 50 megapixels, got {width * height / 1e6:.0f} "
            f"({width} × {height})"
        )
    if not png_is_whole(data):
        raise ImageError(f"{name}: the PNG is damaged and cannot be decoded")
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # what it decodes is larger than the header that was read says
        pixels = None
    if pixels is None:
        raise ImageError(f"{name}: the {kind} is damaged and cannot be decoded")
    return pixels


def png_is_whole(data: bytes) -> bool:
    """False for a PNG whose chunks claim more bytes than there are, True for everything else.

    OpenCV takes memory for what a chunk claims to hold: 2 GB for a file of 69 bytes.
    """
    if not data.startswith(_PNG):
        return True
    at = len(_PNG)
    while at < len(data):
        length, kind = data[at : at + 4], data[at + 4 : at + 8]
        at += 12 + int.from_bytes(length)
        if kind == b"IEND" and at <= len(data):
            return True
    return False


def read_image(path: Path) -> np.ndarray:
    """``decode_image`` of a file; ImageError when it cannot be read."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror or error}") from None
    return decode_image(data, Path(path).name)


def encode_jpeg(image: np.ndarray, quality: int = 90) -> bytes:
    """JPEG bytes of a uint8 (H, W, 3) BGR or (H, W) grey image."""
    return cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))[1].tobytes()


def encode_png(image: np.ndarray) -> bytes:
    """PNG bytes of a uint8 (H, W, 3) BGR or (H, W) grey image."""
    return cv2.imencode(".png", image)[1].tobytes()
