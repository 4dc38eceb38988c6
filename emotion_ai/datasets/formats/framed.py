"""Faces cut from photos by their points, in the framing of Kaggle's keypoint data.

The crop is 96 × 96 around the face and stored with 32 real pixels on each side, for augmentation.
"""

import cv2
import numpy as np

from emotion_ai.datasets.formats.reading import Sample
from emotion_ai.datasets.formats.schemes import Scheme
from emotion_ai.errors import DatasetError
from emotion_ai.labels import COORDINATE_COLUMNS, MEAN_FACE_PX

SIZE_PX = 96
BORDER_PX = 32
#: A point further from the image than its own size is a mistake, not a face cut off.
FAR_PX = 2 * SIZE_PX
#: Measured on the faces that are in Kaggle's file too: side of the square crop over the larger
#: side of the 68 points' bounding box, and how far up its centre is moved, in sides.
CROP_SCALE = 1.11
CROP_RAISE = 0.12


def keypoint_sample(
    where: str, image: np.ndarray, points_px: np.ndarray, scheme: Scheme, row: dict
) -> Sample:
    """A face of a photo, uint8 (H, W), by its points in ``scheme``'s order, with 0 at the centre of
    the first pixel; ``row`` is completed with the 15. DatasetError, naming ``where``."""
    try:
        if not np.isfinite(scheme.framing(points_px)).all():
            raise DatasetError("a coordinate is not a number")
        crop, keypoints = cut_by_points(image, scheme.framing(points_px), scheme.reduced(points_px))
    except DatasetError as error:
        raise DatasetError(f"{where}: {error}") from None
    return Sample(crop, {**row, **dict(zip(COORDINATE_COLUMNS, keypoints.ravel(), strict=True))})


def own_sample(where: str, image: np.ndarray, keypoints_px: np.ndarray, row: dict) -> Sample:
    """A face by some of our own 15 points, (15, 2), NaN where not labelled. A crop already, uint8
    (96, 96), stays as it is; of a photo what is cut has the points where, and as large as, the mean
    face has them. DatasetError, naming ``where``."""
    if image.shape == (SIZE_PX, SIZE_PX):
        if (np.abs(keypoints_px) >= FAR_PX).any():
            raise DatasetError(f"{where}: the points do not fit the {SIZE_PX} × {SIZE_PX} image")
        crop = cv2.copyMakeBorder(image, *[BORDER_PX] * 4, cv2.BORDER_REPLICATE)
        keypoints = keypoints_px
    else:
        known = ~np.isnan(keypoints_px).any(axis=1)
        points, usual = keypoints_px[known], np.array(MEAN_FACE_PX, np.float32)[known]
        scale = np.sqrt(points.var(axis=0).sum() / max(usual.var(axis=0).sum(), 1e-6))
        middle = points.mean(axis=0) + scale * (SIZE_PX / 2 - 0.5 - usual.mean(axis=0))
        try:
            crop, keypoints = _cut(image, points, middle, SIZE_PX * float(scale), keypoints_px)
        except DatasetError as error:
            raise DatasetError(f"{where}: {error}") from None
    coordinates = keypoints.astype(np.float32).ravel()
    return Sample(crop, {**row, **dict(zip(COORDINATE_COLUMNS, coordinates, strict=True))})


def cut_by_points(
    image: np.ndarray, outline_px: np.ndarray, keypoints_px: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The face with its border, uint8 (160, 160), and its keypoints in pixels of the inner 96 × 96.

    ``image`` is uint8 (H, W), ``outline_px`` (N, 2), ``keypoints_px`` (15, 2). Where the photo
    ends, its edge is repeated. DatasetError when the outline's box is empty or does not fit.
    """
    low, high = outline_px.min(axis=0), outline_px.max(axis=0)
    side = CROP_SCALE * float((high - low).max())
    centre = (low + high) / 2 - (0, CROP_RAISE * side)
    return _cut(image, outline_px, centre, side, keypoints_px)


def _cut(
    image: np.ndarray,
    points_px: np.ndarray,
    centre: np.ndarray,
    side: float,
    keypoints_px: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """``cut_by_points`` by the middle and the side, in pixels of the photo, of what becomes the
    inner 96 × 96; ``points_px`` (N, 2) are to lie in it."""
    height, width = image.shape
    low, high = points_px.min(axis=0), points_px.max(axis=0)
    fits = 1 <= side <= 4 * max(width, height)
    if not fits or (high < 0).any() or (low > (width, height)).any():
        raise DatasetError(f"the points do not fit the {width} × {height} image")
    # Pixel centres: crop pixel u shows x = centre + (u + 0.5 - size / 2) * side / size.
    scale = SIZE_PX / side
    middle = SIZE_PX / 2 - 0.5
    keypoints = (keypoints_px - centre) * scale + middle

    factors = np.ones(2)
    if scale < 1 / 1.5:
        # warpAffine samples single pixels: shrink by averaging first, or fine detail aliases.
        small_wh = np.maximum(np.rint(np.array([width, height]) * scale), 1).astype(int)
        image = cv2.resize(image, small_wh.tolist(), interpolation=cv2.INTER_AREA)
        factors = small_wh / (width, height)
    # From pixels of the (shrunk) image to pixels of the stored crop.
    gain = scale / factors
    centre = (centre + 0.5) * factors - 0.5
    shift = middle + BORDER_PX - gain * centre
    matrix = np.array([[gain[0], 0, shift[0]], [0, gain[1], shift[1]]])
    stored = SIZE_PX + 2 * BORDER_PX
    crop = cv2.warpAffine(
        image,
        matrix,
        (stored, stored),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return crop, keypoints.astype(np.float32)
