"""A running app and a real Chromium for the tests in this folder."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emotion_ai.datasets.drawn.synthetic import draw_photo
from tests.support.camera_file import chromium_with_camera, write_camera
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
#: Generous, for machines that train at the same time.
TIMEOUT_MS = 120_000
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium; skips without one, but fails where browser tests are required.

    A file each: while Playwright runs, no test in this process could run a loop of its own.
    """
    executable = shutil.which("chromium")
    if executable is None:
        missing = "no chromium on this machine"
        if os.environ.get("CI") or os.environ.get("EMOTION_AI_REQUIRE_BROWSER"):
            pytest.fail(missing)
        pytest.skip(missing)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def camera(browser, tmp_path_factory):
    """A Chromium whose camera shows a drawn face that sways."""
    picture, _ = draw_photo(12, 1, (640, 480))
    path = write_camera(tmp_path_factory.mktemp("camera") / "face.mjpeg", picture)
    chromium = chromium_with_camera(browser, path, CHROMIUM_ARGUMENTS)
    yield chromium
    chromium.close()


@contextmanager
def running_app(folder: Path, **environment: object) -> Iterator[str]:
    """The address of a dashboard of its own, with the datasets in ``folder`` / data, that ends with
    the context; ``environment`` is what it finds in its own besides."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    command += ["--server.headless", "true", "--server.port", str(port)]
    log = folder / "app.log"
    with log.open("wb") as output:
        app = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "EMOTION_AI_DATA": str(folder / "data")}
            | {name: str(value) for name, value in environment.items()},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://localhost:{port}"
    try:
        _wait_until_healthy(f"{url}/_stcore/health", app, log)
        yield url
    finally:
        app.terminate()
        app.wait(timeout=60)
        print(log.read_text(errors="replace")[-4000:])  # shown where a test fails


@pytest.fixture(scope="session")
def app_url(tmp_path_factory) -> Iterator[str]:
    """One dashboard for all browser tests."""
    with running_app(tmp_path_factory.mktemp("app")) as url:
        yield url


@pytest.fixture
def new_app_url(tmp_path) -> Iterator[str]:
    """A dashboard that nobody has asked for anything yet."""
    with running_app(tmp_path) as url:
        yield url


def _wait_until_healthy(url: str, app: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and app.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:  # refused, cut off or late
            time.sleep(0.2)
    pytest.fail(f"the app did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def free_tabs(browser) -> dict[str, list]:
    """Tabs that tests of a file have done with, by the address of their server."""
    return {}


@pytest.fixture
def new_tab(browser, free_tabs):
    """``new_tab(url, width=1400, height=900)``: a tab that remembers nothing, on its own session.

    A tab that a test before has done with is taken again, emptied: one that is new to the dashboard
    compiles its scripts for seconds. ``fresh`` ones are not: for tests that listen to theirs.
    """
    taken = []

    def tab(base_url: str, width: int = 1400, height: int = 900, fresh: bool = False):
        if not fresh and free_tabs.get(base_url):
            page = free_tabs[base_url].pop()
        else:
            context = browser.new_context(base_url=base_url)
            context.set_default_timeout(TIMEOUT_MS)
            page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        taken.append((base_url, fresh, page))
        return page

    yield tab
    for base_url, fresh, page in taken:
        if fresh or page.is_closed():
            page.context.close()
            continue
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        page.goto("about:blank")
        page.context.clear_cookies()
        page.emulate_media(color_scheme="null", reduced_motion="null")
        free_tabs.setdefault(base_url, []).append(page)


@pytest.fixture
def page(new_tab, app_url):
    """A fresh tab of the dashboard at ``app_url``, which a file may have of its own."""
    return new_tab(app_url)


def wait_until_drawn(page) -> None:
    """Until the run of the page that is under way has ended and nothing of the one before is left.

    Meanwhile an element may stand beside the one that takes its place, and hear a click. To be
    called once something is seen that only the new run shows: a click does not begin it at once.
    """
    page.wait_for_function(
        """() => document.querySelector("h1")
        && document.querySelector("[data-test-script-state=notRunning]")
        && !document.querySelector(
          "[data-testid=stSkeleton], [data-testid=stStatusWidget], [data-stale=true]")"""
    )


def see(locator, timeout: float | None = None) -> None:
    """Until one of it, and not another beside it, is visible. ``to_be_visible`` gives up at once
    where a page that is drawn anew shows the old one and the new one for a moment."""
    from playwright.sync_api import expect

    expect(locator.filter(visible=True)).to_have_count(1, timeout=timeout)


def tip_of(point) -> str:
    """What is shown beside a point when the pointer is on it."""
    point.hover(force=True)
    return point.evaluate("element => getComputedStyle(element, '::after').content")


def wait_until_it_fits(page, width_px: int) -> None:
    """Until a page is drawn, charts and pictures included, and not wider than its window shows."""
    wait_until_drawn(page)
    page.wait_for_function(
        """() => [...document.images].every((image) => image.complete)
        && [...document.querySelectorAll(".stPlotlyChart")].every((chart) =>
          !chart.checkVisibility() || chart.querySelector(".main-svg"))"""
    )
    # A chart is drawn as wide as it likes before it learns how wide it may be.
    fits = f"() => document.querySelector('[data-testid=stMain]').scrollWidth <= {width_px}"
    page.wait_for_function(fits)
