"""Chapter 1: a neuron's four numbers; sigmoid and ReLU; why gradients vanish."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.learn import neuron
from emotion_ai.learn.measures import mouth_measures, standardised
from emotion_ai.learn.texts import NUMBERS, Words
from emotion_ai.ui.charts import base_figure
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
    revealed,
    scientific,
    show_film,
    slider,
    two_classes,
    view,
)

_REACH, _CELLS = 3.2, 33
_LAYERS = NUMBERS["neuron"]["layers"]
#: The film shows every second step.
_EVERY = 2
_NUMBERS, _MOST = ("w1", "w2", "bias"), 5.0
_COLOURS = {"sigmoid": SECOND, "ReLU": FIRST}


def show(words: Words, picture, side) -> None:
    with picture:
        chosen = view(words, ("line", "curves", "vanishing"))
    {"line": _line, "curves": _curves, "vanishing": _vanishing}[chosen](words, picture, side)


def _line(words: Words, picture, side) -> None:
    with side:
        w1 = slider(words, "w1", -_MOST, _MOST, 0.5, 0.1)
        w2 = slider(words, "w2", -_MOST, _MOST, -0.5, 0.1)
        bias = slider(words, "bias", -_MOST, _MOST, 0.0, 0.1)
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
        words("film", step=i * _EVERY, right=right[i], n=len(points),
              **{name: f"{value:+.1f}" for name, value in zip(_NUMBERS, place, strict=True)})
        for i, place in enumerate(path)
    ]  # fmt: skip
    with picture:
        figure = film(figure, frames, captions)
        table = pd.DataFrame(path, columns=["weight_1", "weight_2", "bias"])
        show_film(figure, table.assign(right=right), "neuron", words("alt_line"))
    with side:
        _formula(words, path, right, figure.moment, steepness, len(points))


def _formula(words: Words, path, right: list[int], moment: int, steepness: float, n: int) -> None:
    """What the picture shows at this moment; a click puts it on the sliders."""
    w1, w2, bias = path[moment]
    st.latex(rf"\sigma({steepness:.1f}\,({w1:.1f}\,x_1 {w2:+.1f}\,x_2 {bias:+.1f}))")
    if not moment:
        st.caption(words("right", right=right[0], n=n))
        return
    st.caption(words("learned", step=moment * _EVERY, right=right[moment], n=n))

    def take() -> None:
        for name, value in zip(_NUMBERS, path[moment], strict=True):
            st.session_state[f"neuron_{name}"] = float(np.clip(round(value, 1), -_MOST, _MOST))

    st.button(words("take"), key="neuron_take", icon=":material/tune:", on_click=take)


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
        show_film(figure, pd.DataFrame(table), "activations", words("alt_curves"))
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
        figure = film(figure, frames, captions)
        table = pd.DataFrame({"layers": layers, **left})
        show_film(figure, table, "vanishing", words("alt_vanishing"))
    with side:
        slope = neuron.sigmoid_derivative(z) * weight
        if revealed(words):
            arrives = left["sigmoid"][-1]
            note = words("vanishing_note", slope=slope, left=scientific(arrives))
            st.markdown(f"{note} {words(_heard(arrives))}")


def _heard(arrives: float) -> str:
    """What the first layers hear of a gradient of 1, which no sigmoid here swells: a text's key."""
    if arrives < 0.1:
        return "heard_little"
    return "heard_in_part" if arrives < 0.9 else "heard_in_full"
