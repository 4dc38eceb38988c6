"""Models & serving as people meet it: choose a server, send a face, paste the command, export."""

import json
import shutil
import subprocess

import pytest
from playwright.sync_api import Page, expect

from emotion_ai.models.store import list_models
from emotion_ai.settings import ROOT
from tests.browser.conftest import running_app, see, wait_until_drawn, wait_until_it_fits
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


def last_sent(server) -> bytes:
    """The last faces that the server was asked about."""
    return [body for path, body in server.asked if path.endswith(":predict")][-1]


def test_face_is_sent_and_the_command_does_the_same_at_a_shell(page: Page, server):
    page.goto("/models?tab=Served")
    see(page.get_by_text("Photos are read here"))
    wait_until_drawn(page)
    page.get_by_label("Model server").fill(server.url)
    page.get_by_role("button", name="Use it").click()
    see(page.get_by_text(f"Photos are read by {server.url}"))
    wait_until_drawn(page)

    page.get_by_role("tab", name="Request").click()
    see(page.get_by_text("Not asked about this face yet."))
    wait_until_drawn(page)
    shown = page.get_by_test_id("stCode").filter(has_text="curl").locator("code")
    first = shown.text_content()
    page.locator(".faces img").click(position={"x": 90, "y": 30})  # the second face
    page.wait_for_url("**face=*")
    expect(shown).not_to_have_text(first)
    wait_until_drawn(page)
    page.get_by_role("button", name="Send it").click()
    see(page.get_by_text("The same first choice"))
    expect(page.locator(".ea-bars")).to_have_count(2)
    wait_until_drawn(page)
    sent = last_sent(server)

    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    line = shown.inner_text()
    run = subprocess.run(["bash", "-c", line], capture_output=True, timeout=120, check=True)
    assert len(json.loads(run.stdout)["predictions"][0]) == 7
    assert last_sent(server) == sent

    page.get_by_role("tab", name="Load").click()
    see(page.get_by_role("button", name="Measure"))
    wait_until_drawn(page)
    page.get_by_role("button", name="Measure").click()
    expect(page.locator(".js-plotly-plot:visible")).to_have_count(1)
    wait_until_drawn(page)
    page.get_by_role("tab", name="Served").click()
    see(page.get_by_role("button", name="Read here again"))
    wait_until_drawn(page)
    page.get_by_role("button", name="Read here again").click()
    see(page.get_by_text("Photos are read here"))


def test_export_shows_its_progress_and_ends_as_version_1(page: Page):
    page.goto("/models")
    export = page.get_by_role("button", name="Export", exact=True).first
    see(export)
    wait_until_drawn(page)
    export.click()
    see(page.get_by_text("Exporting and comparing with Keras"))
    see(page.get_by_text("serving/expression/1"), timeout=240_000)
    wait_until_drawn(page)
    page.get_by_text("Compared with Keras on 500 faces").click()
    see(page.get_by_test_id("stDataFrame"))


def test_phone_shows_nothing_wider_than_its_screen(new_tab, app_url):
    page = new_tab(app_url, 390, 860)
    for tab, inside in (
        ("Models", "Export for"),
        ("Served", "Photos are read"),
        ("Request", "click the one to send"),
        ("Load", "How long an answer takes"),
    ):
        page.goto(f"/models?tab={tab}")
        see(page.get_by_text(inside).first)
        wait_until_it_fits(page, 390)
