"""A CSV beside pictures: any faces, any labels.

- ``file, label[, split, subject]``: what each picture shows;
- ``file, x1, y1, x2, y2, …`` (15, 29, 68, 98, 468 or 478 points, see ``schemes``), or columns named
  after our points (``nose_tip_x``, ``nose_tip_y``), some of them: what is lacking is NaN.

Every other column is kept as it is and becomes a filter.
"""

import re
from collections import Counter
from functools import partial
from pathlib import PurePosixPath

import numpy as np

from emotion_ai.datasets.columns import kept_names
from emotion_ai.datasets.formats.archive import Tree
from emotion_ai.datasets.formats.csv_rows import CsvTable, tables_in
from emotion_ai.datasets.formats.fer2013 import SPLIT_FOLDERS
from emotion_ai.datasets.formats.framed import BORDER_PX, SIZE_PX, keypoint_sample, own_sample
from emotion_ai.datasets.formats.image_files import is_image, read_grey
from emotion_ai.datasets.formats.reading import Format, Reading, Sample, attempts
from emotion_ai.datasets.formats.schemes import BY_COUNT, OURS15, Scheme
from emotion_ai.errors import DatasetError
from emotion_ai.labels import COORDINATE_COLUMNS, LabelSet

_FILES = ("file", "filename", "file_name", "image", "image_name", "path")
_LABELS = ("label", "class", "expression", "emotion")
SUBJECTS = ("subject", "person", "identity")


def _first(table: CsvTable, names: tuple[str, ...]) -> int | None:
    return next((table.position(name) for name in names if name in table), None)


def _points_of(table: CsvTable) -> tuple[Scheme, list[int | None]] | None:
    """The scheme of a table's points and the columns of its coordinates, x before y."""
    if any(name in table for name in COORDINATE_COLUMNS):
        return OURS15, [table.position(c) if c in table else None for c in COORDINATE_COLUMNS]
    for first in (1, 0):
        for form in ("{}{}", "{}_{}"):
            columns = []
            while all(form.format(a, first + len(columns) // 2) in table for a in "xy"):
                columns += [table.position(form.format(a, first + len(columns) // 2)) for a in "xy"]
            if scheme := BY_COUNT.get(len(columns) // 2):
                return scheme, columns
    return None


def fits(table: CsvTable) -> bool:
    """Whether a CSV names pictures and says what they show."""
    file = _first(table, _FILES)
    if file is None or (_first(table, _LABELS) is None and _points_of(table) is None):
        return False
    _, first = next(table.rows(), (1, None))
    named = first[file] if isinstance(first, list) else ""
    return not re.match(r"\s*\d+(\s+\d+){99}", named)  # Kaggle's Image: the pixels themselves


def _table_of(tree: Tree) -> CsvTable | None:
    if not any(map(is_image, tree.names)):
        return None
    return next(filter(fits, tables_in(tree)[0]), None)


def _read_tree(tree: Tree, label_set: LabelSet | None) -> Reading:
    table = _table_of(tree)
    folder = PurePosixPath(table.name).parent
    pictures = [name for name in tree.names if is_image(name)]
    # Also without the folders above them, where that names one alone.
    ends = Counter(PurePosixPath(name).name for name in pictures)
    images = {end: name for name in pictures if ends[end := PurePosixPath(name).name] == 1}
    images |= {name: name for name in pictures}
    points = _points_of(table)
    file = _first(table, _FILES)
    others = _other_columns(table, points[1] if points else [])

    def found(fields: list[str]) -> str:
        given = fields[file].strip().replace("\\", "/").removeprefix("./")
        picture = images.get(str(folder / given)) or images.get(given)
        if not picture:
            raise DatasetError(f"no picture {given[:80]!r}")
        return picture

    read = partial(_read_row, tree, table, points, others, found)
    task, size = ("keypoints", SIZE_PX) if points else ("expression", 48)
    return Reading(task, size, attempts(read, table.rows()), table.count(),
                   border_px=BORDER_PX if points else 0)  # fmt: skip


def _read_row(tree, table, points, others, found, number, fields) -> Sample:
    if isinstance(fields, DatasetError):
        raise fields
    where = f"{table.name} row {number}"
    try:
        picture = found(fields)
        row = {"source": picture, **{name: _value(fields[i]) for name, i in others.items()}}
        if "split" in table:
            given = fields[table.position("split")].strip().lower()
            if given not in SPLIT_FOLDERS:
                raise DatasetError(f"expected train, validation or test, got {given[:20]!r}")
            row["split"] = SPLIT_FOLDERS[given]
        if (subject := _first(table, SUBJECTS)) is not None and fields[subject].strip():
            row["subject"] = row["group"] = fields[subject].strip()[:60]
        image = read_grey(tree, picture)
        if points is None:
            row["expression"] = fields[_first(table, _LABELS)]
            return Sample(image, row)
        scheme, columns = points
        values = [_number(fields[i]) if i is not None else np.nan for i in columns]
    except DatasetError as error:
        raise DatasetError(f"{where}: {error}") from None
    pairs = np.array(values, np.float32).reshape(-1, 2)
    return _with_points(where, image, pairs, scheme, row)


def _with_points(where, image, pairs, scheme: Scheme, row: dict) -> Sample:
    """Of our own 15 some may be missing."""
    known = ~np.isnan(pairs).any(axis=1)
    if not known.any():
        raise DatasetError(f"{where}: no point in it")
    pairs[~known] = np.nan
    sample = own_sample if scheme is OURS15 else partial(keypoint_sample, scheme=scheme)
    return sample(where, image, pairs, row=row)


def _other_columns(table: CsvTable, taken: list[int | None]) -> dict[str, int]:
    """Columns beyond those that are understood, by a name that a table may have."""
    used = {_first(table, names) for names in (_FILES, _LABELS, SUBJECTS, ("split",))}
    used |= set(taken)
    others = [i for i in range(len(table.columns)) if i not in used]
    return dict(zip(kept_names([table.columns[i] for i in others]), others, strict=True))


def _number(text: str) -> float:
    text = text.strip()
    try:
        return float(text) if text else np.nan
    except ValueError:
        raise DatasetError(f"expected a coordinate, got {text[:20]!r}") from None


def _value(text: str) -> str | None:
    return text.strip()[:200] or None


TREES = (
    Format(
        "table of pictures", "a CSV beside pictures",
        "a CSV with file and label, or file and points, beside pictures",
        lambda tree: _table_of(tree) is not None, _read_tree, rank=3,
    ),
)  # fmt: skip
