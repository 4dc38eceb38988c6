"""Server time of the Datasets page on a set of FER2013's size: first view, filters, pages, clicks,
tabs; memory of the app.

Run with ``python benchmarks/datasets_page.py [DATASET]``. Without an imported ``fer2013`` a set of
32,298 random images with labels stands in. Times are those of one script run of the page, in the
app's own process, after another page was open; each is the median of five: what a clock shows, and
what the processor worked for it, which is all that counts when others use the machine too.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parent.parent
ROWS = 32_298
FIRST_MS, STEP_MS, MEMORY_MB = 1500, 300, 600


def stand_in(folder: Path) -> str:
    """A dataset of noise in FER2013's size; every 25th image is a copy of its neighbour."""
    from emotion_ai.datasets.store import DatasetWriter
    from emotion_ai.labels import FER7

    rng = np.random.default_rng(0)
    with DatasetWriter(folder / "stand_in", "expression", 48) as writer:
        for i in range(ROWS):
            if i % 25 or not i:
                image = rng.integers(0, 256, (48, 48), dtype=np.uint8)
            split = "train" if i % 9 else "validation"
            row = {"split": split, "source": f"{i}", "group": f"{i}"}
            writer.add(image, {**row, "expression": FER7.expressions[i % 7]})
        writer.commit(writer.table())
    return "stand_in"


def compute(name: str) -> None:
    """What the page computes once and keeps: predictions, copies, suspects."""
    from emotion_ai.audit import duplicates
    from emotion_ai.datasets import open_dataset
    from emotion_ai.evaluation.predictions import predictions
    from emotion_ai.models.store import open_model
    from emotion_ai.settings import settings
    from emotion_ai.ui.datasets.view import suspects

    dataset = open_dataset(settings().data_dir / name)
    model = open_model(settings().models_dir, "expression")

    def timed(what: str, work):
        start = time.perf_counter()
        result = work()
        print(f"{what:<34}{time.perf_counter() - start:>9.1f} s")
        return result

    print("computed once and kept (in the cache folder)")
    told = timed("  predictions", lambda: predictions(model, dataset, settings()))
    timed("  near copies", lambda: duplicates.near_groups(dataset, settings()))
    timed("  suspect labels", lambda: suspects(dataset, model, told))


def measure(name: str) -> bool:
    from benchmarks.page_timer import PageTimer

    timer = PageTimer()
    app, step = timer.app, timer.step

    def first() -> None:
        app.switch_page("pages/datasets.py")
        app.query_params["data"] = name

    def put(key: str, values):
        """Sets a control to the next of ``values``, whatever kind of control it is."""

        def change() -> None:
            app.session_state[key] = next(values)

        return change

    def cycle(*values):
        while True:
            yield from values

    def click() -> None:
        app.query_params["face"] = str(next(rows))

    rows = iter(range(3, 10_000, 17))
    pages = iter(range(2, 10_000))

    def turn() -> None:
        # A new session that opens the page by its address: no picture of it is kept.
        app.query_params["page"] = str(next(pages))
        app.session_state["paged"] = None
        app.session_state["down"] = not app.session_state["down"]

    print("one script run of the page")
    step("first view", FIRST_MS, first)
    step("filter by expression", STEP_MS, put("expressions", cycle(["sad"], ["fear"], [])), 5)
    step("filter: named wrongly", STEP_MS, put("only", cycle(["named wrongly"], [])), 5)
    step("sort", STEP_MS, put("sort", cycle("label quality", "brightness", "how unusual")), 5)
    step("turn a page", STEP_MS, turn, 5)
    step("click a face", STEP_MS, click, 5)
    for tab in ("Balance", "Augment", "Problems", "Map", "Browse"):
        step(f"tab {tab}, first time", STEP_MS, put("tab", cycle(tab)))
        step(f"tab {tab}", STEP_MS, repeats=5)
    app.session_state["tab"] = "Problems"
    for kind in ("Suspect labels", "Near copies", "Blank", "Unusual", "Exact copies"):
        step(f"problems: {kind}", STEP_MS, put("kind", cycle(kind)))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    now_mb = psutil.Process().memory_info().rss / 1e6
    print(f"memory of the app: peak {peak_mb:.0f} MB, now {now_mb:.0f} MB   (bound {MEMORY_MB})")
    loaded = [name for name in ("tensorflow", "keras") if name in sys.modules]
    print(f"imported of tensorflow and keras: {', '.join(loaded) or 'neither'}")
    return timer.all_within and peak_mb < MEMORY_MB and not loaded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", nargs="?", default="fer2013")
    parser.add_argument("--measure-only", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()

    from emotion_ai.settings import settings

    if arguments.measure_only:
        measure(arguments.dataset)
        return
    name = arguments.dataset
    with tempfile.TemporaryDirectory() as temporary:
        if not (settings().data_dir / name).is_dir():
            print(f"no dataset {name}: {ROWS:,} random images stand in")
            os.environ["EMOTION_AI_DATA"] = temporary
            settings.cache_clear()
            name = stand_in(Path(temporary))
        compute(name)
        # A process of its own: its memory is the app's alone.
        sys.stdout.flush()
        os.spawnv(os.P_WAIT, sys.executable, [sys.executable, __file__, name, "--measure-only"])
    print(f"cores: {os.cpu_count()}, load while measuring: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
