"""Chapter 6: gradients in deep stacks, plain and with skips; a saved network block by block."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.learn import depth, inside
from emotion_ai.learn.texts import Words
from emotion_ai.ui.charts import base_figure
from emotion_ai.ui.learn.figures import (
    ACCENT,
    FIRST,
    QUIET,
    SECOND,
    choice,
    film,
    frame,
    key_on_top,
    log_axis,
    plain_axes,
    revealed,
    scientific,
    show_film,
    slider,
    view,
)
from emotion_ai.ui.learn.networks import pick_network


def show(words: Words, picture, side) -> None:
    with picture:
        chosen = view(words, ("gradients", "network"))
    {"gradients": _gradients, "network": _network}[chosen](words, picture, side)


def _gradients(words: Words, picture, side) -> None:
    with side:
        layers = int(choice(words, "depth", tuple(map(str, depth.DEPTHS)), "20"))
        size = slider(words, "size", 0.3, 1.6, 0.7, 0.1)
        activation = choice(words, "activation", ("ReLU", "sigmoid"))
    measured = {
        (n, skip): depth.gradient_sizes(n, skip, size=size, activation=activation)
        for n in depth.DEPTHS
        for skip in (False, True)
    }
    lines = {skip: measured[layers, skip] for skip in (False, True)}
    looks = {
        False: (words("plain"), FIRST, "circle", "solid"),
        True: (words("skip"), SECOND, "diamond", "dash"),
    }

    places = np.arange(0, layers + 1, 2)

    def moving(first: int) -> list:
        return [
            go.Scatter(
                x=places[first:], y=lines[skip][first:], name=name, mode="lines+markers",
                line={"color": colour, "width": 3, "dash": dash},
                marker={"symbol": symbol, "size": 8}, hovertemplate="%{x}: %{y:.2g}",
            )
            for skip, (name, colour, symbol, dash) in looks.items()
        ]  # fmt: skip

    figure = base_figure(*moving(0), height_px=430)
    plain_axes(figure, words("layer"), words("gradient"))
    values = np.concatenate(list(lines.values()))
    log_axis(figure, values[values > 0].min(), values.max())
    figure.update_xaxes(range=(-0.5, layers + 0.5))
    key_on_top(figure)
    back = list(range(len(places) - 1, -1, -1))
    frames = [frame(moving(i), [0, 1]) for i in back]
    captions = [
        words(
            "film",
            layer=places[i],
            plain=scientific(lines[False][i]),
            skip=scientific(lines[True][i]),
        )
        for i in back
    ]
    with picture:
        figure = film(figure, frames, captions, start=len(back) - 1, ms=160)
        table = {"layer": places, "plain": lines[False], "skip": lines[True]}
        show_film(figure, pd.DataFrame(table), "gradients", words("alt_gradients"))
    with side:
        if not revealed(words):
            return
        rows = {
            words("depth"): depth.DEPTHS,
            words("plain"): [scientific(measured[n, False][0]) for n in depth.DEPTHS],
            words("skip"): [scientific(measured[n, True][0]) for n in depth.DEPTHS],
        }
        st.caption(words("table"))
        st.dataframe(pd.DataFrame(rows), hide_index=True)


def _network(words: Words, picture, side) -> None:
    with side:
        network = pick_network(words)
    if network is None:
        return
    blocks = inside.blocks(network.layers)
    shapes = [network.layers[0].shape, *(block.shape for block in blocks)]
    widths = [_width(shape, shapes) for shape in shapes[1:]]
    places = -np.arange(len(blocks), dtype=float)
    colours = [SECOND if block.skips else QUIET for block in blocks]

    def moving(i: int) -> list:
        return [
            go.Bar(
                x=widths, y=places, base=[-width / 2 for width in widths], orientation="h",
                width=0.66, hoverinfo="skip",
                marker={"color": [ACCENT if j == i else colours[j] for j in range(len(blocks))],
                        "opacity": [1 if j <= i else 0.45 for j in range(len(blocks))]},
            ),
            go.Scatter(
                x=[0], y=[places[i] + 0.5], mode="markers", hoverinfo="skip",
                marker={"size": 13, "color": FIRST, "symbol": "triangle-down"},
            ),
        ]  # fmt: skip

    texts = go.Scatter(
        x=[0.62] * len(blocks), y=places, mode="text", textposition="middle right",
        text=[
            f"<b>{_sides(block.shape)}</b><br>{words('parameters', n=block.parameters)}"
            for block in blocks
        ],
        hoverinfo="skip",
    )  # fmt: skip
    last = len(blocks) - 1
    figure = base_figure(*moving(last), texts, height_px=120 + 46 * len(blocks))
    for place in places[[block.skips for block in blocks]]:
        _add_way_around(figure, place)
    figure.update_xaxes(visible=False, range=(-0.75, 1.6), fixedrange=True)
    figure.update_yaxes(visible=False, range=(places[-1] - 0.8, 1.0), fixedrange=True)
    frames = [frame(moving(i), [0, 1]) for i in range(len(blocks))]
    captions = [_what(words, blocks, i) for i in range(len(blocks))]
    with picture:
        figure = film(figure, frames, captions, start=last, ms=700)
        show_film(figure, _block_table(blocks, captions), "network", words("alt_network"))
    with side:
        total = sum(block.parameters for block in blocks)
        skips = sum(block.skips for block in blocks)
        st.markdown(words("network_note", skips=skips, parameters=total))


def _add_way_around(figure: go.Figure, place: float) -> None:
    """An arc beside the block at ``place``."""
    top, bottom = place + 0.5, place - 0.5
    path = f"M -0.1,{top} C -0.85,{top} -0.85,{bottom} -0.1,{bottom}"
    figure.add_shape(type="path", path=path, line={"color": FIRST, "width": 3})


def _block_table(blocks: list, captions: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "block": captions,
            "output": [_sides(block.shape) for block in blocks],
            "convolutions": [block.convolutions for block in blocks],
            "skip": [block.skips for block in blocks],
            "parameters": [block.parameters for block in blocks],
        }
    )


def _what(words: Words, blocks: list, i: int) -> str:
    if blocks[i].skips:
        number = sum(block.skips for block in blocks[: i + 1])
        return words("block_residual", number=number, n=blocks[i].convolutions)
    name = "block_first" if i == 0 else "block_last" if i == len(blocks) - 1 else "block_other"
    return words(name)


def _width(shape: tuple, shapes: list[tuple]) -> float:
    """A picture's bar is as wide as its side, a list's a narrow stroke."""
    widest = max(one[0] for one in shapes if len(one) == 3)
    return shape[0] / widest if len(shape) == 3 else 0.08


def _sides(shape: tuple) -> str:
    return " × ".join(map(str, shape))
