"""Light and shadow on a drawn face: maps over the head that the painted pixels are multiplied by.

A map is float32 (H, W, 3), covers the head in its own upright plane at a fixed resolution, and
leaves the picture as it is where it is 1.
"""

from functools import cache

import cv2
import numpy as np

from emotion_ai.datasets.drawn import hair
from emotion_ai.datasets.drawn.canvas import Canvas
from emotion_ai.datasets.drawn.geometry import HEAD_AXES, HEAD_CENTRE_Y, FaceLines, product
from emotion_ai.datasets.drawn.parameters import Colour, Face

#: The light map: pixels per unit, and its corner in the head's plane.
_RESOLUTION, _CORNER = 10, np.array([-3.0, -4.2])
_SHAPE = (92, 60)
#: Below the chin the map fades to nothing.
_LOW = 4.9
_ROWS_Y = np.arange(_SHAPE[0]) / _RESOLUTION + _CORNER[1]
_FADE = np.clip((_LOW - _ROWS_Y) / 1.6, 0, 1).astype(np.float32)[:, None]
#: A light map of this value leaves the picture as it is.
_FULL = 128


def chin_shadow(lines: FaceLines) -> np.ndarray:
    """What the head leaves of the light on the neck: float32 map over the head."""
    soft = np.ones((*_SHAPE, 3), np.float32)
    chin_y = lines.in_head(lines.controls["outline"])[8, 1]
    centre = np.rint((np.array([0, chin_y - 2.0]) - _CORNER) * _RESOLUTION)
    axes = (26, round(2.75 * _RESOLUTION))
    cv2.ellipse(soft, centre.astype(int).tolist(), axes, 0, 0, 360, (0.62, 0.65, 0.7), -1)
    return cv2.GaussianBlur(soft, (0, 0), 0.25 * _RESOLUTION)


def soft_shadows(face: Face, lines: FaceLines) -> np.ndarray:
    """Shadows and colour without an edge: float32 map over the head, 1 leaves the skin as it is."""
    acting = face.acting
    soft = np.ones((*_SHAPE, 3), np.float32)

    def at(points_px: np.ndarray) -> np.ndarray:
        points = (lines.in_head(points_px) - _CORNER) * _RESOLUTION
        return np.rint(points).astype(np.int32)

    def line(points_px: np.ndarray, colour: Colour, width: float) -> None:
        cv2.polylines(soft, [at(points_px)], False, colour, round(width * _RESOLUTION))

    blush = (0.84, 0.88, 1.04) if acting.smile > 0.5 else (0.92, 0.94, 1.02)
    cv2.ellipse(soft, (30, 21), (13, 7), 0, 0, 360, (1.07,) * 3, -1)
    for side, sign in (("left", 1), ("right", -1)):
        cheek = at(lines.controls[f"{side}_cheek"])[0]
        cv2.circle(soft, cheek.tolist(), 5, blush, -1)
        if acting.cheeks_up > 0.4:
            cv2.circle(soft, (cheek - (0, 4)).tolist(), 3, (1.1, 1.1, 1.12), -1)
        line(lines.curve(f"{side}_lid_fold"), (0.78, 0.8, 0.86), 0.3)
        line(lines.curve(f"{side}_eye_bag"), (0.86, 0.87, 0.92), 0.2)
        fold = 0.93 - 0.2 * max(acting.smile, acting.nose_wrinkled, 0)
        line(lines.curve(f"{side}_cheek_fold"), (fold - 0.04, fold - 0.02, fold), 0.25)
        if acting.brow_together > 0.4:
            line(lines.curve(f"{side}_frown_fold"), (0.74, 0.76, 0.8), 0.2)
        away = face.light[0] * sign < 0
        line(lines.curve(f"{side}_nose_side"), (0.74, 0.77, 0.84) if away else (0.9,) * 3, 0.28)
    bridge = np.concatenate([lines.controls["nose_bridge"], lines.controls["nose_tip"]])
    line(bridge, (1.14, 1.13, 1.1), 0.2)
    line(lines.curve("nose_base"), (0.8, 0.82, 0.87), 0.2)
    down = lines.head_px([(0, 0.2)]) - lines.head_px([(0, 0)])
    line(lines.curve("lip_bottom")[12:37] + 1.1 * down, (0.72, 0.75, 0.82), 0.26)
    line(lines.curve("lip_top")[18:31] - 1.2 * down, (0.88, 0.9, 0.92), 0.2)
    if face.look.beard == "stubble":
        cv2.fillPoly(soft, [at(hair.beard_outline(lines))], (0.76, 0.74, 0.7))
    return cv2.GaussianBlur(soft, (0, 0), 0.17 * _RESOLUTION)


@cache
def _head_normals() -> np.ndarray:
    """Surface normals of the head's ellipsoid over the light map: float32 (H, W, 3)."""
    rows, columns = np.indices(_SHAPE)
    points = np.stack([columns, rows], axis=-1) / _RESOLUTION + _CORNER
    flat = (points - (0, HEAD_CENTRE_Y)) / (1.12 * HEAD_AXES[:2])
    reach = np.sqrt((flat**2).sum(axis=-1, keepdims=True))
    flat *= np.minimum(1, 0.97 / np.maximum(reach, 1e-6))
    depth = np.sqrt(1 - (flat**2).sum(axis=-1, keepdims=True))
    return np.concatenate([flat, depth], axis=-1).astype(np.float32)


def roundness(face: Face) -> np.ndarray:
    """How the head's roundness catches the light: float32 map, warm in the shadow."""
    cos, sin = np.cos(face.roll), np.sin(face.roll)
    x, y, z = face.light
    light = np.array([x * cos + y * sin, y * cos - x * sin, z], np.float32)
    bright = 1 + face.contrast * (product(_head_normals(), light[:, None])[..., 0] - 0.68) * _FADE
    return np.stack([bright**1.12, bright**1.05, bright**0.95], axis=-1)


def light_region(canvas: Canvas, lines: FaceLines, outline: np.ndarray, light: np.ndarray) -> None:
    """Multiply the inside of ``outline`` by a map over the head."""
    patch = canvas.patch(outline)
    if patch.image.size:
        cv2.multiply(patch.image, _spread(light, patch, lines), patch.image, 1 / _FULL)
        canvas.paste(patch, outline)


def light_person(canvas: Canvas, bare: np.ndarray, lines: FaceLines, light: np.ndarray) -> None:
    """Multiply what was painted over the ``bare`` background by a map over the head."""
    left, top = _CORNER
    reach = [(left, top), (-left, top), (-left, _LOW), (left, _LOW)]
    outline = lines.head_px(reach)
    patch, behind = canvas.patch(outline), Canvas(bare, canvas.scale).patch(outline)
    if patch.image.size:
        changed = cv2.absdiff(patch.image, behind.image)
        painted = cv2.bitwise_or(changed[..., 0] | changed[..., 1], changed[..., 2])
        inside = np.zeros_like(painted)
        cv2.fillConvexPoly(inside, np.rint(patch.to_pixels(outline)).astype(np.int32), 255)
        cv2.multiply(patch.image, _spread(light, patch, lines), behind.image, 1 / _FULL)
        cv2.copyTo(behind.image, painted & inside, patch.image)
        canvas.put(patch)


def _spread(light: np.ndarray, patch: Canvas, lines: FaceLines) -> np.ndarray:
    """A map over the head, laid over a patch: uint8 (H, W, 3)."""
    corners = np.array([(0, 0), (1, 0), (0, 1)], np.float32)
    units = corners / _RESOLUTION + _CORNER
    warp = cv2.getAffineTransform(corners, patch.to_pixels(lines.head_px(units)).astype(np.float32))
    light = np.clip(light * _FULL, 0, 255).astype(np.uint8)
    size = patch.image.shape[1::-1]
    return cv2.warpAffine(light, warp, size, borderMode=cv2.BORDER_REPLICATE)
