"""Draws the learning curves of saved models: ``python docs/curves.py [NAME …]``.

Writes models/NAME/curves.png from models/NAME/metrics.jsonl. Needs Debian's chromium.
"""

import json
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright
from plotly.subplots import make_subplots

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from emotion_ai.figures.training import learning_curve_plot  # noqa: E402
from emotion_ai.models.store import list_models  # noqa: E402
from emotion_ai.training.runs import METRICS  # noqa: E402

SIZE = {"width": 1000, "height": 360}


def curves_page(path: Path, task: str) -> str:
    metrics = [json.loads(line) for line in path.read_text().splitlines()]
    plots = [learning_curve_plot(metrics, k, len(metrics)) for k in ("loss", CURVE[task])]
    figure = make_subplots(1, 2, subplot_titles=[plot.alt for plot in plots])
    for column, plot in enumerate(plots, 1):
        for trace in plot.figure.data:
            figure.add_trace(trace.update(showlegend=column == 1), 1, column)
    figure.update_layout(
        template="simple_white", margin={"l": 50, "r": 10, "t": 30, "b": 90},
        legend={"orientation": "h", "y": -0.2}, **SIZE,
    )  # fmt: skip
    figure.update_xaxes(title="epoch")
    return figure.to_html(include_plotlyjs=True)


CURVE = {"expression": "accuracy", "keypoints": "rmse"}


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=SIZE)
        for model in list_models(ROOT / "models"):
            source = model.folder / METRICS
            if source.exists() and model.name in (sys.argv[1:] or [model.name]):
                page.set_content(curves_page(source, model.task), wait_until="networkidle")
                page.screenshot(path=model.folder / "curves.png")
        browser.close()


if __name__ == "__main__":
    main()
