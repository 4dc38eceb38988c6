"""Memory of the dashboard's process after each page, and the CPU time each took:
``PYTHONPATH=. python benchmarks/memory.py [--python OTHER/bin/python] [--app streamlit_app.py]``.

Starts an app of its own on the datasets of ``EMOTION_AI_DATA`` and opens every page in a headless
Chromium; ``--python`` names another environment for the app, such as one without TensorFlow;
``--url`` and ``--pid`` an app that runs already.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import psutil
from playwright.sync_api import Page, TimeoutError, sync_playwright

from emotion_ai.settings import ROOT, settings

#: Every page, and the tabs that load something of their own.
PLACES = (
    "",
    "photo",
    "live?view=My+face",
    "datasets",
    "datasets?tab=Problems",
    "datasets?tab=Map",
    "evaluate",
    "evaluate?tab=Mistakes",
    "evaluate?tab=Why",
    "learn",
    "train",
    "models",
)


def start(python: str, app: str) -> tuple[str, int, subprocess.Popen]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, "-m", "streamlit", "run", app, "--server.headless", "true"]
    command += ["--server.port", str(port), "--logger.level", "error"]
    process = subprocess.Popen(command, cwd=ROOT)
    url = f"http://localhost:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).close()
            return url, process.pid, process
        except OSError:
            time.sleep(0.2)
    process.terminate()
    raise SystemExit("the app did not start")


def megabytes(pid: int) -> float:
    """Resident memory of the app and of the processes it started."""
    process = psutil.Process(pid)
    return sum(p.memory_info().rss for p in [process, *process.children(recursive=True)]) / 1e6


def cpu_seconds(pid: int) -> float:
    """Of the app itself, since it started."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def settle(page: Page) -> list[str]:
    """Wait until the page is still; what it shows as errors."""
    page.get_by_role("heading").first.wait_for(timeout=120_000)
    page.wait_for_timeout(1500)
    for _ in range(120):
        busy = (
            page.get_by_test_id("stStatusWidget").count()
            or page.locator("[data-testid=stSpinner]").count()
        )
        if not busy:
            break
        page.wait_for_timeout(500)
    shown = page.locator("[data-testid=stException], [data-testid=stAlertContentError]")
    return [text.strip().replace("\n", " ")[:160] for text in shown.all_inner_texts()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--app", default="streamlit_app.py")
    parser.add_argument("--url")
    parser.add_argument("--pid", type=int)
    parser.add_argument("--tours", type=int, default=2)
    given = parser.parse_args()
    names = [path.name for path in sorted(settings().data_dir.glob("*/")) if path.is_dir()]
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; datasets: {names or 'none'}")
    process = None
    url, pid = given.url, given.pid
    if not url:
        url, pid, process = start(given.python, given.app)
    peak = 0.0
    try:
        print(f"{'started':28}{megabytes(pid):8.0f} MB")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-quic", "--disable-background-networking"],
            )
            for tour in range(1, given.tours + 1):
                page = browser.new_page(viewport={"width": 1400, "height": 900})
                for place in PLACES:
                    before_s = cpu_seconds(pid)
                    page.goto(f"{url}/{place}")
                    try:
                        if "live" in place:
                            page.get_by_text("I agree").click(timeout=60_000)
                        said = settle(page)
                    except TimeoutError:
                        said = ["not there within two minutes"]
                    now = megabytes(pid)
                    peak = max(peak, now)
                    name = f"{tour} /" + re.sub(r"[?].*=", " ", place).replace("+", " ")
                    spent_s = cpu_seconds(pid) - before_s
                    print(
                        f"{name:28}{now:8.0f} MB {spent_s:6.2f} s of CPU  {'; '.join(said)}",
                        flush=True,
                    )
                page.close()
            browser.close()
    finally:
        if process:
            process.terminate()
            process.wait(20)
    print(f"largest seen {peak:.0f} MB; load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
