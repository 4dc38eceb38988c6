"""Chapter 1: a neuron's four numbers; sigmoid and ReLU; why gradients vanish."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.learn import neuron
from emotion_ai.learn.measures import mouth_measures, standardised
from emotion_ai.learn.texts import NUMBERS, Words
from emotion_ai.ui.charts import base_figure, show_chart
from emotion_ai.ui.learn.faces import drawn_faces
from emotion_ai.ui.learn.figures import (
    ACCENT,
    BETWEEN,
    FIRST,
    SECOND,
    film,
    frame,
    key_on_top,
    log_axis,
    plain_axes,
    scientific,
    slider,
    two_classes,
    view,
)

_REACH, _CELLS = 3.2, 33
_LAYERS = NUMBERS["neuron"]["layers"]
#: The film shows every second step.
_EVERY = 2
_COLOURS = {"sigmoid": SECOND, "ReLU": FIRST}


def show(words: Words, picture, side) -> None:
    with picture:
        chosen = view(words, ("line", "curves", "vanishing"))
    {"line": _line, "curves": _curves, "vanishing": _vanishing}[chosen](words, picture, side)


def _line(words: Words, picture, side) -> None:
    with side:
        w1 = slider(words, "w1", -3.0, 3.0, 0.5, 0.1)
        w2 = slider(words, "w2", -3.0, 3.0, -0.5, 0.1)
        bias = slider(words, "bias", -3.0, 3.0, 0.0, 0.1)
        steepness = slider(words, "steepness", 0.2, 5.0, 1.0, 0.1)
    points, targets = _faces_as_points()
    path = neuron.learn(points, targets, (w1, w2), bias, steepness, rate=2 / steepness, steps=30)[
        ::_EVERY
    ]
    grid = np.linspace(-_REACH, _REACH, _CELLS)
    places = np.stack(np.meshgrid(grid, grid), axis=-1)

    def moving(place: np.ndarray) -> list:
        said = neuron.answer(places, place[:2], place[2], steepness)
        ends = neuron.border(place[:2], place[2], 3 * _REACH)
        ends = np.full((2, 2), np.nan) if ends is None else ends
        return [
            go.Heatmap(
                x=grid, y=grid, z=said.astype(np.float32), zmin=0, zmax=1, colorscale=BETWEEN,
                showscale=False, hovertemplate=words("hover"), zsmooth="fast",
            ),
            go.Scatter(
                x=ends[:, 0], y=ends[:, 1], mode="lines", line={"color": ACCENT, "width": 4},
                name=words("border"), hoverinfo="skip",
            ),
        ]  # fmt: skip

    names = (words("others"), words("surprised"))
    figure = base_figure(*moving(path[0]), *two_classes(points, targets, names), height_px=430)
    plain_axes(figure, words("wide"), words("open"))
    figure.update_xaxes(range=(-_REACH, _REACH))
    figure.update_yaxes(range=(-_REACH, _REACH))
    key_on_top(figure)
    frames = [frame(moving(place), [0, 1]) for place in path]
    right = [int(((neuron.answer(points, p[:2], p[2]) > 0.5) == targets).sum()) for p in path]
    captions = [
        words("film", step=i * _EVERY, right=right[i], n=len(points)) for i in range(len(path))
    ]
    with picture:
        figure = film(figure, frames, captions)
        table = pd.DataFrame(path, columns=["weight_1", "weight_2", "bias"])
        show_chart(figure, table.assign(right=right), "neuron", words("alt_line"))
    with side:
        st.latex(rf"\sigma({steepness:.1f}\,({w1:.1f}\,x_1 {w2:+.1f}\,x_2 {bias:+.1f}))")
        st.caption(words("right", right=right[0], n=len(points)))


@st.cache_data(show_spinner=False)
def _faces_as_points() -> tuple[np.ndarray, np.ndarray]:
    faces = drawn_faces(70)
    surprised = np.array([name == "surprise" for name in faces.expressions], float)
    return standardised(mouth_measures(faces.keypoints_px)), surprised


def _curves(words: Words, picture, side) -> None:
    z = np.linspace(-6, 6, 121)
    stops = np.linspace(-6, 6, 49)
    figure = base_figure(height_px=430)
    for name, (function, derivative) in neuron.ACTIVATIONS.items():
        line = {"color": _COLOURS[name], "width": 3}
        dashed = {**line, "dash": "dot"}
        figure.add_scatter(x=z, y=function(z), name=name, line=line)
        slope = words("slope", name=name)
        figure.add_scatter(x=z, y=derivative(z), name=slope, line=dashed)

    def moving(stop: float) -> list:
        traces = []
        for name, (function, derivative) in neuron.ACTIVATIONS.items():
            value, slope = float(function(stop)), float(derivative(stop))
            colour = _COLOURS[name]
            near = np.array([-1.0, 1.0])
            traces += [
                go.Scatter(
                    x=[stop, stop], y=[value, slope], mode="markers", hoverinfo="skip",
                    marker={"size": 11, "color": colour, "symbol": ["circle", "circle-open"],
                            "line": {"width": 3, "color": colour}}, showlegend=False,
                ),
                go.Scatter(
                    x=stop + near, y=value + slope * near, mode="lines", hoverinfo="skip",
                    line={"color": ACCENT, "width": 2}, showlegend=False,
                ),
            ]  # fmt: skip
        return traces

    figure.add_traces(moving(stops[30]))
    plain_axes(figure, words("sum"), words("answer"))
    figure.update_yaxes(range=(-0.35, 3.1))
    figure.update_xaxes(range=(-6, 6))
    key_on_top(figure)
    frames = [frame(moving(stop), [4, 5, 6, 7]) for stop in stops]
    captions = [
        words("slopes", z=stop, sigmoid=neuron.sigmoid_derivative(stop),
              relu=float(neuron.relu_derivative(stop)))
        for stop in stops
    ]  # fmt: skip
    table = {"z": z}
    for name, (function, derivative) in neuron.ACTIVATIONS.items():
        table |= {name: function(z), f"{name}_slope": derivative(z)}
    with picture:
        figure = film(figure, frames, captions, start=30, ms=80)
        show_chart(figure, pd.DataFrame(table), "activations", words("alt_curves"))
    with side:
        st.markdown(words("curves_note"))


def _vanishing(words: Words, picture, side) -> None:
    with side:
        z = slider(words, "z", -4.0, 4.0, 0.5, 0.1)
        weight = slider(words, "weight", 0.5, 4.0, 1.0, 0.1)
    left = {name: neuron.gradient_through(name, z, weight, _LAYERS) for name in neuron.ACTIVATIONS}
    layers = np.arange(_LAYERS + 1)

    def bars(shown: int) -> list:
        return [
            go.Bar(
                x=layers[: shown + 1], y=np.where(values > 0, values, np.nan)[: shown + 1],
                name=name, marker_color=_COLOURS[name], hovertemplate="%{x}: %{y:.2g}",
                marker_pattern_shape="" if name == "sigmoid" else "/",
            )
            for name, values in left.items()
        ]  # fmt: skip

    figure = base_figure(*bars(_LAYERS), height_px=430, barmode="group")
    plain_axes(figure, words("layers"), words("gradient"))
    floor = min(values[values > 0].min() for values in left.values())
    top = max(values.max() for values in left.values())
    log_axis(figure, floor, top)
    figure.update_xaxes(range=(-0.7, _LAYERS + 0.7), dtick=5)
    key_on_top(figure)
    frames = [frame(bars(i), [0, 1]) for i in layers]
    captions = [
        words(
            "left",
            layers=i,
            sigmoid=scientific(left["sigmoid"][i]),
            relu=scientific(left["ReLU"][i]),
        )
        for i in layers
    ]
    with picture:
        figure = film(figure, frames, captions, start=_LAYERS)
        table = pd.DataFrame({"layers": layers, **left})
        show_chart(figure, table, "vanishing", words("alt_vanishing"))
    with side:
        slope = neuron.sigmoid_derivative(z) * weight
        st.markdown(words("vanishing_note", slope=slope, left=scientific(left["sigmoid"][-1])))
