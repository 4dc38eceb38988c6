"""A video on the Photo page: the film beside a timeline in which a click jumps."""

import csv
import io

import pytest
from playwright.sync_api import expect

from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.media.images import encode_png
from emotion_ai.media.videos import film
from emotion_ai.reading.table import COLUMNS
from tests.browser.conftest import see, wait_until_drawn


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Six seconds of two drawn people, then of two others."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    scenes = [draw_photo(seed, 2, (480, 320))[0] for seed in (7, 9)]
    with film(path) as writer:
        for i in range(30):
            writer.add(scenes[i // 15], i / 5)
    return path


def test_click_in_the_timeline_jumps_in_the_film(page, clip):
    page.goto("/photo")
    see(page.locator(".ea-picture img"))
    wait_until_drawn(page)
    page.locator("input[type=file][multiple]").set_input_files(str(clip))
    see(page.locator("video"))
    see(page.get_by_text("clip.mp4: 5.8 s, 30 frames, "))
    plot = page.locator(".stPlotlyChart .nsewdrag")
    see(plot)
    wait_until_drawn(page)
    box = plot.bounding_box()  # its size; a click waits for its place, and scrolls there
    plot.click(position={"x": 0.6 * box["width"], "y": 0.5 * box["height"]})
    page.wait_for_function("() => document.querySelector('video').currentTime > 3")
    wait_until_drawn(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Timeline (CSV)").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert tuple(rows[0]) == COLUMNS
    with page.expect_download() as download:
        page.get_by_role("button", name="Film (MP4)").click()
    assert b"ftyp" in download.value.path().read_bytes()[:16]


def test_broken_video_is_one_line_and_photos_go_on(page, tmp_path):
    broken = tmp_path / "broken <b>clip.mp4"
    broken.write_bytes(b"no video at all")
    photo = tmp_path / "one.png"
    photo.write_bytes(encode_png(draw_photo(1, 1, (400, 400))[0]))
    page.goto("/photo")
    see(page.locator(".ea-picture img"))
    wait_until_drawn(page)
    page.locator("input[type=file][multiple]").set_input_files([str(broken), str(photo)])
    see(page.get_by_text("broken <b>clip.mp4: expected a video"))
    see(page.get_by_text("one.png: "))
    wait_until_drawn(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
