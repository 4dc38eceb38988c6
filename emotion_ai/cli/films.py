"""``python -m emotion_ai predict clip.mp4``: the timeline of a video, and the annotated film."""

from pathlib import Path

import pandas as pd

from emotion_ai.errors import VideoError
from emotion_ai.media.videos import EXTENSIONS
from emotion_ai.progress import progress_bar
from emotion_ai.reading.films import VideoReading, read_faces_of_video
from emotion_ai.reading.predictor import Predictor


def is_video(path: Path) -> bool:
    return path.suffix.lower()[1:] in EXTENSIONS


def annotated_path(out: Path, source: Path, suffix: str, taken: set[Path]) -> Path:
    """A file in ``out`` for the annotated ``source`` that no other of this run has; ``taken`` keeps
    them. Two files may share a name: ``a/x.jpg`` and ``b/x.jpg``."""
    out.mkdir(parents=True, exist_ok=True)
    path, number = out / f"{source.stem}_faces{suffix}", 1
    while path in taken:
        number += 1
        path = out / f"{source.stem}_faces_{number}{suffix}"
    taken.add(path)
    return path


def read_videos(
    paths: list[Path], predictor: Predictor, out: Path | None, taken: set[Path]
) -> tuple[list[tuple[Path, VideoReading]], list[str]]:
    """The reading of every video, and a line for each that cannot be read; ``out`` is the folder
    that takes ``<name>_faces.mp4``."""
    read, failures = [], []
    for path in paths:
        annotated = annotated_path(out, path, ".mp4", taken) if out else None
        try:
            with progress_bar(f"reading {path.name}") as progress:
                reading = read_faces_of_video(
                    path, predictor, annotated=annotated, progress=progress
                )
            read.append((path, reading))
        except VideoError as error:
            failures.append(str(error))
    return read, failures


def with_films(photos: pd.DataFrame, films: list[tuple[Path, VideoReading]]) -> pd.DataFrame:
    """The combined table of photos with a row for each face in each frame of each video; theirs
    have ``time_s`` too."""
    tables = [film.timeline.assign(file=str(path)) for path, film in films if len(film.timeline)]
    if not tables:
        return photos
    if len(photos):
        tables.insert(0, photos)
    table = pd.concat(tables, ignore_index=True)
    first = ["file", "time_s", "face"]
    return table[first + [name for name in table if name not in first]]


def video_record(path: Path, reading: VideoReading) -> dict:
    """The JSON form: what the video is, and a list with every face of every frame read."""
    width, height = reading.size_wh
    return {
        "file": str(path),
        "width": width,
        "height": height,
        "duration_s": round(reading.duration_s, 3),
        "frames": reading.frames,
        "timeline": [
            {key: value for key, value in row.items() if value == value}  # NaN: not read
            for row in reading.timeline.to_dict("records")
        ],
    }


def video_text(path: Path, reading: VideoReading) -> list[str]:
    """For people: how long each face was seen, and what it looked like most of the time."""
    lines = [
        f"{path}: {reading.duration_s:.1f} s, {reading.frames} frames, "
        f"{len(reading.faces)} face{'s' * (len(reading.faces) != 1)}"
    ]
    for face in reading.faces:
        rows = reading.of_face(face)
        times = rows["time_s"]
        text = f"  {face:2d}  {times.iloc[0]:.1f} s to {times.iloc[-1]:.1f} s"
        if "expression" in rows:
            shares = rows["expression"].value_counts(normalize=True)
            text += f"  {_first_three(shares)}"
        lines.append(text)
    if len(reading.faces) > 1 and (totals := reading.of_group().totals):
        lines.append(f"  everyone, second by second  {_first_three(pd.Series(totals))}")
    return lines


def _first_three(shares: pd.Series) -> str:
    largest = shares.sort_values(ascending=False, kind="stable")[:3]
    return ", ".join(f"{name} {share:.0%}" for name, share in largest.items() if share)
