"""Chapter 5: a kernel slides over a face; then the first filters of a saved network."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from emotion_ai.learn import convolution, inside
from emotion_ai.learn.texts import Words
from emotion_ai.ui.learn.faces import pick_face
from emotion_ai.ui.learn.figures import (
    FIRST,
    QUIET,
    as_picture,
    calm,
    choice,
    film,
    frame,
    grey_picture,
    revealed,
    show_film,
    view,
)
from emotion_ai.ui.learn.networks import pick_network

_FACE_PX, _FRAMES = 24, 33
#: The own kernel in the address; its largest weight.
_OWN, _MOST = "convolution_own", 99.0


def show(words: Words, picture, side) -> None:
    with picture:
        chosen = view(words, ("sliding", "filters"))
    {"sliding": _sliding, "filters": _filters}[chosen](words, picture, side)


def _sliding(words: Words, picture, side) -> None:
    with side:
        kernel = _pick_kernel(words)
        with st.container(horizontal=True):
            stride = int(choice(words, "stride", ("1", "2", "3")))
            padding = int(choice(words, "padding", ("0", "1")))
            pooled = int(choice(words, "pooling", ("1", "2")))
    with picture:
        above = st.container()
        face = pick_face(words, _FACE_PX)
    answers = convolution.convolve(face, kernel, stride, padding)
    if pooled > 1:
        answers = convolution.pool(answers, pooled)
    # Under one output lie the windows of all positions that are pooled into it.
    jump, reach = stride * pooled, (pooled - 1) * stride + len(kernel)
    stops = convolution.window_corners(answers.shape, stride, _FRAMES)
    low, high = float(answers.min()), float(answers.max() + 1e-6)

    def moving(row: int, column: int) -> list:
        # Row by row, each from the left: what comes later is still empty.
        done = answers.astype(np.float32)
        done[row + 1 :] = np.nan
        done[row, column + 1 :] = np.nan
        x, y = column * jump - padding, row * jump - padding
        return [
            _frame(x, y, reach, "x", "y"),
            grey_picture(done, low, high, xaxis="x2", yaxis="y2"),
            _frame(column, row, 1, "x2", "y2"),
        ]

    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.04)
    start = len(stops) // 2
    height, width = answers.shape
    rim = _frame(0, 0, width, "x2", "y2", height)
    figure.add_traces([grey_picture(face), *moving(*stops[start]), rim])
    figure.data[-1].line = {"color": QUIET, "width": 1}
    calm(figure, 330)
    as_picture(figure, face.shape, margin=0.5 + padding)
    as_picture(figure, answers.shape, "2")
    frames = [frame(moving(*stop), [1, 2, 3]) for stop in stops]
    captions = [words("film", row=r + 1, column=c + 1, value=answers[r, c]) for r, c in stops]
    with above:
        figure = film(figure, frames, captions, start=start, ms=160)
        show_film(figure, pd.DataFrame(answers), "convolution", words("alt_sliding"))
    with side:
        size = " × ".join(map(str, answers.shape))
        if revealed(words):
            st.caption(words("sizes", size=f"{_FACE_PX} × {_FACE_PX}", output=size))


def _frame(
    x: float, y: float, width: int, xaxis: str, yaxis: str, height: int | None = None
) -> go.Scatter:
    """A box around ``width`` × ``height`` pixels (a square without), the first at (x, y)."""
    left, top, right = x - 0.5, y - 0.5, x + width - 0.5
    bottom = y + (height or width) - 0.5
    return go.Scatter(
        x=[left, right, right, left, left], y=[top, top, bottom, bottom, top], mode="lines",
        line={"color": FIRST, "width": 3}, hoverinfo="skip", xaxis=xaxis, yaxis=yaxis,
    )  # fmt: skip


def _pick_kernel(words: Words) -> np.ndarray:
    name = choice(words, "kernel", (*convolution.KERNELS, "own"))
    if name != "own":
        kernel = np.array(convolution.KERNELS[name], float)
        rows = [" & ".join(f"{weight:.2g}" for weight in row) for row in kernel]
        st.latex(r"\begin{bmatrix}" + r" \\ ".join(rows) + r"\end{bmatrix}")
        return kernel
    rows = []
    for row, weights in enumerate(_linked_kernel()):
        with st.container(horizontal=True, gap="xsmall"):
            rows.append([
                st.number_input(
                    words("own_weight", row=row + 1, column=column + 1), -_MOST, _MOST, weight,
                    1.0, "%g", key=f"convolution_own_{row}{column}", width=110,
                    label_visibility="collapsed", on_change=_link_kernel,
                )
                for column, weight in enumerate(weights)
            ])  # fmt: skip
    return np.array(rows)


def _linked_kernel() -> list[list[float]]:
    """The own kernel of the address: nine numbers; level edges without them."""
    try:
        numbers = [float(text) for text in st.query_params.get(_OWN, "").split("_")]
    except ValueError:
        numbers = []
    if len(numbers) != 9 or not all(abs(number) <= _MOST for number in numbers):
        numbers = np.array(convolution.KERNELS["level_edges"], float).ravel().tolist()
    return [numbers[:3], numbers[3:6], numbers[6:]]


def _link_kernel() -> None:
    cells = (st.session_state[f"convolution_own_{i // 3}{i % 3}"] for i in range(9))
    st.query_params[_OWN] = "_".join(f"{cell:g}" for cell in cells)


def _filters(words: Words, picture, side) -> None:
    with side:
        network = pick_network(words)
        if network is None:
            return
        face = pick_face(words, network.layers[0].shape[0])
    stem = inside.first_convolution(network.layers)
    maps = inside.feature_maps(stem, face)
    kernels = stem.kernels.transpose(2, 0, 1)
    across = 8
    size = maps.shape[1]
    # Each map by its own brightness: what it looks for matters here, not how loud it is.
    loud = np.maximum(np.quantile(maps, 0.99, axis=(1, 2), keepdims=True), 1e-6)
    sheet = _contact_sheet(np.minimum(maps / loud, 1), across, gap=2)
    reach = float(np.abs(kernels).max())

    def moving(i: int) -> list:
        row, column = divmod(i, across)
        top = max(float(maps[i].max()), 1e-6)
        return [
            grey_picture(kernels[i].astype(np.float32), -reach, reach, xaxis="x2", yaxis="y2"),
            grey_picture(maps[i].astype(np.float32), 0, top, xaxis="x3", yaxis="y3"),
            _frame(column * (size + 2), row * (size + 2), size, "x4", "y4"),
        ]

    figure = make_subplots(
        rows=2, cols=3, specs=[[{}, {}, {}], [{"colspan": 3}, None, None]],
        row_heights=[0.36, 0.64], vertical_spacing=0.05, horizontal_spacing=0.03,
        subplot_titles=(words("face"), words("filter"), words("map"), ""),
    )  # fmt: skip
    first = int(np.argmax(maps.reshape(len(maps), -1).std(axis=1)))
    figure.add_traces(
        [grey_picture(face), *moving(first), grey_picture(sheet, xaxis="x4", yaxis="y4")]
    )
    figure.data = (*figure.data[:3], figure.data[4], figure.data[3])  # the frame lies on top
    calm(figure, 560)
    figure.update_layout(margin_t=28)
    for axis, shape in (("", face.shape), ("2", kernels[0].shape), ("3", maps[0].shape),
                        ("4", sheet.shape)):  # fmt: skip
        as_picture(figure, shape, axis)
    frames = [frame(moving(i), [1, 2, 4]) for i in range(len(maps))]
    active = [float((one > 0).mean()) for one in maps]
    captions = [
        words("film_filters", number=i + 1, n=len(maps), share=f"{100 * active[i]:.0f} %")
        for i in range(len(maps))
    ]
    with picture:
        figure = film(figure, frames, captions, start=first, ms=600)
        table = pd.DataFrame(kernels.reshape(len(kernels), -1)).add_prefix("weight_")
        show_film(figure, table, "filters", words("alt_filters"))
    with side:
        side_px = kernels.shape[1]
        st.caption(words("stem", n=len(kernels), side=side_px, stride=stem.stride, size=size))


def _contact_sheet(maps: np.ndarray, across: int, gap: int) -> np.ndarray:
    """All maps (0 to 1) in rows of ``across``: uint8, ``gap`` mid-grey pixels between them."""
    down, size = -(-len(maps) // across), maps.shape[1]
    step = size + gap
    sheet = np.full((down * step - gap, across * step - gap), 128, np.uint8)
    for i, one in enumerate(maps):
        row, column = divmod(i, across)
        sheet[row * step : row * step + size, column * step : column * step + size] = 255 * one
    return sheet
