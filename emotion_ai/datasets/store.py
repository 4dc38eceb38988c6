"""A dataset on disk: one memory-mapped uint8 array, one table, one description.

``<data_dir>/<name>/`` holds ``images.npy`` (uint8 (N, H, W), greyscale), ``samples.parquet`` (one
row an image) and ``dataset.json`` (counts, origin, SHA-256). Columns of the table:

- ``split``: ``train``, ``validation`` or ``test``; ``source``: file or row the image came from;
- ``group``: images that must stay on one side of a split share it (a person, a photo);
- ``digest``: of the pixels, equal for exact duplicates;
- expression sets: ``expression`` (one of ``Dataset.labels``, None without a label) and, where FER+
  votes were given, ten ``votes_*`` columns (uint8, all zero without votes);
- keypoint sets: the 30 coordinates (float32, pixels of the face crop, NaN without a label).

Keypoint images may be stored with ``border_px`` real pixels around the face crop, so that
augmentation can rotate and shift without inventing a border; ``Dataset.images`` is the crop.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from emotion_ai.access.permissions import require_editor
from emotion_ai.datasets.description import DESCRIPTION, Description, read_description
from emotion_ai.errors import DatasetError, in_a_line
from emotion_ai.labels import (
    COORDINATE_COLUMNS,
    FER7,
    INPUT_SIZE_PX,
    KEYPOINT_COUNT,
    VOTE_COLUMNS,
    LabelSet,
    label_set,
)
from emotion_ai.storage.files import (
    may_name_a_folder,
    printable,
    replace_folder,
    sibling_folder,
    write_json,
)

IMAGES, SAMPLES = "images.npy", "samples.parquet"
#: What people decided about single images (see ``marks``); not part of the dataset's digest.
MARKS = "marks.json"
SPLITS = ("train", "validation", "test")
#: The order to score on: what a model knows least comes first.
SPLITS_TO_SCORE = SPLITS[::-1]
TASKS = tuple(INPUT_SIZE_PX)


@dataclass(frozen=True)
class Dataset:
    """An opened dataset. ``samples`` is shared: never mutate it."""

    folder: Path
    description: Description
    #: Where its marks are kept, if not beside it: a shipped dataset's folder is only read.
    marks_folder: Path | None = None

    @property
    def marks_path(self) -> Path:
        return (self.marks_folder or self.folder) / MARKS

    @property
    def shipped(self) -> bool:
        """Whether it came with the app."""
        return self.description.get("shipped", False)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def task(self) -> str:
        return self.description["task"]

    @property
    def digest(self) -> str:
        """SHA-256 over images and table; the key of everything cached about this dataset."""
        return self.description["digest"]

    @property
    def border_px(self) -> int:
        return self.description["border_px"]

    @cached_property
    def wide_images(self) -> np.ndarray:
        """All stored pixels: uint8 (N, H + 2 border, W + 2 border), memory-mapped, read-only."""
        with self._damage_named(IMAGES):
            return np.load(self.folder / IMAGES, mmap_mode="r")

    @property
    def images(self) -> np.ndarray:
        """The face crops: uint8 (N, H, W), a view on the memory map."""
        border = self.border_px
        return self.wide_images[:, border:-border, border:-border] if border else self.wide_images

    @cached_property
    def samples(self) -> pd.DataFrame:
        with self._damage_named(SAMPLES):
            return pd.read_parquet(self.folder / SAMPLES)

    @contextmanager
    def _damage_named(self, file: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, EOFError) as error:
            raise DatasetError(
                f"{self.name} is damaged: {file}: {in_a_line(error)}: import it again"
            ) from None

    @cached_property
    def labels(self) -> LabelSet | None:
        """The classes its labels are of, in its own order; None for keypoints."""
        if self.task == "keypoints":
            return None
        about = self.description
        return label_set(about.get("label_set", FER7.name), about.get("classes"))

    def __len__(self) -> int:
        return self.description["n"]

    @property
    def keypoints_px(self) -> np.ndarray:
        """float32 (N, 15, 2), x then y, pixels of the crop, NaN where not labelled."""
        table = self.samples[list(COORDINATE_COLUMNS)].to_numpy(np.float32)
        return table.reshape(-1, KEYPOINT_COUNT, 2)

    @property
    def votes(self) -> np.ndarray | None:
        """FER+ votes, uint8 (N, 10) in official column order, or None without any."""
        if VOTE_COLUMNS[0] not in self.samples:
            return None
        return self.samples[list(VOTE_COLUMNS)].to_numpy(np.uint8)

    def rows(self, split: str | None = None) -> np.ndarray:
        """Positions (int64) of one split's samples, or of all; DatasetError for an empty split."""
        if split is None:
            return np.arange(len(self))
        rows = np.flatnonzero(self.samples["split"].to_numpy() == split)
        if not len(rows):
            counts = ", ".join(f"{name} ({n})" for name, n in self.description["splits"].items())
            raise DatasetError(f"{self.name}: no split {split!r}: expected one of {counts}")
        return rows


def open_dataset(folder: Path) -> Dataset:
    """Open a stored dataset; reads its description alone, pixels and table come when touched."""
    folder = Path(folder)
    try:
        return Dataset(folder, read_description(folder))
    except FileNotFoundError:
        known = known_names(folder.parent)
        raise DatasetError(f"no dataset {folder.name!r}: expected one of: {known}") from None


def find_dataset(name: str, *data_dirs: Path) -> Dataset:
    """The dataset called ``name`` in the first of ``data_dirs`` that has one; DatasetError lists
    the known ones. Marks of all are kept in the first of ``data_dirs``."""
    if dataset := _look_up(name, data_dirs):
        return dataset
    raise DatasetError(f"no dataset {name!r}: expected one of: {known_names(*data_dirs)}")


def _look_up(name: str, data_dirs: tuple[Path, ...]) -> Dataset | None:
    first, *_ = folders = [Path(data_dir) / name for data_dir in data_dirs]
    for folder in folders:
        with suppress(FileNotFoundError):
            return Dataset(folder, read_description(folder), None if folder == first else first)
    return None


def known_names(*data_dirs: Path) -> str:
    """The names of ``list_datasets``, for a message."""
    return ", ".join(dataset.name for dataset in list_datasets(*data_dirs)) or "none yet"


def list_datasets(*data_dirs: Path) -> list[Dataset]:
    """Every dataset below ``data_dirs`` whose description can be read, in ``survey``'s order."""
    return survey(*data_dirs)[0]


def survey(*data_dirs: Path) -> tuple[list[Dataset], dict[str, str]]:
    """Every dataset below ``data_dirs``, and what is wrong with the damaged others: name → why.

    By name, those that came with the app last. Of two with one name the first folder's counts."""
    names = {
        path.parent.name
        for data_dir in data_dirs
        for path in Path(data_dir).glob(f"[!.]*/{DESCRIPTION}")
    }
    datasets, damaged = [], {}
    for name in sorted(names):
        try:
            if dataset := _look_up(name, data_dirs):  # not deleted just now
                datasets.append(dataset)
        except DatasetError as error:
            damaged[name] = str(error)
    return sorted(datasets, key=lambda dataset: dataset.shipped), damaged


def delete_dataset(dataset: Dataset) -> None:
    """Remove a dataset with its marks; DatasetError when it cannot be."""
    require_editor("delete a dataset")
    if dataset.shipped:
        raise DatasetError(f"dataset {dataset.name!r} came with the app: it stays")
    try:
        # Gone at once for everybody, then cleared away; a folder of its own, as an earlier
        # deletion may have been interrupted.
        retired = sibling_folder(dataset.folder)
        dataset.folder.rename(retired / dataset.name)
        shutil.rmtree(retired)
    except OSError as error:
        raise DatasetError(
            f"dataset {dataset.name!r} cannot be deleted ({error.strerror or error})"
        ) from error


def check_name(name: str) -> str:
    """``name`` when it may name a folder; letters, digits, ``_``, ``-`` and ``.`` inside."""
    if not may_name_a_folder(name):
        raise DatasetError(
            f"dataset name {name!r}: expected 1 to 64 letters, digits, '_', '-', '.'"
        )
    return name


class DatasetWriter:
    """Writes a dataset image by image; nothing appears under its name before ``commit``.

    Use as a context manager: leaving it without ``commit`` removes what was written. What goes
    wrong with the disk meanwhile becomes a DatasetError.
    Images go straight to disk; only the table rows are held in memory.
    """

    def __init__(self, folder: Path, task: str, size_px: int, border_px: int = 0):
        if task not in TASKS:
            raise DatasetError(f"unknown task {task!r}: expected one of {', '.join(TASKS)}")
        self.folder = Path(folder)
        check_name(self.folder.name)
        self.task, self.size_px, self.border_px = task, size_px, border_px
        self._side = size_px + 2 * border_px
        self._rows: list[Mapping] = []
        self._sha256 = hashlib.sha256()

    def __enter__(self) -> "DatasetWriter":
        try:
            self._temporary = sibling_folder(self.folder)
            self._file = (self._temporary / IMAGES).open("w+b")
            self._write_header()
        except OSError as error:
            raise self._unwritten(error) from error
        return self

    def __exit__(self, kind, error, traceback) -> None:
        with suppress(OSError):  # a full disk: what is still to be written is wanted by nobody
            self._file.close()
        shutil.rmtree(self._temporary, ignore_errors=True)
        if isinstance(error, OSError):
            raise self._unwritten(error) from error

    def _unwritten(self, error: OSError) -> DatasetError:
        return DatasetError(
            f"dataset {self.folder.name!r} cannot be written ({error.strerror or error})"
        )

    def __len__(self) -> int:
        return len(self._rows)

    def _write_header(self) -> None:
        # NumPy pads the header so that the first axis may grow: rewriting it in place is safe.
        self._file.seek(0)
        shape = (len(self._rows), self._side, self._side)
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)

    def add(self, image: np.ndarray, row: Mapping) -> None:
        """Append one greyscale image, uint8 (H, W) with its border, and its table row."""
        if image.shape != (self._side, self._side) or image.dtype != np.uint8:
            raise DatasetError(
                f"expected a uint8 image of {self._side} × {self._side}, got {image.dtype} "
                f"{' × '.join(map(str, image.shape))}"
            )
        pixels = image.tobytes()
        self._file.write(pixels)
        self._sha256.update(pixels)
        row = {name: printable(v) if isinstance(v, str) else v for name, v in row.items()}
        self._rows.append({**row, "digest": hashlib.blake2b(pixels, digest_size=8).hexdigest()})

    def table(self) -> pd.DataFrame:
        """The rows so far, to be completed (a split, votes) and handed to ``commit``."""
        return pd.DataFrame(self._rows)

    def commit(self, samples: pd.DataFrame, **origin) -> Dataset:
        """Move the finished dataset to its place, replacing one of the same name."""
        if not len(samples) or len(samples) != len(self._rows):
            raise DatasetError(f"{self.folder.name}: expected images, got {len(samples)}")
        self._write_header()
        self._file.flush()
        os.fsync(self._file.fileno())
        samples.to_parquet(self._temporary / SAMPLES, index=False)
        table_sha256 = hashlib.sha256((self._temporary / SAMPLES).read_bytes()).hexdigest()
        images_sha256 = self._sha256.hexdigest()
        description = {
            "task": self.task,
            "n": len(samples),
            "size_px": self.size_px,
            "border_px": self.border_px,
            "splits": _counts(samples["split"], SPLITS),
            **describe_labels(self.task, samples),
            "sha256": {IMAGES: images_sha256, SAMPLES: table_sha256},
            "digest": hashlib.sha256(f"{images_sha256}{table_sha256}".encode()).hexdigest(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            **origin,
        }
        write_json(self._temporary / DESCRIPTION, description)
        if (self.folder / MARKS).exists():  # an import never takes people's work away
            shutil.copy(self.folder / MARKS, self._temporary)
        replace_folder(self._temporary, self.folder)
        return open_dataset(self.folder)


def describe_labels(task: str, samples: pd.DataFrame) -> dict:
    """Counts that a reader of ``dataset.json`` wants without opening the table."""
    if task == "keypoints":
        points = samples[list(COORDINATE_COLUMNS)].notna()
        return {
            "complete": int(points.all(axis=1).sum()),
            "unlabelled": int((~points.any(axis=1)).sum()),
        }
    counts = samples.groupby(["split", "expression"]).size()
    expressions: dict[str, dict[str, int]] = {}
    for (split, expression), n in counts.items():
        expressions.setdefault(split, {})[expression] = int(n)
    return {"expressions": expressions, "votes": VOTE_COLUMNS[0] in samples}


def _counts(column: pd.Series, order: tuple[str, ...]) -> dict[str, int]:
    counts = column.value_counts()
    return {name: int(counts[name]) for name in order if name in counts}
