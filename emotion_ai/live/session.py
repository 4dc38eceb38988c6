"""A webcam's frames on their way through: analysed, annotated, forgotten.

Three threads meet here. WebRTC's worker thread calls ``LiveSession.process`` for every batch of
frames and nothing else does; the page's thread sets ``options`` and reads ``status``; WebRTC's
event loop calls ``ended``. What they share is a frozen value behind a lock. No frame outlives the
next one, and none is written anywhere.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import av
import cv2
import numpy as np

from emotion_ai.faces.drawing import Layers, draw_readings
from emotion_ai.labels import FER7
from emotion_ai.media.images import encode_jpeg
from emotion_ai.reading.follower import FaceFollower
from emotion_ai.reading.group import FEWEST_FACES, GroupTimeline
from emotion_ai.reading.pace import ONE_FACE, ROOM, SMOOTHING_S
from emotion_ai.reading.predictor import Predictor
from emotion_ai.results import FaceBox, FaceReading

log = logging.getLogger(__name__)

#: Frames that the rates are measured over.
_RECENT = 60
#: A single detection may be a mistake: a face counts from its second one.
_FEWEST_DETECTIONS = 2
#: What is sent where the picture is switched off: small, so that it costs nothing.
_NO_PICTURE_SIZE = (90, 160)
#: Screens are shared in their own size, and a hostile browser sends any.
_MAX_SIDE_PX = 1920
#: A group's picture stands small beside its shares: the way back need not carry more.
_GROUP_PICTURE_WIDTH_PX = 640


@dataclass(frozen=True)
class LiveOptions:
    """What the page asks for. ``group``: aggregates only, nothing is drawn on the picture;
    ``many``: small faces are looked for too, as in a group; ``head``: which of the model's, None
    for the one it answers with anyway."""

    layers: Layers = field(default_factory=Layers)
    smoothing_s: float = SMOOTHING_S
    mirrored: bool = True
    paused: bool = False
    group: bool = False
    many: bool = False
    picture: bool = True
    head: str | None = None


@dataclass(frozen=True)
class LiveStatus:
    """The newest state of a stream, for the page. ``faces`` are those on screen; ``readings``
    stays empty in a group."""

    frames: int = 0
    dropped: int = 0
    failed: int = 0
    frames_per_s: float = 0.0
    #: Median time from taking a frame to handing it back.
    latency_ms: float = 0.0
    faces: int = 0
    readings: tuple[FaceReading, ...] = ()
    #: ``time.monotonic()`` of the newest frame, None before the first.
    newest_s: float | None = None
    running: bool = False


class LiveSession:
    """What one viewer's frames go through, on a predictor of its own.

    ``newer`` is asked before every frame for a predictor to go on with (see ``ModelWatch``).
    """

    def __init__(
        self,
        predictor: Predictor,
        fewest_faces: int = FEWEST_FACES,
        newer: Callable[[], Predictor | None] = lambda: None,
    ):
        labels = _labels(predictor)
        self.options = LiveOptions()
        #: Shares over everyone in the picture (group view) and of the largest face (own view).
        self.group = GroupTimeline(labels, fewest_faces)
        self.own = GroupTimeline(labels, fewest=1, soft=True)
        self._follower = FaceFollower(predictor)
        self._newer = newer
        self._lock = threading.Lock()
        self._status = LiveStatus()
        self._picture: np.ndarray | None = None
        self._snapshot: bytes | None = None
        self._taken_s: deque[float] = deque(maxlen=_RECENT)
        self._spent_s: deque[float] = deque(maxlen=_RECENT)

    @property
    def status(self) -> LiveStatus:
        with self._lock:
            return self._status

    @property
    def snapshot(self) -> bytes | None:
        """The JPEG that was taken last, until the stream ends."""
        with self._lock:
            return self._snapshot

    def take_snapshot(self) -> None:
        """Keep the newest picture as it is shown; none in a group and before the first frame."""
        with self._lock:
            picture = None if self.options.group else self._picture
            self._snapshot = None if picture is None else encode_jpeg(picture, 92)

    async def process(self, frames: list[av.VideoFrame]) -> list[av.VideoFrame]:
        """The newest of ``frames``, annotated. Called on WebRTC's worker thread: it must not
        raise, must not call Streamlit, and what it takes is the viewer's delay."""
        frame = frames[-1]
        shrink = min(1.0, _MAX_SIDE_PX / max(frame.width, frame.height))
        width, height = (max(2, round(side * shrink)) for side in (frame.width, frame.height))
        image = frame.to_ndarray(format="bgr24", width=width, height=height)
        shown = self.annotate(image, dropped=len(frames) - 1)
        return [av.VideoFrame.from_ndarray(shown, format="bgr24")]

    def annotate(self, frame: np.ndarray, dropped: int = 0) -> np.ndarray:
        """What to show for a uint8 (H, W, 3) BGR frame. A frame whose analysis fails is passed on
        as it came, and counted."""
        options = self.options
        started_s = time.monotonic()
        with self._lock:
            paused = options.paused and self._picture is not None
            if paused and not options.group:
                return self._picture
        faces, readings, failed = 0, (), False
        if not options.paused:
            try:
                faces, readings = self._analyse(frame, options, started_s)
            except Exception:  # WebRTC ends the stream of a callback that raises, whatever it is
                failed = True
                if not self._status.failed:
                    log.exception("a frame could not be analysed; it is shown as it came")
        if options.group and not options.picture:
            shown = np.zeros((*_NO_PICTURE_SIZE, 3), np.uint8)
        else:
            shown = cv2.flip(frame, 1) if options.mirrored else frame
            if options.group and shown.shape[1] > _GROUP_PICTURE_WIDTH_PX:
                shrink = _GROUP_PICTURE_WIDTH_PX / shown.shape[1]
                size = _GROUP_PICTURE_WIDTH_PX, max(1, round(shown.shape[0] * shrink))
                shown = cv2.resize(shown, size, interpolation=cv2.INTER_AREA)
            if readings:
                drawn = mirrored(readings, frame.shape[1]) if options.mirrored else readings
                draw_readings(shown, list(drawn), options.layers)
        self._publish(shown, started_s, dropped, failed, faces, readings)
        return shown

    def _analyse(self, frame, options: LiveOptions, time_s: float):
        """The number of faces, and their readings where they may be shown."""
        if predictor := self._newer():
            self._switch_to(predictor)
        follower = self._follower
        model = follower.predictor.models.get("expression")
        if model and options.head in model.heads and options.head != model.truth:
            follower.predictor = follower.predictor.answering(options.head)
        follower.pace = ROOM if options.group or options.many else ONE_FACE
        follower.tracker.smoothing_s = options.smoothing_s
        tracks = follower.follow(frame, time_s)
        certain = [track for track in tracks if track.detections >= _FEWEST_DETECTIONS]
        said = [track.reading.expression for track in certain if track.reading.expression]
        if options.group:
            self.group.add(time_s, said)
            return len(certain), ()
        largest = max(tracks, key=lambda t: np.prod(t.reading.face.size_wh), default=None)
        if largest and largest.reading.expression:
            self.own.add(time_s, [largest.reading.expression])
        others = [track.reading for track in tracks if track is not largest]
        readings = (largest.reading, *others) if largest else ()
        return len(tracks), readings

    def _switch_to(self, predictor: Predictor) -> None:
        """Go on with other models. Where these name other expressions, counting starts again:
        their shares cannot be added up."""
        labels = _labels(predictor)
        if labels == self.group.labels:
            self._follower.predictor = predictor
            return
        self.group = GroupTimeline(labels, self.group.fewest)
        self.own = GroupTimeline(labels, fewest=1, soft=True)
        self._follower = FaceFollower(predictor)

    def _publish(self, shown, started_s, dropped, failed, faces, readings) -> None:
        now_s = time.monotonic()
        self._taken_s.append(started_s)
        self._spent_s.append(now_s - started_s)
        passed_s = self._taken_s[-1] - self._taken_s[0]
        with self._lock:
            old = self._status if self._status.running else LiveStatus()
            self._picture = shown
            self._status = LiveStatus(
                frames=old.frames + 1,
                dropped=old.dropped + dropped,
                failed=old.failed + failed,
                frames_per_s=(len(self._taken_s) - 1) / passed_s if passed_s > 0 else 0.0,
                latency_ms=1e3 * float(np.median(self._spent_s)),
                faces=faces,
                readings=tuple(readings),
                newest_s=now_s,
                running=True,
            )

    def ended(self) -> None:
        """The stream is over: faces and pictures are forgotten, the aggregates stay.

        Called on WebRTC's event loop; the worker thread has ended by then.
        """
        self._follower = FaceFollower(self._follower.predictor)
        self._taken_s.clear()
        self._spent_s.clear()
        with self._lock:
            self._picture = self._snapshot = None
            self._status = replace(self._status, readings=(), faces=0, running=False)


def _labels(predictor: Predictor) -> tuple[str, ...]:
    model = predictor.models.get("expression")
    return model.labels.expressions if model else FER7.expressions


def mirrored(readings: tuple[FaceReading, ...], width_px: int) -> tuple[FaceReading, ...]:
    """Readings of a frame ``width_px`` wide as they lie in its mirror image.

    The subject's left stays the subject's left: places move, names do not.
    """
    return tuple(_mirrored(reading, width_px) for reading in readings)


def _mirrored(reading: FaceReading, width_px: int) -> FaceReading:
    x0, y0, x1, y1 = reading.face.box_xyxy
    face = FaceBox((width_px - x1, y0, width_px - x0, y1), reading.face.score)
    points = reading.keypoints_px
    if points is not None:  # pixel centres
        points = np.column_stack((width_px - 1 - points[:, 0], points[:, 1])).astype(np.float32)
    return FaceReading(face, points, reading.expression)
