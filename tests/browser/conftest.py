"""A running app and a real Chromium for the tests in this folder."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Generous, for machines that train at the same time.
TIMEOUT_MS = 30_000
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


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium; skips without one, but fails where browser tests are required."""
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


@contextmanager
def running_app(folder: Path) -> Iterator[str]:
    """The address of a dashboard of its own, without datasets, that ends with the context."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    command += ["--server.headless", "true", "--server.port", str(port)]
    log = folder / "app.log"
    with log.open("wb") as output:
        app = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "EMOTION_AI_DATA": str(folder / "data")},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://localhost:{port}"
    try:
        _wait_until_healthy(f"{url}/_stcore/health", app, log)
        yield url
    finally:
        app.terminate()
        app.wait(timeout=20)


@pytest.fixture(scope="session")
def start_app():
    """``running_app``, for tests whose dashboard needs an environment of its own."""
    return running_app


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
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and app.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"the app did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture
def page(browser, app_url):
    """A fresh tab, 1400 × 900, on its own session."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, base_url=app_url)
    context.set_default_timeout(TIMEOUT_MS)
    yield context.new_page()
    context.close()
