"""Server time of the Learn chapters: milliseconds from a moved slider to the finished page.

Each picture is opened once, then the same control is moved several times: median and slowest,
and the median of processor time, which other work on the machine does not lengthen.
Run with ``python benchmarks/learn.py``; the median may be at most 200 ms on an idle machine.
"""

import logging
import statistics
import sys
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
#: chapter, picture, and what is moved: a widget's key and the values it takes in turn. New values
#: each time, so that nothing comes from a cache.
INTERACTIONS = (
    ("neuron", "line", "slider", "neuron_w1", (-1.0, -0.8, -0.6, -0.4, -0.2, 0.2)),
    ("neuron", "vanishing", "slider", "neuron_z", (-1.0, -0.8, -0.6, -0.4, -0.2, 0.2)),
    ("layers", "border", "slider", "layers_units", (16, 15, 14, 13, 12, 11)),
    ("layers", "weights", "slider", "layers_units", (10, 9, 8, 7, 6, 5)),
    ("descent", "map", "select_slider", "descent_rate", (0.01, 0.03, 0.2, 0.4, 0.55, 0.6)),
    ("descent", "surface", "select_slider", "descent_rate", (0.01, 0.03, 0.2, 0.4, 0.55, 0.6)),
    ("splits", "piles", "slider", "splits_deal", (1, 2, 3, 4, 5, 6)),
    ("splits", "overfitting", "slider", "splits_units", (32, 31, 30, 29, 28, 27)),
    ("splits", "leaks", "slider", "splits_honest", (50, 55, 60, 70, 75, 80)),
    ("convolution", "sliding", "slider", "convolution_number_drawn", (1, 2, 4, 5, 6, 7)),
    ("convolution", "filters", "slider", "convolution_number_drawn", (1, 2, 4, 5, 6, 7)),
    ("residual", "gradients", "slider", "residual_size", (0.4, 0.5, 0.6, 0.8, 0.9, 1.0)),
    ("mirror", "change", "slider", "mirror_rotation", (-20, -10, 5, 10, 20, 30)),
    ("precision", "counts", "number_input", "precision_true_positive", (2, 3, 4, 5, 6, 7)),
    ("precision", "rare", "slider", "precision_finds", (50, 55, 60, 65, 70, 75)),
    ("precision", "expression", "selectbox", "precision_expression",
     ("angry", "fear", "happy", "sad", "surprise", "neutral")),
    ("service", None, "slider", "service_faces", (5, 10, 15, 20, 24, 25)),
    ("limits", "votes", "slider", "limits_disputed", (10, 20, 30, 40, 50, 60)),
)  # fmt: skip


def main() -> None:
    logging.disable(logging.WARNING)  # AppTest has no browser to talk to, and says so
    print("chapter       picture       ms (median)   slowest  of processor")
    for chapter, view, kind, key, values in INTERACTIONS:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120).run()
        app.switch_page("pages/learn.py")
        app.query_params["chapter"] = chapter
        app.run()
        if view:
            picture = app.segmented_control(key=f"{chapter}_view")
            if picture.value != view:
                try:
                    picture.set_value(view).run()
                except ValueError:  # this picture needs a dataset
                    print(f"{chapter:13} {view:13} needs FER2013 with votes")
                    continue
        widget = getattr(app, kind)
        times, busy = [], []
        for value in values:
            widget(key=key).set_value(value)
            start, start_busy = time.perf_counter(), time.process_time()
            app.run()
            times.append(1000 * (time.perf_counter() - start))
            busy.append(1000 * (time.process_time() - start_busy))
            assert not app.exception, app.exception
        median, processor = statistics.median(times), statistics.median(busy)
        print(
            f"{chapter:13} {view or '':13} {median:8.0f}      {max(times):8.0f}  {processor:8.0f}"
        )


if __name__ == "__main__":
    main()
