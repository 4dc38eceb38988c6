"""Teach it, measured: ``PYTHONPATH=. python benchmarks/teach.py``.

Six classes of drawn faces, in bursts of 25 pictures that hardly differ, opened as a file of
examples in a headless Chromium on the machine of the app:

1. TRAIN, the test on other bursts included, for 6 × 60 and 6 × 500 examples, without and with the
   hidden layer, by the page's own clock;
2. memory of the tab's process with 6 × 500 examples trained on, beside the same before anything was
   recorded;
3. what recording costs a live picture: frames a second without and with a button held.

``--lessons``: what the lessons of *What goes wrong* come to with the network that the app reads
with, in place of all that; two of them also for other teams and for every other teacher.
"""

import argparse
import base64
import json
import os
import shutil
import tempfile
import time
import zlib
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import psutil
from live import app, chromium_arguments, draw_camera
from playwright.sync_api import Browser, Page, sync_playwright

from emotion_ai.datasets.drawn.synthetic import draw_faces
from emotion_ai.labels import FER7
from emotion_ai.models.card import TFLITE
from emotion_ai.models.store import open_model
from emotion_ai.settings import settings

CLASSES, BURST = FER7.expressions[:6], 25
#: Frames are counted in turns while a button is held, and while none is.
TURNS, HELD_S = 5, 4
#: No less after that many seconds is the least.
SETTLED_S = 12
#: Every frame read draws over the picture anew.
COUNT_FRAMES = """() => { window.frames_read = 0;
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...given) {
    window.frames_read += this.canvas.id === 'overlay';
    clear.apply(this, given);
  }; }"""
LESSONS = """async () => {
  const asked = (name) => import(new URL(name, location));
  const { FAILURES, DrawnExamples, tried } = await asked("teach_failures.mjs");
  const { loadDrawn, PEOPLE } = await asked("drawn.mjs");
  const { Reader } = await asked("reader.mjs");
  const { BASE } = await asked("page.mjs");
  const reader = await new Reader(BASE).load();
  const featuresOf = (crops, n) => reader.features(crops, n);
  const drawn = new DrawnExamples(await loadDrawn(BASE), 48, featuresOf);
  const figures = async (failure, ...chosen) => {
    const { classes, trials } = await failure.trials(drawn, ...chosen);
    return trials.map((trial) => [trial.label, tried(trial, classes).accuracy]);
  };
  const all = (failure, choices) => Promise.all(choices.map((one) => figures(failure, one)));
  const lessons = {};
  for (const failure of Object.values(FAILURES)) lessons[failure.title] = await figures(failure);
  return { lessons,
    teams: await all(FAILURES.split, [...Array(16).keys()]),
    teachers: await all(FAILURES.person, [...Array(PEOPLE).keys()]) };
}"""


def examples_file(path: Path, each: int) -> Path:
    """``each`` examples of six expressions, as the page saves them."""
    expression = open_model(settings().models_dir, "expression")
    size_px = expression.network().size_px
    bursts = -(-each // BURST)
    faces = draw_faces(12 * 6 * bursts, size_px, seed=3)
    checksum, classes = 0, []
    for name in CLASSES:
        own = [
            image
            for image, said in zip(faces.images, faces.expressions, strict=True)
            if said == name
        ]
        written = []
        for number in range(bursts):
            count = min(BURST, each - number * BURST)
            crops = np.stack([_moved(own[number % len(own)], i) for i in range(count)]).tobytes()
            checksum = zlib.crc32(crops, checksum)
            written.append(base64.b64encode(crops).decode())
        classes.append({"name": name, "bursts": written})
    record = {
        "format": "emotion-ai examples",
        "version": 1,
        "model": expression.card["files"][TFLITE]["sha256"],
        "size_px": size_px,
        "classes": classes,
        "crc32": checksum,
    }
    path.write_text(json.dumps(record))
    return path


def _moved(image: np.ndarray, number: int) -> np.ndarray:
    move = np.float32([[1, 0, 1.5 * np.sin(number / 3)], [0, 1, np.cos(number / 4)]])
    return cv2.warpAffine(image, move, image.shape[::-1], borderMode=cv2.BORDER_REPLICATE)


def opened(browser: Browser, url: str) -> Page:
    """Teach it with all that reads."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(180_000)
    page.goto(f"{url}/device/teach.html")
    page.locator("#loading").wait_for(state="hidden")
    if trouble := page.locator("#trouble").inner_text():
        raise SystemExit(trouble)
    return page


def fill(page: Page, path: Path, each: int) -> None:
    if page.locator("#teach").is_hidden():
        page.locator("#drawn-first").click()
        page.on("dialog", lambda dialog: dialog.accept())  # other examples in the place of these
    page.get_by_role("tab", name="Take it along").click()
    page.locator("#open").set_input_files(path)
    page.wait_for_function(
        "(n) => [...document.querySelectorAll('.class .count')].filter((one) => one.textContent"
        ".startsWith(`${n} in `)).length === 6",
        arg=each,
    )


def process_of(browser: Browser) -> psutil.Process:
    """The process of the one page that is open."""
    known = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [psutil.Process(one["id"]) for one in known if one["type"] == "renderer"]
    return max(renderers, key=lambda one: one.memory_info().rss)


def measure_training(browser: Browser, page: Page, each: int, tries: int) -> None:
    process = process_of(browser)
    for hidden in (False, True):
        page.locator("#hidden-layer").set_checked(hidden)
        wall, used = [], []
        for _ in range(tries):
            before = process.cpu_times()
            page.locator("#train").click()
            page.locator("#train:enabled").wait_for()
            after = process.cpu_times()
            took, said = page.inner_text("#result").split(" · ")
            wall.append(took.split()[0])
            used.append(f"{after.user + after.system - before.user - before.system:.1f}")
        how = "hidden layer" if hidden else "one layer"
        print(
            f"6 × {each:3}, {how:12}: {', '.join(wall)} s ({', '.join(used)} s of a core); {said}",
            flush=True,
        )


def settled_mb(browser: Browser) -> float:
    """Memory that only the page's process has, once nothing is left to tidy up in it."""
    process, held = process_of(browser), []
    while len(held) < SETTLED_S or min(held[-SETTLED_S:]) < min(held[:-SETTLED_S], default=1e9):
        time.sleep(1)
        held.append(process.memory_full_info().uss / 1e6)
    return held[-1]


def most_in_training_mb(browser: Browser, page: Page) -> float:
    process, held = process_of(browser), []
    page.locator("#train").click()
    while page.locator("#train").is_disabled():
        held.append(process.memory_full_info().uss / 1e6)
    return max(held)


def measure_recording(page: Page) -> None:
    """Frames read a second, in turns without and with a button held."""
    page.locator("#agree").check()
    page.locator("#start:enabled").click()
    page.evaluate(COUNT_FRAMES)
    page.wait_for_function("() => window.frames_read > 20")
    rates = {False: [], True: []}
    for _ in range(TURNS):
        for held in rates:
            if held:
                page.keyboard.down("1")
            before, began = page.evaluate("window.frames_read"), time.monotonic()
            time.sleep(HELD_S)
            read = page.evaluate("window.frames_read") - before
            rates[held].append(read / (time.monotonic() - began))
            if held:
                page.keyboard.up("1")
    kept = page.locator(".class .count").first.inner_text()
    quiet, recording = (np.mean(rates[held]) for held in (False, True))
    print(
        f"live picture: {quiet:.1f} frames/s, {recording:.1f} while recording "
        f"({100 * (recording / quiet - 1):+.0f} %); {kept} of {HELD_S} s kept",
        flush=True,
    )


def show_lessons(page: Page) -> None:
    found = page.evaluate(LESSONS)
    for title, trials in found["lessons"].items():
        told = "; ".join(f"{label} {share:.0%}" for label, share in trials)
        print(f"{title}: {told}")
    for what, kinds in (("16 teams", found["teams"]), ("12 teachers", found["teachers"])):
        for i, (label, _) in enumerate(kinds[0]):
            shares = [kind[i][1] for kind in kinds]
            spread = f"{min(shares):.0%} to {max(shares):.0%}, mean {np.mean(shares):.0%}"
            print(f"{what}, {label}: {spread}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--camera", type=Path, help="concatenated JPEGs; else a drawn face")
    parser.add_argument("--tries", type=int, default=3, help="trainings of each kind")
    parser.add_argument("--lessons", action="store_true", help="what they come to, nothing else")
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores before the start")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        camera = given.camera or draw_camera(folder / "one_face.mjpeg", 1, (640, 480), 12)
        start = partial(
            playwright.chromium.launch,
            executable_path=shutil.which("chromium"),
            args=chromium_arguments(camera.resolve()),
        )
        with app(folder) as (url, _):
            if given.lessons:
                with start() as browser:
                    show_lessons(opened(browser, url))
                return
            with start() as browser:
                measure_recording(opened(browser, url))
            with start() as browser:
                page = opened(browser, url)
                empty_mb = settled_mb(browser)
                for each in (60, 500):
                    fill(page, examples_file(folder / f"{each}.examples.json", each), each)
                    measure_training(browser, page, each, given.tries)
                most_mb = most_in_training_mb(browser, page)
                print(
                    f"memory of the tab's process: {empty_mb:.0f} MB empty, at most {most_mb:.0f} "
                    f"while it trains on 6 × 500, {settled_mb(browser):.0f} afterwards"
                )
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
