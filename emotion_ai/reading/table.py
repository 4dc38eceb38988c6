"""What is written down of faces, for photos and films alike: rows of a table, JSON records.

``docs/predict.md`` describes both for those who read the files; ``docs/predict.schema.json`` is the
JSON's schema.
"""

from collections.abc import Iterable

import pandas as pd

from emotion_ai.faces.quality import is_turned_away, is_uncertain
from emotion_ai.labels import COORDINATE_COLUMNS, FER7
from emotion_ai.results import FaceReading, Sighting

#: The header of every table, whether it holds photos or films and whatever models were there; one
#: that names other classes adds a column for each.
COLUMNS = (
    *("file", "face", "time_s", "track", "score", "x0", "y0", "x1", "y1"),
    *("expression", "named_as", "uncertain", "turned_away"),
    *(f"p_{name}" for name in FER7.expressions),
    *COORDINATE_COLUMNS,
)


def readings_table(
    photos: Iterable[tuple[str, list[FaceReading]]] = (),
    films: Iterable[tuple[str, list[Sighting]]] = (),
    own_classes: tuple[str, ...] = (),
) -> pd.DataFrame:
    """One row a face of a photo or of a frame, with ``COLUMNS``; coordinates in pixels. Then
    ``own_class`` and a probability for each of ``own_classes``, where a taught head read too.

    ``face`` counts the faces of a photo or frame from 1. What is not known, such as ``time_s`` and
    ``track`` of a photo's face, is missing.
    """
    rows = [
        {"file": file, "face": number, **reading.as_row(), **_doubts(reading)}
        for file, readings in photos
        for number, reading in enumerate(readings, 1)
    ]
    for file, sightings in films:
        number, time_s = 0, None
        for seen in sightings:
            number = number + 1 if seen.time_s == time_s else 1
            time_s = seen.time_s
            rows.append({"file": file, "face": number, **seen.as_row(), **_doubts(seen.reading)})
    own = ["own_class", *(f"own_p_{name}" for name in own_classes)] if own_classes else []
    table = pd.DataFrame(rows, columns=[*columns_of(c for row in rows for c in row), *own])
    return table.astype({"face": int, "time_s": float, "track": "Int64"})


def _doubts(reading: FaceReading) -> dict[str, bool]:
    """Cells that say how far a reading can be trusted; none of what no model was there for."""
    doubts = {}
    if reading.expression is not None:
        doubts["uncertain"] = is_uncertain(reading.expression)
    if reading.keypoints_px is not None:
        doubts["turned_away"] = is_turned_away(reading.keypoints_px)
    return doubts


def columns_of(named: Iterable[str]) -> list[str]:
    """``COLUMNS``, and those of ``named`` that are probabilities of further classes after those of
    FER2013's seven."""
    known = set(COLUMNS)
    own = dict.fromkeys(name for name in named if name[:2] == "p_" and name not in known)
    place = COLUMNS.index(COORDINATE_COLUMNS[0])
    return [*COLUMNS[:place], *own, *COLUMNS[place:]]


def photo_record(file: str, size_wh: tuple[int, int], readings: list[FaceReading]) -> dict:
    """A photo in the JSON that ``predict --json`` prints."""
    return _record(file, size_wh, [reading.as_dict() for reading in readings])


def film_record(
    file: str,
    size_wh: tuple[int, int],
    duration_s: float,
    frames: int,
    sightings: list[Sighting],
) -> dict:
    """A film in the same JSON: its length too, and each face of each frame that was read."""
    faces = [seen.as_dict() for seen in sightings]
    return _record(file, size_wh, faces) | {"duration_s": round(duration_s, 3), "frames": frames}


def _record(file: str, size_wh: tuple[int, int], faces: list[dict]) -> dict:
    width, height = size_wh
    return {"file": file, "width": width, "height": height, "faces": faces}
