"""A webcam's frames on their way through, without WebRTC and without Streamlit."""

import asyncio
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import av
import numpy as np
import pytest

from emotion_ai.faces.drawing import Layers
from emotion_ai.labels import COURSE5, FER7
from emotion_ai.live.session import LiveOptions, LiveSession, mirrored
from emotion_ai.reading.follower import BATCH, FaceFollower
from emotion_ai.reading.pace import ONE_FACE, ROOM
from emotion_ai.results import Expression, FaceBox, FaceReading

FRAME = np.full((120, 160, 3), 90, np.uint8)


class FakePredictor:
    """Finds ``faces`` and says happy of each; raises whatever ``error`` is."""

    def __init__(self, faces: int = 1):
        size = 10
        self.boxes = [
            FaceBox((x, y, x + size, y + size), 0.9)
            for i in range(faces)
            for x, y in [(12.0 * (i % 10) + 20, 12.0 * (i // 10) + 20)]
        ]
        self.models: dict = {}
        self.labels = FER7
        self.detector = self
        self.error: Exception | None = None
        self.sides_px: list[int] = []
        self.read: list[int] = []

    def detect(self, frame, max_side_px):
        if self.error:
            raise self.error
        self.sides_px.append(max_side_px)
        return self.boxes

    def read_faces(self, frame, faces):
        self.read.append(len(faces))
        names = self.labels.expressions
        said = Expression(names, np.eye(len(names), dtype=np.float32)[names.index("happy")])
        return [
            FaceReading(face, np.tile(np.float32(face.box_xyxy[:2]), (15, 1)) + np.float32(5), said)
            for face in faces
        ]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A camera at 4 frames/s on a clock of its own."""
    ticks = itertools.count(100.0, 1 / 8)  # two looks a frame
    monkeypatch.setattr("emotion_ai.live.session.time.monotonic", lambda: next(ticks))


def test_frame_is_annotated_and_the_status_says_so():
    session = LiveSession(FakePredictor())
    shown = session.annotate(FRAME.copy())
    assert shown.shape == FRAME.shape
    assert (shown != FRAME).any()
    status = session.status
    assert (status.frames, status.faces, status.failed, status.running) == (1, 1, 0, True)
    assert status.readings[0].expression.label == "happy"
    assert session.snapshot is None
    session.take_snapshot()
    assert session.snapshot[:2] == b"\xff\xd8"


def test_pictures_larger_than_a_screen_are_shrunk_on_the_way_in():
    session = LiveSession(FakePredictor())
    session.options = LiveOptions(Layers(False, False, False, False))
    for size, expected in (((3840, 2160), (1920, 1080)), ((640, 480), (640, 480))):
        frame = av.VideoFrame.from_ndarray(np.zeros((*size[::-1], 3), np.uint8), format="bgr24")
        with ThreadPoolExecutor(1) as worker:  # this thread may have a loop already
            (shown,) = worker.submit(asyncio.run, session.process([frame])).result()
        assert (shown.width, shown.height) == expected


def test_dropped_frames_are_counted_and_only_the_newest_is_read():
    predictor = FakePredictor()
    session = LiveSession(predictor)
    frames = [av.VideoFrame.from_ndarray(FRAME, format="bgr24") for _ in range(4)]
    with ThreadPoolExecutor(1) as worker:  # as streamlit-webrtc: a loop of its own
        (shown,) = worker.submit(asyncio.run, session.process(frames)).result()
    assert (shown.width, shown.height) == (160, 120)
    assert session.status.dropped == 3
    assert session.status.frames == 1


def test_frame_that_makes_the_detector_raise_goes_through_and_is_counted():
    predictor = FakePredictor()
    session = LiveSession(predictor)
    session.options = LiveOptions(mirrored=False)
    predictor.error = RuntimeError("detector broke")
    np.testing.assert_array_equal(session.annotate(FRAME.copy()), FRAME)
    predictor.error = None
    session.annotate(FRAME.copy())
    assert (session.status.frames, session.status.failed) == (2, 1)
    assert session.status.faces == 1


def test_mirror_turns_the_picture_but_not_left_and_right():
    face = FaceBox((10, 5, 30, 35), 0.9)
    points = np.tile(np.float32([12, 8]), (15, 1))
    (turned,) = mirrored((FaceReading(face, points),), 100)
    assert turned.face.box_xyxy == (70, 5, 90, 35)
    assert turned.keypoints_px[0].tolist() == [87, 8]
    session = LiveSession(FakePredictor(0))
    half = FRAME.copy()
    half[:, :80] = 0
    assert session.annotate(half.copy())[0, 0].tolist() == [90, 90, 90]
    session.options = LiveOptions(mirrored=False)
    assert session.annotate(half.copy())[0, 0].tolist() == [0, 0, 0]


def test_pause_holds_the_picture_and_reads_nothing():
    predictor = FakePredictor()
    session = LiveSession(predictor)
    held = session.annotate(FRAME.copy())
    read = len(predictor.read)
    session.options = LiveOptions(paused=True)
    np.testing.assert_array_equal(session.annotate(np.zeros_like(FRAME)), held)
    assert len(predictor.read) == read


def test_layers_can_all_be_off():
    session = LiveSession(FakePredictor())
    session.options = LiveOptions(Layers(False, False, False, False), mirrored=False)
    np.testing.assert_array_equal(session.annotate(FRAME.copy()), FRAME)


def test_group_draws_nothing_and_shows_no_single_face():
    session = LiveSession(FakePredictor(8))
    session.options = LiveOptions(group=True, mirrored=False)
    for _ in range(4):
        np.testing.assert_array_equal(session.annotate(FRAME.copy()), FRAME)
    status = session.status
    assert status.faces == 8
    assert status.readings == ()
    session.take_snapshot()
    assert session.snapshot is None
    assert session.group.shares()["happy"].iloc[0] == 1
    wide = np.zeros((720, 1280, 3), np.uint8)
    assert session.annotate(wide).shape == (360, 640, 3)
    session.options = LiveOptions(group=True, picture=False)
    blank = session.annotate(FRAME.copy())
    assert blank.max() == 0


def test_group_is_not_counted_below_its_minimum():
    session = LiveSession(FakePredictor(4))
    session.options = LiveOptions(group=True)
    for _ in range(6):
        session.annotate(FRAME.copy())
    assert session.group.shares().isna().any(axis=None)


def test_detector_copy_follows_the_faces_expected():
    predictor = FakePredictor()
    session = LiveSession(predictor)
    session.annotate(FRAME.copy())
    session.options = LiveOptions(group=True)
    session.annotate(FRAME.copy())
    assert predictor.sides_px[0] == ONE_FACE.detection_side_px == 320
    session._follower._detected_s = -1e9
    session.annotate(FRAME.copy())
    assert predictor.sides_px[-1] == ROOM.detection_side_px == 640


def test_every_face_of_a_full_room_is_read_in_turn_and_a_few_in_each_frame():
    predictor = FakePredictor(50)
    follower = FaceFollower(predictor, pace=ROOM)
    for i in range(-(-50 // BATCH)):
        tracks = follower.follow(FRAME, i / 60)
    assert sum(predictor.read) >= 50
    assert max(predictor.read) <= BATCH
    assert len(tracks) == 50
    assert all(track.reading.expression for track in tracks)
    assert len(predictor.sides_px) == 1  # once in 0.2 s


def test_end_of_the_stream_forgets_faces_and_picture_and_the_next_one_counts_from_zero():
    session = LiveSession(FakePredictor())
    session.annotate(FRAME.copy())
    session.take_snapshot()
    session.ended()
    status = session.status
    assert not status.running
    assert status.readings == ()
    assert session.snapshot is None
    session.take_snapshot()
    assert session.snapshot is None
    session.annotate(FRAME.copy())
    assert session.status.frames == 1


def test_status_is_whole_whenever_it_is_read():
    session = LiveSession(FakePredictor())
    stop = threading.Event()
    torn = []

    def look():
        while not stop.is_set():
            status = session.status
            if status.frames and status.faces != len(status.readings):
                torn.append(status)

    reader = threading.Thread(target=look)
    reader.start()
    for _ in range(200):
        session.annotate(FRAME.copy())
    stop.set()
    reader.join()
    assert not torn
    assert session.status.frames == 200


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 500, 3)])
def test_odd_frames_do_no_harm(shape):
    session = LiveSession(FakePredictor())
    assert session.annotate(np.zeros(shape, np.uint8)).shape == shape


def test_a_stream_goes_on_with_newer_models_and_keeps_what_it_counted():
    old, new = FakePredictor(), FakePredictor()
    arrivals = iter([None, new])
    session = LiveSession(old, newer=lambda: next(arrivals, None))
    session.annotate(FRAME.copy())
    counted, tracks = session.own, session._follower.tracker
    for _ in range(2):
        session.annotate(FRAME.copy())
    assert (len(old.read), len(new.read)) == (1, 2)
    assert session.status.frames == 3
    assert session.own is counted
    assert session._follower.tracker is tracks


def test_models_that_name_other_expressions_start_the_count_anew():
    old, new = FakePredictor(8), FakePredictor(8)
    new.labels, new.models = (
        COURSE5,
        {"expression": SimpleNamespace(labels=COURSE5, heads=("given",), truth="given")},
    )
    arrivals = iter([None, new])
    session = LiveSession(old, fewest_faces=7, newer=lambda: next(arrivals, None))
    for _ in range(2):
        session.annotate(FRAME.copy())
    assert session.group.labels == session.own.labels == COURSE5.expressions
    assert session.group.fewest == 7
    assert session.status.failed == 0
