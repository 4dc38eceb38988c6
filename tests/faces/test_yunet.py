"""YuNet on LiteRT finds what OpenCV's own detector finds with the same file."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.faces.detection import find_yunet
from emotion_ai.faces.yunet import YuNet, converted, decode
from emotion_ai.settings import ROOT, Settings

#: The boxes must be the same; what two runtimes round differently is far less.
SAME_PX = 0.5


@pytest.fixture(scope="module")
def weights():
    local = ROOT.parent / "shared" / "models" / "face_detection_yunet_2026may.onnx"
    try:
        return local if local.is_file() else find_yunet(Settings.from_environment())
    except OSError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def both(weights):
    """Of a picture: the boxes found, x, y, width, height and score, and OpenCV's."""
    ours = YuNet(converted(weights))
    theirs = cv2.FaceDetectorYN.create(str(weights), "", (320, 320), 0.6, 0.3, 500)

    def detect(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        theirs.setInputSize(frame.shape[1::-1])
        _, found = theirs.detect(frame)
        expected = np.zeros((0, 15), np.float32) if found is None else found
        return ours.detect(frame), expected[:, [0, 1, 2, 3, -1]]

    return detect


def shrunk(picture: np.ndarray, side_px: int) -> np.ndarray:
    ratio = min(1, side_px / max(picture.shape[:2]))
    return cv2.resize(picture, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize(
    ("faces", "size_wh"), [(1, (640, 480)), (5, (960, 640)), (25, (1280, 720))]
)
@pytest.mark.parametrize("side_px", [320, 500])
def test_drawn_faces_have_the_boxes_that_opencv_finds(both, faces, size_wh, side_px):
    found, expected = both(shrunk(draw_photo(seed=faces, faces=faces, size_wh=size_wh)[0], side_px))
    assert len(found) == len(expected) == faces
    np.testing.assert_allclose(found[:, :4], expected[:, :4], atol=SAME_PX)
    np.testing.assert_allclose(found[:, 4], expected[:, 4], atol=1e-3)


def test_people_on_photos_have_the_boxes_that_opencv_finds(both, shared_data):
    photos = sorted((shared_data / "photos").glob("*.jpg"))
    assert photos
    for path in photos:
        for side_px in (320, 640):
            found, expected = both(shrunk(cv2.imread(str(path)), side_px))
            assert len(found) == len(expected) > 0, path.name
            np.testing.assert_allclose(found[:, :4], expected[:, :4], atol=SAME_PX)


def test_a_picture_without_faces_has_none(both):
    found, _ = both(np.full((70, 130, 3), 90, np.uint8))
    assert found.shape == (0, 5)


def test_cells_are_boxes_by_hand():
    cells = np.full((2, 3, 6), -20.0, np.float32)
    cells[1, 2] = (0, 20, 0.5, -0.25, np.log(2), np.log(4))  # probabilities 0.5 and 1
    cells[0, 0] = (20, 20, 0, 0, 1000, 0)  # of infinite width
    cells[0, 1] = (20, -1, 0, 0, 0, 0)  # a face, a bad box
    ((x, y, width, height, score),) = decode(cells, 16, 0.6)
    assert (width, height) == pytest.approx((32, 64))
    assert (x, y) == pytest.approx(((2 + 0.5) * 16 - 16, (1 - 0.25) * 16 - 32))
    assert score == pytest.approx(np.sqrt(0.5))


def test_another_file_is_refused_in_a_line(tmp_path):
    (tmp_path / "other.onnx").write_bytes(b"no network")
    with pytest.raises(ValueError, match="expected"):
        converted(tmp_path / "other.onnx")


def test_what_was_converted_is_kept_and_a_damaged_copy_is_made_again(weights, tmp_path):
    folder = tmp_path / "cache"
    content = converted(weights, folder)
    (kept,) = folder.iterdir()
    assert kept.read_bytes() == content
    kept.write_bytes(content[:-1])
    assert converted(weights, folder) == content
    code = (
        "import sys; from pathlib import Path; from emotion_ai.faces.yunet import converted; "
        "converted(*map(Path, sys.argv[1:])); print('emotion_ai.faces.yunet_file' in sys.modules)"
    )
    asked = [sys.executable, "-c", code, str(weights), str(folder)]
    done = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split() == ["False"], done.stderr


def test_a_cache_that_cannot_be_written_is_done_without(weights, tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert converted(weights, tmp_path / "file" / "cache") == converted(weights)
