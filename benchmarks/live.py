"""Live use, measured: ``PYTHONPATH=. python benchmarks/live.py [FILE.mjpeg …] [--minutes 10]``.

Without files it draws its own: one face at 640 × 480 and 25 at 1280 × 720. A file of the name
``NAME.mjpeg`` may have the boxes of its faces in ``NAME.json`` (``fps``, ``boxes_xyxy`` once a
second). First the analysis alone, then a real headless Chromium that plays each file as its camera
to an app of its own, on the same machine.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import psutil
from playwright.sync_api import sync_playwright

from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.faces.drawing import draw_readings
from emotion_ai.media.images import encode_jpeg
from emotion_ai.reading.follower import FaceFollower
from emotion_ai.reading.pace import ONE_FACE, ROOM
from emotion_ai.reading.predictor import load_predictor
from emotion_ai.settings import ROOT, settings

JPEG_START = b"\xff\xd8\xff"
FRAMES = 150
COUNT_FRAMES = """() => { const v = document.querySelector('video'); window.shown = 0;
  window.at = null; const n = () => { window.shown++; if (window.shown == 5)
  window.at = Date.now(); v.requestVideoFrameCallback(n); }; v.requestVideoFrameCallback(n); }"""


def draw_camera(path: Path, faces: int, size_wh: tuple[int, int], seed: int) -> Path:
    """Two seconds of drawn people swaying, as concatenated JPEGs."""
    picture, _ = draw_photo(seed, faces, size_wh)
    width, height = size_wh
    with path.open("wb") as target:
        for angle in np.linspace(0, 2 * np.pi, 60, endpoint=False):
            dx, dy = 0.02 * width * np.sin(angle), 0.01 * height * np.cos(angle)
            move = np.float32([[1, 0, dx], [0, 1, dy]])
            moved = cv2.warpAffine(picture, move, size_wh, borderMode=cv2.BORDER_REPLICATE)
            target.write(encode_jpeg(moved, 80))
    return path


def read_frames(path: Path) -> list[np.ndarray]:
    parts = path.read_bytes().split(JPEG_START)[1 : FRAMES + 1]
    return [cv2.imdecode(np.frombuffer(JPEG_START + part, np.uint8), 1) for part in parts]


def overlap(a, b) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    areas = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
    return shared / (sum(areas) - shared)


def measure_analysis(path: Path) -> None:
    """Detector, both networks, smoothing and drawing, frame by frame."""
    frames = read_frames(path)
    truth = path.with_suffix(".json")
    truth = json.loads(truth.read_text()) if truth.is_file() else {}
    predictor = load_predictor(settings())
    predictor.warm_up()
    faces = len(predictor.read(frames[0], 640))
    follower = FaceFollower(predictor, pace=ROOM if faces > 2 else ONE_FACE)
    spent_ms, cpu_ms, found, known = [], [], 0, 0
    fps = truth.get("fps", 15)
    for i, frame in enumerate(frames):
        copy = frame.copy()
        wall, cpu = time.perf_counter(), time.process_time()
        follower.follow(copy, i / 30)  # the pace of a camera
        draw_readings(copy, follower.readings())
        spent_ms.append(1e3 * (time.perf_counter() - wall))
        cpu_ms.append(1e3 * (time.process_time() - cpu))
        if i and i % fps == 0 and i // fps < len(truth.get("boxes_xyxy", [])):
            boxes = [reading.face.box_xyxy for reading in follower.readings()]
            for box in truth["boxes_xyxy"][i // fps]:
                known += 1
                found += max((overlap(box, other) for other in boxes), default=0) > 0.4
    share = f"  found {found / known:.3f} of {known}" if known else ""
    print(
        f"{path.name:26} {frames[0].shape[1]} × {frames[0].shape[0]}, {faces:2d} faces: "
        f"{np.median(spent_ms):5.1f} ms a frame (fastest tenth {np.quantile(spent_ms, 0.1):.1f}), "
        f"{np.mean(cpu_ms):.1f} ms of CPU{share}"
    )


@contextmanager
def app(folder: Path):
    """A dashboard on a free port; its address and process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    command += ["--server.headless", "true", "--server.port", str(port)]
    with (folder / "app.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=os.environ)
    url = f"http://localhost:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        yield url, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def chromium_arguments(camera: Path) -> list[str]:
    """Of a Chromium whose camera plays a file."""
    return [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    ]


def measure_browser(path: Path, viewers: int, seconds: float, group: bool, size: str) -> None:
    """START to the fifth frame on screen, then annotated and shown frames/s; memory if long."""
    with (
        tempfile.TemporaryDirectory() as folder,
        app(Path(folder)) as (url, process),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=chromium_arguments(path)
        )
        pages = []
        for _ in range(viewers):
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            view = "Group" if group else "My+face"
            page.goto(f"{url}/live?view={view}&size={size.replace(' ', '+')}")
            page.get_by_text("I agree").click()
            page.frame_locator("iframe[title*=webrtc]").get_by_role(
                "button", name="START"
            ).wait_for()
            pages.append(page)
        starts_s = []
        for page in pages:
            frame = next(frame for frame in page.frames if "webrtc" in frame.url)
            clicked = time.time()
            frame.get_by_role("button", name="START").click()
            frame.wait_for_selector("video")
            frame.evaluate(COUNT_FRAMES)
            frame.wait_for_function("() => window.at", timeout=60_000)
            starts_s.append(frame.evaluate("() => window.at") / 1e3 - clicked)
            page.get_by_text("ms a frame").wait_for(timeout=60_000)
        time.sleep(5)
        memory = process.memory_info().rss
        cpu = process.cpu_times()
        shown = [_shown(page) for page in pages]
        began = time.monotonic()
        rates, texts = [], []
        while time.monotonic() - began < seconds:
            time.sleep(2)
            texts = [_said(page) for page in pages]
            rates.append([float(text.split()[0]) for text in texts])
        passed = time.monotonic() - began
        shown = [
            (_shown(page) - before) / passed for page, before in zip(pages, shown, strict=True)
        ]
        after = process.cpu_times()
        used = (after.user + after.system - cpu.user - cpu.system) / passed
        growth = (process.memory_info().rss - memory) / 1e6
        browser.close()
    print(
        f"{path.name:26} {viewers} viewer{'s' * (viewers > 1)}: first frames after "
        f"{np.median(starts_s):.1f} s; annotated {np.round(np.median(rates, axis=0), 1)} frames/s, "
        f"shown {np.round(shown, 1)}; app {used:.2f} cores, memory {growth:+.0f} MB in "
        f"{passed:.0f} s; {texts[0]}"
    )


def _shown(page) -> int:
    frame = next(frame for frame in page.frames if "webrtc" in frame.url)
    return frame.evaluate("() => window.shown")


def _said(page) -> str:
    """The line of rates; it may be away for a moment while the page draws it anew."""
    return page.get_by_text("ms a frame").inner_text(timeout=60_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="concatenated JPEGs")
    parser.add_argument("--seconds", type=float, default=16, help="of watching a file in Chromium")
    parser.add_argument("--minutes", type=float, default=0, help="of watching memory, one viewer")
    parser.add_argument("--no-browser", action="store_true")
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores before the start")
    with tempfile.TemporaryDirectory() as folder:
        files = [path.resolve() for path in given.files] or [
            draw_camera(Path(folder) / "one_face.mjpeg", 1, (640, 480), 12),
            draw_camera(Path(folder) / "room_of_25.mjpeg", 25, (1280, 720), 3),
        ]
        for path in files:
            measure_analysis(path)
        if given.no_browser:
            return
        for path in files:
            height, width = read_frames(path)[0].shape[:2]
            size = f"{width} × {height}"
            measure_browser(path, 1, given.seconds, width > 640, size)
        small = files[0]
        measure_browser(small, 3, given.seconds, False, "640 × 480")
        if given.minutes:
            measure_browser(small, 1, 60 * given.minutes, False, "640 × 480")
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
