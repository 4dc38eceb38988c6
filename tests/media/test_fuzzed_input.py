"""Files with random damage: one clear line or a result, nothing else (more: benchmarks/fuzz.py)."""

import string
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import fuzz
from emotion_ai.datasets import import_dataset
from emotion_ai.datasets.splits import make_split
from emotion_ai.datasets.store import check_name
from emotion_ai.errors import DatasetError, EmotionAIError, ImageError, VideoError
from emotion_ai.faces.detection import FaceDetector
from emotion_ai.media.images import decode_image, encode_png
from emotion_ai.media.videos import read_video
from emotion_ai.reading.predictor import Predictor
from emotion_ai.ui.datasets.setup import _tidy
from emotion_ai.ui.photos import Upload, read_photo
from emotion_ai.ui.resources import Reader
from emotion_ai.ui.wording import plain
from tests.support.dataset_files import face, fer_csv, png

quickly = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
READER = Reader(Predictor(FaceDetector()), "no models")
PICTURES, FILMS = fuzz.pictures(), fuzz.films()
#: Where, as a share of the file, and what stands there instead; how much of the end is missing.
EDITS = st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=6)
CUT = st.just(0.0) | st.floats(0, 1)


def damaged(content: bytes, edits, cut: float) -> bytes:
    changed = bytearray(content)
    for place, replacement in edits:
        at = int(place * len(changed))
        changed[at : at + len(replacement)] = replacement
    return bytes(changed[: len(changed) - int(cut * len(changed))])


@contextmanager
def refused_in_a_line(kind: type[EmotionAIError]) -> Iterator[None]:
    """A refusal of this kind may end the context early."""
    with suppress(kind):
        try:
            yield
        except kind as error:
            refusal = str(error)
            if "\n" in refusal or len(refusal) > 600:
                raise AssertionError(f"not one line: {refusal!r}") from error
            raise


@quickly
@given(st.sampled_from(PICTURES), EDITS, CUT)
def test_damaged_pictures_are_decoded_or_refused_in_a_line(content, edits, cut):
    with refused_in_a_line(ImageError):
        frame = decode_image(damaged(content, edits, cut))
        assert frame.dtype == np.uint8
        assert frame.shape[2:] == (3,)


@quickly
@given(st.integers(1, 4000), st.integers(1, 4000), st.booleans())
def test_pictures_of_every_shape_are_read(long_px, short_px, upright):
    size = (long_px, max(1, min(short_px, 40_000 // long_px)))
    shape = (*(size if upright else size[::-1]), 3)
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    photo = read_photo(Upload("x", encode_png(noise)), READER)
    assert photo.size_wh == shape[1::-1]


@quickly
@given(st.sampled_from(FILMS), EDITS, CUT)
def test_damaged_films_are_read_or_refused_in_a_line(content, edits, cut):
    with refused_in_a_line(VideoError):
        assert len(list(read_video(damaged(content, edits, cut), "x"))) <= 60


@quickly
@given(
    st.sampled_from(["emotion,pixels,Usage", "emotion, pixels", "a,b", ""]),
    st.lists(st.text(st.sampled_from(string.printable + "é\0\u202e"), max_size=60), max_size=5),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_tables_of_anything_are_refused_in_a_line(header, rows, end):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(end.join([header, *rows]).encode())
        with refused_in_a_line(DatasetError):
            import_dataset(path, Path(folder) / "data")
            pytest.fail("imported")


@quickly
@given(st.lists(st.text(min_size=1, max_size=40).filter(lambda name: "\0" not in name), max_size=4))
def test_members_of_a_zip_are_never_written_anywhere(names):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        with zipfile.ZipFile(path, "w") as archive:
            for name in {"happy/1.png", *names}:
                archive.writestr(name, png(face(0)))
        with refused_in_a_line(DatasetError):
            import_dataset(path, Path(folder) / "data", name="set")
        written = {item.relative_to(folder).as_posix() for item in Path(folder).rglob("*")}
        parts = {"images.npy", "samples.parquet", "dataset.json"}
        assert written <= {"upload", "data", "data/set", *(f"data/set/{part}" for part in parts)}


@quickly
@given(st.text(max_size=100))
def test_a_name_from_outside_names_a_folder_or_nothing(name):
    tidied = _tidy(name)
    assert tidied is None or check_name(tidied) == tidied


@quickly
@given(st.text(max_size=100))
def test_text_from_outside_has_nothing_that_markdown_acts_on(text):
    shown = plain(text)
    for i, letter in enumerate(shown):
        escaped = len(shown[:i]) - len(shown[:i].rstrip("\\"))
        assert letter not in "<>*_`[]#|~$:&" or escaped % 2 == 1
    assert "\n" not in shown


def test_a_split_where_every_group_of_a_label_begins_with_another():
    split = make_split(np.array([0, 0, 1, 1]), ["a", "b", "a", "b"], "80/20", 0)
    assert split[0] == split[1]
    assert split[2] == split[3]


def test_the_fuzzer_finds_what_is_wrong(tmp_path, monkeypatch):
    """The tool itself: an error of the wrong kind, a file elsewhere, and a sound input."""

    def broken(data, folder):
        if data == b"raise":
            raise KeyError("surprise")
        place = folder if data == b"inside" else tmp_path
        (place / "file").write_bytes(data)

    monkeypatch.setitem(fuzz.TARGETS, "broken", (list, broken, 1.0))
    assert fuzz.check("broken", b"raise") == "KeyError: 'surprise'"
    fuzz.sys.addaudithook(fuzz._guard)
    assert fuzz.check("broken", b"inside") is None
    assert fuzz.check("broken", b"outside").startswith("touched open")


def test_the_same_number_is_the_same_input():
    assert fuzz.hostile_input("image", 7) == fuzz.hostile_input("image", 7)
    assert fuzz.hostile_input("zip", 7) != fuzz.hostile_input("zip", 8)


def test_sound_files_of_the_fuzzer_are_read(tmp_path):
    for content in PICTURES:
        decode_image(content)
    for content in FILMS:
        assert len(list(read_video(content))) == 6
    assert len(import_dataset(fer_csv(tmp_path / "a.csv", [3]), tmp_path / "d").dataset) == 1
