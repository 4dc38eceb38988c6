"""Faces from frame to frame: which is which, and values that do not jitter.

Numbers given to faces last only while they are on screen: nothing of a face is kept once it left,
and a face that comes back gets a new number. Not thread-safe: one tracker per stream.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from emotion_ai.reading.pace import GAP_S, SMOOTHING_S
from emotion_ai.results import FaceBox, FaceReading

#: Boxes and points are smoothed over this share of the time constant: they must not lag behind.
GEOMETRY_SHARE = 0.2
#: A move of this share of the face's size is a movement, followed at once; less is jitter.
MOVEMENT = 0.06
#: Points that moved apart by more than this share of the face's size say nothing about its box.
AGREEMENT = 0.02
#: Beyond this cost two boxes are never the same face: see ``assignment_cost``.
HIGHEST_COST = 1.2


@dataclass(eq=False)
class Track:
    """One face on screen. ``reading`` is smoothed and in pixels of the newest frame."""

    number: int
    reading: FaceReading
    #: The box the networks should read now, as last seen, and when that was.
    box: FaceBox
    seen_s: float
    read_s: float = -math.inf
    #: Detections that were this face.
    detections: int = 1


def assignment_cost(before: list[FaceBox], now: list[FaceBox]) -> np.ndarray:
    """How unlikely each of ``now`` is to be each of ``before``, float (before, now).

    1 minus the overlap (intersection over union), plus the distance of the centres in sizes of
    the larger face: 0 for the same box; two boxes that just touch cost about 2.
    """
    a = np.array([box.box_xyxy for box in before], float).reshape(-1, 1, 4)
    b = np.array([box.box_xyxy for box in now], float).reshape(1, -1, 4)
    size_a, size_b = a[..., 2:] - a[..., :2], b[..., 2:] - b[..., :2]
    shared = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    overlap = np.maximum(shared, 0).prod(axis=-1)
    union = size_a.prod(axis=-1) + size_b.prod(axis=-1) - overlap
    apart = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    largest = np.maximum(size_a.max(axis=-1), size_b.max(axis=-1))
    distance = np.hypot(apart[..., 0], apart[..., 1]) / np.maximum(largest, 1e-9)
    return 1 - overlap / np.maximum(union, 1e-9) + distance


def assign(before: list[FaceBox], now: list[FaceBox]) -> dict[int, int]:
    """For indices into ``now`` the index into ``before`` of the same face; cheapest in total."""
    if not before or not now:
        return {}
    cost = assignment_cost(before, now)
    # Pairs that cannot be one face all cost the same, so that none of them displaces a real pair.
    rows, columns = linear_sum_assignment(np.where(cost > HIGHEST_COST, 1e3, cost))
    return {int(j): int(i) for i, j in zip(rows, columns, strict=True) if cost[i, j] < HIGHEST_COST}


class Tracker:
    """Keeps the faces on screen apart. ``smoothing_s`` is the time constant of probabilities."""

    def __init__(self, smoothing_s: float = SMOOTHING_S):
        self.smoothing_s = smoothing_s
        self.tracks: list[Track] = []
        self._next = 1

    def detected(self, faces: list[FaceBox], time_s: float) -> None:
        """Take in a detection of the whole frame; faces gone for ``GAP_S`` are forgotten."""
        pairs = assign([track.box for track in self.tracks], faces)
        missing = [t for i, t in enumerate(self.tracks) if i not in pairs.values()]
        for j, face in enumerate(faces):
            if j in pairs:
                track = self.tracks[pairs[j]]
                self._move(track, face, time_s)
                track.detections += 1
            else:
                self.tracks.append(Track(self._next, FaceReading(face), face, time_s))
                self._next += 1
        # A missing face under a found one is the same face, lost and found.
        lost = [
            track
            for track in missing
            if time_s - track.seen_s > GAP_S
            or (faces and assignment_cost([track.box], faces).min() < HIGHEST_COST)
        ]
        self.tracks = [track for track in self.tracks if track not in lost]

    def _move(self, track: Track, face: FaceBox, time_s: float) -> None:
        reading = track.reading
        passed_s = time_s - track.seen_s
        old = np.array(reading.face.box_xyxy)
        box = self._steadied(old, np.array(face.box_xyxy), max(face.size_wh), passed_s)
        points = _carried(reading.keypoints_px, old, box)
        smooth = FaceBox(tuple(map(float, box)), face.score)
        track.reading = replace(reading, face=smooth, keypoints_px=points)
        track.box, track.seen_s = face, time_s

    def was_read(self, track: Track, reading: FaceReading, time_s: float) -> None:
        """Blend what the networks just said of ``track.box`` into the track."""
        passed_s = time_s - track.read_s
        points, said = reading.keypoints_px, reading.expression
        old = track.reading
        if points is not None and old.keypoints_px is not None:
            size = max(track.box.size_wh)
            points = self._steadied(old.keypoints_px, points, size, passed_s).astype(np.float32)
        if said is not None and old.expression is not None:
            weight = _weight(passed_s, self.smoothing_s)
            mixed = old.expression.probabilities * (1 - weight) + said.probabilities * weight
            said = replace(said, probabilities=mixed.astype(np.float32))
        track.reading = FaceReading(old.face, points, said, reading.own)
        track.read_s = time_s

    def follow(self, track: Track, reading: FaceReading) -> None:
        """Between detections: move the box as the freshly read keypoints moved, if they agree."""
        before, now = track.reading.keypoints_px, reading.keypoints_px
        if before is None or now is None:
            return
        size = max(track.box.size_wh)
        shifts = now - before
        if not np.isfinite(shifts).all():
            return
        shift = np.median(shifts, axis=0)
        if np.median(np.abs(shifts - shift)) > AGREEMENT * size or np.abs(shift).max() > size / 4:
            return
        track.box = _shifted(track.box, shift)
        track.reading = replace(track.reading, face=_shifted(track.reading.face, shift))

    def _steadied(self, old, new, size_px: float, passed_s: float) -> np.ndarray:
        """``new`` pulled towards ``old``: much for jitter, not at all for a movement."""
        weight = _weight(passed_s, self.smoothing_s * GEOMETRY_SHARE)
        moved = float(np.nanmean(np.abs(new - old))) / (MOVEMENT * max(size_px, 1))
        weight = min(1.0, weight + moved) if np.isfinite(moved) else 1.0
        return old + (new - old) * weight


def _weight(passed_s: float, time_constant_s: float) -> float:
    """What the newest value counts after ``passed_s``: a first-order low-pass."""
    return 1.0 if time_constant_s <= 0 else 1 - math.exp(-max(passed_s, 0.0) / time_constant_s)


def _shifted(face: FaceBox, shift_px: np.ndarray) -> FaceBox:
    moved = np.array(face.box_xyxy) + np.tile(shift_px, 2)
    return FaceBox(tuple(map(float, moved)), face.score)


def _carried(points, old_xyxy, new_xyxy):
    """Keypoints moved and scaled as their box was."""
    if points is None:
        return None
    old_wh, new_wh = old_xyxy[2:] - old_xyxy[:2], new_xyxy[2:] - new_xyxy[:2]
    scale = new_wh / np.maximum(old_wh, 1e-6)
    return ((points + 0.5 - old_xyxy[:2]) * scale + new_xyxy[:2] - 0.5).astype(np.float32)
