"""Films out, where the disk does not take them; reading them is in ``tests/reading``."""

import io
import subprocess
import sys

import av
import numpy as np
import pytest

from emotion_ai.errors import VideoError
from emotion_ai.media.videos import film, read_video
from emotion_ai.settings import ROOT

#: In a process of its own: what is tested may end it. A file may not grow beyond argument 2.
WRITE = """
import resource, sys
from pathlib import Path
import numpy as np
from emotion_ai.errors import VideoError
from emotion_ai.media.videos import film
most = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
try:
    with film(Path(sys.argv[1])) as writer:
        for i in range(100):
            writer.add(np.roll(noise, 7 * i), i / 30)
except VideoError as error:
    print(error)
"""


@pytest.mark.parametrize("most_bytes", [0, 40, 5000, 300_000])
def test_a_film_for_which_there_is_no_room_is_one_line_and_no_file(tmp_path, most_bytes):
    target = tmp_path / "out" / "film.mp4"
    target.parent.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", WRITE, target, str(most_bytes)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == f"{target}: the film cannot be written (File too large)\n"
    assert list(target.parent.iterdir()) == []


def test_a_film_that_fails_leaves_the_one_that_was_there(tmp_path):
    target = tmp_path / "film.mp4"
    target.write_bytes(b"the old one")
    subprocess.run([sys.executable, "-c", WRITE, target, "5000"], cwd=ROOT, check=True)
    assert target.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [target]


def test_a_film_that_ffmpeg_refuses_is_one_line_and_leaves_the_one_that_was_there(tmp_path):
    target = tmp_path / "film.mp4"
    target.write_bytes(b"the old one")

    def write():
        with film(target) as writer:
            for time_s in (0.0, 0.1, 3e6, 3e6 + 0.1):
                writer.add(np.zeros((48, 64, 3), np.uint8), time_s)

    with pytest.raises(VideoError, match=r"film\.mp4: the film cannot be written"):
        write()
    assert target.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [target]


def test_a_film_into_a_folder_that_is_not_there_is_one_line(tmp_path):
    said = r"film\.mp4: .*cannot be written \(No such file"
    with pytest.raises(VideoError, match=said), film(tmp_path / "none" / "film.mp4") as writer:
        writer.add(np.zeros((48, 64, 3), np.uint8), 0.0)


@pytest.mark.parametrize("colorspace", [8, 10, 14])  # YCgCo, BT.2020 constant luminance, ICtCp
def test_colours_that_cannot_be_converted_are_taken_for_the_usual_ones(colorspace):
    grey = np.full((64, 64, 3), 90, np.uint8)
    kept = io.BytesIO()
    with av.open(kept, "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.colorspace = colorspace
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="bgr24")))
        container.mux(stream.encode())
    frames = list(read_video(kept.getvalue()))
    assert len(frames) == 3
    assert np.abs(frames[0].image.astype(int) - 90).max() <= 4


def test_a_film_on_disk_has_its_index_in_front(tmp_path):
    target = tmp_path / "film.mp4"
    with film(target) as writer:
        for i in range(3):
            writer.add(np.zeros((48, 64, 3), np.uint8), i / 10)
    assert target.read_bytes().find(b"moov") < target.read_bytes().find(b"mdat")
    assert len(list(read_video(target))) == 3
    assert list(tmp_path.iterdir()) == [target]
