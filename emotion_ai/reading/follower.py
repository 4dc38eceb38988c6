"""Reads the faces of a stream at the pace it comes: one call a frame, one follower per worker.

Detecting and reading everything in every frame costs 50 ms for a room of 25. The detector runs on
a small copy and not in every frame, boxes follow their keypoints in between, and of many faces a
few are read at a time, the longest unread first (``docs/performance.md`` has the figures).
"""

import numpy as np

from emotion_ai.reading.pace import ONE_FACE, SMOOTHING_S, Pace
from emotion_ai.reading.predictor import Predictor
from emotion_ai.reading.tracking import Track, Tracker
from emotion_ai.results import FaceReading

#: Faces read in a frame at most. At 30 frames/s each of 25 is then read five times a second, which
#: is enough: what is shown is smoothed over half a second.
BATCH = 4


class FaceFollower:
    """Frames in, steady readings of the faces on screen out. Not thread-safe."""

    def __init__(
        self, predictor: Predictor, smoothing_s: float = SMOOTHING_S, pace: Pace = ONE_FACE
    ):
        self.predictor, self.pace = predictor, pace
        self.tracker = Tracker(smoothing_s)
        #: Frames that were searched for faces.
        self.searches = 0
        self._detected_s = float("-inf")

    def follow(self, frame: np.ndarray, time_s: float) -> list[Track]:
        """The faces of a uint8 (H, W, 3) BGR frame taken at ``time_s``, by number."""
        tracker = self.tracker
        detect = not tracker.tracks or time_s - self._detected_s >= self.pace.detect_s
        if detect:
            self._detected_s, self.searches = time_s, self.searches + 1
            found = self.predictor.detector.detect(frame, self.pace.detection_side_px)
            tracker.detected(found, time_s)
        tracks = sorted(tracker.tracks, key=lambda track: track.read_s)[:BATCH]
        readings = self.predictor.read_faces(frame, [track.box for track in tracks])
        for track, reading in zip(tracks, readings, strict=True):
            if not detect:
                tracker.follow(track, reading)
            tracker.was_read(track, reading, time_s)
        return tracker.tracks

    def readings(self) -> list[FaceReading]:
        """What is known of the faces on screen, in the order of their numbers."""
        return [track.reading for track in self.tracker.tracks]
