"""The Train page in a real Chromium: start, watch, queue, stop, on a wide screen and a phone."""

import re
from contextlib import suppress

import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from emotion_ai.training import queue, runs
from emotion_ai.training.config import TrainingConfig
from tests.browser.conftest import running_app, see, wait_until_drawn, wait_until_it_fits

#: A trainer imports TensorFlow first, and others may train beside it.
LEARNING_MS = 240_000


@pytest.fixture(scope="module")
def stocked(tmp_path_factory, drawn):
    """A dashboard of its own with a few drawn faces: its address and its folder of runs."""
    folder = tmp_path_factory.mktemp("train")
    drawn("expression", 140, into=folder / "data")
    places = {"EMOTION_AI_CACHE": folder / "cache", "EMOTION_AI_RUNS": folder / "runs"}
    with running_app(folder, **places) as url:
        yield url, folder / "runs"
        for run in runs.list_runs(folder / "runs"):
            queue.cancel(run.folder)
            if run.state == "running":
                with suppress(psutil.NoSuchProcess):  # it has just ended
                    psutil.Process(run.status["pid"]).kill()


@pytest.fixture
def tab(new_tab, stocked):
    return new_tab(stocked[0], height=1000)


def open_form(page: Page) -> None:
    page.goto("/train")
    see(page.get_by_text("Learns from"))  # a cold server
    wait_until_drawn(page)


def start(page: Page, epochs: int) -> str:
    """Press START: the name of the run that is then shown."""
    box = page.get_by_role("spinbutton", name="Epochs", exact=True)
    box.fill(str(epochs))
    box.press("Enter")
    page.get_by_role("button", name=re.compile("^START")).click()
    expect(page).to_have_url(re.compile("run="))
    return re.search(r"run=([\w.-]+)", page.url)[1]


def stop_button(page: Page) -> Locator:
    """The run's own: while a page is drawn, Streamlit's header has a *Stop* too."""
    return page.get_by_role("main").get_by_role("button", name="Stop")


def test_run_is_started_watched_queued_behind_and_stopped(tab, new_tab, stocked):
    open_form(tab)
    first = start(tab, epochs=300)
    see(tab.get_by_role("heading", name=first))
    # Another browser starts one meanwhile: it waits.
    beside = new_tab(stocked[0], height=1000)
    open_form(beside)
    behind = beside.get_by_role("button", name="START (behind")
    see(behind)
    wait_until_drawn(beside)
    second = start(beside, epochs=2)
    see(beside.get_by_text("next in line"), timeout=LEARNING_MS)
    states = {run.name: run.state for run in runs.list_runs(stocked[1])}
    assert states == {first: "running", second: "queued"}
    wait_until_drawn(beside)
    stop_button(beside).click()
    see(beside.get_by_text("cancelled before it began"))
    beside.close()

    # Curves and mistakes come by themselves, and the page around them is not drawn anew.
    tab.evaluate("document.querySelector('h1').dataset.mine = 'yes'")
    expect(tab.locator(".js-plotly-plot")).to_have_count(3, timeout=LEARNING_MS)
    see(tab.get_by_text("images/s"), timeout=LEARNING_MS)
    see(tab.get_by_text("validation faces are named wrongly"))
    see(tab.get_by_role("img", name="Faces that the network gets wrong"))
    see(tab.get_by_role("button", name=re.compile("Save$")))
    assert runs.read_run(stocked[1] / first).state == "running"
    reached = tab.get_by_text(re.compile(r"After epoch \d+")).inner_text()
    expect(tab.get_by_text(reached)).to_have_count(0, timeout=LEARNING_MS)  # a later one by now
    assert tab.evaluate("document.querySelector('h1').dataset.mine") == "yes"

    wait_until_drawn(tab)
    stop_button(tab).click()
    see(tab.get_by_role("button", name="Resume"))
    wait_until_drawn(tab)
    run = runs.read_run(stocked[1] / first)
    assert run.state == "cancelled"
    assert (run.folder / runs.BEST).exists()
    tab.get_by_role("button", name="All runs").click()
    see(tab.get_by_role("button", name=second))
    wait_until_drawn(tab)
    tab.get_by_role("button", name=second).click()
    expect(tab).to_have_url(re.compile(f"run={second}"))


def test_phone_shows_nothing_wider_than_its_screen(new_tab, stocked):
    config = TrainingConfig.for_task("expression", ("synthetic_expression",))
    folder = runs.create_run(stocked[1], config.as_dict(), "an-earlier-run-with-a-long-name")
    lines = [
        f'{{"epoch": {i}, "loss": {3 / i}, "validation_loss": {4 / i}, "validation_accuracy": 0.5}}'
        for i in range(1, 30)
    ]
    (folder / runs.METRICS).write_text("\n".join(lines))
    runs.write_status(folder, "finished")
    page = new_tab(stocked[0], 390, 860)
    for address, last in (
        ("", "Learns from"),
        (f"?run={folder.name}", "Settings of this run"),
        ("?tab=Compare", "What differs in their settings"),
        ("?tab=Search", "Trials learn from"),
    ):
        page.goto(f"/train{address}")
        see(page.get_by_text(last))
        wait_until_it_fits(page, 390)
        expect(page.get_by_test_id("stException")).to_have_count(0)
