"""Video files: decoding with true times, the timeline, the annotated film, the command."""

import io
import socket
import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.errors import VideoError
from emotion_ai.labels import FER7
from emotion_ai.media import videos
from emotion_ai.media.images import encode_jpeg
from emotion_ai.media.videos import film, read_video
from emotion_ai.reading.films import VideoReading, read_faces_of_video
from emotion_ai.reading.table import COLUMNS
from emotion_ai.results import Expression, FaceBox, FaceReading, Sighting

UNEVEN_S = [0.0, 0.033, 0.066, 0.5, 0.533, 2.0]


class Reader:
    """A face in the left half of every frame, happy before 1 s and sad after."""

    def __init__(self):
        self.detector, self.models = self, {}

    def detect(self, frame, max_side_px):
        height, width = frame.shape[:2]
        return [FaceBox((0.1 * width, 0.2 * height, 0.4 * width, 0.8 * height), 0.9)]

    def read_faces(self, frame, faces):
        said = np.eye(7, dtype=np.float32)[FER7.index("happy" if frame.mean() < 100 else "sad")]
        return [FaceReading(face, None, Expression(FER7.expressions, said)) for face in faces]


def encoded(times_s, size_wh=(64, 48), codec="libx264", shape="mp4") -> bytes:
    """Frames that grow brighter with time, at these times."""
    target = io.BytesIO()
    with av.open(target, "w", format=shape) as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height = size_wh
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for time_s in times_s:
            image = np.full((size_wh[1], size_wh[0], 3), 40 + 50 * time_s, np.uint8)
            image[: size_wh[1] // 2, : size_wh[0] // 2] = 0  # which way is up
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = round(1000 * time_s), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return target.getvalue()


def turned(video: bytes, matrix: tuple) -> bytes:
    """The same file with another display matrix, as phones write it."""
    at = video.find(b"tkhd") + 4 + 4 + 20 + 16
    return video[:at] + struct.pack(">9i", *matrix) + video[at + 36 :]


def test_times_of_a_variable_frame_rate_are_kept():
    times = [frame.time_s for frame in read_video(encoded(UNEVEN_S))]
    assert times == pytest.approx(UNEVEN_S, abs=0.002)


@pytest.mark.parametrize(
    ("matrix", "dark"),
    [
        ((0, 65536, 0, -65536, 0, 0, 48 << 16, 0, 1 << 30), (0, -1)),  # a quarter turn clockwise
        ((0, -65536, 0, 65536, 0, 0, 0, 64 << 16, 1 << 30), (-1, 0)),
        ((-65536, 0, 0, 0, -65536, 0, 64 << 16, 48 << 16, 1 << 30), (-1, -1)),
    ],
)
def test_rotation_flags_are_obeyed(matrix, dark):
    image = next(read_video(turned(encoded([0.0, 1.0]), matrix))).image
    quarter = matrix[0] == 0
    assert image.shape == ((64, 48, 3) if quarter else (48, 64, 3))
    corners = {(y, x): image[y, x].mean() for y in (0, -1) for x in (0, -1)}
    assert min(corners, key=corners.get) == dark


def test_large_video_is_shrunk_while_it_is_decoded():
    frames = list(read_video(encoded([0.0, 0.1], (3840, 2160))))
    assert [frame.image.shape for frame in frames] == [(720, 1280, 3)] * 2


def test_concatenated_jpegs_are_a_video():
    jpegs = b"".join(
        encode_jpeg(np.full((48, 64, 3), value, np.uint8)) for value in (0, 80, 160, 240)
    )
    frames = list(read_video(jpegs))
    assert [frame.time_s for frame in frames] == pytest.approx(
        [0, 1 / 15, 2 / 15, 3 / 15], abs=2e-3
    )
    assert frames[-1].done <= frames[-1].total


def test_damage_costs_the_damaged_part_only():
    jpegs = [encode_jpeg(draw_photo(i, 1, (128, 96))[0]) for i in range(6)]
    jpegs[2] = jpegs[2][:40]
    assert 4 <= len(list(read_video(b"".join(jpegs)))) <= 6
    stream = encoded(np.arange(60) / 30, (320, 240), "mpeg4", "matroska")
    assert 0 < len(list(read_video(stream[: len(stream) // 2]))) < 60


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "expected a video"),
        (b"nonsense" * 500, "expected a video"),
        (encoded(UNEVEN_S)[:700], "expected a video"),
        (b"\xff\xd8\xff" + b"0" * 500, "damaged"),
    ],
)
def test_broken_file_is_one_clear_line(data, said):
    with pytest.raises(VideoError, match=f"clip: .*{said}") as error:
        list(read_video(data, "clip"))
    assert "\n" not in str(error.value)


def test_sound_alone_is_no_video():
    target = io.BytesIO()
    with av.open(target, "w", format="matroska") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        samples.rate = 8000
        container.mux(stream.encode(samples))
    with pytest.raises(VideoError, match="sound alone"):
        list(read_video(target.getvalue()))


NO_VIDEOS = {
    "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:{port}/a.ts\n",
    "list of files": b"ffconcat version 1.0\nfile 'http://127.0.0.1:{port}/a.mp4'\n",
    "session description": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    b"m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
}


@pytest.mark.parametrize("content", NO_VIDEOS.values(), ids=NO_VIDEOS)
def test_a_file_that_leads_elsewhere_is_refused_and_followed_nowhere(content):
    """FFmpeg reads playlists, and listens for a session that a file describes, for 20 s."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = str(server.getsockname()[1]).encode()
        with pytest.raises(VideoError, match="expected a video"):
            list(read_video(content.replace(b"{port}", port)))
        with pytest.raises(TimeoutError):
            server.accept()


def test_frames_that_are_too_large_are_left_out(monkeypatch):
    """Every frame of a film may have another size than its header says."""
    small, large = (encode_jpeg(np.zeros((side, side, 3), np.uint8)) for side in (64, 640))
    monkeypatch.setattr(videos, "MAX_PIXELS", 10_000)
    frames = list(read_video(small + large + small))
    assert [frame.image.shape[:2] for frame in frames] == [(64, 64), (64, 64)]


def test_a_codec_that_is_not_known_is_one_clear_line():
    film = encoded([0.0, 0.2], codec="mpeg4", shape="avi").replace(b"FMP4", b"ZZZZ")
    with pytest.raises(VideoError, match="not known"):
        list(read_video(film))


def test_names_in_another_encoding_do_not_hide_the_film():
    target = io.BytesIO()
    with av.open(target, "w", format="avi") as container:
        container.metadata["title"] = "Caf?!"
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuvj420p")))
        container.mux(stream.encode())
    assert len(list(read_video(target.getvalue().replace(b"Caf?", b"Caf\xe9")))) == 1


def test_missing_file_is_named(tmp_path):
    with pytest.raises(VideoError, match=r"none\.mp4: No such file"):
        list(read_video(tmp_path / "none.mp4"))


class Haunted(Reader):
    """Sees a second face in its third search, and never again."""

    searches = 0

    def detect(self, frame, max_side_px):
        self.searches += 1
        ghost = [FaceBox((40.0, 10.0, 60.0, 35.0), 0.7)] * (self.searches == 3)
        return super().detect(frame, max_side_px) + ghost


def test_a_face_that_one_search_alone_found_is_left_out():
    reading = read_faces_of_video(encoded(np.arange(45) / 30), Haunted())
    assert reading.tracks == [1]
    assert len(reading.sightings) == 45
    # A film too short to look twice keeps what it has.
    assert read_faces_of_video(encoded([0.0, 0.05]), Reader()).tracks == [1]


def test_annotated_film_keeps_the_times_and_has_the_drawing(tmp_path):
    path = tmp_path / "film.mp4"
    times = np.arange(20) / 10
    reading = read_faces_of_video(encoded(times, (320, 240)), Reader(), annotated=path)
    shown = list(read_video(path))
    assert [frame.time_s for frame in shown] == pytest.approx(times.tolist(), abs=0.002)
    assert np.ptp(shown[0].image[130:, :160].astype(int), axis=(0, 1)).max() > 60
    assert reading.frames == 20
    assert reading.size_wh == (320, 240)
    assert reading.duration_s == pytest.approx(1.9, abs=0.01)


def test_timeline_has_every_face_over_time_and_the_group():
    reading = read_faces_of_video(
        encoded(np.arange(40) / 10, (160, 120)), Reader(), smoothing_s=0.05
    )
    assert reading.tracks == [1]
    assert reading.has_expressions
    table = reading.timeline
    assert tuple(table) == COLUMNS
    assert table["time_s"].is_monotonic_increasing
    assert table["expression"].iloc[0] == "happy"
    assert table["expression"].iloc[-1] == "sad"
    assert set(table["track"]) == set(table["face"]) == {1}
    shares = reading.of_group().shares
    assert shares["happy"].iloc[0] == 1
    assert shares["sad"].iloc[-1] == 1
    assert len(reading.of_group(fewest=5).shares.dropna()) == 0


def test_a_face_not_read_yet_counts_for_nobody_in_the_group():
    """Of many faces in a frame a few are read at a time: the others have no expression yet."""
    face = FaceBox((0.0, 0.0, 9.0, 9.0), 1.0)
    happy = Expression(FER7.expressions, np.eye(7, dtype=np.float32)[FER7.index("happy")])
    seen = [
        Sighting(0.0, 1, FaceReading(face, None, happy)),
        Sighting(0.0, 2, FaceReading(face)),
    ]
    summary = VideoReading("a", (9, 9), 1.0, 1, seen, FER7.expressions).of_group()
    assert summary.totals["happy"] == 1
    assert summary.faces_mean == 1


@pytest.mark.parametrize("times_s", [[0.0], [0.0, 0.2], [0.0, 0.2, 0.4]], ids=len)
def test_a_face_that_is_there_all_along_counts_in_the_shortest_clip(times_s):
    reading = read_faces_of_video(encoded(times_s), Reader())
    assert len(reading.timeline) == len(times_s)
    assert reading.tracks == [1]


def test_progress_runs_to_the_end_and_cancel_keeps_what_was_read():
    video, seen, film_bytes = encoded(np.arange(30) / 10), [], io.BytesIO()
    read_faces_of_video(video, Reader(), progress=lambda *step: seen.append(step[0] / step[1]))
    assert seen == sorted(seen)
    assert seen[-1] > 0.9
    reading = read_faces_of_video(
        video, Reader(), annotated=film_bytes, cancelled=lambda: len(seen) >= 40,
        progress=lambda *step: seen.append(step[0]),
    )  # fmt: skip
    assert reading.cancelled
    assert reading.frames == 10
    assert len(list(read_video(film_bytes.getvalue()))) == 10


def test_a_film_with_more_faces_than_fit_ends_there():
    reading = read_faces_of_video(encoded(np.arange(30) / 10), Reader(), most=8)
    assert (len(reading.sightings), reading.frames, reading.cancelled) == (8, 8, True)


def test_a_clock_that_leaps_leaves_no_empty_years():
    times = [1e-3 * k for k in (0, 100, 200, 3_000_000_000, 3_000_000_100)]
    shown = [frame.time_s for frame in read_video(encoded(times, shape="matroska"))]
    assert len(shown) == 5
    assert shown[:3] == pytest.approx([0, 0.1, 0.2])
    assert 0.2 < shown[3] < 1
    assert shown[4] == pytest.approx(shown[3] + 0.1, abs=0.002)


def test_frames_of_two_sizes_fit_one_film():
    target = io.BytesIO()
    with film(target) as writer:
        writer.add(np.zeros((48, 64, 3), np.uint8), 0.0)
        writer.add(np.zeros((64, 48, 3), np.uint8), 0.1)
    assert [f.image.shape for f in read_video(target.getvalue())] == [(48, 64, 3)] * 2
