"""Many faces as one picture: what a grid shows, in one transfer instead of hundreds."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emotion_ai.faces.drawing import bgr, draw_keypoints

#: Of a caption that stands for no expression.
NEUTRAL = "#E4E4EC"
_GAP_PX = 4
#: Signs that Pillow's own font lacks, as lines in a square of one: x then y, from the upper left.
_SIGNS = {
    "✓": (((0.05, 0.55), (0.35, 0.85), (0.95, 0.15)),),
    "✗": (((0.1, 0.15), (0.85, 0.9)), ((0.85, 0.15), (0.1, 0.9))),
    "→": (((0.0, 0.5), (0.95, 0.5)), ((0.6, 0.2), (0.95, 0.5), (0.6, 0.8))),
}


@dataclass(frozen=True)
class Layout:
    """Where the faces of a montage lie, in its pixels; cells fill it row by row."""

    n: int
    across: int
    face_px: int
    caption_px: int = 0

    @property
    def rows(self) -> int:
        return -(-self.n // self.across)

    @property
    def pitch_wh(self) -> tuple[int, int]:
        """From one cell to the next."""
        return self.face_px + _GAP_PX, self.face_px + self.caption_px + _GAP_PX

    @property
    def size_wh(self) -> tuple[int, int]:
        width, height = self.pitch_wh
        return self.across * width, self.rows * height

    def corner_px(self, i: int) -> tuple[int, int]:
        """The upper left pixel of face ``i``."""
        row, column = divmod(i, self.across)
        width, height = self.pitch_wh
        return column * width + _GAP_PX // 2, row * height + _GAP_PX // 2


def montage(
    images: np.ndarray,
    layout: Layout,
    *,
    captions: Sequence[str] = (),
    colours: Sequence[str | None] = (),
    keypoints_px: np.ndarray | None = None,
) -> np.ndarray:
    """Faces side by side: uint8 (height, width, 4) BGRA, transparent between the faces.

    ``images``: uint8 (n, S, S) grey. ``captions`` stand below the faces on a plate of their
    ``colours`` ("#RRGGBB", None for a neutral one). ``keypoints_px``: float (n, 15, 2), x then y,
    in pixels of the images, NaN where there is no point.
    """
    width, height = layout.size_wh
    canvas = np.zeros((height, width, 4), np.uint8)
    side = layout.face_px
    scale = side / images.shape[1] if len(images) else 1.0
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    for i, image in enumerate(images):
        face = cv2.resize(np.ascontiguousarray(image), (side, side), interpolation=interpolation)
        cell = cv2.cvtColor(face, cv2.COLOR_GRAY2BGR)
        if keypoints_px is not None:
            draw_keypoints(cell, (keypoints_px[i] + 0.5) * scale - 0.5, max(1.2, side / 48))
        x, y = layout.corner_px(i)
        canvas[y : y + side, x : x + side, :3] = cell
        canvas[y : y + side, x : x + side, 3] = 255
        if layout.caption_px:
            colour = colours[i] if len(colours) else None
            plate = caption_plate(captions[i], colour or NEUTRAL, side, layout.caption_px)
            canvas[y + side : y + side + layout.caption_px, x : x + side] = plate
    return canvas


@lru_cache(maxsize=2048)
def caption_plate(text: str, colour: str, width: int, height: int) -> np.ndarray:
    """Text on a plate of ``colour``, in the ink that reads best, shrunk until it fits, its signs
    (✓ ✗ →) before its words: uint8 (height, width, 4) BGRA. Shared: never mutate it."""
    plate = Image.new("RGBA", (width, height), colour)
    pen = ImageDraw.Draw(plate)
    size = height * 0.74
    signs = "".join(sign for sign in text if sign in _SIGNS)
    words = text.translate(dict.fromkeys(map(ord, _SIGNS))).strip()
    text_width = _sign_px(size) * len(signs) + pen.textlength(words, ImageFont.load_default(size))
    if text_width > width - 4:
        size = max(5.0, size * (width - 4) / text_width)
    font = ImageFont.load_default(size)
    ink = "#000000" if _is_light(bgr(colour)) else "#FFFFFF"
    x = (width - _sign_px(size) * len(signs) - pen.textlength(words, font)) / 2
    for sign in signs:
        _draw_sign(pen, sign, (x, height / 2), size, ink)
        x += _sign_px(size)
    pen.text((x, height / 2), words, ink, font, anchor="lm")
    return cv2.cvtColor(np.asarray(plate), cv2.COLOR_RGBA2BGRA)


def _sign_px(size: float) -> float:
    """How far a sign leads, with the gap behind it."""
    return 0.95 * size


def _draw_sign(
    pen: ImageDraw.ImageDraw, sign: str, left_middle_px: tuple[float, float], size: float, ink: str
) -> None:
    x, y = left_middle_px
    side = 0.7 * size
    for line in _SIGNS[sign]:
        points = [(x + u * side, y + (v - 0.5) * side) for u, v in line]
        pen.line(points, ink, max(1, round(size / 8)), joint="curve")


def _is_light(colour_bgr: tuple[int, int, int]) -> bool:
    linear = (np.array(colour_bgr[::-1]) / 255) ** 2.2
    return bool(linear @ (0.2126, 0.7152, 0.0722) > 0.18)


def encode_webp(montage_bgra: np.ndarray, quality: int = 80) -> bytes:
    """A montage for the browser, transparency kept, a tenth of a PNG's size."""
    buffer = io.BytesIO()
    picture = Image.fromarray(cv2.cvtColor(montage_bgra, cv2.COLOR_BGRA2RGBA))
    picture.save(buffer, "WEBP", quality=quality, method=1)
    return buffer.getvalue()
