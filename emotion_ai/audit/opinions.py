"""Marks that travel: two people's decisions on the same pictures, told apart by digest.

A CSV as ``marks_table`` writes it fits any copy of the same data, however its rows are sorted.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from emotion_ai.datasets.marks import Mark, Marks, marks_table, placed, relabels, rows_of_pictures
from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import DatasetError, in_a_line
from emotion_ai.evaluation.classification import cohens_kappa, confusion_matrix

Opinions = dict[str, Mark]


@dataclass(frozen=True)
class Merged:
    """``marks``: what one or both decided; ``conflicts``: digest → both marks, in neither's favour;
    ``both``: pictures that both decided on; ``kappa``: how far they agree on these beyond chance
    (Cohen 1960), NaN without any."""

    marks: Opinions
    conflicts: dict[str, tuple[Mark, Mark]]
    both: int
    kappa: float


@dataclass(frozen=True)
class Told:
    """A file of marks: by picture and, by picture, in the rows that it names; in how many rows the
    picture stood, where it says so."""

    opinions: Opinions = field(default_factory=dict)
    rows: dict[str, Marks] = field(default_factory=dict)
    copies: dict[str, int] = field(default_factory=dict)


def opinions_of(dataset: Dataset, marks: Marks) -> Opinions:
    """Marks by the digest of their picture's pixels."""
    digests = dataset.samples["digest"].to_numpy()
    return {digests[row]: mark for row, mark in marks.items()}


def read_opinions(path: Path) -> Told:
    """A CSV of marks; DatasetError names the row that is wrong, or the column that is missing."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise DatasetError(f"{Path(path).name}: cannot be read ({in_a_line(error)})") from None
    if lacking := [name for name in ("digest", "mark") if name not in table]:
        raise DatasetError(f"{Path(path).name}: expected the columns digest and mark, "
                           f"missing {' and '.join(lacking)}")  # fmt: skip
    nothing = [""] * len(table)
    columns = (table.get(name, nothing) for name in ("new_expression", "row", "copies"))
    told = Told()
    for number, (digest, kind, name, row, copies) in enumerate(
        zip(table["digest"], table["mark"], *columns, strict=True), 1
    ):
        try:
            mark = told.opinions[digest] = Mark(kind, name or None)
        except DatasetError as error:
            raise DatasetError(f"{Path(path).name} row {number}: {error}") from None
        if row.isdecimal():
            told.rows.setdefault(digest, {})[int(row)] = mark
        if copies.isdecimal():
            told.copies[digest] = int(copies)
    return told


def merge(first: Opinions, second: Opinions) -> Merged:
    """What two people decided: together where they agree or only one did, apart where not."""
    both = first.keys() & second.keys()
    conflicts = {d: (first[d], second[d]) for d in sorted(both) if first[d] != second[d]}
    marks = {d: mark for d, mark in (second | first).items() if d not in conflicts}
    if not both:
        return Merged(marks, conflicts, 0, np.nan)
    names = sorted({str(one[d]) for one in (first, second) for d in both})
    place = {name: i for i, name in enumerate(names)}
    said = [np.array([place[str(one[d])] for d in sorted(both)]) for one in (first, second)]
    kappa = float(cohens_kappa(confusion_matrix(*said, len(names)))) if len(names) > 1 else 1.0
    return Merged(marks, conflicts, len(both), kappa)


def rows_of(dataset: Dataset, opinions: Opinions, told: Told | None = None) -> tuple[Marks, int]:
    """The marks as rows of a dataset, and how many of the pictures are not in it. DatasetError for
    a class that it has not.

    Where the file they were ``told`` in names rows of a picture, so many of its copies are marked
    (``placed``): of copies, all but one may be dropped. Else every copy is.
    """
    unknown = {m.expression for m in opinions.values() if m.expression} - set(relabels(dataset))
    if unknown:
        raise DatasetError(
            f"{dataset.name} has no class {', '.join(sorted(unknown))}: expected "
            f"{', '.join(relabels(dataset)) or 'keep or drop'}"
        )
    places = rows_of_pictures(dataset, opinions)
    marks: Marks = {}
    for digest, copies in places.items():
        rows = told.rows.get(digest) if told else None
        if rows:
            came_from = placed(rows, copies, told.copies.get(digest, 1))
            marks |= {row: rows[old] for row, old in came_from.items()}
        else:
            marks |= dict.fromkeys(copies, opinions[digest])
    return marks, sum(not rows for rows in places.values())


def conflicts_table(dataset: Dataset, merged: Merged) -> pd.DataFrame:
    """What the two do not agree on, a row a picture: as ``marks_table``, with ``other`` beside."""
    first, _ = rows_of(dataset, {d: pair[0] for d, pair in merged.conflicts.items()})
    table = marks_table(dataset, first)
    other = [str(merged.conflicts[digest][1]) for digest in table["digest"]]
    return table.assign(other=other)


def summary(merged: Merged) -> str:
    """The agreement in a line."""
    if not merged.both:
        return "no picture was decided on by both"
    pairs = Counter(f"{a} / {b}" for a, b in merged.conflicts.values()).most_common(3)
    most = f": {', '.join(f'{pair} {n:,}' for pair, n in pairs)}" if pairs else ""
    return (
        f"{merged.both:,} pictures decided on by both, kappa {merged.kappa:.2f}, "
        f"{len(merged.conflicts):,} conflicts{most}"
    )
