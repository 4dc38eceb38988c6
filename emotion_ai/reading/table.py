"""The combined table: one row a face, from any number of photos."""

from collections.abc import Iterable

import pandas as pd

from emotion_ai.results import FaceReading


def readings_table(results: Iterable[tuple[str, list[FaceReading]]]) -> pd.DataFrame:
    """``file``, ``face`` (numbered from 1 in each file), then ``FaceReading.as_row``.

    Expression, seven probabilities and 30 coordinates in pixels of the photo; columns that no
    reading fills are left out. Without faces: the two first columns and no row.
    """
    rows = [
        {"file": file, "face": number, **reading.as_row()}
        for file, readings in results
        for number, reading in enumerate(readings, 1)
    ]
    return pd.DataFrame(rows, columns=None if rows else ["file", "face"])
