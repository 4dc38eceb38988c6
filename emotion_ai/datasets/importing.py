"""From any recognised source to the on-disk store, image by image, in one atomic step."""

import atexit
import hashlib
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from emotion_ai.access.permissions import require_editor
from emotion_ai.datasets.columns import with_numbers
from emotion_ai.datasets.formats.ferplus import Votes, read_votes
from emotion_ai.datasets.formats.image_files import fitted
from emotion_ai.datasets.formats.reading import Reading, Sample
from emotion_ai.datasets.formats.recognise import recognise
from emotion_ai.datasets.splits import (
    DEFAULT_RULE,
    check_rule,
    count_duplicates,
    join_groups,
    make_split,
    near_duplicates,
    thumbnail,
)
from emotion_ai.datasets.store import (
    DESCRIPTION,
    Dataset,
    DatasetWriter,
    check_name,
    find_dataset,
    known_names,
    open_dataset,
)
from emotion_ai.errors import ConfigError, DatasetError
from emotion_ai.faces.cropping import FRAMINGS, crop_faces
from emotion_ai.faces.detection import FaceDetector, load_detector
from emotion_ai.labels import (
    COORDINATE_COLUMNS,
    COURSE5,
    FER7,
    FER8,
    LabelSet,
    class_key,
    class_name,
    label_set,
    set_of,
)
from emotion_ai.progress import Progress
from emotion_ai.settings import settings
from emotion_ai.storage.files import sibling_folder


@dataclass(frozen=True)
class ImportReport:
    """What an import made, and what it could not use: one line an item, naming row or file."""

    dataset: Dataset
    skipped: list[str]
    #: Images that had another size and were scaled.
    resized: int
    #: Images with FER+ votes.
    with_votes: int


def import_dataset(
    path: Path,
    data_dir: Path,
    *,
    name: str | None = None,
    votes: Path | None = None,
    strict: bool = False,
    split: str | None = None,
    seed: int = 0,
    label_set_name: str | None = None,
    replace: bool = False,
    detect: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a CSV, zip or folder as ``data_dir/name``.

    A dataset of that name makes way with ``replace`` only; its marks stay.
    ``split`` ("80/20", "60/20/20") replaces an official split; None keeps it, and gives 80/20 to a
    set that has none. ``label_set_name`` overrides which numbering a CSV's expressions follow.
    ``detect`` cuts the largest face out of pictures that are more than a face.
    A bad row or file is left out and reported, with ``strict`` it raises. DatasetError leaves no
    trace: the dataset that was there stays.
    """
    require_editor("import a dataset")
    path = Path(path)
    numbering = label_set(label_set_name) if label_set_name else None
    rule = check_rule(split) if split else None
    folder = Path(data_dir) / (check_name(name) if name else default_name(path))
    refuse_existing(folder, replace)
    crowd = read_votes(votes) if votes else None
    if strict and crowd and crowd.skipped:
        raise DatasetError(crowd.skipped[0])
    with (
        recognise(path, numbering) as reading,
        DatasetWriter(folder, reading.task, reading.size_px, reading.border_px) as writer,
    ):
        kept = _copy(
            reading, writer, strict, progress, load_detector(settings()) if detect else None
        )
        if not kept.rows:
            why = f": {kept.skipped[0]}" if kept.skipped else ""
            raise DatasetError(f"{path.name}: none of its {reading.unit} could be used{why}")
        samples = _typed(writer.table())
        origin = {"source": _source(path), "format": reading.format}
        if reading.task == "expression":
            labels = _name_expressions(samples, reading, kept.classes)
            origin["label_set"] = labels.name
            if not labels.is_known:
                origin["classes"] = list(labels.expressions)
        skipped, with_votes = kept.skipped, 0
        if crowd:
            with_votes = _add_votes(crowd, samples, kept, reading)
            origin["votes_source"] = _source(Path(votes))
            skipped = skipped + crowd.skipped
        origin["split_rule"] = _split(samples, kept, rule, seed)
        dataset = writer.commit(
            samples,
            **origin,
            with_votes=with_votes,
            resized=kept.resized,
            duplicates=count_duplicates(samples),
            skipped={"count": len(skipped), "first": skipped[:20]},
        )
    return ImportReport(dataset, skipped, kept.resized, with_votes)


def load_any(
    name_or_path: str | Path, *data_dirs: Path, progress: Progress | None = None, **options
) -> Dataset:
    """A dataset stored in one of ``data_dirs`` by name, one in any folder, or a CSV, zip or folder
    that the readers recognise.

    The latter is imported (``options`` as for ``import_dataset``) into a temporary folder that is
    removed when the process ends.
    """
    path = Path(name_or_path)
    if len(path.parts) == 1 and any((Path(d) / path / DESCRIPTION).is_file() for d in data_dirs):
        return find_dataset(path.name, *data_dirs)
    if (path / DESCRIPTION).is_file():
        return open_dataset(path)
    if not path.exists():
        raise DatasetError(
            f"no dataset or file {str(name_or_path)!r}: expected a path or one of: "
            f"{known_names(*data_dirs)}"
        )
    temporary = sibling_folder(Path(tempfile.gettempdir()) / "emotion_ai")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return import_dataset(path, temporary, progress=progress, **options).dataset


def refuse_existing(folder: Path, replace: bool) -> None:
    """DatasetError when there is a dataset in ``folder`` that must not be replaced."""
    if not replace and (folder / DESCRIPTION).exists():
        raise DatasetError(
            f"there is a dataset {folder.name!r} already: choose another name, or replace it "
            "(--replace, in the app the box below the name)"
        )


def default_name(path: Path) -> str:
    """A dataset name from a file's or folder's: ``FER 2013.csv`` gives ``FER_2013``."""
    path = path.resolve()
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", path.name if path.is_dir() else path.stem)
    return name.lstrip("_.-")[:64] or "dataset"


@dataclass
class _Kept:
    """What came through: positions in the source, thumbnails of faces, and what did not."""

    rows: list[int]
    thumbnails: list[np.ndarray]
    skipped: list[str]
    resized: int = 0
    read: int = 0
    #: The classes by ``class_key``, each as it was first spelled.
    classes: dict[str, str] = field(default_factory=dict)

    def tidy_label(self, row: dict) -> None:
        """Name the class of a row as all others of it are; DatasetError for no name at all."""
        if not isinstance(label := row.get("expression"), str):
            return
        if not (name := class_name(label)):
            raise DatasetError(f"{row['source']}: expected a class, got {label[:20]!r}")
        row["expression"] = self.classes.setdefault(class_key(name), name)


def _face_of(
    sample: Sample, size_px: int, detector: FaceDetector | None
) -> tuple[np.ndarray, bool]:
    """The face of a picture, uint8 (size_px, size_px), and whether it was scaled: the largest that
    ``detector`` finds, DatasetError without any; without a detector all of the picture."""
    image = sample.image
    if detector is None or image.shape == (size_px, size_px):
        return fitted(image, size_px)
    faces = detector.detect(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
    if not faces:
        raise DatasetError(f"{sample.row['source']}: no face was found in it")
    return crop_faces(image, faces[:1], FRAMINGS["expression"], size_px).images[0], True


def _copy(
    reading: Reading,
    writer: DatasetWriter,
    strict: bool,
    progress: Progress | None,
    detector: FaceDetector | None = None,
) -> _Kept:
    kept = _Kept([], [], [])
    border = reading.border_px
    inner = slice(border, border + reading.size_px)
    if progress:
        progress(0, reading.total, reading.unit)
    for item in reading.items:
        if isinstance(item, Sample):
            try:
                kept.tidy_label(item.row)
                image, resized = item.image, False
                if reading.task == "expression":
                    image, resized = _face_of(item, reading.size_px, detector)
            except DatasetError as error:
                item = error
        if isinstance(item, Sample):
            writer.add(image, item.row)
            kept.rows.append(kept.read)
            kept.resized += resized
            if reading.task == "keypoints":
                kept.thumbnails.append(thumbnail(item.image[inner, inner]))
        elif strict:
            raise item
        else:
            kept.skipped.append(str(item))
        kept.read += 1
        if progress and kept.read % 64 == 0:
            progress(kept.read, max(reading.total, kept.read), reading.unit)
    if progress:
        progress(kept.read, kept.read, reading.unit)
    return kept


def _typed(samples: pd.DataFrame) -> pd.DataFrame:
    """The table with columns of numbers that were read as text made numbers."""
    known = {"source", "group", "subject", "subset", "digest", "split", "expression"}
    for name in samples.columns.difference([*known, *COORDINATE_COLUMNS]):
        if not pd.api.types.is_numeric_dtype(samples[name]):
            samples[name] = with_numbers(samples[name])
    return samples


def _name_expressions(samples: pd.DataFrame, reading: Reading, found: dict[str, str]) -> LabelSet:
    """Replace numbers by names, in place; the label set they follow.

    Without ``Usage`` a table may be the course's (0-4) or FER2013's (0-6): a number over 4 tells.
    Classes stand in the order of the source or, where it has none, FER+'s first, then by name.
    """
    column = samples["expression"]
    is_number = column.map(lambda value: isinstance(value, int))
    if is_number.any():
        numbering = reading.label_set
        if numbering is None:
            numbering = COURSE5 if column[is_number].max() < len(COURSE5) else FER7
        names = dict(enumerate(numbering.expressions))
        samples["expression"] = column.map(lambda value: names.get(value, value))
        if set(samples["expression"]) <= set(numbering.expressions):
            return numbering
    present = set(samples["expression"].dropna())
    ordered = [found.setdefault(class_key(name), name) for name in map(class_name, reading.classes)]
    ordered += [name for name in FER8.expressions if name in present and name not in ordered]
    ordered += sorted(present.difference(ordered), key=class_key)
    try:
        return set_of(ordered)
    except ConfigError as error:
        raise DatasetError(str(error)) from None


def _add_votes(crowd: Votes, samples: pd.DataFrame, kept: _Kept, reading: Reading) -> int:
    if reading.task != "expression":
        raise DatasetError(f"{crowd.name}: votes are for expressions, the dataset has keypoints")
    return crowd.add_to(samples, kept.rows, reading.row_by_row, kept.read)


def _split(samples: pd.DataFrame, kept: _Kept, rule: str | None, seed: int) -> str:
    """Fill the columns ``group`` and ``split``, in place; the rule that was followed, in words."""
    keys = [samples["digest"]]
    if "group" in samples:
        keys.append(samples["group"])
    if kept.thumbnails:
        lowest = join_groups(keys, near_duplicates(np.stack(kept.thumbnails)))
    else:
        lowest = join_groups(keys)
    samples["group"] = keys[-1].fillna(samples["digest"]).to_numpy()[lowest]
    if "split" in samples and rule is None:
        return "official"
    if "expression" in samples:
        strata = samples["expression"]
    elif "subset" in samples:
        strata = samples["subset"]
    else:
        strata = samples[list(COORDINATE_COLUMNS)].notna().all(axis=1)
    replaced = " instead of the official split" if "split" in samples else ""
    rule = rule or DEFAULT_RULE
    samples["split"] = make_split(lowest, strata, rule, seed)
    return f"{rule}, seed {seed}, stratified, duplicates and groups kept together{replaced}"


def _source(path: Path) -> dict:
    """Name and, of a file, SHA-256; no folder names of the machine it came from."""
    source = {"name": path.resolve().name}
    if path.is_file():
        with path.open("rb") as file:
            source["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    return source
