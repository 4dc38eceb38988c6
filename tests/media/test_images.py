"""Photos in: which kinds are read, and what becomes of pictures with more than 8 bits."""

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from emotion_ai.errors import ImageError
from emotion_ai.media import images
from emotion_ai.media.images import decode_image, encode_jpeg

STEPS = np.array([[0.0, 0.25, 0.5], [0.75, 0.9, 1.0]])
#: The same in 8 bits: 255 times, rounded to even.
STEPS_8 = np.array([[0, 64, 128], [191, 230, 255]])


def tiff(pixels: np.ndarray) -> bytes:
    done, data = cv2.imencode(".tif", pixels)
    assert done
    return data.tobytes()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("white", [1, 255, 65535, 9e6])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_tiff_of_floats_is_read_whatever_stands_for_white(kind, white, channels):
    pixels = np.repeat((STEPS * white)[..., None], channels, axis=2).astype(kind)
    if channels == 4:
        pixels[..., 3] = 0.5 * white
    frame = decode_image(tiff(np.squeeze(pixels)))
    assert frame.dtype == np.uint8
    assert np.abs(frame.astype(int) - STEPS_8[..., None]).max() <= 1


def test_a_tiff_of_32_bit_integers_is_read_in_its_colours():
    pixels = np.zeros((2, 3, 3), np.int32)
    pixels[0, 1] = 10, 20, 200
    assert decode_image(tiff(pixels))[0, 1].tolist() == [10, 20, 200]


def test_values_that_are_no_numbers_and_below_black_are_black():
    pixels = np.full((2, 2), 0.5, np.float32)
    pixels[0] = np.nan, -3
    frame = decode_image(tiff(pixels))
    assert frame[0].max() == 0
    assert frame[1].min() == 128


@pytest.mark.parametrize("big", [False, True])
def test_a_tiff_of_floats_as_pillow_writes_it(big):
    content = io.BytesIO()
    Image.fromarray(STEPS.astype(np.float32)).save(
        content, "TIFF", compression="tiff_lzw", big_tiff=big
    )
    assert decode_image(content.getvalue())[..., 0].tolist() == STEPS_8.tolist()


def test_a_deep_tiff_that_would_take_too_much_memory_is_refused_before_decoding(monkeypatch):
    monkeypatch.setattr(images, "MAX_DEEP_PIXELS", 5)
    content = tiff(STEPS)
    monkeypatch.setattr(cv2, "imdecode", lambda *a: pytest.fail("decoded"))
    with pytest.raises(ImageError, match=r"megapixels of 64 bits, got .*3 × 2"):
        decode_image(content)


def test_a_tiff_of_floats_that_is_cut_is_damaged():
    content = tiff(np.random.default_rng(0).random((40, 40)).astype(np.float32))
    with pytest.raises(ImageError, match=r"damaged|other data"):
        decode_image(content[: len(content) // 2])


def test_a_picture_longer_than_a_jpeg_can_be_is_encoded_smaller():
    frame = decode_image(encode_jpeg(np.zeros((2, 70_000, 3), np.uint8)))
    assert frame.shape == (2, 65_500, 3)


def test_a_picture_longer_than_can_be_decoded_is_one_clear_line():
    content = io.BytesIO()
    Image.new("1", (2_000_000, 1)).save(content, "PNG")
    with pytest.raises(ImageError, match=r"sides of at most 1,048,576 pixels, got 2000000 × 1"):
        decode_image(content.getvalue())


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [(258, "ab", 2), (258, b"\1", 7), (256, float("inf"), 11)],
    ids=["bits as text", "bits as bytes", "infinite width"],
)
def test_a_tiff_whose_header_makes_no_sense_is_a_line(field, value, kind):
    fields = ImageFileDirectory_v2()
    fields.tagtype[field] = kind
    fields[field] = value
    for number in {256, 257} - {field}:
        fields[number] = 8
    with pytest.raises(ImageError, match="expected a picture"):
        decode_image(b"II*\0" + struct.pack("<I", 8) + fields.tobytes(8))
