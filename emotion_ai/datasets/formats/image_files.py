"""Image files of a dataset to greyscale; one that is too large is refused before decoding."""

import io
from contextlib import suppress
from pathlib import PurePosixPath

import cv2
import numpy as np
from PIL import Image

from emotion_ai.datasets.formats.archive import Tree, read_file
from emotion_ai.errors import DatasetError, ImageError
from emotion_ai.faces.cropping import FRAMINGS, crop_faces
from emotion_ai.media.images import decode_image, png_is_whole
from emotion_ai.results import FaceBox

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")
MAX_PIXELS = 4096 * 4096

_PNG = b"\x89PNG\r\n\x1a\n"
#: JPEG start-of-frame markers; C4, C8 and CC are tables and extensions.
_START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def is_image(name: str) -> bool:
    return name.lower().endswith(IMAGE_SUFFIXES)


def decode_grey(name: str, content: bytes) -> np.ndarray:
    """uint8 (H, W); DatasetError names a file that is no whole JPEG, PNG or TIFF, or too large."""
    if content[:4] in (b"II*\0", b"MM\0*"):
        return _decode_tiff(name, content)
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


def _decode_tiff(name: str, content: bytes) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(content), formats=["TIFF"]) as image:
            if not 0 < image.width * image.height <= MAX_PIXELS:
                raise DatasetError(
                    f"{name}: {image.width} × {image.height} pixels, at most {MAX_PIXELS:,} are "
                    "accepted"
                )
            if image.mode[:1] not in "IF":
                return np.asarray(image.convert("L"))
        return cv2.cvtColor(decode_image(content, name), cv2.COLOR_BGR2GRAY)  # 16 bits or more
    except ImageError as error:
        raise DatasetError(str(error)) from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise DatasetError(f"{name}: the image cannot be decoded") from None


def read_grey(tree: Tree, name: str) -> np.ndarray:
    """The image file of a dataset as uint8 (H, W); DatasetError names it."""
    return decode_grey(name, read_file(tree, name))


def by_file_name(tree: Tree) -> dict[str, str]:
    """The images of a dataset by the last part of their path."""
    return {PurePosixPath(name).name: name for name in tree.names if is_image(name)}


def cut_box(image: np.ndarray, box_xyxy: tuple[float, ...], size_px: int) -> np.ndarray:
    """The face in a box that the dataset gives, uint8 (size_px, size_px), framed as faces for
    expressions are; DatasetError when the box lies outside the picture or is none."""
    height, width = image.shape
    x0, y0, x1, y1 = box_xyxy
    if not (0 <= x0 + x1 <= 2 * width and 0 <= y0 + y1 <= 2 * height and x1 > x0 and y1 > y0):
        raise DatasetError(f"the box {[round(v) for v in box_xyxy]} does not fit the picture")
    face = FaceBox((float(x0), float(y0), float(x1), float(y1)), 1.0)
    return crop_faces(image, [face], FRAMINGS["expression"], size_px).images[0]


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
