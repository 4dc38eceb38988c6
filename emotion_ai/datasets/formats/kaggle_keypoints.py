"""Kaggle's Facial Keypoints Detection: 96 × 96 faces with up to 15 points, in three layouts.

``training.csv`` (30 coordinates and ``Image``), ``test.csv`` (``ImageId,Image``, no points), and
the public copy: ``face_images.npz`` beside ``facial_keypoints.csv``.
"""

import io
import math

import numpy as np

from emotion_ai.datasets.formats.archive import MAX_TOTAL_BYTES, Tree, Zip, read_file
from emotion_ai.datasets.formats.csv_rows import CsvTable, parse_pixels, tables_in
from emotion_ai.datasets.formats.framed import FAR_PX, SIZE_PX
from emotion_ai.datasets.formats.reading import Format, Reading, Sample, attempts
from emotion_ai.errors import DatasetError, in_a_line
from emotion_ai.labels import COORDINATE_COLUMNS, LabelSet

_NPZ_KEY = "face_images"


def _read_table(table: CsvTable, label_set: LabelSet | None) -> Reading:
    """Stream the rows of ``training.csv`` or ``test.csv``."""
    image = table.position("Image")
    labelled = COORDINATE_COLUMNS[0] in table
    columns = _coordinate_positions(table) if labelled else []

    def parse(number: int, fields: list[str] | DatasetError) -> Sample:
        if isinstance(fields, DatasetError):
            raise fields
        try:
            points = _points([fields[i] for i in columns]) if labelled else _NO_POINTS
            row = {"source": f"row {number}", **points}
            if not labelled:
                row["split"] = "test"
            return Sample(parse_pixels(fields[image], SIZE_PX), row)
        except DatasetError as error:
            raise DatasetError(f"{table.name} row {number}: {error}") from None

    return Reading(
        task="keypoints",
        size_px=SIZE_PX,
        items=attempts(parse, table.rows()),
        total=table.count(),
    )


def _find_npz(tree: Tree) -> tuple[str, CsvTable] | None:
    """An NPZ and the CSV with the points of its images, where a tree holds both."""
    npz = next((name for name in tree.names if name.lower().endswith(".npz")), None)
    if npz is None:
        return None
    tables, _ = tables_in(tree)
    points = (t for t in tables if COORDINATE_COLUMNS[0] in t and "Image" not in t)
    table = next(points, None)
    return (npz, table) if table else None


def _read_npz(tree: Tree, label_set: LabelSet | None) -> Reading:
    """Read ``face_images.npz`` with its points; one row an image."""
    npz, table = _find_npz(tree)
    images = _npz_images(npz, read_file(tree, npz, limit=1 << 30))
    columns = _coordinate_positions(table)
    rows = list(table.rows())
    if len(rows) != len(images):
        raise DatasetError(
            f"{table.name}: expected a row for each of {len(images):,} images, got {len(rows):,}"
        )

    def parse(number: int, fields: list[str] | DatasetError) -> Sample:
        if isinstance(fields, DatasetError):
            raise fields
        try:
            points = _points([fields[i] for i in columns])
            return Sample(_to_uint8(images[number - 1]), {"source": f"row {number}", **points})
        except DatasetError as error:
            raise DatasetError(f"{table.name} row {number}: {error}") from None

    return Reading(
        task="keypoints",
        size_px=SIZE_PX,
        items=attempts(parse, rows),
        total=len(rows),
    )


def _coordinate_positions(table: CsvTable) -> list[int]:
    missing = [column for column in COORDINATE_COLUMNS if column not in table]
    if missing:
        raise DatasetError(
            f"{table.name}: expected all 30 coordinate columns, missing {', '.join(missing[:4])}"
            + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
        )
    return [table.position(column) for column in COORDINATE_COLUMNS]


_NO_POINTS = dict.fromkeys(COORDINATE_COLUMNS, np.float32(np.nan))


def _points(fields: list[str]) -> dict[str, np.float32]:
    """The 30 coordinates by column; an empty field is NaN, and half a point is none."""
    points = np.full(len(COORDINATE_COLUMNS), np.nan, np.float32)
    for i, text in enumerate(fields):
        text = text.strip()
        if not text or text.lower() == "nan":
            continue
        try:
            value = float(text)
        except ValueError:
            value = math.inf
        if not -FAR_PX < value < FAR_PX:
            raise DatasetError(
                f"{COORDINATE_COLUMNS[i]}: expected pixels of the image, got {text[:20]!r}"
            )
        points[i] = value
    pairs = points.reshape(-1, 2)
    pairs[np.isnan(pairs).any(axis=1)] = np.nan
    return dict(zip(COORDINATE_COLUMNS, points, strict=True))


def _npz_images(name: str, content: bytes) -> np.ndarray:
    """(N, 96, 96), of any number type, from an NPZ that is looked at before it is believed."""
    members = Zip(io.BytesIO(content), name, len(content))
    member = f"{_NPZ_KEY}.npy"
    if member not in members.names:
        raise DatasetError(
            f"{name}: expected the array {_NPZ_KEY!r}, got {', '.join(members.names)[:80]!r}"
        )
    if members.size(member) > MAX_TOTAL_BYTES // 4:
        raise DatasetError(f"{name}: {_NPZ_KEY!r} is larger than {MAX_TOTAL_BYTES >> 22} MB")
    try:
        images = np.lib.format.read_array(
            io.BytesIO(read_file(members, member, MAX_TOTAL_BYTES // 4)), allow_pickle=False
        )
    except ValueError as error:
        raise DatasetError(f"{name}: {_NPZ_KEY!r} cannot be read ({in_a_line(error)})") from None
    # The public copy has the images along the last axis.
    if images.ndim == 3 and images.shape[:2] == (SIZE_PX, SIZE_PX) != images.shape[1:]:
        images = np.moveaxis(images, -1, 0)
    if images.ndim != 3 or images.shape[1:] != (SIZE_PX, SIZE_PX) or images.dtype.kind not in "uif":
        raise DatasetError(
            f"{name}: expected numbers of shape (96, 96, N) or (N, 96, 96), "
            f"got {images.dtype} {images.shape}"
        )
    return images


def _to_uint8(image: np.ndarray) -> np.ndarray:
    # Written so that NaN fails too.
    if not (image.min() >= 0 and image.max() <= 255):
        raise DatasetError(f"expected pixels of 0 to 255, got {image.min()} to {image.max()}")
    return np.rint(image).astype(np.uint8)


TABLES = (
    Format(
        "Kaggle keypoints CSV",
        "Kaggle keypoints",
        "30 coordinates and Image",
        lambda table: "Image" in table and COORDINATE_COLUMNS[0] in table,
        _read_table,
    ),
    Format(
        "Kaggle keypoints CSV without points",
        "Kaggle keypoints",
        "ImageId and Image",
        lambda table: "Image" in table and "ImageId" in table,
        _read_table,
        rank=1,
    ),
)
TREES = (
    Format(
        "Kaggle keypoints NPZ",
        "Kaggle keypoints",
        "face_images.npz with facial_keypoints.csv",
        lambda tree: _find_npz(tree) is not None,
        _read_npz,
        rank=1,
    ),
)
