"""A camera that runs while the app's default model changes: it reads on with the new one."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.media.images import encode_jpeg
from emotion_ai.models.store import open_model
from emotion_ai.models.versions import go_back, make_default
from emotion_ai.reading.predictor import load_predictor
from emotion_ai.settings import ROOT, settings
from tests.browser.conftest import (
    CHROMIUM_ARGUMENTS,
    TIMEOUT_MS,
    running_app,
    see,
    wait_until_drawn,
)
from tests.support.camera_file import chromium_with_camera
from tests.support.second_model import mistaken_copy

#: A face that smiles so clearly that a film of it, mirrored or not, is read the same.
PHOTO, _ = draw_photo(13, 1, (640, 480))


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """The shipped models, and ``rival``, which takes every expression for another."""
    folder = tmp_path_factory.mktemp("models")
    for task in ("expression", "keypoints"):
        shutil.copytree(ROOT / "models" / task, folder / task)
    mistaken_copy(open_model(folder, "expression"), folder, "rival")
    return folder


@pytest.fixture(scope="module")
def app_url(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("switch")
    with running_app(folder, EMOTION_AI_MODELS=models) as url:
        yield url


@pytest.fixture
def page(browser, app_url, tmp_path):
    film = tmp_path / "face.mjpeg"
    film.write_bytes(encode_jpeg(PHOTO, 90) * 15)
    chromium = chromium_with_camera(browser, film, CHROMIUM_ARGUMENTS)
    page = chromium.new_page(viewport={"width": 1400, "height": 900}, base_url=app_url)
    page.set_default_timeout(TIMEOUT_MS)
    yield page
    chromium.close()


def test_a_running_camera_reads_on_with_a_new_default_and_with_the_old_one_again(
    page: Page, models
):
    said = load_predictor(settings()).read(PHOTO)[0].expression
    usual, before = (said.labels[said.labels.index(said.label) - back] for back in (0, 1))
    page.goto("/live")
    see(page.get_by_text("I agree"))
    wait_until_drawn(page)
    page.get_by_text("I agree").click()
    video = page.frame_locator("iframe[title*='webrtc']")
    see(video.get_by_role("button", name="START"))
    wait_until_drawn(page)
    video.get_by_role("button", name="START").click()
    first = page.locator(".ea-first span").first
    expect(first).to_have_text(usual)
    make_default(models, "rival")
    expect(first).to_have_text(before)
    see(video.get_by_role("button", name="STOP"))
    go_back(models, "expression")
    expect(first).to_have_text(usual)
    assert video.get_by_role("button", name="STOP").count() == 1
