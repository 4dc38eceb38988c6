"""FER+ votes (Barsoum et al. 2016, arXiv:1608.01041): ten people's opinion on each FER2013 face.

Two forms: the official ``fer2013new.csv`` stands row by row beside ``fer2013.csv``; a CSV with the
columns ``file`` and ``expression`` names the images of a folder set.
"""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from emotion_ai.datasets.formats.csv_rows import CsvTable
from emotion_ai.errors import DatasetError
from emotion_ai.labels import FERPLUS_COLUMNS, VOTE_COLUMNS, canonical_expression

_NO_VOTES = np.zeros(len(VOTE_COLUMNS), np.uint8)


def is_votes(table: CsvTable) -> bool:
    return all(column in table for column in FERPLUS_COLUMNS)


@dataclass
class Votes:
    """Votes by row number (from 0) or by file name and expression; uint8 (10,) each."""

    name: str
    by_row: list[np.ndarray] | None = None
    by_file: dict[tuple[str, str], np.ndarray] | None = None
    skipped: list[str] = field(default_factory=list)

    def add_to(self, samples: pd.DataFrame, rows: list[int], row_by_row: bool, n_read: int) -> int:
        """Set the vote columns of ``samples``; how many of its rows found votes.

        ``rows`` are the samples' positions among the ``n_read`` of the source, bad ones counted.
        """
        if self.by_row is not None:
            if not row_by_row:
                raise DatasetError(
                    f"{self.name}: votes row by row fit a fer2013.csv; "
                    "for image folders give a CSV with the columns file and expression"
                )
            if len(self.by_row) != n_read:
                raise DatasetError(
                    f"{self.name}: expected one row of votes for each of {n_read:,} rows, "
                    f"got {len(self.by_row):,}"
                )
            votes = np.stack([self.by_row[row] for row in rows])
        else:
            if row_by_row:
                raise DatasetError(
                    f"{self.name}: names image files, but the dataset is a table: "
                    "give FER+'s fer2013new.csv, whose rows are those of the table"
                )
            files = samples["source"].map(lambda source: PurePosixPath(source).name)
            keys = zip(files, samples["expression"], strict=True)
            votes = np.stack([self.by_file.get(key, _NO_VOTES) for key in keys])
        samples[list(VOTE_COLUMNS)] = votes
        found = int(votes.any(axis=1).sum())
        if not found:
            raise DatasetError(f"{self.name}: none of its rows matches an image of the dataset")
        return found


def read_votes(path: Path) -> Votes:
    """Read either form; bad rows count as no votes and are listed in ``skipped``."""
    path = Path(path)
    if not path.is_file():
        raise DatasetError(f"no file {path}: expected a CSV of FER+ votes")
    table = CsvTable(path.name, lambda: path.open("rb"))
    if not is_votes(table):
        raise DatasetError(
            f"{path.name}: expected the FER+ columns {', '.join(FERPLUS_COLUMNS)}, "
            f"got {', '.join(table.columns)[:120]!r}"
        )
    columns = [table.position(column) for column in FERPLUS_COLUMNS]
    named = "file" in table and "expression" in table
    votes = Votes(path.name, by_file={}) if named else Votes(path.name, by_row=[])
    for number, fields in table.rows():
        try:
            if isinstance(fields, DatasetError):
                raise fields
            counts = _counts([fields[i] for i in columns], f"{path.name} row {number}")
        except DatasetError as error:
            votes.skipped.append(str(error))
            counts = _NO_VOTES
            if named:
                continue
        if named:
            # Two Training images share a name across folders: the expression tells them apart.
            expression = canonical_expression(fields[table.position("expression")])
            votes.by_file[fields[table.position("file")].strip(), expression] = counts
        else:
            votes.by_row.append(counts)
    return votes


def _counts(fields: list[str], where: str) -> np.ndarray:
    try:
        counts = [int(field) for field in fields]
    except ValueError:
        counts = [-1]
    if min(counts) < 0 or max(counts) > 255:
        raise DatasetError(f"{where}: expected ten counts of votes, got {','.join(fields)[:60]!r}")
    return np.array(counts, np.uint8)
