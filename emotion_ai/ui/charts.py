"""Plotly figures with one look in the light and the dark theme, each with its data."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.figures.base import Plot, bar_pattern, base_figure
from emotion_ai.labels import looks
from emotion_ai.ui.projector import readable


def expression_bars(values: dict[str, float]) -> go.Figure:
    """A horizontal bar for every expression, 0 to 1, with its name and its value beside it."""
    names = list(values)
    figure = base_figure(
        go.Bar(
            x=list(values.values()),
            y=names,
            orientation="h",
            marker={
                "color": [looks(tuple(names))[n].colour for n in names],
                "pattern": {"shape": [bar_pattern(looks(tuple(names))[n]) for n in names]},
            },
            text=[f"{value:.2f}" for value in values.values()],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y} %{x:.3f}<extra></extra>",
        ),
        height_px=40 + 30 * len(names),
        bargap=0.3,
    )
    top = max(values.values(), default=1.0)
    figure.update_xaxes(range=(0, top * 1.15), showgrid=False, visible=False)
    figure.update_yaxes(
        type="category",  # names may be numbers
        autorange="reversed", ticks="", showgrid=False, ticksuffix="  ",
    )  # fmt: skip
    return figure


def show_chart(figure: go.Figure, data: pd.DataFrame, name: str, alt: str) -> None:
    """The figure, its picture as a download in its corner, and its ``data`` as CSV below it.

    ``name`` becomes the file names and the widget's key; ``alt`` is read out.
    """
    draw_chart(figure, name, alt)
    download_table(data, name)


def draw_chart(figure: go.Figure, name: str, alt: str, height: str = "content") -> None:
    """The figure alone, its picture as a download in its corner."""
    st.plotly_chart(
        readable(figure),
        width="stretch",
        height=height,
        key=f"chart_{name}",
        alt=alt,
        config={
            "displaylogo": False,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": {"filename": name, "scale": 2},
        },
    )


def download_table(data: pd.DataFrame, name: str) -> None:
    """The data of a chart as CSV."""
    st.download_button(
        "Data of this chart",
        data.to_csv(index=False),
        f"{name}.csv",
        "text/csv",
        key=f"data_{name}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def show_plot(plot: Plot, key: str = "") -> None:
    """``show_chart`` of a ready plot; ``key`` tells several of one name apart."""
    show_chart(plot.figure, plot.data, plot.name + (f"_{key}" if key else ""), plot.alt)


def download_data(plot: Plot, key: str = "") -> None:
    """The data of a plot as CSV."""
    st.download_button(
        "Data of this chart",
        lambda: plot.data.to_csv(index=False),
        f"{plot.name}.csv",
        "text/csv",
        key=f"data_{plot.name}_{key}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )
