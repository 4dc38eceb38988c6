"""Figures of an expression model's scores."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from emotion_ai.evaluation.calibration import Reliability
from emotion_ai.evaluation.threshold_curves import (
    average_precision,
    coverage_curve,
    precision_recall_curve,
    roc_area,
    roc_curve,
)
from emotion_ai.figures.base import (
    ACCENT,
    DARK_INK,
    FIRST,
    QUIET,
    SECOND,
    Plot,
    axes,
    base_figure,
    dashes,
    interval_bars,
    legend_above,
    legend_beside,
    signed,
)
from emotion_ai.labels import LabelSet, colours

#: How a confusion matrix is read: counts, of each labelled class, of each named class.
SCALES = ("faces", "share of row", "share of column")
#: Curves have a point at every face: more than the eye needs.
_CURVE_POINTS = 200
_FEWEST_IN_BIN = 10


def confusion_plot(
    confusion: np.ndarray,
    labels: LabelSet,
    scale: str = SCALES[1],
    chosen: tuple[int, int] | None = None,
    ink: str = DARK_INK,
    truth: str = "given",
) -> Plot:
    """Rows the expression by ``truth``, columns the named one. Trace 1 holds a square for each
    cell, in rows from the top left: what a click lands on. ``chosen`` (row, column) is outlined;
    ``ink`` is the theme's, for figures on light cells."""
    names = list(labels.expressions)
    shares = {
        "faces": confusion.astype(float),
        "share of row": confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1),
        "share of column": confusion / np.maximum(confusion.sum(axis=0, keepdims=True), 1),
    }
    shown = shares[scale]
    top = max(float(shown.max()), 1e-9)
    rows, columns = (part.ravel() for part in np.indices(confusion.shape))
    data = pd.DataFrame(
        {
            truth: [names[i] for i in rows],
            "named": [names[i] for i in columns],
            "faces": confusion.ravel(),
            "share_of_row": shares["share of row"].ravel(),
            "share_of_column": shares["share of column"].ravel(),
        }
    )
    colours = go.Heatmap(
        z=shown, x=names, y=names,
        colorscale=[[0, "rgba(66,57,184,0.05)"], [1, "rgba(66,57,184,1)"]],
        zmin=0, zmax=top, showscale=False, hoverinfo="skip",
        xgap=2, ygap=2,
    )  # fmt: skip
    cells = go.Scatter(
        x=data["named"], y=data[truth], mode="markers", customdata=data[["faces"]],
        marker={"symbol": "square", "size": 46, "opacity": 0.01},
        hovertemplate=f"{truth} %{{y}}, named %{{x}}<br>%{{customdata[0]:,}} faces<extra></extra>",
    )  # fmt: skip
    texts = _cell_texts(data, shown.ravel(), "{:,.0f}" if scale == "faces" else "{:.0%}", ink)
    figure = base_figure(colours, cells, *texts, height_px=480, hoverdistance=60)
    # Names may be numbers. Room for them: Streamlit gives it by itself, a report does not.
    look = {"type": "category", "showgrid": False, "ticks": "", "automargin": True}
    figure.update_xaxes(title="named by the model", side="top", **look)
    figure.update_yaxes(title=f"{truth} label", autorange="reversed", ticksuffix=" ", **look)
    if chosen:
        row, column = chosen
        figure.add_shape(
            type="rect", x0=column - 0.5, x1=column + 0.5, y0=row - 0.5, y1=row + 0.5,
            line={"color": SECOND, "width": 3},
        )  # fmt: skip
    alt = f"Confusion matrix of {int(confusion.sum()):,} faces, {scale}"
    return Plot(figure, data, "confusion", alt)


def _cell_texts(data: pd.DataFrame, shown: np.ndarray, form: str, ink: str) -> list[go.Scatter]:
    """What stands in the cells: white on dark ones, ``ink`` on the others."""
    dark = shown > 0.55 * shown.max()
    texts = np.array([form.format(value) for value in shown])
    return [
        go.Scatter(
            x=data["named"][part], y=data.iloc[:, 0][part], text=texts[part], mode="text",
            textfont={"size": 13, "color": colour}, hoverinfo="skip",
        )
        for part, colour in ((dark, "#FFFFFF"), (~dark, ink))
    ]  # fmt: skip


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Also of none, where all faces are of one expression and nothing stands against it."""
    return pd.concat(tables) if tables else pd.DataFrame()


def _one_against_rest(probabilities, targets, labels):
    for i, name in enumerate(labels.expressions):
        positive = targets == i
        if 0 < positive.sum() < len(positive):
            yield name, positive, probabilities[:, i]


def _curve(name: str, x, y, figure_of: str, labels: LabelSet) -> go.Scatter:
    return go.Scatter(
        x=x, y=y, mode="lines", name=figure_of,
        line={"color": colours(labels.expressions)[name],
              "dash": dashes(labels.expressions)[name], "width": 2.5},
        hovertemplate=f"{name}: %{{x:.2f}}, %{{y:.2f}}<extra></extra>",
    )  # fmt: skip


def _thinned(*columns: np.ndarray) -> list[np.ndarray]:
    """At most ``_CURVE_POINTS`` of the points, with both ends."""
    n = len(columns[0])
    kept = np.unique(np.linspace(0, n - 1, min(n, _CURVE_POINTS)).round().astype(int))
    return [column[kept] for column in columns]


def precision_recall_plot(probabilities: np.ndarray, targets: np.ndarray, labels: LabelSet) -> Plot:
    """Each expression against the rest, with its average precision."""
    traces, tables = [], []
    for name, positive, scores in _one_against_rest(probabilities, targets, labels):
        precision, recall, threshold = _thinned(*precision_recall_curve(positive, scores))
        area = average_precision(positive, scores)
        traces.append(_curve(name, recall, precision, f"{name} {area:.2f}", labels))
        tables.append(
            pd.DataFrame(
                {
                    "expression": name,
                    "threshold": threshold,
                    "recall": recall,
                    "precision": precision,
                }
            )
        )
    figure = legend_beside(base_figure(*traces, height_px=440))
    axes(figure, "recall", "precision", x_range=(0, 1.01), y_range=(0, 1.01))
    return Plot(figure, _joined(tables), "precision_recall",
                "Precision over recall for each expression")  # fmt: skip


def roc_plot(probabilities: np.ndarray, targets: np.ndarray, labels: LabelSet) -> Plot:
    """Each expression against the rest, with the area under its curve."""
    chance = go.Scatter(x=[0, 1], y=[0, 1], mode="lines", name="chance 0.50",
                        line={"color": QUIET, "dash": "dot", "width": 1})  # fmt: skip
    traces, tables = [chance], []
    for name, positive, scores in _one_against_rest(probabilities, targets, labels):
        false_rate, true_rate, threshold = _thinned(*roc_curve(positive, scores))
        area = roc_area(positive, scores)
        traces.append(_curve(name, false_rate, true_rate, f"{name} {area:.2f}", labels))
        tables.append(
            pd.DataFrame(
                {
                    "expression": name,
                    "threshold": threshold,
                    "false_positive_rate": false_rate,
                    "true_positive_rate": true_rate,
                }
            )
        )
    figure = legend_beside(base_figure(*traces, height_px=440))
    axes(figure, "false alarms among the other faces", "found among its faces",
         x_range=(0, 1.01), y_range=(0, 1.01))  # fmt: skip
    return Plot(figure, _joined(tables), "roc", "ROC curve for each expression")


def reliability_plot(before: Reliability, after: Reliability | None = None) -> Plot:
    """What was claimed against what came true; the diagonal would be honest throughout.

    Bins with fewer than ten faces are left out of the picture, not of the data.
    """
    parts = [("as it is", before, ACCENT, "circle", "solid")]
    if after:
        parts.append(("with temperature", after, SECOND, "diamond", "dot"))
    fewest = min(_FEWEST_IN_BIN, max(before.count))
    ideal = go.Scatter(x=[0, 1], y=[0, 1], mode="lines", name="honest",
                       line={"color": QUIET, "dash": "dash", "width": 1})  # fmt: skip
    traces, tables = [ideal], []
    for name, whole, colour, symbol, dash in parts:
        columns = {field: getattr(whole, field) for field in Reliability.__dataclass_fields__}
        tables.append(pd.DataFrame({"probabilities": name, **columns}))
        bins = tables[-1][whole.count >= fewest]
        traces.append(
            go.Scatter(
                x=bins.confidence, y=bins.accuracy, mode="lines+markers", name=name,
                line={"color": colour, "dash": dash},
                marker={"symbol": symbol,
                        "size": 5 + 13 * np.sqrt(bins["count"] / bins["count"].max())},
                error_y={"type": "data", "symmetric": False, "array": bins.high - bins.accuracy,
                         "arrayminus": bins.accuracy - bins.low, "thickness": 1, "width": 2},
                customdata=bins["count"],
                hovertemplate=f"{name}: says %{{x:.2f}}, right in %{{y:.2f}}, "
                "%{customdata:,} faces<extra></extra>",
            )
        )  # fmt: skip
    figure = legend_above(base_figure(*traces, height_px=440))
    axes(figure, "probability of the first answer", "share that is right",
         x_range=(0, 1.02), y_range=(0, 1.02))  # fmt: skip
    return Plot(figure, _joined(tables), "reliability",
                "Share of right answers over the stated probability")  # fmt: skip


def coverage_plot(confidence: np.ndarray, correct: np.ndarray, threshold: float) -> Plot:
    """How many faces get an answer, and how many of those are right, at every threshold."""
    thresholds = np.linspace(0, 1, 101)
    coverage, accuracy = coverage_curve(confidence, correct, thresholds)
    data = pd.DataFrame({"threshold": thresholds, "coverage": coverage, "accuracy": accuracy})
    traces = [
        go.Scatter(x=thresholds, y=accuracy, name="right, of those answered", mode="lines",
                   line={"color": FIRST, "width": 3},
                   hovertemplate="from %{x:.2f}: %{y:.1%} right<extra></extra>"),
        go.Scatter(x=thresholds, y=coverage, name="answered", mode="lines",
                   line={"color": SECOND, "width": 3, "dash": "dash"},
                   hovertemplate="from %{x:.2f}: %{y:.1%} answered<extra></extra>"),
    ]  # fmt: skip
    figure = legend_above(base_figure(*traces, height_px=380))
    figure.add_vline(threshold, line={"color": QUIET, "dash": "dot"})
    axes(figure, "uncertain below", "share of faces", x_range=(0, 1), y_range=(0, 1.02),
         y_format=".0%")  # fmt: skip
    return Plot(figure, data, "coverage", "Share of faces answered and share right by threshold")


def condition_plot(table: pd.DataFrame, title: str, name: str) -> Plot:
    """Accuracy in each part of ``conditions``' tables."""
    accuracy, low, high = (table[key].to_numpy() for key in ("accuracy", "low", "high"))
    texts = [f"<b>{a:.0%}</b><br>{n:,}" for a, n in zip(accuracy, table["faces"], strict=True)]
    figure = interval_bars(
        table["part"].tolist(), accuracy, low, high, [ACCENT] * len(table), texts
    )
    figure.update_xaxes(title=title)
    return Plot(figure, table, name, f"Accuracy by {title}")


def recall_plot(table: pd.DataFrame) -> Plot:
    """Recall of each expression that has faces, from ``classification_report``."""
    rows = table.dropna()
    names = rows["expression"].tolist()
    figure = interval_bars(
        names, rows["recall"], rows["recall_low"], rows["recall_high"],
        [colours(table["expression"])[name] for name in names],
        [f"<b>{value:.0%}</b>" for value in rows["recall"]],
    )  # fmt: skip
    figure.update_layout(height=390)
    figure.update_yaxes(title="recall, with 95 % interval")
    return Plot(figure, rows, "recall", "Recall of each expression")


def change_plot(changes: list[dict], first: str, second: str) -> Plot:
    """Recall of each expression: how much the second model gains over the first."""
    table = pd.DataFrame(changes)
    known = table[table["faces"] > 0]
    change = known["change"].to_numpy()
    names = [
        f"{name} <b>{signed(100 * value)}</b>"
        for name, value in zip(known["expression"], change, strict=True)
    ]
    bars = go.Bar(
        x=change, y=names, orientation="h", customdata=known["faces"],
        marker={
            "color": [colours(table["expression"])[name] for name in known["expression"]],
            "pattern_shape": ["/" if value < 0 else "" for value in change],
        },
        error_x={"type": "data", "symmetric": False, "array": known["high"] - change,
                 "arrayminus": change - known["low"], "thickness": 1.5, "width": 4,
                 "color": QUIET},
        hovertemplate="%{y} points, %{customdata:,} faces<extra></extra>",
    )  # fmt: skip
    figure = base_figure(bars, height_px=90 + 38 * len(known), bargap=0.35)
    axes(figure, "change of recall, with 95 % interval", "", x_format="+.0%")
    figure.update_yaxes(autorange="reversed", showgrid=False, ticksuffix="  ")
    figure.add_vline(0, line={"color": QUIET, "width": 1})
    return Plot(figure, table, "change_per_class", f"Change of recall from {first} to {second}")
