"""Reading in the browser, measured: ``PYTHONPATH=. python benchmarks/device.py [FILE.mjpeg …]``.

Without files it draws its own: one face at 640 × 480 and 25 at 1280 × 720; ``--photos DIR`` adds
real photos to the comparison. A headless Chromium with a file as its camera reads on one Wasm
thread, on the same machine as the app:

1. the same answers: faces, boxes, points and expressions of frames and photos, as Python has it;
2. speed: START to the first annotated frame with everything cached, frames a second, how long the
   page's own thread was busy at most, what is transferred, the server's CPU time beside it;
3. proof: every request while the camera runs (``--seconds``, 30 unless told);
4. memory over ``--minutes``.
"""

import argparse
import base64
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import psutil
from live import app, chromium_arguments, draw_camera, measure_browser, read_frames
from playwright.sync_api import sync_playwright

from emotion_ai.media.images import decode_image, encode_png
from emotion_ai.reading.predictor import load_predictor
from emotion_ai.settings import settings

#: Frames of a video that are compared, spread over all of it.
COMPARED = 150
READ = """async (text) => {
  const { Reader } = await import(new URL('/device/reader.mjs', location));
  window.reader ??= await new Reader(new URL('/device/', location).href).load();
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const { readings } = await window.reader.readPhoto(new Blob([bytes]), 'photo');
  return readings.map(({ face, points, said }) =>
    ({ box: face.box, points: Array.from(points), said: Array.from(said) }));
}"""
LONGEST_TASK = """() => { window.longest = 0; new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
}).observe({ type: 'longtask' }); }"""
FIRST_DRAWN = """() => { const c = document.querySelector('#overlay');
  if (c.width < 100) return false;
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  return d.some((v) => v > 0); }"""


@contextmanager
def chromium(playwright, camera: Path | None = None):
    arguments = chromium_arguments(camera) if camera else ["--no-sandbox"]
    browser = playwright.chromium.launch(
        executable_path=shutil.which("chromium"),
        args=[*arguments, "--enable-precise-memory-info"],
    )
    yield browser
    browser.close()


def compare(browser, url: str, name: str, files: list[bytes]) -> None:
    """How far the browser's readings lie from Python's."""
    predictor = load_predictor(settings())
    page = browser.new_page()
    page.goto(f"{url}/device/notice.html")
    boxes, points, probabilities, first, faces, missed = [], [], [], [], 0, 0
    for file in files:
        expected = predictor.read(decode_image(file))
        found = page.evaluate(READ, base64.b64encode(file).decode())
        faces += len(expected)
        missed += abs(len(found) - len(expected))
        for reading in expected:
            box = np.array(reading.face.box_xyxy)
            other = min(found, key=lambda f: np.abs(box - f["box"]).max(), default=None)
            if other is None or np.abs(box - other["box"]).max() > box[2] - box[0]:
                missed += 1
                continue
            crop_px = 1.02 * np.sqrt(np.prod(reading.face.size_wh))
            boxes.append(np.abs(box - other["box"]).max())
            apart = np.reshape(other["points"], (15, 2)) - reading.keypoints_px
            points.append(np.linalg.norm(apart, axis=1).mean() * 96 / crop_px)
            said = reading.expression.probabilities
            probabilities.append(np.abs(said - other["said"]).mean())
            first.append(np.argmax(said) == np.argmax(other["said"]))
    page.close()
    print(
        f"{name:26} {len(files)} pictures, {faces} faces: {missed} found by one alone; boxes at "
        f"most {max(boxes):.2f} px apart, points {np.mean(points):.3f} px of 96 on average, same "
        f"first expression {np.mean(first):.4f}, probabilities {np.mean(probabilities):.4f}"
    )


def measure(browser, url: str, server: psutil.Process, path: Path, seconds: float) -> None:
    """A camera on the device, in the page inside the dashboard's, everything cached."""
    height, width = read_frames(path)[0].shape[:2]
    room = width > 640
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    address = f"{url}/device/live.html?size={width}+%C3%97+{height}" + "&view=Group" * room
    page.goto(address)
    page.locator("#start:enabled").wait_for(state="attached", timeout=120_000)
    page.reload()  # from here on it is cached
    page.locator("#agree").check()
    page.locator("#start:enabled").wait_for(timeout=120_000)
    requests = []
    page.on("request", lambda request: requests.append(request))
    page.evaluate(LONGEST_TASK)
    cpu = server.cpu_times()
    began = time.monotonic()
    page.locator("#start").click()
    if room:
        page.wait_for_function(
            "() => /[1-9]\\d* faces?$/.test(document.querySelector('#rates').textContent)",
            timeout=60_000,
        )
    else:
        page.wait_for_function(FIRST_DRAWN, timeout=60_000)
    first_s = time.monotonic() - began
    rates, faces = [], []
    while time.monotonic() - began < seconds:
        time.sleep(1)
        words = page.inner_text("#rates").split(" · ")
        rates.append(float(words[0].split()[0]))
        faces.append(int(words[-1].split()[0]))
    after = server.cpu_times()
    used = (after.user + after.system - cpu.user - cpu.system) / (time.monotonic() - began)
    sent = [request for request in requests if not request.url.startswith("blob:")]
    bodies = sum(request.post_data_buffer is not None for request in requests)
    elsewhere = sum(not request.url.removeprefix("blob:").startswith(url) for request in requests)
    print(
        f"{path.name:26} on the device: first annotated frame after {first_s:.1f} s; "
        f"{np.median(rates[3:]):.0f} frames/s (slowest second {min(rates[3:]):.0f}), "
        f"{words[1]}, faces found {np.median(faces):.0f}; the page's longest task "
        f"{page.evaluate('() => window.longest'):.0f} ms; server {used:.3f} cores; "
        f"in {seconds:.0f} s requests {len(sent)} ({', '.join(r.url[-10:] for r in sent)}), "
        f"with a body {bodies}, elsewhere {elsewhere}"
    )
    context.close()


def transferred(browser, url: str) -> None:
    """What a first visit and a second one take over the wire, the reader's files included."""
    context = browser.new_context()
    page = context.new_page()
    requests = []
    context.on("requestfinished", lambda request: requests.append(request))
    said = []
    for visit in (page.goto, lambda _: page.reload()):
        requests.clear()
        visit(f"{url}/device/live.html")
        page.locator("#start:enabled").wait_for(state="attached", timeout=120_000)
        fetched = [request for request in requests if not request.url.startswith("blob:")]
        sizes = [request.sizes() for request in fetched]
        total = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
        said.append(f"{total / 1e6:.2f} MB in {len(fetched)} requests")
    context.close()
    print(f"over the wire, the page alone: {said[0]} at first, {said[1]} again")


def watch_memory(browser, url: str, minutes: float) -> None:
    """What all processes of this Chromium hold, a figure a minute."""
    page = browser.new_page()
    page.goto(f"{url}/device/live.html")
    page.locator("#agree").check()
    page.locator("#start:enabled").click(timeout=120_000)
    time.sleep(30)
    held = [_memory_mb()]
    for _ in range(max(1, round(minutes))):
        time.sleep(60)
        held.append(_memory_mb())
    page.close()
    growth = np.median(held[-2:]) - np.median(held[:2])
    print(f"memory over {minutes:.0f} minutes, MB: {np.round(held)}; growth {growth:+.0f}")


def _memory_mb() -> float:
    own = psutil.Process().children(recursive=True)
    chromes = [process for process in own if "chrom" in process.name()]
    return sum(process.memory_full_info().pss for process in chromes) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="concatenated JPEGs")
    parser.add_argument("--photos", type=Path, help="a folder of photos to compare on")
    parser.add_argument("--seconds", type=float, default=30, help="of a camera running")
    parser.add_argument("--minutes", type=float, default=0, help="of watching memory")
    parser.add_argument("--only", choices=("compare", "speed", "memory"), help="one part alone")
    given = parser.parse_args()
    os.environ.setdefault("EMOTION_AI_ACCESS", "read-only")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores before the start")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        files = [path.resolve() for path in given.files] or [
            draw_camera(Path(folder) / "one_face.mjpeg", 1, (640, 480), 12),
            draw_camera(Path(folder) / "room_of_25.mjpeg", 25, (1280, 720), 3),
        ]
        with app(Path(folder)) as (url, server):
            if given.only in (None, "compare"):
                with chromium(playwright) as browser:
                    for path in files:
                        frames = read_frames(path)
                        chosen = frames[:: max(1, len(frames) // COMPARED)]
                        compare(browser, url, path.name, [encode_png(frame) for frame in chosen])
                    if given.photos:
                        photos = [
                            p for p in sorted(given.photos.iterdir()) if cv2.haveImageReader(str(p))
                        ]
                        compare(browser, url, "photos", [photo.read_bytes() for photo in photos])
            if given.only in (None, "speed"):
                for path in files:
                    with chromium(playwright, path) as browser:
                        if path == files[0]:
                            transferred(browser, url)
                        measure(browser, url, server, path, given.seconds)
            if given.minutes:
                with chromium(playwright, files[0]) as browser:
                    watch_memory(browser, url, given.minutes)
    if given.only is None:
        print("the same videos, read by the server:")
        os.environ["EMOTION_AI_ACCESS"] = "open"
        for path in files:
            height, width = read_frames(path)[0].shape[:2]
            measure_browser(path, 1, 16, width > 640, f"{width} × {height}")
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
