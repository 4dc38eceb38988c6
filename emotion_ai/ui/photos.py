"""Photos on their way through a session: uploaded or drawn, read once, kept while they are shown.

Nothing is written to disk. A reading is forgotten when its photo is taken away.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import cv2
import numpy as np
import streamlit as st

from emotion_ai.access.rate_limits import PHOTOS
from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.errors import ImageError, LimitError
from emotion_ai.faces.drawing import Layers, draw_readings
from emotion_ai.faces.quality import quality_hints
from emotion_ai.media.images import decode_image, encode_jpeg, encode_png, shrunk
from emotion_ai.results import FaceBox, FaceReading
from emotion_ai.ui.access import spend
from emotion_ai.ui.resources import Reader
from emotion_ai.ui.uploads import refusals, refuse
from emotion_ai.ui.wording import count

#: What is sent to the browser; readings stay in pixels of the photo itself.
PICTURE_SIDE_PX, THUMBNAIL_WH, CROP_SIDE_PX = 1600, (352, 240), 176
#: Drawn pictures by name: seed, faces, size.
SAMPLES = {
    "Five people": (7, 5, (1280, 800)),
    "One face": (13, 1, (800, 800)),
    "A crowd": (8, 24, (1600, 1000)),
}
#: From this many photos on, reading shows a bar and can be stopped.
MANY = 4
_READ, _SKIPPED, _SAMPLE = "photos_read", "photos_skipped", "sample_read"


@dataclass(frozen=True)
class Upload:
    """An encoded photo and the name it came with; the name is not to be trusted. ``refuse`` takes
    the reason why it cannot be read."""

    name: str
    data: bytes
    refuse: Callable[[str], None] = field(default=lambda line: None, compare=False)

    @cached_property
    def digest(self) -> str:
        return hashlib.blake2b(self.data, digest_size=16).hexdigest()


@dataclass(frozen=True)
class ReadPhoto:
    """A photo after reading. ``readings`` are in pixels of the photo, of ``size_wh``; the rest is
    what is shown of it: JPEGs, and the hints about each face. ``trouble`` says why the models here
    read it although a model server is set."""

    upload: Upload
    size_wh: tuple[int, int]
    readings: list[FaceReading]
    hints: list[tuple[str, ...]]
    picture: bytes
    thumbnail: bytes
    crops: list[bytes]
    trouble: str = ""

    @property
    def name(self) -> str:
        return self.upload.name


def read_photo(upload: Upload, reader: Reader) -> ReadPhoto:
    """Decode once, read, and keep only what is shown. ImageError for what is no picture."""
    frame = decode_image(upload.data, upload.name)
    readings = reader.read(frame)
    trouble = reader.trouble() if readings else ""  # without a face nobody was asked
    picture = shrunk(frame, PICTURE_SIDE_PX)
    return ReadPhoto(
        upload,
        frame.shape[1::-1],
        readings,
        quality_hints(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), readings),
        encode_jpeg(picture, 85),
        encode_jpeg(_thumbnail(picture), 80),
        [encode_jpeg(_cut_out(frame, reading.face), 88) for reading in readings],
        trouble,
    )


def read_sample(name: str, reader: Reader) -> ReadPhoto:
    """One of ``SAMPLES``, drawn and read once for all sessions; with a visitor's own classes once
    for theirs. LimitError when they asked too often."""
    if reader.predictor.taught:
        key, kept = (name, reader.key), st.session_state.get(_SAMPLE)
        if not kept or kept[0] != key:
            spend(PHOTOS)
            kept = st.session_state[_SAMPLE] = key, read_photo(_drawn(name), reader)
        return kept[1]
    photo = _read_sample(name, reader.key, reader)
    if photo.trouble:  # the server is asked again next time
        _read_sample.clear(name, reader.key, reader)
    return photo


@st.cache_resource(show_spinner="Reading …", max_entries=2 * len(SAMPLES))
def _read_sample(name: str, key: str, _reader: Reader) -> ReadPhoto:
    return read_photo(_drawn(name), _reader)


def _drawn(name: str) -> Upload:
    seed, faces, size_wh = SAMPLES[name]
    picture, _ = draw_photo(seed, faces, size_wh)
    return Upload(f"{name.lower().replace(' ', '_')}.png", encode_png(picture))


def annotated_jpeg(photo: ReadPhoto, layers: Layers) -> bytes:
    """The photo at its full size with its readings drawn in."""
    frame = decode_image(photo.upload.data, photo.name)
    return encode_jpeg(draw_readings(frame, photo.readings, layers), 92)


def _cut_out(frame: np.ndarray, face: FaceBox) -> np.ndarray:
    """A face with some of what is around it, as far as the frame goes."""
    (x0, y0, x1, y1), (width, height) = face.box_xyxy, face.size_wh
    margin = 0.18 * max(width, height)
    # Square, as the card shows it.
    left, top = (x0 + x1 - height) / 2 - margin, y0 - margin
    right, bottom = (x0 + x1 + height) / 2 + margin, y1 + margin
    rows, columns = (
        slice(min(max(0, round(start)), length - 1), max(2, round(end)))
        for start, end, length in zip((top, left), (bottom, right), frame.shape, strict=False)
    )
    return shrunk(frame[rows, columns], CROP_SIDE_PX)


def _thumbnail(picture: np.ndarray) -> np.ndarray:
    """The middle of the picture at ``THUMBNAIL_WH``, so that a sheet of them lines up."""
    (height, width), (to_width, to_height) = picture.shape[:2], THUMBNAIL_WH
    ratio = min(width / to_width, height / to_height)
    inside = cv2.getRectSubPix(
        picture,
        (max(1, int(to_width * ratio)), max(1, int(to_height * ratio))),
        ((width - 1) / 2, (height - 1) / 2),
    )
    return cv2.resize(inside, THUMBNAIL_WH, interpolation=cv2.INTER_AREA)


def forget_photos() -> None:
    """Drop every photo and reading of this session."""
    for key in (_READ, _SKIPPED):
        st.session_state.pop(key, None)


def forget_troubled() -> None:
    """Let the model server read again what the models here read in its place."""
    kept = st.session_state.get(_READ, {})
    st.session_state[_READ] = {key: photo for key, photo in kept.items() if not photo.trouble}


def read_files(files: list, reader: Reader) -> tuple[list[ReadPhoto], list[str]]:
    """``read_all`` of ``UploadedFile``s; those that cannot be read are dropped, and their lines
    stay until other files come."""
    uploads = [Upload(file.name, file.getvalue(), partial(refuse, file)) for file in files]
    photos, failures = read_all(uploads, reader)
    _offer_skipped(uploads, photos)
    return photos, list(dict.fromkeys([*refusals(), *failures]))


def read_all(uploads: list[Upload], reader: Reader) -> tuple[list[ReadPhoto], list[str]]:
    """Every photo that can be read, and a line for each that cannot.

    Shows progress and a *Stop* where there is much to do; one bad file never loses the others.
    """
    wanted = {upload.digest for upload in uploads}
    kept = st.session_state.get(_READ, {})
    read = {key: photo for key, photo in kept.items() if key[0] in wanted and key[1] == reader.key}
    st.session_state[_READ] = read
    skipped = st.session_state.get(_SKIPPED, set())
    waiting = [u for u in uploads if (u.digest, reader.key) not in read and u.digest not in skipped]
    failures = []
    with _progress(waiting) as step:
        for upload in waiting:
            try:
                spend(PHOTOS)
                read[upload.digest, reader.key] = read_photo(upload, reader)
            except LimitError as error:
                failures.append(str(error))
                break
            except ImageError as error:
                failures.append(str(error))
                upload.refuse(str(error))
            step()
    photos = [
        replace(photo, upload=upload)
        for upload in uploads
        if (photo := read.get((upload.digest, reader.key)))
    ]
    return photos, failures


@contextmanager
def _progress(waiting: list[Upload]) -> Iterator[Callable[[], None]]:
    """A step for every photo: a bar with *Stop* for many, a spinner for a few."""
    if len(waiting) < MANY:
        with st.spinner("Reading …", show_time=False) if waiting else nullcontext():
            yield lambda: None
        return
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0)
        st.button("Stop", on_click=_skip, args=({upload.digest for upload in waiting},))
    done = itertools.count(1)

    def step() -> None:
        n = next(done)
        bar.progress(n / len(waiting), f"Reading: {n} of {count(len(waiting), 'photo')}")

    yield step
    place.empty()


def _skip(digests: set[str]) -> None:
    st.session_state[_SKIPPED] = digests


def _offer_skipped(uploads: list[Upload], photos: list[ReadPhoto]) -> None:
    """After *Stop*: how many photos are left, and the button that goes on."""
    skipped = st.session_state.get(_SKIPPED, set())
    left = {u.digest for u in uploads} & skipped - {photo.upload.digest for photo in photos}
    if left:
        st.info(f"Stopped: {count(len(left), 'photo')} not read.")
        st.button("Read on", on_click=_skip, args=(set(),))
