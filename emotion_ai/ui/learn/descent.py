"""Chapter 3: a line fitted by walking downhill, with four ways of walking."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.learn import descent
from emotion_ai.learn.texts import NUMBERS, Words
from emotion_ai.ui.charts import base_figure
from emotion_ai.ui.learn import start
from emotion_ai.ui.learn.figures import (
    ACCENT,
    FIRST,
    GRID,
    SECOND,
    choice,
    film,
    frame,
    plain_axes,
    revealed,
    scientific,
    show_film,
    view,
)

#: From much too small to beyond the critical rate of these points.
RATES = (0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.55, 0.57, 0.6, 0.7)
STEPS = NUMBERS["descent"]["steps"]
_START_RATE = NUMBERS["descent"]["start_rate"]
_B, _M = (-3.5, 5.5), (-2.5, 6.5)
_TOP = 12.0
_SHADES = [
    [0, "rgba(127,119,238,0.75)"],
    [0.5, "rgba(127,119,238,0.3)"],
    [1, "rgba(127,119,238,0)"],
]


def show(words: Words, picture, side) -> None:
    with picture:
        chosen = view(words, ("map", "surface", "line", "start"))
    if chosen == "start":
        start.show(words, picture, side)
        return
    with side:
        rule = choice(words, "rule", descent.RULES)
        rate = st.select_slider(
            words("rate"), RATES, _START_RATE, key="descent_rate", bind="query-params"
        )
    x, y = descent.draw_line()
    path = descent.descend(x, y, rule, rate, STEPS)
    losses = descent.loss(path[:, 0], path[:, 1], x, y)
    draw = {"map": _map, "surface": _surface, "line": _line}[chosen]
    figure, frames = draw(words, path, losses, x, y)
    captions = [
        words(
            "film",
            step=i,
            loss=scientific(losses[i]),
            b=scientific(path[i, 0]),
            m=scientific(path[i, 1]),
        )
        for i in range(STEPS + 1)
    ]
    with picture:
        figure = film(figure, frames, captions, ms=140)
        table = pd.DataFrame({"step": range(STEPS + 1), "b": path[:, 0], "m": path[:, 1]})
        show_film(figure, table.assign(loss=losses), f"descent_{chosen}", words(f"alt_{chosen}"))
    with side:
        slope = (path[0] - path[1]) / rate  # as this way of walking sees it
        st.latex(
            rf"\begin{{aligned}}b &\leftarrow {path[0, 0]:.1f} - {rate:g}\cdot({slope[0]:.2f})\\"
            rf"m &\leftarrow {path[0, 1]:.1f} - {rate:g}\cdot({slope[1]:.2f})\end{{aligned}}"
        )
        critical = descent.critical_rate(x)
        if revealed(words):
            verdict = _verdict(words, path, losses, x, y)
            st.caption(words("critical", critical=critical) + " " + verdict)


def _verdict(words: Words, path, losses, x, y) -> str:
    lowest = float(descent.loss(*descent.best_line(x, y), x, y))
    if losses[-1] > losses[0]:
        return words("verdict_diverges")
    if losses[-1] < 1.1 * lowest:
        return words("verdict_arrives")
    return words("verdict_slow")


def _landscape(x, y) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    b, m = np.linspace(*_B, 46), np.linspace(*_M, 46)
    return b, m, descent.loss(*np.meshgrid(b, m), x, y)


def _inside(path: np.ndarray) -> np.ndarray:
    """The walk as far as it stays near the map: beyond, numbers grow without end."""
    return np.where(np.abs(path) < 1e3, path, np.nan)


def _map(words: Words, path, losses, x, y) -> tuple[go.Figure, list]:
    b, m, height = _landscape(x, y)
    best = descent.best_line(x, y)
    walk = _inside(path)
    depths = np.sqrt(height).astype(np.float32)
    look = {"x": b, "y": m, "z": depths, "showscale": False, "hoverinfo": "skip"}
    ground = go.Heatmap(**look, colorscale=_SHADES, zsmooth="fast")
    rings = go.Contour(
        **look,
        ncontours=18,
        contours={"coloring": "none"},
        line={"width": 1, "color": "rgba(128,128,128,0.6)"},
    )
    goal = go.Scatter(
        x=best[:1], y=best[1:], mode="markers", hoverinfo="skip",
        marker={"symbol": "star", "size": 15, "color": SECOND, "line_width": 1},
    )  # fmt: skip

    def moving(step: int) -> go.Scatter:
        sizes = [5] * step + [13]
        return go.Scatter(
            x=walk[: step + 1, 0], y=walk[: step + 1, 1], mode="lines+markers",
            line={"color": FIRST, "width": 2}, marker={"size": sizes, "color": FIRST},
            hovertemplate="b %{x:.2f}, m %{y:.2f}<extra></extra>",
        )  # fmt: skip

    figure = base_figure(ground, rings, goal, moving(STEPS), height_px=430)
    plain_axes(figure, words("axis_b"), words("axis_m"))
    figure.update_xaxes(range=_B)
    figure.update_yaxes(range=_M)
    return figure, [frame([moving(i)], [3]) for i in range(STEPS + 1)]


def _surface(words: Words, path, losses, x, y) -> tuple[go.Figure, list]:
    b, m, height = descent.bowl(x, y, _TOP)
    walk = np.column_stack([path, losses + 0.4])
    walk[losses > 1.1 * _TOP] = np.nan
    ground = go.Surface(
        x=b,
        y=m,
        z=height,
        colorscale=[[0, "#E4E2FA"], [1, "#6A61D8"]],
        opacity=0.6,
        showscale=False,
        hoverinfo="skip",
    )

    def moving(step: int) -> go.Scatter3d:
        sizes = [3] * step + [7]
        return go.Scatter3d(
            x=walk[: step + 1, 0],
            y=walk[: step + 1, 1],
            z=walk[: step + 1, 2],
            mode="lines+markers",
            line={"color": FIRST, "width": 6},
            marker={"size": sizes, "color": FIRST},
            hoverinfo="skip",
        )

    figure = base_figure(ground, moving(STEPS), height_px=460)
    quiet = {"gridcolor": GRID, "showbackground": False, "zeroline": False}
    figure.update_layout(
        scene={
            "xaxis": {"title": {"text": "b"}, **quiet},
            "yaxis": {"title": {"text": "m"}, **quiet},
            "zaxis": {"title": {"text": words("loss")}, "range": (0, 1.1 * _TOP), **quiet},
            "camera": {"eye": {"x": 1.05, "y": -1.3, "z": 1.2}, "center": {"z": -0.1}},
            "aspectratio": {"x": 1.2, "y": 1.2, "z": 0.8},
            "dragmode": "turntable",
        }
    )
    return figure, [frame([moving(i)], [1]) for i in range(STEPS + 1)]


def _line(words: Words, path, losses, x, y) -> tuple[go.Figure, list]:
    ends = np.array([-0.3, 1.8])

    def moving(step: int) -> list:
        b, m = path[step]
        fitted = b + m * x
        gaps = np.column_stack([y, fitted, np.full_like(x, np.nan)]).ravel()
        return [
            go.Scatter(
                x=np.repeat(x, 3), y=gaps, mode="lines", hoverinfo="skip",
                line={"color": FIRST, "width": 1.5, "dash": "dot"},
            ),
            go.Scatter(
                x=ends, y=b + m * ends, mode="lines", hoverinfo="skip",
                line={"color": ACCENT, "width": 4},
            ),
        ]  # fmt: skip

    points = go.Scatter(
        x=x, y=y, mode="markers", marker={"color": SECOND, "size": 8},
        hovertemplate="x %{x:.2f}, y %{y:.2f}<extra></extra>",
    )  # fmt: skip
    figure = base_figure(*moving(STEPS), points, height_px=430)
    plain_axes(figure, "x", "y")
    figure.update_xaxes(range=ends)
    figure.update_yaxes(range=(-4, 8))
    return figure, [frame(moving(i), [0, 1]) for i in range(STEPS + 1)]
