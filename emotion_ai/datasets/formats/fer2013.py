"""FER2013 (Goodfellow et al. 2013, arXiv:1307.0414) and sets in its layouts, 48 × 48 pixels.

- ``fer2013.csv``: ``emotion,pixels,Usage``; ``icml_face_data.csv`` is the same with stray spaces;
- the course's ``emotion, pixels`` with five expressions and no ``Usage``;
- a folder or zip ``train|validation|test/<expression>/*.jpg|png``; other folders are classes too.
"""

from pathlib import PurePosixPath
from posixpath import basename, dirname

from emotion_ai.datasets.formats.archive import Tree
from emotion_ai.datasets.formats.csv_rows import CsvTable, parse_pixels
from emotion_ai.datasets.formats.image_files import is_image, read_grey
from emotion_ai.datasets.formats.reading import Format, Reading, Sample, attempts
from emotion_ai.errors import DatasetError
from emotion_ai.labels import FER7, FER8, LabelSet, canonical_expression

SIZE_PX = 48
_NUMBERS = tuple(str(number) for number in range(len(FER8)))
#: The competition's names of the splits.
SPLIT_NAMES = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
USAGES = {name.lower(): split for name, split in SPLIT_NAMES.items()}
SPLIT_FOLDERS = USAGES | {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "testing": "test",
}


def _read_table(table: CsvTable, label_set: LabelSet | None) -> Reading:
    """Stream the rows of a FER2013 CSV; ``label_set`` overrides which numbering it follows."""
    emotion, pixels = table.position("emotion"), table.position("pixels")
    usage = table.position("usage") if "usage" in table else None
    if usage is not None:
        label_set = label_set or FER7

    def parse(number: int, fields: list[str] | DatasetError) -> Sample:
        if isinstance(fields, DatasetError):
            raise fields
        try:
            row = {
                "source": f"row {number}",
                "expression": _number_or_name(fields[emotion], label_set or FER7),
            }
            if usage is not None:
                row["split"] = _split(fields[usage])
            return Sample(parse_pixels(fields[pixels], SIZE_PX), row)
        except DatasetError as error:
            raise DatasetError(f"{table.name} row {number}: {error}") from None

    return Reading(
        task="expression",
        size_px=SIZE_PX,
        items=attempts(parse, table.rows()),
        total=table.count(),
        label_set=label_set,
        row_by_row=True,
    )


def _is_tree(tree: Tree) -> bool:
    folders = {dirname(name) for name in tree.names if is_image(name)}
    return any(canonical_expression(basename(folder)) for folder in folders)


def read_class_folders(tree: Tree, label_set: LabelSet | None) -> Reading:
    """Stream a folder or zip of images in folders named after what they show."""
    names = [name for name in tree.names if is_image(name)]
    splits = [_split_of_path(PurePosixPath(name)) for name in names]
    has_splits = any(splits)

    def parse(name: str, split: str | None) -> Sample:
        path = PurePosixPath(name)
        expression = path.parent.name
        if expression.lower() in ("", *SPLIT_FOLDERS):
            raise DatasetError(f"{name}: in no folder named after what it shows")
        if has_splits and split is None:
            raise DatasetError(f"{name}: in none of the folders train, validation, test")
        row = {"source": name, "expression": expression}
        if split:
            row["split"] = split
        return Sample(read_grey(tree, name), row)

    return Reading(
        task="expression",
        size_px=SIZE_PX,
        items=attempts(parse, zip(names, splits, strict=True)),
        total=len(names),
        unit="images",
    )


def _number_or_name(text: str, label_set: LabelSet) -> int | str:
    text = text.strip()
    if text in _NUMBERS[: len(label_set)]:
        return int(text)
    if name := canonical_expression(text):
        return name
    raise DatasetError(
        f"unknown expression {text[:20]!r}, expected 0 to {len(label_set) - 1} ({label_set.name})"
    )


def _split(usage: str) -> str:
    try:
        return USAGES[usage.strip().lower()]
    except KeyError:
        raise DatasetError(
            f"unknown Usage {usage[:20]!r}, expected Training, PublicTest or PrivateTest"
        ) from None


def _split_of_path(path: PurePosixPath) -> str | None:
    """A name such as ``PublicTest_1.jpg`` decides, else the nearest folder named as a split."""
    prefix = path.name.lower().partition("_")[0]
    folders = (part.lower() for part in reversed(path.parent.parts))
    return USAGES.get(prefix) or next(
        (SPLIT_FOLDERS[part] for part in folders if part in SPLIT_FOLDERS), None
    )


TABLES = (
    Format(
        "FER2013 CSV",
        "FER2013",
        "emotion, pixels and Usage",
        lambda table: "emotion" in table and "pixels" in table and "usage" in table,
        _read_table,
        rank=3,
    ),
    Format(
        "FER2013 CSV without Usage",
        "FER2013",
        "emotion and pixels",
        lambda table: "emotion" in table and "pixels" in table,
        _read_table,
    ),
)
TREES = (
    Format(
        "expression folders",
        "folders named after expressions",
        "images in folders named after expressions",
        _is_tree,
        read_class_folders,
    ),
)
