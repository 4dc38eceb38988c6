"""Takes the README's pictures from the running app: ``python docs/screenshots.py``.

Only drawn faces are on them. Needs Debian's chromium and requirements-dev.txt.
"""

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from emotion_ai.datasets.drawn.synthetic import make_dataset  # noqa: E402
from emotion_ai.datasets.store import TASKS, DatasetWriter, open_dataset  # noqa: E402
from emotion_ai.labels import FER7  # noqa: E402

SIZE = {"width": 1360, "height": 860}
#: What is taken: the file, the address, and what must be there first.
SHOTS = (
    ("photo.png", "/photo", ".ea-card"),
    ("datasets_browse.png", "/datasets?face=40", ".st-key-browse_grid img"),
    (
        "datasets_problems.png",
        "/datasets?data=with_mistakes&tab=Problems&kind=Suspect+labels",
        ".st-key-queue_grid img",
    ),
)
#: Drawn faces in the datasets on the pictures, and how many of their labels are made wrong in the
#: one that shows how such labels are found.
FACES, WRONG = 700, 60


def main() -> None:
    """All pictures, or those named as arguments."""
    with tempfile.TemporaryDirectory() as folder:
        for task in TASKS:
            make_dataset(Path(folder), task, FACES)
        make_mistakes(Path(folder))
        take_all(Path(folder), sys.argv[1:] or [name for name, *_ in SHOTS])


def make_mistakes(data_dir: Path) -> None:
    """A copy of the drawn expressions in which every eleventh or so label is another one."""
    drawn = open_dataset(data_dir / "synthetic_expression")
    samples = drawn.samples.drop(columns="digest")
    names = FER7.expressions
    rng = np.random.default_rng(0)
    for row in rng.choice(FACES, WRONG, replace=False):
        right = FER7.index(samples.at[row, "expression"])
        samples.at[row, "expression"] = names[(right + rng.integers(1, len(names))) % len(names)]
    with DatasetWriter(data_dir / "with_mistakes", "expression", drawn.images.shape[1]) as writer:
        for image, row in zip(drawn.images, samples.to_dict("records"), strict=True):
            writer.add(np.asarray(image), row)
        writer.commit(writer.table(), source={"name": "drawn faces"}, split_rule="as drawn")


def take_all(data_dir: Path, names: list[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    command += ["--server.headless", "true", "--server.port", str(port)]
    environment = {**os.environ, "EMOTION_AI_DATA": str(data_dir)}
    app = subprocess.Popen(command, cwd=DOCS.parent, stdout=subprocess.DEVNULL, env=environment)
    try:
        wait_for(f"http://localhost:{port}/_stcore/health")
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            page = chromium.new_page(
                viewport=SIZE, base_url=f"http://localhost:{port}", color_scheme="light"
            )
            for name, address, awaited in SHOTS:
                if name in names:
                    take(page, address, awaited, DOCS / name)
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


def take(page: Page, address: str, awaited: str, target: Path) -> None:
    page.goto(address)
    page.wait_for_selector(awaited, timeout=120_000)
    page.wait_for_timeout(2500)  # fonts and charts settle
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(target, optimize=True)
    print(f"{target}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
