"""Takes ``docs/live.png``, a drawn face before the camera: ``python docs/screenshot_live.py``."""

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent), str(DOCS.parent / "benchmarks")]

from live import app, chromium_arguments, draw_camera  # noqa: E402


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        camera = draw_camera(Path(folder) / "face.mjpeg", 1, (640, 480), 13)
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=chromium_arguments(camera)
        )
        with app(Path(folder)) as (url, _):
            size = {"width": 1360, "height": 860}
            page = chromium.new_page(viewport=size, base_url=url, color_scheme="dark")
            page.set_default_timeout(120_000)
            page.goto("/live")
            page.get_by_text("I agree").click()
            page.frame_locator("iframe[title*=webrtc]").get_by_role("button", name="START").click()
            page.get_by_text("ms a frame").wait_for()
            page.wait_for_timeout(20_000)  # something to see in the last minute
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            picture.save(DOCS / "live.png", optimize=True)
        chromium.close()


if __name__ == "__main__":
    main()
