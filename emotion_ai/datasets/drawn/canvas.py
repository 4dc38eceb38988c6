"""A picture drawn larger than it will be, so that its edges come out smooth.

Coordinates given are pixels of the finished picture with pixel centres at whole numbers;
``scale`` times as many pixels are painted and averaged at the end.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from emotion_ai.datasets.drawn.geometry import ribbon
from emotion_ai.datasets.drawn.parameters import Colour

_SHIFT = 4  # OpenCV's fixed-point coordinates: sixteenths of a painted pixel

_THIN = 3.2  # painted pixels


def shade(colour: Colour, factor: float) -> Colour:
    """Darker below 1, lighter above."""
    return tuple(min(255.0, channel * factor) for channel in colour)


def mix(colour: Colour, other: Colour, share: float) -> Colour:
    """``share`` of the other colour."""
    return tuple((1 - share) * a + share * b for a, b in zip(colour, other, strict=True))


@dataclass
class Canvas:
    """``image`` is uint8 (H·scale, W·scale, 3), BGR; ``origin`` its corner, in painted pixels."""

    image: np.ndarray
    scale: int
    origin: tuple[int, int] = (0, 0)

    def __post_init__(self):
        self._offset = 0.5 * self.scale - 0.5 - np.array(self.origin)

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Points of the finished picture → painted pixels."""
        return points * self.scale + self._offset

    def _fixed(self, points: np.ndarray) -> np.ndarray:
        steps = 1 << _SHIFT
        return np.rint(points * (self.scale * steps) + self._offset * steps).astype(np.int32)

    def fill(self, outline: np.ndarray, colour: Colour) -> None:
        cv2.fillPoly(self.image, [self._fixed(outline)], colour, cv2.LINE_AA, _SHIFT)

    def fill_between(self, outer: np.ndarray, hole: np.ndarray, colour: Colour) -> None:
        outlines = [self._fixed(outer), self._fixed(hole)]
        cv2.fillPoly(self.image, outlines, colour, cv2.LINE_AA, _SHIFT)

    def stroke(self, line: np.ndarray, width_px: float | np.ndarray, colour: Colour) -> None:
        """A line as wide as ``width_px``, or tapering through the widths given."""
        width_px = np.atleast_1d(width_px)
        thickness = width_px.max() * self.scale
        if thickness < _THIN:  # too thin for a taper to show
            thickness = max(1, round(0.85 * thickness))
            points = [self._fixed(line)]
            cv2.polylines(self.image, points, False, colour, thickness, cv2.LINE_AA, _SHIFT)
        else:
            self.fill(ribbon(line, width_px), colour)

    def outline(self, points: np.ndarray, width_px: float, colour: Colour) -> None:
        """A closed line of one width."""
        width = max(1, round(width_px * self.scale))
        cv2.polylines(self.image, [self._fixed(points)], True, colour, width, cv2.LINE_AA, _SHIFT)

    def dot(self, centre: np.ndarray, radius_px: float, colour: Colour) -> None:
        radius = max(1, round(radius_px * self.scale * (1 << _SHIFT)))
        centre = self._fixed(centre).tolist()
        cv2.circle(self.image, centre, radius, colour, -1, cv2.LINE_AA, _SHIFT)

    def ellipse(self, centre: np.ndarray, radii_px, angle: float, colour: Colour) -> None:
        radii = [max(1, round(radius * self.scale * (1 << _SHIFT))) for radius in radii_px]
        centre, degrees = self._fixed(centre).tolist(), float(np.degrees(angle))
        cv2.ellipse(
            self.image, centre, radii, degrees, 0, 360, colour, -1, cv2.LINE_AA, _SHIFT
        )  # fmt: skip

    def patch(self, outline: np.ndarray) -> "Canvas":
        """A copy of the part around ``outline``, to paint on and to ``paste`` back."""
        points = self.to_pixels(outline)
        size = np.array(self.image.shape[1::-1])
        x0, y0 = np.clip(np.floor(points.min(axis=0)).astype(int), 0, size).tolist()
        x1, y1 = np.clip(np.ceil(points.max(axis=0)).astype(int) + 1, 0, size).tolist()
        origin = (self.origin[0] + x0, self.origin[1] + y0)
        return Canvas(self.image[y0:y1, x0:x1].copy(), self.scale, origin)

    def paste(self, patch: "Canvas", outline: np.ndarray) -> None:
        """Put ``patch`` back where it came from, inside ``outline`` only."""
        height, width = patch.image.shape[:2]
        if not height or not width:
            return
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [patch._fixed(outline)], 255, cv2.LINE_8, _SHIFT)
        cv2.copyTo(patch.image, mask, self._below(patch))

    def put(self, patch: "Canvas") -> None:
        """Put the whole of ``patch`` back."""
        self._below(patch)[:] = patch.image

    def _below(self, patch: "Canvas") -> np.ndarray:
        x, y = patch.origin[0] - self.origin[0], patch.origin[1] - self.origin[1]
        height, width = patch.image.shape[:2]
        return self.image[y : y + height, x : x + width]

    def finished(self) -> np.ndarray:
        """The picture at its own size, uint8 (H, W, 3)."""
        height, width = (side // self.scale for side in self.image.shape[:2])
        return cv2.resize(self.image, (width, height), interpolation=cv2.INTER_AREA)
