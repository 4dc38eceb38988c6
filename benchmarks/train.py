"""The Train page with 200 finished runs, and how soon the demo network learns drawn faces.

Run with ``python benchmarks/train.py``. Times of the page are those of one script run, in the app's
own process, after another page was open, each the median of five: what a clock shows, and what the
processor worked for it, which is all that counts when others use the machine too. The demo network
is then trained as the page does it, on 2,000 drawn faces, in processes of their own.
"""

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
RUNS, EPOCHS = 200, 60
PAGE_MS, DEMO_S = 1000, 120


def finished_runs(runs_dir: Path) -> None:
    from emotion_ai.training import runs
    from emotion_ai.training.config import TrainingConfig

    for i in range(RUNS):
        rate = 1e-3 * (1 + i % 7)
        config = TrainingConfig.for_task("expression", ("faces",), learning_rate=rate)
        folder = runs.create_run(runs_dir, config.as_dict(), f"run-{i:03}")
        falling = 2 * np.exp(-np.arange(EPOCHS) / 20)
        lines = [
            {"epoch": epoch, "loss": loss, "validation_loss": loss + 0.1, "seconds": 60.0,
             "learning_rate": rate, "validation_accuracy": 1 - loss / 3, "accuracy": 1 - loss / 3}
            for epoch, loss in enumerate(falling.tolist(), 1)
        ]  # fmt: skip
        (folder / runs.METRICS).write_text("".join(json.dumps(line) + "\n" for line in lines))
        runs.write_status(folder, "finished", epoch=EPOCHS, epochs=EPOCHS)


def measure_page() -> bool:
    from benchmarks.page_timer import PageTimer

    timer = PageTimer()
    app, step = timer.app, timer.step

    def put(**address):
        def change() -> None:
            app.query_params.update(address)
            app.session_state["tab"] = address.get("tab", "Runs")

        return change

    print(f"the page with {RUNS} finished runs of {EPOCHS} epochs")
    step("first view", PAGE_MS, lambda: app.switch_page("pages/train.py"))
    step("again", PAGE_MS, repeats=5)
    step("one run closely, first time", PAGE_MS, put(run="run-007"))
    step("one run closely", PAGE_MS, put(run="run-007"), 5)
    step("compare, first time", PAGE_MS, put(tab="Compare"))
    step("compare", PAGE_MS, put(tab="Compare"), 5)
    return timer.all_within


def measure_demo() -> bool:
    from emotion_ai.datasets.drawn import synthetic
    from emotion_ai.settings import settings
    from emotion_ai.training import queue, runs
    from emotion_ai.training.config import TrainingConfig

    synthetic.make_dataset(settings().data_dir, "expression", n=2000)
    config = TrainingConfig.for_task("expression", ("synthetic_expression",), preset="demo")
    began = time.monotonic()
    folder = queue.enqueue(config, runs_dir=settings().runs_dir / "demo")
    queue.start_worker(folder.parent)
    seen = 0
    print("the demo network on 2,000 drawn faces (chance: 14 %)")
    while runs.read_run(folder).state in ("queued", "running"):
        for record in runs.read_metrics(folder)[seen:]:
            seen = record["epoch"]
            passed = time.monotonic() - began
            print(f"  epoch {seen:>2} after {passed:>5.0f} s: {record['validation_accuracy']:.1%}")
        time.sleep(0.2)
    took = time.monotonic() - began
    queue._started[-1].wait()  # its processor time counts when it is over
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"  {runs.read_run(folder).state} after {took:.0f} s (bound {DEMO_S}), "
        f"{spent.ru_utime + spent.ru_stime:.0f} s of work, scored faces included"
    )
    return took < DEMO_S and seen == config.epochs


def main() -> None:
    from emotion_ai.settings import settings

    with tempfile.TemporaryDirectory() as temporary:
        os.environ["EMOTION_AI_DATA"] = f"{temporary}/data"
        os.environ["EMOTION_AI_RUNS"] = f"{temporary}/runs"
        os.environ["EMOTION_AI_CACHE"] = f"{temporary}/cache"
        settings.cache_clear()
        from emotion_ai.datasets.drawn import synthetic

        synthetic.make_dataset(settings().data_dir, "expression", n=350)
        finished_runs(settings().runs_dir)
        ok = measure_page()
        ok = measure_demo() and ok
    print(f"cores: {os.cpu_count()}, load while measuring: {os.getloadavg()[0]:.1f}")
    print("within its bounds" if ok else "NOT within its bounds")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
