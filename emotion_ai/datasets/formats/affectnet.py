"""AffectNet (Mollahosseini, Hasani and Mahoor 2017, IEEE TAC, arXiv:1708.03985): eight
expressions with valence and arousal from -1 to 1, which become columns.

- the released folders: ``train_set|val_set/images/123.jpg`` with ``annotations/123_exp.npy``,
  ``123_val.npy`` and ``123_aro.npy`` (one number each, some saved as text);
- the older ``training.csv`` and ``validation.csv`` beside the photos, with a box around each face.
"""

import io
import re
from pathlib import PurePosixPath

import numpy as np

from emotion_ai.datasets.formats.archive import Tree, read_file
from emotion_ai.datasets.formats.csv_rows import CsvTable, tables_in
from emotion_ai.datasets.formats.image_files import IMAGE_SUFFIXES, cut_box, read_grey
from emotion_ai.datasets.formats.reading import Format, Reading, Sample, attempts
from emotion_ai.errors import DatasetError
from emotion_ai.labels import LabelSet

CLASSES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
_OTHERS = {8: "none", 9: "uncertain", 10: "no face"}
_COLUMNS = ("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height",
            "expression", "valence", "arousal")  # fmt: skip
_EXP = re.compile(r"(?:(.*)/)?annotations/([^/]+)_exp\.npy$")


def _expression(number: float) -> str:
    if number in range(len(CLASSES)):
        return CLASSES[int(number)]
    if number in _OTHERS:
        raise DatasetError(f"shows no expression ({_OTHERS[int(number)]})")
    raise DatasetError(f"expected a class from 0 to 10, got {number:g}")


def _feeling(value: float) -> float:
    """-1 to 1; -2 stands for none."""
    return value if -1 <= value <= 1 else np.nan


def _split(name: str) -> str:
    return "validation" if "val" in name.lower() else "train"


def _read_folders(tree: Tree, label_set: LabelSet | None) -> Reading:
    found = [match for match in map(_EXP.match, tree.names) if match]
    names = set(tree.names)
    images = {name.rpartition(".")[0]: name for name in names
              if name.lower().endswith(IMAGE_SUFFIXES)}  # fmt: skip

    def parse(match: re.Match) -> Sample:
        folder, stem = match[1] or "", match[2]
        path = PurePosixPath(folder)
        picture = images.get(str(path / "images" / stem))
        if not picture:
            raise DatasetError(f"{match[0]}: no picture {stem} in images beside it")
        try:
            expression = _expression(_number(tree, names, match[0]))
            valence, arousal = (
                _feeling(_number(tree, names, str(path / "annotations" / f"{stem}_{kind}.npy")))
                for kind in ("val", "aro")
            )
        except DatasetError as error:
            raise DatasetError(f"{picture}: {error}") from None
        row = {"source": picture, "expression": expression, "split": _split(path.name),
               "valence": valence, "arousal": arousal}  # fmt: skip
        return Sample(read_grey(tree, picture), row)

    return Reading("expression", 48, attempts(parse, ((one,) for one in found)), len(found),
                   unit="images", classes=CLASSES)  # fmt: skip


def _number(tree: Tree, names: set[str], name: str) -> float:
    """The one number in a ``.npy``; NaN where there is no such file."""
    if name not in names:
        return np.nan
    try:
        value = np.load(io.BytesIO(read_file(tree, name, 1 << 16)), allow_pickle=False)
        return float(value.reshape(-1)[0])
    except (ValueError, IndexError, TypeError, EOFError, AttributeError):
        raise DatasetError(f"{PurePosixPath(name).name} holds no number") from None


def _tables(tree: Tree) -> list[CsvTable]:
    return [table for table in tables_in(tree)[0] if all(c in table for c in _COLUMNS)]


def _read_tables(tree: Tree, label_set: LabelSet | None) -> Reading:
    tables = _tables(tree)
    images = {}
    for name in tree.names:  # by the last two parts: subdirectory and file
        images["/".join(name.split("/")[-2:])] = name

    def parse(table: CsvTable, number: int, fields: list[str] | DatasetError) -> Sample:
        if isinstance(fields, DatasetError):
            raise fields
        file, *rest = (fields[table.position(column)] for column in _COLUMNS)
        try:
            numbers = [float(text) for text in rest]
            x, y, width, height, kind, valence, arousal = numbers
            expression = _expression(kind)
            picture = images.get(file)
            if not picture:
                raise DatasetError(f"no picture {file[:60]}")
            image = cut_box(read_grey(tree, picture), (x, y, x + width, y + height), 48)
        except ValueError:
            raise DatasetError(f"{table.name} row {number}: expected numbers") from None
        except DatasetError as error:
            raise DatasetError(f"{table.name} row {number}: {error}") from None
        row = {"source": picture, "expression": expression,
               "split": _split(PurePosixPath(table.name).name),
               "valence": _feeling(valence), "arousal": _feeling(arousal)}  # fmt: skip
        return Sample(image, row)

    rows = ((table, *row) for table in tables for row in table.rows())
    total = sum(table.count() for table in tables)
    return Reading("expression", 48, attempts(parse, rows), total, classes=CLASSES)


TREES = (
    Format(
        "AffectNet folders", "AffectNet", "annotations/*_exp.npy beside images (AffectNet)",
        lambda tree: any(map(_EXP.match, tree.names)), _read_folders, rank=4,
    ),
    Format(
        "AffectNet tables", "AffectNet",
        "a CSV with subDirectory_filePath and expression beside its photos (AffectNet)",
        lambda tree: bool(_tables(tree)), _read_tables, rank=4,
    ),
)  # fmt: skip
