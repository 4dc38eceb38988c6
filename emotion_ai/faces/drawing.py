"""Readings become pixels. Draws on the given frame, uint8 (H, W, 3) BGR, in place."""

import math
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from emotion_ai.labels import EXPRESSION_COLOURS, KEYPOINT_SIDES, SIDE_COLOURS, colours
from emotion_ai.results import FaceReading

_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class Layers:
    """What to draw."""

    box: bool = True
    points: bool = True
    name: bool = True
    probability: bool = True
    number: bool = False


@lru_cache
def bgr(hex_colour: str) -> tuple[int, int, int]:
    """``"#RRGGBB"`` as OpenCV wants it."""
    return tuple(int(hex_colour[i : i + 2], 16) for i in (5, 3, 1))


def draw_readings(
    frame: np.ndarray,
    readings: list[FaceReading],
    layers: Layers | None = None,
    numbers: list[int] | None = None,
) -> np.ndarray:
    """Boxes in the colour of the expression, its name, keypoints by the subject's side.

    ``numbers`` are the faces' own, where they are known from other frames; else they count up.
    """
    layers = layers or Layers()
    stroke = max(1, round(max(frame.shape) / 700))
    numbers = numbers or list(range(1, len(readings) + 1))
    for number, reading in zip(numbers, readings, strict=True):
        expression = reading.own or reading.expression
        # A visitor's own classes have no colours that would mean the same elsewhere.
        known = (
            EXPRESSION_COLOURS if reading.own else colours(expression.labels if expression else ())
        )
        colour = bgr(known.get(expression.label if expression else "", "#FFFFFF"))
        x0, y0, x1, y1 = (round(value) for value in reading.face.box_xyxy)
        if layers.box:
            cv2.rectangle(frame, (x0, y0), (x1, y1), (0, 0, 0), stroke + 2)
            cv2.rectangle(frame, (x0, y0), (x1, y1), colour, stroke)
        if layers.points and reading.keypoints_px is not None:
            draw_keypoints(frame, reading.keypoints_px, radius_px=max(1.5, (x1 - x0) / 60))
        words = [str(number)] if layers.number else []
        if expression and layers.name:
            words.append(drawable(expression.labels, expression.label))
            if layers.probability:
                words.append(f"{expression.confidence:.2f}")
        if words:
            scale = min(max((x1 - x0) / 190, 0.4), 3)
            _label(frame, " ".join(words), (x0, y0), colour, scale)
    return frame


def drawable(labels: tuple[str, ...], label: str) -> str:
    """A class's name as OpenCV's font can draw it, which knows ASCII alone: without accents, or
    its place among the classes, from 1, where too little of it is left."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().strip()
    letters = sum(c.isalnum() for c in label)
    return plain if plain and 2 * len(plain) > letters else f"class {labels.index(label) + 1}"


def draw_keypoints(frame: np.ndarray, keypoints_px: np.ndarray, radius_px: float) -> None:
    """A dot a keypoint, coloured by the subject's side; NaN points are left out."""
    shift = 4  # sub-pixel positions, in sixteenths
    edge, radius = round(radius_px * 1.35 * 16), round(radius_px * 16)
    # Plain numbers: a room has 375 points, and NumPy's take longer than the dots.
    for (x, y), side in zip((keypoints_px * 16).tolist(), KEYPOINT_SIDES, strict=True):
        if math.isnan(x) or math.isnan(y):
            continue
        centre = round(x), round(y)
        cv2.circle(frame, centre, edge, (0, 0, 0), -1, cv2.LINE_AA, shift)
        cv2.circle(frame, centre, radius, bgr(SIDE_COLOURS[side]), -1, cv2.LINE_AA, shift)


def _label(frame, text: str, corner, colour, scale: float) -> None:
    """Text on a plate above the box, or inside it at the frame's top; kept within the frame."""
    thickness = max(1, round(scale * 1.6))
    (width, height), below = cv2.getTextSize(text, _FONT, scale, thickness)
    pad = max(2, height // 4)
    x = min(max(corner[0], 0), max(0, frame.shape[1] - width - 2 * pad))
    y = corner[1] if corner[1] >= height + below + pad else corner[1] + height + below + pad
    top_left, bottom_right = (x, y - height - below - pad), (x + width + 2 * pad, y)
    cv2.rectangle(frame, top_left, bottom_right, colour, -1)
    dark = sum(colour[::-1][i] * w for i, w in enumerate((0.299, 0.587, 0.114))) > 110
    ink = (0, 0, 0) if dark else (255, 255, 255)
    cv2.putText(frame, text, (x + pad, y - below), _FONT, scale, ink, thickness, cv2.LINE_AA)
