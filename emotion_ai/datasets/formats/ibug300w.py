"""300-W (Sagonas et al. 2013): photos with 68 points in ``.pts`` files, cut to Kaggle's framing.

The crop is 96 × 96 around the face and stored with 32 real pixels on each side, for augmentation.
"""

import re
from pathlib import PurePosixPath

import cv2
import numpy as np

from emotion_ai.datasets.formats.archive import Tree, read_file
from emotion_ai.datasets.formats.image_files import IMAGE_SUFFIXES, decode_grey
from emotion_ai.datasets.formats.reading import Format, Reading, Sample, attempts
from emotion_ai.errors import DatasetError
from emotion_ai.labels import COORDINATE_COLUMNS, LabelSet

SIZE_PX = 96
BORDER_PX = 32
#: Measured on the faces that are in Kaggle's file too: side of the square crop over the larger
#: side of the 68 points' bounding box, and how far up its centre is moved, in sides.
CROP_SCALE = 1.11
CROP_RAISE = 0.12

#: Points of 300-W (from 0) behind each of the 15; an eye's centre is the mean of its six.
_SOURCES = (
    *(range(42, 48), range(36, 42)),
    *((i,) for i in (42, 45, 39, 36, 22, 26, 21, 17, 30, 54, 48, 51, 57)),
)
#: ``_REDUCTION @ points68`` are the 15 points: float32 (15, 68).
_REDUCTION = np.zeros((15, 68), np.float32)
for _row, _indices in enumerate(_SOURCES):
    _REDUCTION[_row, list(_indices)] = 1 / len(_indices)


def _is_tree(tree: Tree) -> bool:
    return any(name.lower().endswith(".pts") for name in tree.names)


def _read_tree(tree: Tree, label_set: LabelSet | None) -> Reading:
    """Stream every ``.pts`` file with the image of the same name beside it."""
    files = [name for name in tree.names if name.lower().endswith(".pts")]
    images = {
        name.rpartition(".")[0]: name
        for name in tree.names
        if name.lower().endswith(IMAGE_SUFFIXES)
    }

    def parse(name: str) -> Sample:
        stem = name.rpartition(".")[0]
        if stem not in images:
            raise DatasetError(f"{name}: no image {stem}.jpg or .png beside it")
        points = parse_pts(name, read_file(tree, name, limit=1 << 20))
        image = decode_grey(images[stem], read_file(tree, images[stem]))
        try:
            crop, keypoints = cut_face(image, points)
        except DatasetError as error:
            raise DatasetError(f"{name}: {error}") from None
        subset = PurePosixPath(name).parent.name or "300w"
        row = {
            "source": images[stem],
            # Numbered files are frames of one person or faces of one photo.
            "group": f"{subset}/{re.sub(r'_[0-9]+$', '', PurePosixPath(stem).name)}",
            "subset": subset,
            **dict(zip(COORDINATE_COLUMNS, keypoints.ravel(), strict=True)),
        }
        return Sample(crop, row)

    return Reading(
        task="keypoints",
        size_px=SIZE_PX,
        border_px=BORDER_PX,
        items=attempts(parse, ((name,) for name in files)),
        total=len(files),
        unit="faces",
    )


def parse_pts(name: str, content: bytes) -> np.ndarray:
    """float32 (68, 2), x then y in pixels with the first pixel's centre at 0."""
    text = content.decode("ascii", "replace")
    body = re.search(r"\{([^{}]*)\}", text)
    try:
        points = np.array(body.group(1).split() if body else [], np.float32)
    except ValueError:
        raise DatasetError(f"{name}: a coordinate is not a number") from None
    if len(points) != 68 * 2:
        raise DatasetError(f"{name}: expected 68 points between braces, got {len(points) / 2:g}")
    if not np.isfinite(points).all():
        raise DatasetError(f"{name}: a coordinate is not a number")
    return points.reshape(68, 2) - 1  # the files count pixels from 1


def cut_face(image: np.ndarray, points_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The face with its border, uint8 (160, 160), and 15 points in pixels of the inner 96 × 96.

    ``image`` is uint8 (H, W), ``points_px`` float32 (68, 2). Where the photo ends, its edge is
    repeated. DatasetError when the points' box is empty or does not fit the image.
    """
    low, high = points_px.min(axis=0), points_px.max(axis=0)
    side = CROP_SCALE * float((high - low).max())
    height, width = image.shape
    fits = 1 <= side <= 4 * max(width, height)
    if not fits or (high < 0).any() or (low > (width, height)).any():
        raise DatasetError(f"the points do not fit the {width} × {height} image")
    centre = (low + high) / 2 - (0, CROP_RAISE * side)
    # Pixel centres: crop pixel u shows x = centre + (u + 0.5 - size / 2) * side / size.
    scale = SIZE_PX / side
    middle = SIZE_PX / 2 - 0.5
    keypoints = _REDUCTION @ ((points_px - centre) * scale + middle)

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


TREES = (
    # Asked before folders named after expressions: photos of 300-W may lie in any folder.
    Format("300-W", "300-W", "images with .pts files", _is_tree, _read_tree, rank=3),
)
