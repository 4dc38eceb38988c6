"""The Live page with a real Chromium whose camera is a file of drawn faces.

The app runs with a hook of its own: its threads can be asked for, and every file that Python opens
for writing is noted. Frames must come back annotated, and nothing may stay: no thread, no file.
"""

import os
import re
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from emotion_ai.faces.drawing import bgr
from emotion_ai.labels import EXPRESSION_COLOURS
from emotion_ai.settings import ROOT
from tests.browser.conftest import (
    CHROMIUM_ARGUMENTS,
    TIMEOUT_MS,
    running_app,
    see,
    wait_until_drawn,
)

HOOK = """
import os, signal, sys, traceback
folder = os.environ["LIVE_TEST_FOLDER"]
if "streamlit" in " ".join(sys.orig_argv):
    with open(folder + "/pid", "w") as pid:
        pid.write(str(os.getpid()))
    threads = open(folder + "/threads", "w")
    def dump(*_):  # under the GIL: faulthandler reads running threads, and crashes now and then
        for frame in sys._current_frames().values():
            threads.write("".join(traceback.format_stack(frame)) + "\\n\\n")
        threads.write("all told")
        threads.flush()
    signal.signal(signal.SIGUSR1, dump)
    opened = os.open(folder + "/opened", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    def note(event, arguments):
        if event == "open" and isinstance(arguments[2], int):
            if arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                os.write(opened, f"{arguments[0]}\\n".encode())
    sys.addaudithook(note)
"""
#: Functions that a thread of a running stream has on its stack.
STREAM = (" in _worker_thread", " in _polling_thread_impl", "aiortc/rtcrtpreceiver.py")


class App:
    """A dashboard of its own, its process and what its hook noted."""

    def __init__(self, url: str, folder: Path):
        self.url, self.folder = url, folder
        self.pid = int((folder / "pid").read_text())

    def stream_threads(self) -> int:
        """How many threads serve streams now."""
        threads = self.folder / "threads"
        seen = threads.stat().st_size
        os.kill(self.pid, signal.SIGUSR1)
        until = time.monotonic() + 60
        while not (told := threads.read_bytes()[seen:].decode()).endswith("all told"):
            assert time.monotonic() < until, "the app did not tell its threads"
            time.sleep(0.05)
        return sum(any(name in stack for name in STREAM) for stack in told.split("\n\n"))

    def wait_until_no_stream(self) -> None:
        deadline = time.monotonic() + 60
        while (left := self.stream_threads()) and time.monotonic() < deadline:
            time.sleep(0.3)
        assert left == 0


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    for name in ("home", "tmp", "hook"):
        (folder / name).mkdir()
    (folder / "hook" / "sitecustomize.py").write_text(HOOK)
    environment = {
        "LIVE_TEST_FOLDER": folder,
        "PYTHONPATH": folder / "hook",
        "PYTHONDONTWRITEBYTECODE": 1,
        "TMPDIR": folder / "tmp",
        "HOME": folder / "home",
    }
    with running_app(folder, **environment) as url:
        yield App(url, folder)


@pytest.fixture
def page(camera, app):
    context = camera.new_context(viewport={"width": 1400, "height": 900}, base_url=app.url)
    context.set_default_timeout(TIMEOUT_MS)
    yield context.new_page()
    for tab in context.pages:
        stop = video(tab).get_by_role("button", name="STOP")
        with suppress(PlaywrightError):  # it has stopped by itself meanwhile
            if stop.count():
                stop.click(timeout=5000)
    context.close()
    app.wait_until_no_stream()


def video(page: Page):
    return page.frame_locator("iframe[title*='webrtc']")


def open_gate(page: Page) -> None:
    page.goto("/live")
    see(page.get_by_text("never stored or sent on"))
    wait_until_drawn(page)
    assert page.locator("iframe[title*='webrtc']").count() == 0
    page.get_by_text("I agree").click()


def press_start(page: Page) -> None:
    """Once the page around the video answers its question for a camera."""
    see(video(page).get_by_role("button", name="START"))
    wait_until_drawn(page)
    frame(page).wait_for_function("() => navigator.mediaDevices.emotionCamera")
    video(page).get_by_role("button", name="START").click()


def start(page: Page) -> None:
    press_start(page)
    see(page.get_by_text("ms a frame"))


def frame(page: Page):
    """The video's own page."""
    return next(frame for frame in page.frames if "webrtc" in frame.url)


def pixels(page: Page) -> np.ndarray:
    """What the video shows now: (H, W, 3) RGB."""
    width, height, values = frame(page).evaluate(
        """() => { const v = document.querySelector('video');
        const c = document.createElement('canvas'); [c.width, c.height] = [320, 240];
        const x = c.getContext('2d'); x.drawImage(v, 0, 0, 320, 240);
        return [320, 240, Array.from(x.getImageData(0, 0, 320, 240).data)]; }"""
    )
    return np.array(values, np.uint8).reshape(height, width, 4)[..., :3]


def test_annotated_frames_come_back_and_stopping_leaves_no_thread(page, app):
    open_gate(page)
    assert app.stream_threads() == 0
    start(page)
    assert app.stream_threads() > 0
    see(page.get_by_text(re.compile(r"· 1 face")))
    wait_until_drawn(page)  # a stream that begins has the page drawn anew
    page.get_by_text("Pause", exact=True).click()
    see(page.get_by_text("paused ·"))
    name = page.locator(".ea-first span").first.inner_text()
    plate = np.array(bgr(EXPRESSION_COLOURS[name])[::-1])

    def off_plate(picture: np.ndarray) -> np.ndarray:
        """How far each pixel is from the colour of the plate, int (H, W)."""
        return np.abs(picture.astype(int) - plate).max(axis=-1)

    until = time.monotonic() + 60
    while (off_plate(held := pixels(page)) < 40).sum() < 200:
        assert time.monotonic() < until, f"no plate of {name} in the picture that is held"
        time.sleep(0.2)
    page.get_by_text("Pause", exact=True).click()
    for layer in ("boxes", "points", "names"):
        page.get_by_role("button", name=layer, exact=True).click()

    def gone() -> bool:
        """Whether the plate was in the picture that came back, and now is not."""
        off, bare = off_plate(held), off_plate(pixels(page))
        drawn, noise = ((a < 40) & (b > 60) for a, b in ((off, bare), (bare, off)))
        return drawn.sum() > noise.sum() + 100

    until = time.monotonic() + 60
    while not gone():
        assert time.monotonic() < until, f"the plate of {name}"
        time.sleep(0.5)
    page.get_by_role("button", name="Snapshot").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save it (JPEG)").click()
    assert download.value.path().read_bytes()[:2] == b"\xff\xd8"
    video(page).get_by_role("button", name="STOP").click()
    app.wait_until_no_stream()
    see(page.get_by_text("Press START"))
    start(page)  # and once more


def test_reload_navigation_and_a_second_tab_leave_no_thread(page, app):
    open_gate(page)
    start(page)
    other = page.context.new_page()
    open_gate(other)
    start(other)
    page.reload()
    see(page.get_by_text("I agree"))
    see(other.get_by_text("ms a frame"))  # the second tab goes on
    other.get_by_role("link", name="Home").click()
    see(other.get_by_role("heading", name="See a face"))
    app.wait_until_no_stream()
    other.get_by_role("link", name="Live").click()  # back again, consent is remembered
    start(other)


def test_camera_that_is_unplugged_is_said_in_words_and_leaves_no_thread(page, app):
    # The page's own camera, kept where the test can pull its plug.
    page.add_init_script(
        """const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wish) => window.plug = await ask(wish);"""
    )
    open_gate(page)
    start(page)
    frame(page).evaluate("() => window.plug.getTracks().forEach((track) => track.stop())")
    see(page.get_by_text("The picture has stopped coming"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "No camera: none was found. Plug one in"),
        (
            ("--use-fake-device-for-media-stream", "--deny-permission-prompts"),
            "Not allowed: click the camera or lock icon",
        ),
    ],
)
def test_camera_that_is_missing_or_refused_is_said_with_its_remedy(browser, app, arguments, said):
    chromium = browser.browser_type.launch(
        executable_path=shutil.which("chromium"), args=[*CHROMIUM_ARGUMENTS, *arguments]
    )
    page = chromium.new_page(base_url=app.url)
    page.set_default_timeout(TIMEOUT_MS)
    open_gate(page)
    press_start(page)
    see(video(page).get_by_text(said))
    chromium.close()


def test_screen_or_window_is_a_source_too(page):
    page.add_init_script(
        """const ask = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getDisplayMedia = (wish) => (window.shared = true) && ask(wish);"""
    )
    page.goto("/live?source=Screen+or+window")
    see(page.get_by_text("I agree"))
    wait_until_drawn(page)
    page.get_by_text("I agree").click()
    start(page)
    assert page.evaluate("() => window.shared")


def files(*folders: Path) -> set[tuple[str, int]]:
    found = set()
    for folder in folders:
        for path in folder.rglob("*"):
            if ".git" not in path.parts and ".venv" not in path.parts and path.is_file():
                found.add((str(path), path.stat().st_mtime_ns))
    return found


def test_a_session_writes_no_frame_to_disk(page, app):
    own = [app.folder / "home", app.folder / "tmp", ROOT / "pages", ROOT / "emotion_ai"]
    open_gate(page)
    see(video(page).get_by_role("button", name="START"))
    wait_until_drawn(page)
    time.sleep(1)  # the gate's own writes, if any, are over
    before, noted = files(*own), (app.folder / "opened").stat().st_size
    start(page)
    time.sleep(3)
    page.get_by_role("button", name="Snapshot").click()
    with page.expect_download():
        page.get_by_role("button", name="Save it (JPEG)").click()
    video(page).get_by_role("button", name="STOP").click()
    app.wait_until_no_stream()
    opened = (app.folder / "opened").read_text()[noted:].splitlines()
    assert [name for name in opened if name != "/dev/null"] == []
    changed = {name for name, _ in files(*own) - before if "__pycache__" not in name}
    assert changed == set()
