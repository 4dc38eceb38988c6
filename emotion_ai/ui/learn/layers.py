"""Chapter 2: a small multi-layer perceptron, trained live; its border and its weights."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from emotion_ai.learn import perceptron
from emotion_ai.learn.perceptron import Film
from emotion_ai.learn.texts import NUMBERS, Words
from emotion_ai.ui.charts import base_figure
from emotion_ai.ui.learn.figures import (
    BETWEEN,
    SIGNED,
    calm,
    choice,
    film,
    frame,
    key_on_top,
    percent,
    plain_axes,
    show_film,
    slider,
    two_classes,
    view,
)

_POINTS, _REACH, _CELLS = 160, 1.9, 33
_STEPS = NUMBERS["layers"]["steps"]


def show(words: Words, picture, side) -> None:
    with picture:
        chosen = view(words, ("border", "weights"))
    with side:
        shape = choice(words, "shape", perceptron.SHAPES)
        units = slider(words, "units", 1, 16, 4, 1)
        depth = slider(words, "depth", 1, 3, 1, 1)
        activation = choice(words, "activation", tuple(perceptron.HIDDEN))
    hidden = (units,) * depth
    trained = _trained(shape, hidden, activation)
    points, targets = perceptron.draw_points(shape, _POINTS, 0.1, seed=1)
    right = [
        float(((perceptron.answers(network, points, activation) > 0.5) == targets).mean())
        for network in trained.networks
    ]
    captions = [
        words("film", step=step, loss=loss, right=percent(share))
        for step, loss, share in zip(trained.steps, trained.loss, right, strict=True)
    ]
    figure, frames = (
        _border(words, trained, points, targets, activation)
        if chosen == "border"
        else _weights(words, trained)
    )
    with picture:
        last = len(captions) - 1
        figure = film(figure, frames, captions, start=last, ms=150)
        table = pd.DataFrame({"step": trained.steps, "loss": trained.loss, "right": right})
        show_film(figure, table, f"layers_{chosen}", words(f"alt_{chosen}"))
    with side:
        sizes = " → ".join(map(str, (2, *hidden, 1)))
        weights = sum(w.size + b.size for w, b in trained.networks[0])
        st.caption(words("sizes", sizes=sizes, weights=weights, right=percent(right[-1])))


@st.cache_data(show_spinner=False, max_entries=64)
def _trained(shape: str, hidden: tuple[int, ...], activation: str) -> Film:
    points, targets = perceptron.draw_points(shape, _POINTS, 0.1, seed=1)
    return perceptron.train(points, targets, hidden, activation=activation, steps=_STEPS)


def _border(
    words: Words, trained: Film, points, targets, activation: str
) -> tuple[go.Figure, list]:
    grid = np.linspace(-_REACH, _REACH, _CELLS)
    places = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)

    def moving(network) -> go.Heatmap:
        said = perceptron.answers(network, places, activation).reshape(_CELLS, _CELLS)
        return go.Heatmap(
            x=grid, y=grid, z=said.astype(np.float32), zmin=0, zmax=1, colorscale=BETWEEN,
            showscale=False, zsmooth="fast", hovertemplate=words("hover"),
        )  # fmt: skip

    names = (words("class_0"), words("class_1"))
    figure = base_figure(
        moving(trained.networks[-1]), *two_classes(points, targets, names), height_px=430
    )
    plain_axes(figure, "x₁", "x₂")
    figure.update_xaxes(range=(-_REACH, _REACH))
    figure.update_yaxes(range=(-_REACH, _REACH))
    key_on_top(figure)
    return figure, [frame([moving(network)], [0]) for network in trained.networks]


def _weights(words: Words, trained: Film) -> tuple[go.Figure, list]:
    """The weight matrices one below the other, each column a unit."""
    matrices = [weights for weights, _ in trained.networks[-1]]
    titles = [
        words("matrix", number=i + 1, rows=len(matrix), columns=matrix.shape[1])
        for i, matrix in enumerate(matrices)
    ]
    figure = make_subplots(
        rows=len(matrices), cols=1, subplot_titles=titles,
        row_heights=[max(len(matrix), 2) for matrix in matrices],
        vertical_spacing=0.26 / len(matrices),
    )  # fmt: skip
    top = max(np.abs(matrix).max() for matrix in matrices)

    def moving(network) -> list:
        return [
            go.Heatmap(
                z=weights.astype(np.float32), zmin=-top, zmax=top, colorscale=SIGNED,
                showscale=False, xgap=2, ygap=2, hovertemplate="%{z:.2f}<extra></extra>",
                texttemplate="%{z:.1f}" if max(weights.shape) <= 8 else None,
            )
            for weights, _ in network
        ]  # fmt: skip

    for i, trace in enumerate(moving(trained.networks[-1])):
        figure.add_trace(trace, row=i + 1, col=1)
    calm(figure, 430)
    figure.update_layout(margin_t=30)
    figure.update_xaxes(visible=False, fixedrange=True)
    figure.update_yaxes(visible=False, fixedrange=True, autorange="reversed")
    traces = list(range(len(matrices)))
    return figure, [frame(moving(one), traces) for one in trained.networks]
