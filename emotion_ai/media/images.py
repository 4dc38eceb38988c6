"""Photos at the edge: encoded bytes in, checked pixels out."""

import io
import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from emotion_ai.errors import ImageError

MAX_PIXELS = 50_000_000
#: OpenCV decodes no longer side, and a JPEG cannot have one.
MAX_SIDE_PX, _JPEG_SIDE_PX = 1 << 20, 65_500
#: Of a TIFF with 32 or 64 bits a sample, which takes up to eight times the memory.
MAX_DEEP_PIXELS = 12_000_000
#: What stands for white in such a file: the lowest of these that none of its values exceeds.
_WHITES = (1, 255, 65535)
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "BMP", "TIFF")
_PNG = b"\x89PNG\r\n\x1a\n"
_TIFFS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
#: Numbers of a TIFF's fields.
_WIDTH, _HEIGHT, _BITS = 256, 257, 258
#: What Pillow's readers of headers raise at data that is none of theirs.
_NO_PICTURE = (OSError, ValueError, SyntaxError, TypeError, LookupError, ArithmeticError, EOFError,
               struct.error)  # fmt: skip
EXTENSIONS = ("jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff")


def decode_image(data: bytes, name: str = "image") -> np.ndarray:
    """Pixels of an encoded photo: uint8 (H, W, 3) BGR, turned upright by its EXIF orientation.

    Size and format are read from the header before any pixel is decoded. ImageError names the
    file and says what came when it is no picture, a kind not accepted, or over 50 megapixels (12
    of a TIFF with 32 or 64 bits a sample, which is brought to 8).
    """
    try:
        width, height, kind, bits = _header(data)
    except _NO_PICTURE:
        raise ImageError(
            f"{name}: expected a picture (JPEG, PNG, WebP …), got other data"
        ) from None
    except Image.DecompressionBombError:
        raise ImageError(
            f"{name}: expected at most {MAX_PIXELS // 1_000_000} megapixels, got far more"
        ) from None
    if kind not in FORMATS:
        raise ImageError(f"{name}: expected one of {', '.join(FORMATS)}, got {kind}")
    deep = bits > 16
    most = MAX_DEEP_PIXELS if deep else MAX_PIXELS
    if width * height > most:
        kind = f" of {bits} bits" if deep else ""
        raise ImageError(
            f"{name}: expected at most {most // 1_000_000} megapixels{kind}, got "
            f"{width * height / 1e6:.0f} ({width} × {height})"
        )
    if not png_is_whole(data):
        raise ImageError(f"{name}: the PNG is damaged and cannot be decoded")
    if max(width, height) > MAX_SIDE_PX:
        raise ImageError(
            f"{name}: expected sides of at most {MAX_SIDE_PX:,} pixels, got {width} × {height}"
        )
    try:
        encoded = np.frombuffer(data, np.uint8)
        if deep:
            pixels = _in_8_bits(cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED))
        else:
            pixels = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    except cv2.error:  # what it decodes is larger than the header that was read says
        pixels = None
    if pixels is None:
        raise ImageError(f"{name}: the {kind} is damaged and cannot be decoded")
    return pixels


def _header(data: bytes) -> tuple[int, int, str | None, int]:
    """Width, height, format and, of a TIFF, bits a sample (otherwise 8). One of ``_NO_PICTURE``
    for what is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # our own limit follows
        if data.startswith(_TIFFS):  # Pillow knows few of those with 32 and 64 bits
            fields = ImageFileDirectory_v2(data[: 16 if b"+" in data[:4] else 8])
            file = io.BytesIO(data)
            file.seek(fields.next)
            fields.load(file)
            bits = int(max(fields.get(_BITS, (1,))))
            return int(fields[_WIDTH]), int(fields[_HEIGHT]), "TIFF", bits
        with Image.open(io.BytesIO(data)) as header:
            return *header.size, header.format, 8


def _in_8_bits(pixels: np.ndarray | None) -> np.ndarray | None:
    """uint8 (H, W, 3) BGR of what OpenCV decodes unchanged: numbers of any kind and range, black
    at 0 and below, white at 1, 255, 65535 or, beyond that, the highest there is."""
    if pixels is None:
        return None
    pixels = pixels[..., :3] if pixels.ndim == 3 else pixels
    pixels = np.nan_to_num(pixels.astype(np.float32), nan=0.0, posinf=0.0, copy=False)
    top = float(pixels.max())
    white = next((white for white in _WHITES if top <= white), top)
    pixels *= 255 / white
    np.clip(pixels, 0, 255, out=pixels)
    grey = np.rint(pixels, out=pixels).astype(np.uint8)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR) if grey.ndim == 2 else grey


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
    """JPEG bytes of a uint8 (H, W, 3) BGR or (H, W) grey image; shrunk where a side is longer than
    a JPEG can have."""
    image = shrunk(image, _JPEG_SIDE_PX)
    return cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))[1].tobytes()


def encode_png(image: np.ndarray) -> bytes:
    """PNG bytes of a uint8 (H, W, 3) BGR or (H, W) grey image."""
    return cv2.imencode(".png", image)[1].tobytes()


def shrunk(image: np.ndarray, side_px: int) -> np.ndarray:
    """A uint8 (H, W) or (H, W, 3) image, no side longer than ``side_px``; never enlarged."""
    ratio = side_px / max(image.shape[:2])
    if ratio >= 1:
        return image
    size = [max(1, round(side * ratio)) for side in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
