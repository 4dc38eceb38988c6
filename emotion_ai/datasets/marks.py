"""What people decided about single images: keep, drop, or relabel.

Marks lie beside the dataset in ``marks.json`` (``Dataset.marks_path``). Each names its row and the
digest of its pixels, so that it follows its image, and never moves to another one, when a dataset
is imported again; the dataset's own files are never changed. Training honours them when asked to
(``honour_marks``).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NotRequired, TypedDict

import numpy as np
import pandas as pd
from filelock import FileLock

from emotion_ai.access.permissions import require_editor
from emotion_ai.datasets.store import MARKS, Dataset
from emotion_ai.errors import DatasetError, RecordError
from emotion_ai.labels import FERPLUS_EXPRESSIONS, VOTE_COLUMNS, class_name
from emotion_ai.storage.files import write_json
from emotion_ai.storage.records import Count, read_record

KINDS = ("keep", "drop", "relabel")


@dataclass(frozen=True)
class Mark:
    """``expression`` is the new label of a ``relabel``, else None."""

    kind: str
    expression: str | None = None

    def __post_init__(self):
        if self.kind not in KINDS:
            raise DatasetError(f"unknown mark {self.kind!r}: expected one of {', '.join(KINDS)}")
        name = self.expression
        fits = (name and name == class_name(name)) if self.kind == "relabel" else name is None
        if not fits:
            expected = "a class" if self.kind == "relabel" else "None"
            raise DatasetError(f"{self.kind} as {name!r}: expected {expected}")

    def __str__(self) -> str:
        return f"relabel as {self.expression}" if self.expression else self.kind


Marks = dict[int, Mark]


def relabels(dataset: Dataset) -> tuple[str, ...]:
    """What an image of the dataset may be relabelled as: its classes."""
    return dataset.labels.expressions if dataset.labels else ()


class _RowMark(TypedDict):
    row: Count
    digest: str
    mark: Literal[KINDS]
    expression: NotRequired[str | None]
    copies: NotRequired[Count]  # rows with this very picture, where there are several


class _Record(TypedDict):
    """``marks.json``."""

    marks: list[_RowMark]


def load_marks(dataset: Dataset) -> Marks:
    """The marks by row. Where an import moved an image, its mark is in its new row; those of images
    that are not there at the moment are passed over, and kept."""
    return _load(dataset)[0]


def _load(dataset: Dataset) -> tuple[Marks, list[_RowMark]]:
    """The marks by row, and what is recorded of images that are not there."""
    try:
        records = read_record(dataset.marks_path, _Record)["marks"]
        places = rows_of_pictures(dataset, (record["digest"] for record in records))
        told: dict[str, dict[int, _RowMark]] = {digest: {} for digest in places}
        for record in records:
            told[record["digest"]].setdefault(record["row"], record)
        marks: Marks = {}
        gone = []
        for digest, rows in told.items():
            before = {row: _mark(record) for row, record in rows.items()}
            copies = next(iter(rows.values())).get("copies", 1)
            came_from = placed(before, places[digest], copies)
            marks |= {row: before[old] for row, old in came_from.items()}
            gone += [rows[old] for old in rows.keys() - set(came_from.values())]
        return marks, gone
    except FileNotFoundError:
        return {}, []
    except RecordError as error:
        raise DatasetError(f"{dataset.name} is damaged: {error}: repair it or remove it") from None


def _mark(record: _RowMark) -> Mark:
    return Mark(record["mark"], record.get("expression"))


def rows_of_pictures(dataset: Dataset, digests: Iterable[str]) -> dict[str, list[int]]:
    """The rows in which each of these pictures stands, by digest; [] where it is not there."""
    places: dict[str, list[int]] = {digest: [] for digest in digests}
    for row, digest in enumerate(dataset.samples["digest"] if places else ()):
        if digest in places:
            places[digest].append(row)
    return places


def placed(told: Marks, rows: list[int], copies: int) -> dict[int, int]:
    """Where the marks of a picture belong that stands in ``rows`` now: row → the row marked.

    Those that have not moved stay, the others go to the nearest row; of so many ``copies`` when it
    was marked, as many stay as were not dropped.
    """
    kept = copies - sum(mark.kind == "drop" for mark in told.values())
    came_from: dict[int, int] = {}
    for old in sorted(told, key=lambda row: (row not in rows, row)):
        free = [row for row in rows if row not in came_from]
        left = len(rows) - sum(told[one].kind == "drop" for one in came_from.values())
        if free and (told[old].kind != "drop" or left > kept):
            came_from[min(free, key=lambda row, old=old: abs(row - old))] = old
    return came_from


def set_marks(dataset: Dataset, rows: Iterable[int], mark: Mark | None) -> Marks:
    """Mark ``rows`` (None: take their marks away), save, and return all marks."""
    return put_marks(dataset, {int(row): mark for row in rows})


def put_marks(dataset: Dataset, decided: Mapping[int, Mark | None]) -> Marks:
    """Set the marks of some rows (None: take it away), save, and return all marks."""
    require_editor("mark images")
    rows = list(decided)
    if bad := [row for row in rows if not 0 <= row < len(dataset)]:
        raise DatasetError(f"no row {bad[0]}: expected 0 to {len(dataset) - 1}")
    for name in {mark.expression for mark in decided.values() if mark and mark.expression}:
        if dataset.task != "expression":
            raise DatasetError(f"{dataset.name} has no expressions: expected keep or drop")
        if name not in relabels(dataset):
            known = ", ".join(relabels(dataset))
            raise DatasetError(f"relabel as {name!r}: expected one of {known}")
    try:
        dataset.marks_path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(dataset.marks_path.with_name(f".{MARKS}.lock")):
            marks, gone = _load(dataset)
            for row, mark in decided.items():
                if mark is None:
                    marks.pop(row, None)
                else:
                    marks[row] = mark
            _save(dataset, marks, gone)
    except OSError as error:
        raise DatasetError(
            f"{dataset.name}: marks cannot be saved ({error.strerror or error})"
        ) from error
    return marks


def _save(dataset: Dataset, marks: Marks, gone: list[_RowMark]) -> None:
    digests = dataset.samples["digest"].to_numpy()
    copies = Counter(digests)
    records = [
        {"row": row, "digest": digests[row], "mark": mark.kind}
        | ({"expression": mark.expression} if mark.expression else {})
        | ({"copies": copies[digests[row]]} if copies[digests[row]] > 1 else {})
        for row, mark in sorted(marks.items())
    ]
    write_json(dataset.marks_path, {"marks": records + gone})


def marks_table(dataset: Dataset, marks: Marks) -> pd.DataFrame:
    """The marks with what they are about, for a CSV: row, source, split, digest, label, mark, and
    in how many rows that very picture stands."""
    rows = sorted(marks)
    samples = dataset.samples.iloc[rows]
    table = pd.DataFrame({"row": rows})
    for column in ("source", "split", "digest", "expression"):
        if column in samples:
            table[column] = samples[column].to_numpy()
    table["mark"] = [marks[row].kind for row in rows]
    table["new_expression"] = [marks[row].expression for row in rows]
    table["copies"] = samples["digest"].map(Counter(dataset.samples["digest"])).to_numpy()
    return table


def apply_marks(samples: pd.DataFrame, marks: Marks) -> pd.DataFrame:
    """A copy of a dataset's table as the marks want it; every row stays in its place.

    A dropped row belongs to the split ``dropped`` and has no digest any more, so that its copies
    are not taken for copies of something that counts. A new label counts as all ten votes, where
    there are votes.
    """
    samples = samples.copy()
    dropped = [row for row, mark in marks.items() if mark.kind == "drop"]
    if dropped:
        samples.iloc[dropped, samples.columns.get_loc("split")] = "dropped"
        samples.iloc[dropped, samples.columns.get_loc("digest")] = [f"dropped {i}" for i in dropped]
    relabelled = {row: mark.expression for row, mark in marks.items() if mark.expression}
    if relabelled:
        rows = list(relabelled)
        column = samples.columns.get_loc("expression")
        samples.iloc[rows, column] = list(relabelled.values())
        if VOTE_COLUMNS[0] in samples:
            votes = np.zeros((len(rows), len(VOTE_COLUMNS)), np.uint8)
            for vote, name in zip(votes, relabelled.values(), strict=True):
                if name in FERPLUS_EXPRESSIONS:  # nobody could vote for another class
                    vote[FERPLUS_EXPRESSIONS.index(name)] = 10
            samples.iloc[rows, [samples.columns.get_loc(name) for name in VOTE_COLUMNS]] = votes
    return samples


def marked_dataset(dataset: Dataset) -> Dataset:
    """The dataset as its marks want it; its files stay as they are."""
    marked = replace(dataset)
    # Where the cached property keeps what it once read.
    marked.__dict__["samples"] = apply_marks(dataset.samples, load_marks(dataset))
    return marked
