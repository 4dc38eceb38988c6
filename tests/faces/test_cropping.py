import tracemalloc

import numpy as np
import pytest

from emotion_ai.faces.cropping import Framing, crop_faces
from emotion_ai.results import FaceBox


def box(x0, y0, x1, y1):
    return FaceBox((x0, y0, x1, y1), 1.0)


@pytest.mark.parametrize(
    "face",
    [
        box(60, 50, 140, 150),
        box(-30, -20, 60, 80),  # beyond the corner
        box(180, 120, 400, 390),  # beyond the other one
        box(20.4, 30.6, 41.3, 55.2),  # small: enlarged
    ],
)
def test_keypoints_found_in_a_crop_lie_on_the_same_pixels_of_the_frame(face):
    """A gradient image tells every crop pixel where in the frame it came from."""
    height, width = 200, 256
    for axis in (0, 1):
        ramp = np.arange(width if axis == 0 else height, dtype=np.uint8)
        grey = np.broadcast_to(ramp if axis == 0 else ramp[:, None], (height, width)).copy()
        crops = crop_faces(grey, [face], Framing(1.1, 0.0), 48)
        points = np.stack([np.arange(4, 34, 2), np.arange(12, 42, 2)], axis=1)[None].astype(float)
        frame_points = crops.to_frame(points)[0]
        for (x, y), place in zip(points[0].astype(int), frame_points, strict=True):
            expected = np.clip(place[axis], 0, (width if axis == 0 else height) - 1)
            assert abs(float(crops.images[0, y, x]) - expected) < 2.0


def test_a_crop_is_square_and_centred_with_its_margin():
    crops = crop_faces(
        np.zeros((500, 500), np.uint8), [box(100, 100, 200, 200)], Framing(1.2, 0.1), 96
    )
    assert crops.side_px[0] == 120
    assert crops.origin_px[0].tolist() == [90, 102]  # centre (150, 150 + 12)


def test_boxes_outside_the_frame_and_without_area_still_give_crops():
    grey = np.full((50, 60), 7, np.uint8)
    boxes = [box(500, 500, 600, 600), box(-900, -900, -800, -800), box(10, 10, 10, 10)]
    crops = crop_faces(grey, boxes, Framing(1.1, 0), 48)
    assert (crops.images == 7).all()


def test_a_box_far_larger_than_its_frame_is_cut_in_little_memory():
    grey = np.zeros((300, 8000), np.uint8)
    grey[:, 4000:] = 200
    tracemalloc.start()
    crops = crop_faces(grey, [box(-46_000, -50_000, 54_000, 50_000)], Framing(1.0, 0.0), 50)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 50_000_000  # the square alone would take 10 GB
    assert crops.side_px[0] == 100_000
    assert (crops.images[0][:, :24] == 0).all()
    assert (crops.images[0][:, 26:] == 200).all()


def test_no_faces_give_no_crops():
    assert crop_faces(np.zeros((9, 9), np.uint8), [], Framing(1, 0), 48).images.shape == (0, 48, 48)
