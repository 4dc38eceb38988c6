"""Faces cut for one task, shown to the network of the other.

Crops for expressions and for keypoints frame the same face a little differently (see
``faces.FRAMINGS``). Reframing follows the mean framing of each, so it is approximate: a single
face may sit a pixel or two off, and a 48-pixel face does not gain detail by being enlarged.
"""

import cv2
import numpy as np

from emotion_ai.faces.cropping import FRAMINGS


def _affine(size_px: int, task: str, wanted: str, wanted_px: int) -> tuple[float, np.ndarray]:
    """Scale and shift (x, y) from pixels of a crop for ``task`` to one for ``wanted``."""
    own, other = FRAMINGS[task], FRAMINGS[wanted]
    scale = wanted_px / size_px * own.scale / other.scale
    # Both squares around the same box, whose root of area is 1; y of their centres in it.
    offset_y = (own.shift_y * own.scale - other.shift_y * other.scale) / other.scale * wanted_px
    centre, wanted_centre = (size_px - 1) / 2, (wanted_px - 1) / 2
    shift = np.array([wanted_centre - scale * centre, wanted_centre - scale * centre + offset_y])
    return scale, shift


def reframe(
    wide_images: np.ndarray, border_px: int, task: str, wanted: str, wanted_px: int
) -> np.ndarray:
    """Crops for ``wanted``: uint8 (N, wanted_px, wanted_px).

    ``wide_images``: uint8 (N, S + 2 border, S + 2 border), crops for ``task`` with their
    surroundings; beyond them the edge is repeated.
    """
    size_px = wide_images.shape[1] - 2 * border_px
    scale, shift = _affine(size_px, task, wanted, wanted_px)
    x, y = shift - scale * border_px
    matrix = np.array([[scale, 0, x], [0, scale, y]])
    # Shrinking by more than a little needs the pixels averaged first.
    interpolation = cv2.INTER_CUBIC if scale >= 1 else cv2.INTER_LINEAR
    sigma = 0.45 * np.sqrt(max(0.0, scale**-2 - 1))
    out = np.empty((len(wide_images), wanted_px, wanted_px), np.uint8)
    for image, target in zip(wide_images, out, strict=True):
        smooth = cv2.GaussianBlur(image, (0, 0), sigma) if sigma > 0.1 else np.asarray(image)
        cv2.warpAffine(
            smooth, matrix, (wanted_px, wanted_px), dst=target,
            flags=interpolation, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
    return out


def points_back(
    points_px: np.ndarray, size_px: int, task: str, wanted: str, wanted_px: int
) -> np.ndarray:
    """Keypoints float32 (N, 15, 2) of ``reframe``'s crops, in pixels of the crop of ``size_px``
    that they were made from."""
    scale, shift = _affine(size_px, task, wanted, wanted_px)
    return ((points_px - shift) / scale).astype(np.float32)
