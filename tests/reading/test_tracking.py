"""Which face is which from frame to frame, and how its values are steadied."""

import numpy as np
import pytest

from emotion_ai.labels import FER7
from emotion_ai.reading.follower import FaceFollower
from emotion_ai.reading.pace import FILM, GAP_S, ROOM
from emotion_ai.reading.tracking import Tracker, assign
from emotion_ai.results import Expression, FaceBox, FaceReading


def box(x: float, y: float, size: float = 100) -> FaceBox:
    return FaceBox((x, y, x + size, y + size), 0.9)


def reading(face: FaceBox, label: str = "happy", shift: float = 0.0) -> FaceReading:
    probabilities = np.full(7, 0.02, np.float32)
    probabilities[FER7.index(label)] = 0.88
    points = np.linspace((20, 20), (80, 80), 15) + face.box_xyxy[:2] + shift
    return FaceReading(face, points.astype(np.float32), Expression(FER7.expressions, probabilities))


def numbers(tracker: Tracker) -> list[int]:
    return [track.number for track in tracker.tracks]


def test_faces_keep_their_numbers_while_they_move_and_the_detector_reorders_them():
    tracker, rng = Tracker(), np.random.default_rng(0)
    places = [(120.0 * (i % 10), 120.0 * (i // 10)) for i in range(50)]
    tracker.detected([box(x, y) for x, y in places], 0.0)
    for step in range(1, 20):
        moved = [box(x + 3 * step, y + 20 * np.sin(step / 5)) for x, y in places]
        order = rng.permutation(50)
        tracker.detected([moved[i] for i in order], step / 10)
    assert numbers(tracker) == list(range(1, 51))
    for track, (x, y) in zip(tracker.tracks, places, strict=True):
        assert track.box.box_xyxy[:2] == pytest.approx((x + 57, y + 20 * np.sin(3.8)))


def test_assignment_takes_the_cheapest_total_not_the_greedy_one():
    before = [box(0, 0), box(60, 0)]
    now = [box(50, 0), box(110, 0)]  # both moved by 50
    assert assign(before, now) == {0: 0, 1: 1}


def test_far_away_face_is_a_new_one_and_does_not_displace_a_real_pair():
    before = [box(0, 0)]
    assert assign(before, [box(900, 900), box(4, 0)]) == {1: 0}
    assert assign(before, [box(900, 900)]) == {}
    assert assign([], [box(0, 0)]) == assign([box(0, 0)], []) == {}


def test_numbers_last_only_while_the_face_is_on_screen():
    tracker = Tracker()
    tracker.detected([box(0, 0)], 0.0)
    tracker.detected([], GAP_S / 2)
    assert numbers(tracker) == [1]  # a blink of the detector
    tracker.detected([], 2 * GAP_S)
    assert tracker.tracks == []
    tracker.detected([box(0, 0)], 3 * GAP_S)
    assert numbers(tracker) == [2]


class Blinking:
    """Finds the one face in every search but those of ``blind``, counted from 0."""

    def __init__(self, blind):
        self.detector, self.models, self.blind, self.searches = self, {}, blind, 0

    def detect(self, frame, max_side_px):
        self.searches += 1
        return [] if self.searches - 1 in self.blind else [box(10, 10, 60)]

    def read_faces(self, frame, faces):
        return [FaceReading(face) for face in faces]


@pytest.mark.parametrize("pace", [ROOM, FILM], ids=["room", "film"])
@pytest.mark.parametrize(("blind", "last"), [({1}, [1]), ({1, 2, 3}, [2])])
def test_a_face_that_one_search_misses_stays_and_one_that_three_miss_is_new(pace, blind, last):
    """However often is searched: ``GAP_S`` follows from the rarest searches."""
    follower = FaceFollower(Blinking(blind), pace=pace)
    frame = np.zeros((90, 90, 3), np.uint8)
    for search in range(6):
        tracks = follower.follow(frame, search * pace.detect_s)
    assert [track.number for track in tracks] == last


def test_a_face_that_two_searches_of_a_room_miss_has_left():
    follower = FaceFollower(Blinking({1, 2}), pace=ROOM)
    frame = np.zeros((90, 90, 3), np.uint8)
    seen = [len(follower.follow(frame, search * ROOM.detect_s)) for search in range(3)]
    assert seen == [1, 1, 0]


def test_lost_and_found_face_is_not_shown_twice():
    tracker = Tracker()
    tracker.detected([box(0, 0)], 0.0)
    tracker.tracks[0].box = box(40, 0)  # followed astray
    tracker.detected([box(0, 0), box(42, 0)], 0.1)
    tracker.detected([box(0, 0)], 0.2)
    assert len(tracker.tracks) == 1


def test_jitter_fades_and_movement_is_followed_at_once():
    tracker, rng = Tracker(smoothing_s=1.0), np.random.default_rng(1)
    tracker.detected([box(0, 0)], 0.0)
    shown = []
    for step in range(1, 60):
        tracker.detected([box(*rng.normal(0, 1.5, 2))], step / 30)
        shown.append(tracker.tracks[0].reading.face.box_xyxy[0])
    assert np.std(shown) < 1.0
    tracker.detected([box(40, 0)], 2.0)
    assert tracker.tracks[0].reading.face.box_xyxy[0] == pytest.approx(40, abs=2)


@pytest.mark.parametrize("frames_per_s", [10, 30])
def test_probabilities_follow_the_time_constant_whatever_the_frame_rate(frames_per_s):
    tracker = Tracker(smoothing_s=0.5)
    tracker.detected([box(0, 0)], 0.0)
    track = tracker.tracks[0]
    tracker.was_read(track, reading(track.box, "sad"), 0.0)
    for step in range(1, frames_per_s // 2 + 1):  # half a second
        tracker.was_read(track, reading(track.box, "happy"), step / frames_per_s)
    said = track.reading.expression.as_dict()
    share = (said["happy"] - 0.02) / 0.86
    assert share == pytest.approx(1 - np.exp(-1), abs=0.01)
    assert sum(said.values()) == pytest.approx(1)


def test_no_smoothing_shows_the_newest_reading():
    tracker = Tracker(smoothing_s=0)
    tracker.detected([box(0, 0)], 0.0)
    track = tracker.tracks[0]
    for label in ("sad", "happy"):
        tracker.was_read(track, reading(track.box, label), 0.0)
    assert track.reading.expression.label == "happy"
    assert track.reading.expression.confidence == pytest.approx(0.88)


def test_points_move_and_scale_with_their_box_between_readings():
    tracker = Tracker(smoothing_s=0)
    tracker.detected([box(0, 0)], 0.0)
    track = tracker.tracks[0]
    tracker.was_read(track, reading(track.box), 0.0)
    before = track.reading.keypoints_px + 0.5
    tracker.detected([box(10, 20, 150)], 0.1)
    np.testing.assert_allclose(track.reading.keypoints_px + 0.5, before * 1.5 + (10, 20), rtol=1e-5)


def test_box_follows_points_that_agree_and_ignores_those_that_do_not():
    tracker = Tracker(smoothing_s=0)
    tracker.detected([box(0, 0)], 0.0)
    track = tracker.tracks[0]
    tracker.was_read(track, reading(track.box), 0.0)
    tracker.follow(track, reading(track.box, shift=5))
    assert track.box.box_xyxy == pytest.approx((5, 5, 105, 105))
    wild = reading(track.box)
    rng = np.random.default_rng(0)
    wild.keypoints_px[:] += rng.normal(0, 30, (15, 2))
    tracker.follow(track, wild)
    assert track.box.box_xyxy == pytest.approx((5, 5, 105, 105))
    tracker.follow(track, FaceReading(track.box, np.full((15, 2), np.nan, np.float32)))
    assert track.box.box_xyxy == pytest.approx((5, 5, 105, 105))
