"""Takes the README's pictures from the running app: ``python docs/screenshots.py``.

Only drawn faces are on them. Needs Debian's chromium and requirements-dev.txt.
"""

import io
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

DOCS = Path(__file__).resolve().parent
SIZE = {"width": 1360, "height": 860}


def main() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    command += ["--server.headless", "true", "--server.port", str(port)]
    app = subprocess.Popen(command, cwd=DOCS.parent, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://localhost:{port}/_stcore/health")
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            page = chromium.new_page(
                viewport=SIZE, base_url=f"http://localhost:{port}", color_scheme="light"
            )
            take(page, "/photo", DOCS / "photo.png")
            chromium.close()
    finally:
        app.terminate()
        app.wait()


def wait_for(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    sys.exit(f"the app did not answer at {url}")


def take(page: Page, address: str, target: Path) -> None:
    page.goto(address)
    page.wait_for_selector(".ea-card")
    page.wait_for_timeout(2500)  # fonts and charts settle
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(target, optimize=True)
    print(f"{target}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
