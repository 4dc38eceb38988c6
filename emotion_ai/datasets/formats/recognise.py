"""Which dataset a file or folder is, told by its content and never by its name."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from emotion_ai.datasets.formats import fer2013, ferplus, ibug300w, kaggle_keypoints
from emotion_ai.datasets.formats.archive import Tree, damage_named, open_tree
from emotion_ai.datasets.formats.csv_rows import CsvTable
from emotion_ai.datasets.formats.reading import Reading
from emotion_ai.errors import DatasetError
from emotion_ai.labels import LabelSet

_EXPECTED = (
    "expected a CSV with the columns emotion, pixels[, Usage] or Image with 30 coordinates or "
    "ImageId, Image"
)
_EXPECTED_TREE = (
    "expected images in folders named after expressions, images with .pts files, "
    "face_images.npz with facial_keypoints.csv, or a CSV of faces"
)


@contextmanager
def recognise(path: Path, label_set: LabelSet | None = None) -> Iterator[Reading]:
    """The reading of a CSV, zip or folder, open as long as the context.

    ``label_set`` overrides which numbering a CSV's expressions follow. DatasetError says what was
    expected and what came.
    """
    path = Path(path)
    if not path.exists():
        raise DatasetError(f"no file or folder {path}")
    if path.is_dir() or (path.is_file() and _is_zip(path)):
        with open_tree(path) as tree:
            yield _recognise_tree(path.name, tree, label_set)
    elif path.is_file():
        yield _recognise_table(CsvTable(path.name, partial(path.open, "rb")), label_set)
    else:
        raise DatasetError(f"{path.name}: not a file or folder")


def _is_zip(path: Path) -> bool:
    with damage_named(path.name), path.open("rb") as file:
        return file.read(4) in (b"PK\3\4", b"PK\5\6")


def _recognise_table(table: CsvTable, label_set: LabelSet | None) -> Reading:
    if fer2013.is_table(table):
        reading = fer2013.read_table(table, label_set)
    elif kaggle_keypoints.is_table(table):
        reading = kaggle_keypoints.read_table(table)
    elif ferplus.is_votes(table):
        raise DatasetError(
            f"{table.name}: these are FER+ votes without images; give them beside the images "
            "of FER2013 (--votes)"
        )
    else:
        raise DatasetError(f"{table.name}: {_EXPECTED}; got {', '.join(table.columns)[:120]!r}")
    return reading


def _recognise_tree(name: str, tree: Tree, label_set: LabelSet | None) -> Reading:
    if not tree.names:
        raise DatasetError(f"{name}: nothing in it; {_EXPECTED_TREE}")
    if ibug300w.is_tree(tree):
        return ibug300w.read_tree(tree)
    if fer2013.is_tree(tree):
        return fer2013.read_tree(tree)

    tables, problems = [], []
    for member in tree.names:
        if member.lower().endswith(".csv"):
            try:
                tables.append(CsvTable(member, partial(tree.open, member)))
            except DatasetError as error:
                problems.append(error)  # it may stand beside the one that counts
    npz = next((member for member in tree.names if member.lower().endswith(".npz")), None)
    points = next((table for table in tables if kaggle_keypoints.is_coordinates(table)), None)
    if npz and points:
        return kaggle_keypoints.read_npz(tree, npz, points)

    known = [t for t in tables if fer2013.is_table(t) or kaggle_keypoints.is_table(t)]
    if not known and tables:
        return _recognise_table(tables[0], label_set)  # says what its columns lack
    if not known and problems:
        raise problems[0]
    if not known:
        shown = ", ".join(tree.names[:3]) + (" …" if len(tree.names) > 3 else "")
        raise DatasetError(f"{name}: {_EXPECTED_TREE}; got {shown[:160]}")
    # Competitions ship several tables: the one with labels and official splits counts.
    best = max(known, key=lambda t: ("usage" in t, "emotion" in t or "ImageId" not in t))
    return _recognise_table(best, label_set)
