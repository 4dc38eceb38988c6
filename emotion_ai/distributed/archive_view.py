"""Looks into an archive's table, of any size: which faces, in which order, and one of them closely.

Only what is shown is read: pages open while the table still grows.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from emotion_ai.distributed.archive import ARCHIVE, FAILURES
from emotion_ai.distributed.reader import faces_schema
from emotion_ai.distributed.sources import as_local_file, is_film_address, read_bytes
from emotion_ai.errors import ArchiveError
from emotion_ai.labels import COORDINATE_COLUMNS
from emotion_ai.media.images import decode_image
from emotion_ai.media.videos import read_video
from emotion_ai.results import Expression, FaceBox, FaceReading

#: The tables that the dashboard shows lie in this folder of the data.
ARCHIVES = "archives"
#: Of a film no further frames are decoded to show a face.
MOST_FILM_S = 120.0


@dataclass(frozen=True)
class Wanted:
    """Which faces to list. ``expressions``: any of these, () for all; ``file``: part of an address;
    ``order``: a column; the largest come first unless ``rising``."""

    expressions: tuple[str, ...] = ()
    file: str = ""
    least_score: float = 0.0
    order: str = ""
    rising: bool = False


def archive_folders(data_dir: Path) -> list[Path]:
    """The folders of all tables, by name."""
    return sorted(path.parent for path in (Path(data_dir) / ARCHIVES).glob(f"[!.]*/{ARCHIVE}"))


def count_files(folder: Path) -> tuple[int, int]:
    """How many files were looked at, and how many of them could not be read."""
    files = sum(pq.read_metadata(part).num_rows for part in (folder / "files").glob("part-*"))
    failures = folder / FAILURES
    return files, pq.read_metadata(failures).num_rows if failures.exists() else 0


def failures(folder: Path, most: int = 1000) -> pd.DataFrame:
    """The files that could not be read, and why."""
    return pq.read_table(folder / FAILURES).slice(0, most).to_pandas()


def classes_of(folder: Path) -> tuple[str, ...]:
    """What the faces of the table may look like: FER2013's seven, and what its models name."""
    return tuple(name[2:] for name in _faces(folder).schema.names if name[:2] == "p_")


def _faces(folder: Path) -> ds.Dataset:
    parts = sorted((folder / "faces").glob("part-*.parquet"))
    whole = [str(part) for part in parts if (folder / "files" / part.name).exists()]
    return ds.dataset(whole, schema=None if whole else faces_schema(), format="parquet")


def find_faces(folder: Path, wanted: Wanted, most: int = 500) -> tuple[pd.DataFrame, int]:
    """The first ``most`` rows in the order wanted, and how many there are in all."""
    table = _faces(folder)
    condition = _condition(wanted)
    if not wanted.order:
        return table.head(most, filter=condition).to_pandas(), table.count_rows(filter=condition)
    by = table.to_table(columns=[wanted.order], filter=condition)
    direction = "ascending" if wanted.rising else "descending"
    known = pc.indices_nonzero(pc.is_valid(by[wanted.order]))  # those without a value come last
    order = pc.sort_indices(by.take(known), sort_keys=[(wanted.order, direction)])
    rows = known.take(order.slice(0, most))
    return table.scanner(filter=condition).take(rows).to_pandas(), len(by)


def _condition(wanted: Wanted) -> pc.Expression:
    condition = pc.field("score") >= wanted.least_score
    if wanted.expressions:
        condition &= pc.field("expression").isin(wanted.expressions)
    if wanted.file:
        condition &= pc.match_substring(pc.field("file"), wanted.file, ignore_case=True)
    return condition


def reading_of(row: pd.Series) -> FaceReading:
    """The face of a row of the table."""
    keypoints = row[[*COORDINATE_COLUMNS]].to_numpy(np.float32).reshape(-1, 2)
    shares = row[[name for name in row.index if name[:2] == "p_"]].astype(float).dropna()
    expression = None
    if len(shares):
        names = tuple(name[2:] for name in shares.index)
        truth = row.get("named_as")
        truth = truth if isinstance(truth, str) else None
        expression = Expression(names, shares.to_numpy(np.float32), truth)
    box = FaceBox(tuple(float(row[name]) for name in ("x0", "y0", "x1", "y1")), float(row["score"]))
    return FaceReading(box, None if np.isnan(keypoints).all() else keypoints, expression)


def picture_of(row: pd.Series) -> np.ndarray:
    """The photo, or the frame of the film, that a row's face is in: uint8 (H, W, 3) BGR.

    An EmotionAIError where it cannot be reached or read any more.
    """
    address = row["file"]
    if not is_film_address(address):
        return decode_image(read_bytes(address), Path(address).name)
    if row["time_s"] > MOST_FILM_S:
        raise ArchiveError(f"{address}: shown up to {MOST_FILM_S:.0f} s of a film")
    with as_local_file(address) as path:
        for frame in read_video(path):
            if frame.time_s >= row["time_s"] - 1e-3:
                return frame.image
    raise ArchiveError(f"{address}: the film ends before {row['time_s']:.1f} s")
