"""Figures of training runs: curves of one, curves of several, scores side by side."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from emotion_ai.evaluation.scores import headline
from emotion_ai.figures.base import (
    DASHES,
    FIRST,
    QUIET,
    SECOND,
    Plot,
    as_text,
    axes,
    base_figure,
    interval_bars,
    legend_above,
)
from emotion_ai.labels import EXPRESSION_COLOURS

#: Learning curves: title, and the columns of the metrics for training and validation.
LEARNING_CURVES = {
    "loss": ("loss", "loss", "validation_loss"),
    "accuracy": ("faces named right", "accuracy", "validation_accuracy"),
    "rmse": ("RMSE, pixels of 96", None, "validation_rmse_px"),
    "rate": ("learning rate", "learning_rate", None),
}
_CROWD = "validation_crowd_accuracy"
#: Several runs are told apart by tone and by dash.
_LOOKS = list(zip(EXPRESSION_COLOURS.values(), DASHES.values(), strict=True))


def learning_curve_plot(metrics: list[dict], kind: str, epochs: int, height_px: int = 300) -> Plot:
    """One of ``LEARNING_CURVES`` over the epochs so far, the best epoch (lowest validation loss)
    marked; ``epochs`` is where the axis ends."""
    title, train, validation = LEARNING_CURVES[kind]
    table = pd.DataFrame(metrics)
    if kind == "accuracy" and _CROWD in table:  # as in training: the mean of both heads
        title = f"{title}, both heads"
        table[validation] = (table[validation] + table[_CROWD]) / 2
    traces = []
    for column, name, look in (
        (train, "training", {"color": FIRST, "dash": "dot", "width": 2}),
        (validation, "validation", {"color": SECOND, "width": 3}),
    ):
        if column in table:
            traces.append(_line(table["epoch"], table[column], name, look, kind))
    figure = base_figure(*traces, height_px=height_px)
    if validation in table:
        best = table.loc[table["validation_loss"].idxmin()]
        figure.add_trace(
            go.Scatter(
                x=[best["epoch"]], y=[best[validation]], mode="markers", name="best epoch, kept",
                marker={"symbol": "star", "size": 15, "color": SECOND,
                        "line": {"color": QUIET, "width": 1}},
                cliponaxis=False,
                hovertemplate=f"best epoch {best['epoch']:.0f}: %{{y:{_format(kind)}}}"
                "<extra></extra>",
            )
        )  # fmt: skip
    axes(figure, "epoch", title, x_range=(0.5, max(epochs, 2) + 0.5), y_format=_ticks(kind))
    if kind == "rate":
        figure.update_yaxes(rangemode="tozero")
    if len(figure.data) > 1:
        legend_above(figure)
    columns = [column for column in ("epoch", train, validation) if column in table]
    return Plot(figure, table[columns], f"training_{kind}", f"{title} over the epochs")


def overlay_plot(runs: dict[str, list[dict]], kind: str) -> Plot:
    """The validation curves of several runs over each other; name → metrics."""
    title, train, validation = LEARNING_CURVES[kind]
    column = validation or train
    traces, parts = [], []
    for i, (name, metrics) in enumerate(runs.items()):
        table = pd.DataFrame(metrics)
        if column not in table:
            continue
        colour, dash = _LOOKS[i % len(_LOOKS)]
        look = {"color": colour, "dash": dash, "width": 3}
        traces.append(_line(table["epoch"], table[column], as_text(name), look, kind))
        parts.append(table[["epoch", column]].assign(run=name))
    figure = legend_above(base_figure(*traces, height_px=380))
    axes(figure, "epoch", f"{title}, validation", y_format=_ticks(kind))
    data = pd.concat(parts) if parts else pd.DataFrame(columns=["epoch", column, "run"])
    return Plot(figure, data, f"runs_{kind}", f"{title} of {len(traces)} runs over the epochs")


def score_plot(scores: dict[str, dict]) -> Plot:
    """Scores on the same faces, with 95 % intervals; name of a run → its score."""
    names = list(scores)
    figures = [headline(scores[name]) for name in names]
    key = figures[0].score.key
    values = np.array([figure.value for figure in figures])
    low, high = np.array([figure.interval for figure in figures]).T
    table = pd.DataFrame({"run": names, key: values, "low": low, "high": high})
    shown = [figure.text for figure in figures]
    colours = [_LOOKS[i % len(_LOOKS)][0] for i in range(len(names))]
    figure = interval_bars([as_text(n) for n in names], values, low, high, colours, shown)
    if key == "rmse_px":
        figure.update_yaxes(range=(0, 1.1 * high.max()), tickformat=".1f", title="RMSE, pixels")
        figure.update_traces(hovertemplate="%{x}: %{y:.2f} px<extra></extra>")
    return Plot(figure, table, "run_scores", "Scores of the runs with 95 % intervals")


def sparkline_svg(values: list[float], width: int = 120, height: int = 34) -> str:
    """A small line of ``values`` with a dot at the best, which is the lowest, as an SVG file."""
    pad = 4
    low, high = min(values, default=0), max(values, default=1)
    x = np.linspace(pad, width - pad, len(values)) if len(values) > 1 else np.array([width / 2])
    y = pad + (height - 2 * pad) * (1 - (np.array(values) - low) / ((high - low) or 1))
    parts = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
    if len(values):
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        best = int(np.argmin(values))
        parts += (
            f'<polyline points="{points}" fill="none" stroke="{SECOND}" stroke-width="2"/>'
            f'<circle cx="{x[best]:.1f}" cy="{y[best]:.1f}" r="3.5" fill="{SECOND}"/>'
        )
    return parts + "</svg>"


def _line(x, y, name: str, look: dict, kind: str) -> go.Scatter:
    return go.Scatter(
        x=x, y=y, name=name, line=look, mode="lines+markers" if len(x) < 3 else "lines",
        hovertemplate=f"{name}, epoch %{{x}}: %{{y:{_format(kind)}}}<extra></extra>",
    )  # fmt: skip


def _format(kind: str) -> str:
    return {"accuracy": ".1%", "rmse": ".2f", "rate": ".2g"}.get(kind, ".3f")


def _ticks(kind: str) -> str | None:
    return {"accuracy": "~%", "rate": "~e"}.get(kind)
