"""Parquet as Hugging Face's datasets write it: pictures as ``{bytes, path}`` and a label whose
names stand in the file's own features; ``data/train-00000-of-00001.parquet`` names the split.
"""

import io
import json
from collections.abc import Iterator
from pathlib import PurePosixPath

import pyarrow
import pyarrow.parquet as pq

from emotion_ai.datasets.formats.archive import Tree, damage_named, read_file
from emotion_ai.datasets.formats.fer2013 import SPLIT_FOLDERS
from emotion_ai.datasets.formats.image_files import decode_grey
from emotion_ai.datasets.formats.reading import Format, Reading, Sample
from emotion_ai.errors import DatasetError
from emotion_ai.labels import LabelSet

_LIMIT = 4 << 30
_BATCH = 256


def _files_of(tree: Tree) -> list[str]:
    return [name for name in tree.names if name.lower().endswith(".parquet")]


def _read_tree(tree: Tree, label_set: LabelSet | None) -> Reading:
    files, classes = [], ()
    for name in _files_of(tree):
        file = _open(tree, name)
        image, label = _columns(name, file.schema_arrow)
        names = _class_names(file.schema_arrow, label)
        classes = classes or names
        split = SPLIT_FOLDERS.get(PurePosixPath(name).name.lower().split("-")[0].split(".")[0])
        files.append((name, file, image, label, names, split))
    if not all(split for *_, split in files):
        files = [(*rest, None) for *rest, _ in files]
    total = sum(file.metadata.num_rows for _, file, *_ in files)
    return Reading("expression", 48, _rows(files), total, classes=classes)


def _open(tree: Tree, name: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(io.BytesIO(read_file(tree, name, _LIMIT)))
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise DatasetError(f"{name}: cannot be read ({str(error).splitlines()[0][:80]})") from None


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


def _rows(files: list[tuple]) -> Iterator[Sample | DatasetError]:
    for name, file, image, label, names, split in files:
        number = 0
        with damage_named(name):
            for batch in file.iter_batches(_BATCH, columns=[image, label]):
                for picture, said in zip(*(column.to_pylist() for column in batch), strict=True):
                    number += 1
                    try:
                        yield _sample(f"{name} row {number}", picture, said, names, split)
                    except DatasetError as error:
                        yield error


def _sample(where: str, picture, said, names: tuple[str, ...], split: str | None) -> Sample:
    content = picture.get("bytes") if isinstance(picture, dict) else picture
    if not content:
        raise DatasetError(f"{where}: no picture")
    if names:
        if not isinstance(said, int) or not 0 <= said < len(names):
            raise DatasetError(f"{where}: expected a class from 0 to {len(names) - 1}, got {said}")
        said = names[said]
    if said is None:
        raise DatasetError(f"{where}: no label")
    row = {"source": where, "expression": str(said)}
    if split:
        row["split"] = split
    return Sample(decode_grey(where, content), row)


TREES = (
    Format(
        "Hugging Face parquet", "parquet",
        "parquet files with pictures and a class label",
        lambda tree: bool(_files_of(tree)), _read_tree, rank=4,
    ),
)  # fmt: skip
