"""Figures of one face: what the answer does while the picture changes."""

import pandas as pd
import plotly.graph_objects as go

from emotion_ai.explain.occlusion import Stability
from emotion_ai.figures.base import QUIET, Plot, axes, base_figure, dashes, legend_beside
from emotion_ai.labels import LabelSet, colours


def stability_plot(result: Stability, labels: LabelSet) -> Plot:
    """A line for each expression over the steps of one change; the first answer drawn thick."""
    start = result.probabilities[abs(result.steps).argmin()]
    first = int(start.argmax())
    colour, dash = colours(labels.expressions), dashes(labels.expressions)
    traces = [
        go.Scatter(
            x=result.steps, y=result.probabilities[:, i], name=name, mode="lines",
            line={"color": colour[name], "dash": dash[name],
                  "width": 4 if i == first else 2},
            hovertemplate=f"{name} %{{y:.2f}}<extra></extra>",
        )
        for i, name in enumerate(labels.expressions)
    ]  # fmt: skip
    figure = legend_beside(base_figure(*traces, height_px=330))
    figure.add_vline(0, line={"color": QUIET, "dash": "dot"})
    title = f"{result.name}, {result.unit}"
    axes(figure, title, "probability", y_range=(0, 1.02))
    data = pd.DataFrame(result.probabilities, columns=list(labels.expressions))
    data.insert(0, result.name, result.steps)
    return Plot(figure, data, f"stability_{result.name}", f"Probabilities over {title}")
