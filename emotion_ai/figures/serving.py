"""How long answers took."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from emotion_ai.figures.base import FIRST, QUIET, SECOND, Plot, axes, base_figure, legend_above
from emotion_ai.serving.load import Load


def latency_plot(loads: dict[str, Load]) -> Plot:
    """The share of answers that came within so many milliseconds, a step line for each way."""
    looks = ((FIRST, "solid"), (SECOND, "dash"), (QUIET, "dot"))
    lines, rows = [], []
    for (name, load), (colour, dash) in zip(loads.items(), looks, strict=False):
        times = np.sort(load.latencies_ms)
        if not len(times):
            continue
        shares = np.arange(1, len(times) + 1) / len(times)
        lines.append(
            go.Scatter(
                x=times, y=shares, name=name, mode="lines",
                line={"color": colour, "dash": dash, "width": 2.5, "shape": "hv"},
                hovertemplate="%{y:.0%} within %{x:.1f} ms<extra>" + name + "</extra>",
            )
        )  # fmt: skip
        rows.append(pd.DataFrame({"read": name, "latency_ms": times, "share": shares}))
    figure = base_figure(*lines, height_px=300)
    axes(figure, "milliseconds", "answers", y_range=(0, 1.02), y_format=".0%")
    figure.update_xaxes(type="log", dtick="D2")
    return Plot(
        legend_above(figure), pd.concat(rows) if rows else pd.DataFrame(), "latencies",
        "Share of answers within a time, in milliseconds, for each way to read",
    )  # fmt: skip
