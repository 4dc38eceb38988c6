"""Parquet as Hugging Face's datasets write it: pictures as ``{bytes, path}`` and a label whose
names stand in the file's own features; ``data/train-00000-of-00001.parquet`` names the split.
A ``subject`` (or ``person``, ``identity``) says who is seen; other numbers and words are kept.
"""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import pyarrow
import pyarrow.parquet as pq

from emotion_ai.datasets.columns import kept_names
from emotion_ai.datasets.formats.archive import Tree, damage_named, read_file
from emotion_ai.datasets.formats.fer2013 import SPLIT_FOLDERS
from emotion_ai.datasets.formats.image_files import decode_grey
from emotion_ai.datasets.formats.pictures_table import SUBJECTS
from emotion_ai.datasets.formats.reading import Format, Reading, Sample
from emotion_ai.errors import DatasetError, in_a_line
from emotion_ai.labels import LabelSet

_LIMIT = 4 << 30
_BATCH = 256


def _files_of(tree: Tree) -> list[str]:
    return [name for name in tree.names if name.lower().endswith(".parquet")]


@dataclass
class _Part:
    """One file: which of its columns is what, what its label's numbers stand for, its split."""

    name: str
    file: pq.ParquetFile
    image: str
    label: str
    subject: str | None
    #: Further columns, and what the dataset's table calls them.
    kept: dict[str, str]
    classes: tuple[str, ...]
    split: str | None


def _read_tree(tree: Tree, label_set: LabelSet | None) -> Reading:
    parts = [_part(tree, name) for name in _files_of(tree)]
    if not all(part.split for part in parts):
        for part in parts:
            part.split = None
    total = sum(part.file.metadata.num_rows for part in parts)
    classes = next((part.classes for part in parts if part.classes), ())
    return Reading("expression", 48, _rows(parts), total, classes=classes)


def _part(tree: Tree, name: str) -> _Part:
    file = _open(tree, name)
    schema = file.schema_arrow
    image, label = _columns(name, schema)
    plain = [column for column in _plain_columns(schema) if column != label]
    subject = next((column for column in plain if column.lower() in SUBJECTS), None)
    kept = [column for column in plain if column != subject]
    split = SPLIT_FOLDERS.get(PurePosixPath(name).name.lower().split("-")[0].split(".")[0])
    return _Part(name, file, image, label, subject, dict(zip(kept, kept_names(kept), strict=True)),
                 _class_names(schema, label), split)  # fmt: skip


def _open(tree: Tree, name: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(io.BytesIO(read_file(tree, name, _LIMIT)))
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise DatasetError(f"{name}: cannot be read ({in_a_line(error, 80)})") from None


def _columns(name: str, schema: pyarrow.Schema) -> tuple[str, str]:
    """The columns with the pictures and with the labels."""
    images = [
        field.name
        for field in schema
        if pyarrow.types.is_binary(field.type) or pyarrow.types.is_large_binary(field.type)
        or (pyarrow.types.is_struct(field.type)
            and "bytes" in [field.type.field(i).name for i in range(field.type.num_fields)])
    ]  # fmt: skip
    labels = [one for one in ("label", "labels", "expression", "emotion", "class")
              if one in schema.names]  # fmt: skip
    labels = [one for one in schema.names if _class_names(schema, one)] or labels
    if not images or not labels:
        raise DatasetError(
            f"{name}: expected a column of pictures and one of labels, got "
            f"{', '.join(schema.names)[:120]!r}"
        )
    return images[0], labels[0]


def _class_names(schema: pyarrow.Schema, column: str) -> tuple[str, ...]:
    """The names of a class label, from the features that the file describes itself with."""
    try:
        about = json.loads((schema.metadata or {})[b"huggingface"])
        names = about["info"]["features"][column]["names"]
        return tuple(map(str, names.values() if isinstance(names, dict) else names))
    except (KeyError, TypeError, ValueError, AttributeError):
        return ()


def _plain_columns(schema: pyarrow.Schema) -> list[str]:
    """Columns of numbers, words or yes and no."""
    types = pyarrow.types
    kinds = (types.is_integer, types.is_floating, types.is_boolean, types.is_string,
             types.is_large_string, types.is_dictionary)  # fmt: skip
    return [
        field.name
        for field in schema
        if schema.names.count(field.name) == 1 and any(fits(field.type) for fits in kinds)
    ]


def _rows(parts: list[_Part]) -> Iterator[Sample | DatasetError]:
    for part in parts:
        columns = [part.image, part.label, *part.kept, *filter(None, [part.subject])]
        number = 0
        with damage_named(part.name):
            for batch in part.file.iter_batches(_BATCH, columns=columns):
                for row in batch.to_pylist():
                    number += 1
                    try:
                        yield _sample(f"{part.name} row {number}", row, part)
                    except DatasetError as error:
                        yield error


def _sample(where: str, found: dict, part: _Part) -> Sample:
    picture, said = found[part.image], found[part.label]
    content = picture.get("bytes") if isinstance(picture, dict) else picture
    if not content:
        raise DatasetError(f"{where}: no picture")
    if part.classes:
        last = len(part.classes) - 1
        if not isinstance(said, int) or not 0 <= said <= last:
            raise DatasetError(f"{where}: expected a class from 0 to {last}, got {said}")
        said = part.classes[said]
    if said is None:
        raise DatasetError(f"{where}: no label")
    row = {kept: found[column] for column, kept in part.kept.items()}
    row |= {"source": where, "expression": str(said)}
    who = found[part.subject] if part.subject else None
    if who is not None and (who := str(who).strip()):  # 0 is a subject, too
        row["subject"] = row["group"] = who[:60]
    if part.split:
        row["split"] = part.split
    return Sample(decode_grey(where, content), row)


TREES = (
    Format(
        "Hugging Face parquet", "parquet",
        "parquet files with pictures and a class label",
        lambda tree: bool(_files_of(tree)), _read_tree, rank=4,
    ),
)  # fmt: skip
