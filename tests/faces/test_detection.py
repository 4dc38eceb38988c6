import hashlib
import io

import cv2
import numpy as np
import pytest
from PIL import Image

from emotion_ai.errors import ImageError
from emotion_ai.faces import detection
from emotion_ai.faces.detection import FaceDetector, find_yunet, load_detector
from emotion_ai.media.images import decode_image, encode_png, read_image
from emotion_ai.settings import Settings


def test_without_yunet_the_detector_is_haar_and_says_so(tmp_path, monkeypatch):
    def offline(*args, **kwargs):
        raise detection.urllib.error.URLError("no network")

    monkeypatch.setattr(detection.urllib.request, "urlopen", offline)
    detector = load_detector(Settings(cache_dir=tmp_path))
    assert detector.name == "Haar"
    assert "could not be downloaded" in detector.note
    assert detector.detect(np.zeros((100, 100, 3), np.uint8)) == []


def test_a_download_with_another_checksum_is_refused_and_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(
        detection.urllib.request, "urlopen", lambda *a, **k: io.BytesIO(b"version 1")
    )
    with pytest.raises(ValueError, match="wrong checksum"):
        find_yunet(Settings(cache_dir=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_download_is_kept_and_used_again(tmp_path, monkeypatch):
    content = b"weights"
    monkeypatch.setattr(detection, "YUNET_SHA256", hashlib.sha256(content).hexdigest())
    calls = []
    monkeypatch.setattr(
        detection.urllib.request,
        "urlopen",
        lambda *a, **k: calls.append(1) or io.BytesIO(content),
    )
    first, second = (find_yunet(Settings(cache_dir=tmp_path)) for _ in range(2))
    assert first == second
    assert first.read_bytes() == content
    assert len(calls) == 1


def test_a_configured_file_that_is_not_yunet_falls_back_to_haar(tmp_path):
    wrong = tmp_path / "other.onnx"
    wrong.write_bytes(b"something else")
    detector = load_detector(Settings(yunet=wrong, cache_dir=tmp_path))
    assert detector.name == "Haar"
    assert "wrong checksum" in detector.note


def test_boxes_are_in_frame_pixels_whatever_size_was_searched(tmp_path, monkeypatch):
    detector = FaceDetector()
    monkeypatch.setattr(detector, "_find_haar", lambda frame: [((10, 20, 30, 50), 0.9)])
    (face,) = detector.detect(np.zeros((2000, 1000, 3), np.uint8), max_side_px=500)
    assert face.box_xyxy == (40, 80, 120, 200)


class Yunet:
    """Stands for the network: notes the size it was given, finds ``boxes`` (x, y, w, h)."""

    def __init__(self, *boxes):
        self.boxes, self.size_wh = boxes, None

    def detect(self, frame):
        self.size_wh = frame.shape[1::-1]
        return np.array([[*box, 0.9] for box in self.boxes], np.float32).reshape(-1, 5)


def yunet_detector(*boxes) -> FaceDetector:
    detector = FaceDetector()
    detector.name, detector._yunet = "YuNet", Yunet(*boxes)
    return detector


@pytest.mark.parametrize("size_wh", [(1, 1), (9000, 1), (1, 60_000), (8000, 16), (40, 1000)])
def test_yunet_never_sees_a_thin_picture(size_wh):
    """Of such it reads memory that nobody set: phantom faces, others in each process."""
    detector = yunet_detector()
    assert detector.detect(np.zeros((*size_wh[::-1], 3), np.uint8)) == []
    assert min(detector._yunet.size_wh) >= 64


def test_what_is_added_to_a_thin_picture_moves_no_box():
    (face,) = yunet_detector((10, 5, 20, 25)).detect(np.zeros((40, 100, 3), np.uint8))
    assert face.box_xyxy == (10, 5, 30, 30)


@pytest.mark.parametrize(
    "box",
    [
        (np.nan, 0, 20, 20),
        (0, 0, np.inf, 20),
        (1e25, 1e25, 1e25, 1e25),
        (10, 10, 1e9, 1e9),
        (10, 10, -5, 20),
        (10, 10, 0.0, 20),
        (100, 10, 20, 20),  # right of the frame
        (10, -40, 20, 30),  # above it
    ],
)
def test_boxes_that_can_be_no_face_are_dropped(box):
    detector = yunet_detector(box, (80, 80, 50, 60))  # the second reaches beyond the corner
    (face,) = detector.detect(np.zeros((100, 100, 3), np.uint8))
    assert face.box_xyxy == (80, 80, 130, 140)


def jpeg(width, height, orientation=1, colour=(0, 0, 255)):
    image = Image.new("RGB", (width, height), colour)
    image.putpixel((0, 0), (255, 255, 255))
    exif = image.getexif()
    exif[0x0112] = orientation
    target = io.BytesIO()
    image.save(target, "JPEG", exif=exif)
    return target.getvalue()


def test_exif_rotation_is_honoured():
    assert decode_image(jpeg(40, 20)).shape == (20, 40, 3)
    assert decode_image(jpeg(40, 20, orientation=6)).shape == (40, 20, 3)


def test_pixels_are_bgr():
    assert decode_image(encode_png(np.full((4, 4, 3), (1, 2, 3), np.uint8)))[0, 0].tolist() == [
        1,
        2,
        3,
    ]


@pytest.mark.parametrize(
    "data", [b"", b"hello", jpeg(30, 30)[:60], b"\x89PNG\r\n\x1a\n" + b"0" * 50]
)
def test_what_is_no_picture_is_refused_by_name(data):
    with pytest.raises(ImageError, match="holiday"):
        decode_image(data, "holiday.jpg")


def test_a_decompression_bomb_is_refused_before_decoding(monkeypatch):
    header = io.BytesIO()
    Image.new("1", (30000, 30000)).save(header, "PNG")
    monkeypatch.setattr(cv2, "imdecode", lambda *a: pytest.fail("decoded"))
    with pytest.raises(ImageError, match="50 megapixels"):
        decode_image(header.getvalue())


def test_a_kind_not_accepted_is_named():
    target = io.BytesIO()
    Image.new("RGB", (9, 9)).save(target, "GIF")
    with pytest.raises(ImageError, match="got GIF"):
        decode_image(target.getvalue())


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(ImageError, match="No such file"):
        read_image(tmp_path / "none.jpg")
