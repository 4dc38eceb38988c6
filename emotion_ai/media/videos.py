"""Video files at the edge: pixels with their times in, an annotated film out.

PyAV does both, from paths and from memory. Times are the file's own, so a variable frame rate
stays; rotation flags are obeyed; what is larger than needed is shrunk while it is decoded.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

import av
import av.error
import numpy as np

from emotion_ai.errors import VideoError

EXTENSIONS = ("mp4", "mov", "m4v", "webm", "mkv", "avi", "mjpeg", "mjpg", "mpg", "mpeg", "gif")
#: Concatenated JPEGs carry no times; this is what webcams make of them in a room's light.
MJPEG_FRAMES_PER_S = 15
MAX_SIDE_PX = 1280
MAX_PIXELS = 50_000_000
_TICKS_PER_S = 1000
#: Recordings of a screen that stands still have minutes between two frames; clocks that are set
#: leap by hours.
_LONGEST_GAP_S = 600.0
_UNSPECIFIED = 2  # of colours: FFmpeg takes the usual ones
_START_OF_JPEG = b"\xff\xd8\xff"
#: Files with pictures in them. FFmpeg reads much else: playlists that name other files and
#: addresses, session descriptions that make it listen on a port.
_FORMATS = "mov,matroska,webm,avi,mpeg,mpegts,mpegvideo,gif,mjpeg"
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "none"}


@dataclass(frozen=True)
class VideoFrame:
    """``image`` uint8 (H, W, 3) BGR, upright, to be shown ``time_s`` after the start. ``done`` of
    ``total`` says how far the file is read, in units of its own."""

    time_s: float
    image: np.ndarray
    done: float
    total: float


def read_video(
    source: Path | bytes, name: str | None = None, max_side_px: int = MAX_SIDE_PX
) -> Iterator[VideoFrame]:
    """The frames of a video file or of its bytes; damaged ones are left out.

    VideoError names the file when it is no video, has no picture, or nothing of it decodes.
    """
    name = name or (source.name if isinstance(source, Path) else "video")
    try:
        data = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    except OSError as error:
        raise VideoError(f"{source}: {error.strerror or error}") from None
    with data:
        kind, options = None, _OPTIONS
        if data.read(3) == _START_OF_JPEG:
            kind, options = "mjpeg", {**_OPTIONS, "framerate": str(MJPEG_FRAMES_PER_S)}
        data.seek(0)
        try:
            container = av.open(data, format=kind, options=options, metadata_errors="replace")
        except (av.error.FFmpegError, OSError, ValueError):
            raise VideoError(
                f"{name}: expected a video (MP4, WebM, MOV …), got other data"
            ) from None
        with container:
            yield from _frames(container, name, max_side_px)


def _frames(container, name: str, max_side_px: int) -> Iterator[VideoFrame]:
    if not container.streams.video:
        raise VideoError(f"{name}: expected a picture, got sound alone")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise VideoError(f"{name}: expected a common video format, got one that is not known")
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MAX_PIXELS:
        raise VideoError(
            f"{name}: expected at most {MAX_PIXELS // 1_000_000} megapixels, got {width} × {height}"
        )
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # later frames may be larger
    stream.thread_type = "AUTO"
    rate = float(stream.average_rate or 25)
    length_s = (container.duration or 0) / av.time_base
    start_s, last_s, count = None, -1.0, 0
    for position, frames in _decoded(container.demux(stream)):
        for frame in frames:
            told_s = frame.time if frame.time is not None else count / rate
            start_s = told_s if start_s is None else start_s
            time_s = max(told_s - start_s, last_s + 1 / _TICKS_PER_S)
            if time_s - last_s > _LONGEST_GAP_S:  # the clock was set: nothing lies in between
                time_s = last_s + 1 / rate
                start_s = told_s - time_s
            last_s, count = time_s, count + 1
            progress = (time_s, length_s) if length_s else (position, container.size)
            yield VideoFrame(time_s, _upright(frame, max_side_px), *progress)
    if not count:
        raise VideoError(f"{name}: the video is damaged, no picture of it can be decoded")


def _decoded(packets: Iterator[av.Packet]) -> Iterator[tuple[int, list[av.VideoFrame]]]:
    """Where in the file a packet lies, and its frames; damaged stretches are left out."""
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            return  # the end, or damage that hides where the next packet begins
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            continue  # the rest may be sound
        yield packet.pos or 0, frames


def _upright(frame: av.VideoFrame, max_side_px: int) -> np.ndarray:
    shrink = min(1.0, max_side_px / max(frame.width, frame.height))
    width, height = (max(2, round(side * shrink / 2) * 2) for side in (frame.width, frame.height))
    as_asked = {"format": "bgr24", "width": width, "height": height}
    try:
        image = frame.to_ndarray(**as_asked)
    except av.error.FFmpegError:  # colours that it cannot convert are taken for the usual ones
        frame.colorspace = frame.color_trc = frame.color_primaries = _UNSPECIFIED
        image = frame.to_ndarray(**as_asked)
    quarter_turns = round(frame.rotation / 90) % 4  # counterclockwise
    return np.ascontiguousarray(np.rot90(image, quarter_turns)) if quarter_turns else image


class _Output:
    """The file a film grows in, hidden beside ``path`` until it is whole.

    A failure to write, such as a full disk, is kept in ``failure`` and never shown to FFmpeg:
    PyAV ends the whole process when a film is closed whose header could not be written.
    """

    def __init__(self, path: Path):
        self.path, self.failure = path, None
        self._hidden = path.with_name(f".{path.name}.{os.getpid()}")
        self.name = str(self._hidden)
        self._file = self._hidden.open("wb", buffering=0)
        self.seek, self.tell = self._file.seek, self._file.tell

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        try:
            while rest and not self.failure:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self.failure = error
        return len(data)

    def read_again(self, url: str, flags: int, options: dict):
        """For FFmpeg, which moves what is written to put the index in front of it."""
        return self._hidden.open("rb")

    def finish(self, whole: bool) -> None:
        """Put the film in its place; without a trace where it could not be written."""
        try:
            self._file.close()
            if whole and not self.failure:
                os.replace(self._hidden, self.path)
        except OSError as error:
            self.failure = error
        finally:
            self._hidden.unlink(missing_ok=True)


class FilmWriter:
    """Writes an MP4: H.264 where it is built in, MPEG-4 otherwise. All frames of one size.

    VideoError when the file cannot be written; there is no half of it then.
    """

    def __init__(self, target: Path | io.BytesIO):
        self._target, self._container, self._stream, self._tick = target, None, None, -1
        self._broken = False

    def add(self, image: np.ndarray, time_s: float) -> None:
        """A uint8 (H, W, 3) BGR frame, both sides even, shown from ``time_s`` on."""
        stream = self._stream or self._open(image)
        if image.shape[:2] != (stream.height, stream.width):
            image = _fitted(image, stream.width, stream.height)
        frame = av.VideoFrame.from_ndarray(image, format="bgr24")
        self._tick = max(self._tick + 1, round(time_s * _TICKS_PER_S))
        frame.pts, frame.time_base = self._tick, Fraction(1, _TICKS_PER_S)
        try:
            self._container.mux(stream.encode(frame))
        except av.error.FFmpegError as error:
            self._refuse(error)
        self._refuse_failure()

    def _open(self, image):
        options = {}
        if isinstance(self._target, Path):
            try:
                self._target = _Output(self._target)
            except OSError as error:
                raise _unwritten(self._target, error) from error
            # The index in front, so that a browser can start before everything has come.
            options = {
                "options": {"movflags": "+faststart"}, "io_open": self._target.read_again
            }  # fmt: skip
        self._container = av.open(self._target, "w", format="mp4", **options)
        codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
        settings = {"preset": "veryfast", "crf": "23"} if codec == "libx264" else {"qscale": "4"}
        stream = self._container.add_stream(codec, rate=30, options=settings)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS_PER_S)
        self._stream = stream
        return stream

    def close(self) -> None:
        if not self._container:
            return
        try:
            self._container.mux(self._stream.encode())
            self._container.close()
        except av.error.FFmpegError as error:
            self._refuse(error)
        finally:
            if isinstance(self._target, _Output):
                self._target.finish(whole=not self._broken)
        self._refuse_failure()

    def _refuse(self, error: av.error.FFmpegError) -> NoReturn:
        self._broken = True
        self._refuse_failure()  # of which the error is a consequence
        target = self._target
        raise _unwritten(target.path if isinstance(target, _Output) else "film", error) from error

    def _refuse_failure(self) -> None:
        if isinstance(self._target, _Output) and self._target.failure:
            raise _unwritten(self._target.path, self._target.failure)


def _unwritten(path: Path | str, error: OSError) -> VideoError:
    return VideoError(f"{path}: the film cannot be written ({error.strerror or error})")


def _fitted(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Cameras that turn midway change size: what follows is laid into the first size."""
    frame = av.VideoFrame.from_ndarray(image, format="bgr24")
    return frame.to_ndarray(format="bgr24", width=width, height=height)


@contextmanager
def film(target: Path | io.BytesIO) -> Iterator[FilmWriter]:
    """A ``FilmWriter`` into a file or into memory, playable however the context ends. Without a
    frame nothing is written."""
    writer = FilmWriter(target)
    try:
        yield writer
    finally:
        writer.close()
