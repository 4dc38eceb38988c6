"""COFW (Burgos-Artizzu, Perona and Dollár 2013, doi:10.1109/ICCV.2013.191): occluded faces with
29 points, in MATLAB files of version 7.3: ``COFW_train[_color].mat``, ``COFW_test[_color].mat``.

``IsTr`` (or ``IsT``) holds the photos, ``phisTr`` (``phisT``) a row a face: 29 x, 29 y, counted
from 1, and 29 times whether the point is occluded.
"""

import io
from collections.abc import Iterator
from pathlib import PurePosixPath

import cv2
import numpy as np

from emotion_ai.datasets.formats.archive import Tree, damage_named, read_file
from emotion_ai.datasets.formats.framed import BORDER_PX, SIZE_PX, keypoint_sample
from emotion_ai.datasets.formats.image_files import MAX_PIXELS
from emotion_ai.datasets.formats.reading import Format, Reading, Sample
from emotion_ai.datasets.formats.schemes import COFW29
from emotion_ai.errors import DatasetError, in_a_line
from emotion_ai.labels import LabelSet

_HDF5 = b"\x89HDF"
_LIMIT = 2 << 30


def _files_of(tree: Tree) -> list[str]:
    found = [name for name in tree.names if name.lower().endswith(".mat")]
    return [name for name in found if _HDF5 in _head(tree, name)]


def _head(tree: Tree, name: str) -> bytes:
    with damage_named(name), tree.open(name) as file:
        return file.read(1024)  # MATLAB's own header comes first


def _read_tree(tree: Tree, label_set: LabelSet | None) -> Reading:
    try:
        import h5py
    except ImportError:
        raise DatasetError("MATLAB files of version 7.3 need h5py: pip install h5py") from None
    files = []
    for name in _files_of(tree):
        try:
            file = h5py.File(io.BytesIO(read_file(tree, name, _LIMIT)), "r")
        except OSError as error:
            raise DatasetError(f"{name}: cannot be read ({in_a_line(error)})") from None
        for suffix, split in (("Tr", "train"), ("T", "test")):
            if f"Is{suffix}" in file and f"phis{suffix}" in file:
                files.append((name, split, file, file[f"Is{suffix}"], file[f"phis{suffix}"]))
    if not files:
        raise DatasetError("expected IsTr and phisTr, or IsT and phisT, in the .mat file")
    total = sum(phis.shape[-1] for *_, phis in files)
    return Reading("keypoints", SIZE_PX, _faces(files), total, unit="faces", border_px=BORDER_PX)


def _faces(files: list[tuple]) -> Iterator[Sample | DatasetError]:
    for name, split, file, images, phis in files:
        for i in range(phis.shape[-1]):
            where = f"{PurePosixPath(name).name} face {i + 1}"
            try:
                values = np.asarray(phis[:, i], np.float32)
                if values.shape != (3 * 29,):
                    raise DatasetError(f"{where}: expected 87 numbers, got {len(values)}")
                image = _grey(np.asarray(file[_at(images, i)]))
                row = {
                    "source": where,
                    "split": split,
                    "occluded_points": int((values[58:] > 0).sum()),
                }
                points = values[:58].reshape(2, 29).T - 1
                yield keypoint_sample(where, image, points, COFW29, row)
            except DatasetError as error:
                yield error
            except (OSError, ValueError, IndexError, KeyError, TypeError) as error:
                yield DatasetError(f"{where}: cannot be read ({in_a_line(error)})")


def _at(images, i: int):
    """The reference to photo ``i`` in MATLAB's cell array, which is one row or one column."""
    return images[0, i] if images.shape[0] == 1 else images[i, 0]


def _grey(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W) from (W, H) or (3, W, H): MATLAB stores columns first."""
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.size > 3 * MAX_PIXELS:
        raise DatasetError(f"expected a photo, got {image.dtype} {image.shape}")
    image = np.ascontiguousarray(image.T)
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image


TREES = (
    Format(
        "COFW", "COFW", "COFW_train.mat or COFW_test.mat (COFW)",
        lambda tree: bool(_files_of(tree)), _read_tree, rank=4,
    ),
)  # fmt: skip
