"""Where the walk starts: faces learnt from scratch and from a network that has learned already."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.learn import transfer
from emotion_ai.learn.texts import Words
from emotion_ai.ui.charts import base_figure
from emotion_ai.ui.learn.figures import (
    FIRST,
    GRID,
    SECOND,
    choice,
    film,
    frame,
    key_on_top,
    percent,
    plain_axes,
    revealed,
    show_film,
)

_LOOKS = {"scratch": (SECOND, "square", "dash"), "ours": (FIRST, "circle", "solid")}


def show(words: Words, picture, side) -> None:
    table = transfer.read_measured()
    with side:
        data = choice(words, "data", tuple(table["data"].unique()), "fer2013")
    table = table[table["data"] == data]
    sizes = table["faces_a_class"].unique()
    lines = {start: table[table["start"] == start] for start in transfer.STARTS}

    def moving(shown: int) -> list[go.Scatter]:
        return [_line(words(start), lines[start][:shown], *_LOOKS[start]) for start in lines]

    figure = base_figure(*moving(len(sizes)), height_px=430)
    guessing = 1 / int(table["classes"].iloc[0])
    figure.add_hline(y=guessing, line={"color": GRID, "dash": "dot"},
                     annotation={"text": words("guessing"), "yanchor": "bottom"})  # fmt: skip
    plain_axes(figure, words("faces_a_class"), words("accuracy"))
    figure.update_xaxes(type="category", categoryarray=[str(size) for size in sizes],
                        categoryorder="array", range=(-0.4, len(sizes) - 0.6))  # fmt: skip
    figure.update_yaxes(range=(0, 1.04), tickformat=".0%")
    key_on_top(figure)
    captions = [words("film_none"), *(_caption(words, lines, i) for i in range(len(sizes)))]
    frames = [frame(moving(i), [0, 1]) for i in range(len(sizes) + 1)]
    with picture:
        figure = film(figure, frames, captions, start=0, ms=1500)
        show_film(figure, table, f"start_{data}", words("alt_start"))
    with side:
        if revealed(words):
            ours, scratch = (lines[start]["accuracy"].to_numpy() for start in ("ours", "scratch"))
            points = np.rint(100 * (ours - scratch)).astype(int)
            told = {"n": sizes[0], "most": sizes[-1], "points": points[0], "left": points[-1]}
            st.markdown(words("gained", **told))
        st.caption(words(f"measured_{data}", tested=int(table["tested"].iloc[-1])))


def _line(name: str, rows, colour: str, symbol: str, dash: str) -> go.Scatter:
    return go.Scatter(
        x=rows["faces_a_class"].astype(str), y=rows["accuracy"].to_numpy(), name=name,
        mode="lines+markers", line={"color": colour, "width": 3, "dash": dash},
        marker={"color": colour, "symbol": symbol, "size": 12},
        error_y={
            "array": (rows["high"] - rows["accuracy"]).to_numpy(),
            "arrayminus": (rows["accuracy"] - rows["low"]).to_numpy(),
            "color": colour,
        },
        hovertemplate="%{y:.1%}<extra></extra>",
    )  # fmt: skip


def _caption(words: Words, lines: dict, i: int) -> str:
    shares = {start: percent(line["accuracy"].iloc[i]) for start, line in lines.items()}
    return words("film_start", n=lines["ours"]["faces_a_class"].iloc[i], **shares)
