"""The Evaluate page: reading 3,589 faces once and again, explaining one, every tab's rerun.

Run with ``python benchmarks/evaluate_page.py``: faces are drawn, no data is needed. ``--data NAME
--split SPLIT`` measures on an imported dataset instead. Reruns are whole runs of the page's script
by Streamlit's AppTest, without the browser; in the app a control reruns only its own tab.
"""

import argparse
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

FACES = 3589
BOUNDS = {"first": 15, "again": 0.3, "occlusion": 1, "rerun": 0.3}


def draw_dataset(data_dir: Path) -> tuple[str, str]:
    """As many faces as FER2013's test split has: 700 drawn ones, repeated with noise."""
    from emotion_ai.datasets.drawn.synthetic import draw_faces
    from emotion_ai.datasets.store import DatasetWriter

    drawn = draw_faces(700, 48, seed=0)
    rng = np.random.default_rng(0)
    with DatasetWriter(data_dir / "drawn", "expression", 48) as writer:
        for i in range(FACES + 700):
            noise = rng.normal(0, 6, (48, 48)) * (i >= 700)
            image = np.clip(drawn.images[i % 700] + noise, 0, 255).astype(np.uint8)
            split = "train" if i < 700 else "test"
            row = {"split": split, "source": f"face {i}", "group": str(i % 700)}
            writer.add(image, {**row, "expression": drawn.expressions[i % 700]})
        writer.commit(writer.table(), source={"name": "drawn"})
    return "drawn", "test"


def line(what: str, seconds: float, bound: float) -> None:
    verdict = "ok" if seconds <= bound else "OVER"
    print(f"{what:<34}{seconds:>9.3f} s   (bound {bound} s)  {verdict}")


def timed(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median(work, repeats: int = 5) -> float:
    return float(np.median([timed(work) for _ in range(repeats)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", metavar="NAME")
    parser.add_argument("--split", default="test")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["EMOTION_AI_CACHE"] = str(Path(temporary) / "cache")
        name, split = arguments.data, arguments.split
        if not name:
            os.environ["EMOTION_AI_DATA"] = str(Path(temporary) / "data")
            name, split = draw_dataset(Path(temporary) / "data")
        measure(name, split)


def measure(name: str, split: str) -> None:
    from emotion_ai.datasets.store import open_dataset
    from emotion_ai.evaluation.assessment import Question, assess
    from emotion_ai.explain.occlusion import occlusion_map, stability
    from emotion_ai.models.store import open_model
    from emotion_ai.report.page import write_report
    from emotion_ai.settings import settings

    model = open_model(settings().models_dir, "expression")
    dataset = open_dataset(settings().data_dir / name)
    faces = len(dataset.rows(split))
    print(
        f"{name} {split}, {faces:,} faces; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"
    )
    arguments = (model, dataset, Question(split), settings())
    start_cpu = time.process_time()
    line("evaluate, first time", timed(lambda: assess(*arguments).scores), BOUNDS["first"])
    print(f"{'  of it on a CPU, all threads':<34}{time.process_time() - start_cpu:>9.3f} s")
    line("evaluate, second time", timed(lambda: assess(*arguments).scores), BOUNDS["again"])
    network, face = model.network(), np.array(dataset.images[0])
    occlusion_map(network, face, 3)
    stability(network, face)
    line("occlusion map", median(lambda: occlusion_map(network, face, 3)), BOUNDS["occlusion"])
    line("stability, four changes", median(lambda: stability(network, face)), BOUNDS["occlusion"])
    assessment = assess(*arguments)
    start = time.perf_counter()
    size = len(write_report(assessment)) / 1e6
    print(f"{'report, ' + format(size, '.1f') + ' MB':<34}{time.perf_counter() - start:>9.3f} s")
    measure_page(name, split)


def measure_page(name: str, split: str) -> None:
    """Every tab: opened (which may read the faces with the other model), then run again."""
    logging.disable(logging.WARNING)  # Streamlit minds running without its server
    from streamlit.testing.v1 import AppTest

    from emotion_ai.ui.evaluate import TABS

    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=300).run()
    app.switch_page("pages/evaluate.py")
    for tab in TABS["expression"]:
        app.query_params.update(model="expression", data=name, split=split, tab=tab)
        app.session_state["tab"] = tab
        app.run()
        assert not app.exception
        assert app.session_state["tab"] == tab
        line(f"page, {tab}", median(app.run), BOUNDS["rerun"])
        if tab == "Confusion":
            cells = iter(("sad-happy", "happy-sad", "angry-sad", "fear-happy", "sad-neutral"))

            def click(cells=cells) -> None:
                app.query_params["cell"] = next(cells)
                app.run()

            line("page, another cell of it", median(click), BOUNDS["rerun"])


if __name__ == "__main__":
    main()
