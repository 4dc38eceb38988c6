"""Models & serving as people meet it: choose a server, send a face, paste the command, export."""

import json
import shutil
import subprocess

import pytest
from playwright.sync_api import Page, expect

from emotion_ai.models.store import list_models
from emotion_ai.settings import ROOT
from tests.browser.conftest import running_app, width_px
from tests.support.model_server import model_server, serving


@pytest.fixture(scope="module")
def server():
    with model_server(serving(list_models(ROOT / "models"))) as running:
        yield running


@pytest.fixture(scope="module")
def app_url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models_app")
    places = {"EMOTION_AI_CACHE": folder / "cache", "EMOTION_AI_SERVING": folder / "serving"}
    with running_app(folder, **places) as url:
        yield url


def test_face_is_sent_and_the_command_does_the_same_at_a_shell(page: Page, server):
    page.goto("/models?tab=Served")
    expect(page.get_by_text("Photos are read here")).to_be_visible()
    page.get_by_label("Model server").fill(server.url)
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_text(f"Photos are read by {server.url}")).to_be_visible()

    page.get_by_role("tab", name="Request").click()
    expect(page.get_by_text("Not asked about this face yet.")).to_be_visible()
    shown = page.get_by_test_id("stCode").filter(has_text="curl").locator("code")
    first = shown.inner_text()
    page.locator(".faces img").click(position={"x": 90, "y": 30})  # the second face
    expect(shown).not_to_have_text(first)
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_text("The same first choice")).to_be_visible()
    expect(page.locator(".ea-bars")).to_have_count(2)
    _, sent = server.asked[-1]

    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    line = shown.inner_text()
    run = subprocess.run(["bash", "-c", line], capture_output=True, timeout=30, check=True)
    assert len(json.loads(run.stdout)["predictions"][0]) == 7
    assert server.asked[-1][1] == sent

    page.get_by_role("tab", name="Load").click()
    page.get_by_role("button", name="Measure").click()
    expect(page.locator(".js-plotly-plot:visible")).to_have_count(1)
    page.get_by_role("tab", name="Served").click()
    page.get_by_role("button", name="Read here again").click()
    expect(page.get_by_text("Photos are read here")).to_be_visible()


def test_export_shows_its_progress_and_ends_as_version_1(page: Page):
    page.goto("/models")
    export = page.get_by_role("button", name="Export", exact=True).first
    export.click()
    expect(page.get_by_text("Exporting and comparing with Keras")).to_be_visible()
    expect(page.get_by_text("serving/expression/1")).to_be_visible(timeout=240_000)
    page.get_by_text("Compared with Keras on 500 faces").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()


def test_phone_shows_nothing_wider_than_its_screen(new_tab, app_url):
    page = new_tab(app_url, 390, 860)
    for tab, inside in (
        ("Models", "Export for"),
        ("Served", "Photos are read"),
        ("Request", "click the one to send"),
        ("Load", "How long an answer takes"),
    ):
        page.goto(f"/models?tab={tab}")
        expect(page.get_by_text(inside).first).to_be_visible()
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
        assert width_px(page) <= 390
