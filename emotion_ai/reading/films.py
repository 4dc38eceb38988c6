"""Video files: who looked like what, when; and the same film with it drawn in."""

import io
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from emotion_ai.faces.drawing import Layers, draw_readings
from emotion_ai.labels import FER7
from emotion_ai.media.videos import film, read_video
from emotion_ai.reading.follower import FaceFollower, Pace
from emotion_ai.reading.group import GroupTimeline, Summary
from emotion_ai.reading.predictor import Predictor
from emotion_ai.results import Expression

#: Large enough for a room; five times a second, as boxes follow their points in between.
PACE = Pace(640, 0.2)
#: Faster cameras are read this often; frames in between carry the last reading.
READ_S = 1 / 31
#: A face in fewer frames than this is a mistake of the detector.
FEWEST_FRAMES = 3
_LAYERS = Layers(number=True)

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class VideoReading:
    """What was read of a video. ``timeline``: a row for each face in each frame read, with
    ``time_s``, ``face`` (its number while on screen) and ``FaceReading.as_row``."""

    name: str
    size_wh: tuple[int, int]
    duration_s: float
    frames: int
    timeline: pd.DataFrame
    labels: tuple[str, ...]
    cancelled: bool = False

    @cached_property
    def faces(self) -> list[int]:
        """Numbers of the faces, by how long they were on screen."""
        return self.timeline["face"].value_counts().index.tolist()

    def of_face(self, face: int) -> pd.DataFrame:
        """``time_s``, ``expression`` and the probabilities ``p_<expression>`` of one face."""
        columns = ["time_s", "expression", *(f"p_{name}" for name in self.labels)]
        rows = self.timeline[self.timeline["face"] == face]
        return rows[[name for name in columns if name in rows]].reset_index(drop=True)

    def of_group(self, fewest: int = 1) -> Summary:
        """Shares of the expressions over everyone on screen, second by second."""
        group = GroupTimeline(self.labels, fewest)
        columns = [f"p_{name}" for name in self.labels]
        if set(columns) <= set(self.timeline):
            for time_s, rows in self.timeline.groupby("time_s"):
                values = rows[columns].to_numpy(np.float32)
                group.add(float(time_s), [Expression(self.labels, row) for row in values])
        return group.summary()


def read_faces_of_video(
    source: Path | bytes,
    predictor: Predictor,
    name: str | None = None,
    annotated: Path | io.BytesIO | None = None,
    layers: Layers | None = None,
    smoothing_s: float = 0.5,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> VideoReading:
    """Read a video file, or its bytes; ``annotated`` takes the film with the drawing in it.

    ``progress(done, total, unit)`` is called for every frame. When ``cancelled`` says so, what
    was read up to then is returned, and the film ends there. VideoError names a bad file.
    """
    name = name or (source.name if isinstance(source, Path) else "video")
    follower = FaceFollower(predictor, smoothing_s, PACE)
    rows: list[dict] = []
    read_s, time_s, frames, reads, size_wh, stopped = -np.inf, 0.0, 0, 0, (0, 0), False
    with film(annotated) if annotated is not None else nullcontext() as writer:
        for frame in read_video(source, name):
            time_s, frames, image = frame.time_s, frames + 1, frame.image
            size_wh = image.shape[1::-1]
            if time_s - read_s >= READ_S:
                read_s, reads = time_s, reads + 1
                rows += [
                    {"time_s": round(time_s, 3), "face": track.number, **track.reading.as_row()}
                    for track in follower.follow(image, time_s)
                ]
            if writer:
                numbers = [track.number for track in follower.tracker.tracks]
                draw_readings(image, follower.readings(), layers or _LAYERS, numbers)
                writer.add(image, time_s)
            if progress:
                done = round(1000 * min(1.0, frame.done / frame.total)) if frame.total else 0
                progress(done, 1000, f"‰, {time_s:.0f} s of video")
            if cancelled():
                stopped = True
                break
    model = predictor.models.get("expression")
    labels = model.labels.expressions if model else FER7.expressions
    table = pd.DataFrame(rows, columns=None if rows else ["time_s", "face"])
    timeline = _without_flickers(table, min(FEWEST_FRAMES, reads))
    return VideoReading(name, size_wh, time_s, frames, timeline, labels, stopped)


def _without_flickers(timeline: pd.DataFrame, fewest: int) -> pd.DataFrame:
    """Without faces in fewer frames than ``fewest``; numbers stay those in the film."""
    seen = timeline["face"].value_counts()
    kept = seen[seen >= fewest].index
    return timeline[timeline["face"].isin(kept)].reset_index(drop=True)
