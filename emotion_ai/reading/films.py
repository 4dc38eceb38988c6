"""Video files: who looked like what, when; and the same film with it drawn in."""

import io
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd

from emotion_ai.faces.drawing import Layers, draw_readings
from emotion_ai.labels import FER7
from emotion_ai.media.videos import film, read_video
from emotion_ai.progress import Progress
from emotion_ai.reading.follower import FaceFollower
from emotion_ai.reading.group import GroupTimeline, Summary
from emotion_ai.reading.pace import FILM, SMOOTHING_S
from emotion_ai.reading.predictor import Predictor
from emotion_ai.reading.table import readings_table
from emotion_ai.results import Sighting

#: Faster cameras are read this often; frames in between carry the last reading.
READ_S = 1 / 31
#: A face that fewer searches found is a mistake of the detector.
FEWEST_DETECTIONS = 2
_LAYERS = Layers(number=True)


@dataclass(frozen=True)
class VideoReading:
    """What was read of a video: each face in each frame that was read, in order of time."""

    name: str
    size_wh: tuple[int, int]
    duration_s: float
    frames: int
    sightings: list[Sighting]
    labels: tuple[str, ...]
    cancelled: bool = False

    @cached_property
    def timeline(self) -> pd.DataFrame:
        """A row for each sighting: see ``readings_table``."""
        return readings_table(films=[(self.name, self.sightings)])

    @cached_property
    def tracks(self) -> list[int]:
        """Numbers of the faces, those longest on screen first."""
        seen = Counter(sighting.track for sighting in self.sightings)
        return [track for track, _ in seen.most_common()]

    @property
    def has_expressions(self) -> bool:
        return any(sighting.reading.expression for sighting in self.sightings)

    def of_group(self, fewest: int = 1) -> Summary:
        """Shares of the expressions over everyone on screen, second by second."""
        group = GroupTimeline(self.labels, fewest)
        for time_s, seen in groupby(self.sightings, lambda sighting: sighting.time_s):
            group.add(time_s, [s.reading.expression for s in seen if s.reading.expression])
        return group.summary()


def read_faces_of_video(
    source: Path | bytes,
    predictor: Predictor,
    name: str | None = None,
    annotated: Path | io.BytesIO | None = None,
    layers: Layers | None = None,
    smoothing_s: float = SMOOTHING_S,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    most: int | None = None,
) -> VideoReading:
    """Read a video file, or its bytes; ``annotated`` takes the film with the drawing in it.

    ``progress(done, total, unit)`` is called for every frame. When ``cancelled`` says so, what
    was read up to then is returned, and the film ends there, as it does at ``most`` sightings, of
    which each costs memory. VideoError names a bad file.
    """
    name = name or (source.name if isinstance(source, Path) else "video")
    follower = FaceFollower(predictor, smoothing_s, FILM)
    sightings: list[Sighting] = []
    detections: dict[int, int] = {}
    read_s, time_s, frames, size_wh, stopped = -np.inf, 0.0, 0, (0, 0), False
    with film(annotated) if annotated is not None else nullcontext() as writer:
        for frame in read_video(source, name):
            time_s, frames, image = frame.time_s, frames + 1, frame.image
            size_wh = image.shape[1::-1]
            if time_s - read_s >= READ_S:
                read_s = time_s
                for track in follower.follow(image, time_s):
                    sightings.append(Sighting(time_s, track.number, track.reading))
                    detections[track.number] = track.detections
            if writer:
                numbers = [track.number for track in follower.tracker.tracks]
                draw_readings(image, follower.readings(), layers or _LAYERS, numbers)
                writer.add(image, time_s)
            if progress:
                done = round(1000 * min(1.0, frame.done / frame.total)) if frame.total else 0
                progress(done, 1000, f"‰, {time_s:.0f} s of video")
            if cancelled() or (most and len(sightings) >= most):
                stopped = True
                break
    model = predictor.models.get("expression")
    labels = model.labels.expressions if model else FER7.expressions
    fewest = min(FEWEST_DETECTIONS, follower.searches)
    # Numbers of the faces that stay are those in the film.
    steady = [seen for seen in sightings if detections[seen.track] >= fewest]
    return VideoReading(name, size_wh, time_s, frames, steady, labels, stopped)
