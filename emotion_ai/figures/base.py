"""What all figures share: one look on either theme, and the data behind the picture."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

import pandas as pd
import plotly.graph_objects as go

from emotion_ai.labels import Look

#: The tone of a single series, and of what stands for chance or for the ideal beside it.
ACCENT, QUIET = "#6C63E0", "#8A8F9E"
#: Text on the light and on the dark theme's background, where Plotly cannot know which it is.
DARK_INK, LIGHT_INK = "#20232E", "#E9EAF0"
#: Two things compared: told apart by name, symbol and tone.
FIRST, SECOND = "#0072B2", "#D55E00"
#: A dash pattern for each expression, so that curves are not told apart by colour alone.
DASHES = {
    "angry": "solid", "disgust": "dot", "fear": "dash", "happy": "longdash",
    "sad": "dashdot", "surprise": "longdashdot", "neutral": "2px 6px",
}  # fmt: skip
#: Plotly's patterns of bars and bands, by ``Look.pattern``.
_SHAPES = ("", "/", "x", ".", "-", "|", "+", "\\")


def dashes(names: Iterable[str]) -> dict[str, str]:
    """A dash pattern for each class of a set; those of one's own go through them in turn."""
    every = list(DASHES.values())
    return {name: DASHES.get(name) or every[i % len(every)] for i, name in enumerate(names)}


def bar_pattern(look: Look) -> str:
    """Plotly's pattern of a class, "" for none."""
    return _SHAPES[look.pattern % len(_SHAPES)]


def hatch_lines(look: Look) -> tuple[int, int]:
    """How the lines of a pattern run outside Plotly: degrees, and pixels apart."""
    return 45 * (look.pattern % 4), 4 + 3 * (look.pattern // 4 % 4)


def css_fill(look: Look) -> str:
    """A class's colour and pattern as a CSS background."""
    if not look.pattern:
        return look.colour
    turn, gap = hatch_lines(look)
    lines = f"rgba(0,0,0,.6) 0 1.5px,transparent 1.5px {gap}px"
    return f"repeating-linear-gradient({turn}deg,{lines}),{look.colour}"


@dataclass(frozen=True)
class Plot:
    """A figure, the ``data`` it shows, the ``name`` of its files, and ``alt``, which is read
    out."""

    figure: go.Figure
    data: pd.DataFrame
    name: str
    alt: str


def base_figure(*traces: object, height_px: int = 320, **layout) -> go.Figure:
    """A figure without background, so that it sits on either theme."""
    figure = go.Figure(list(traces))
    figure.update_layout(
        height=height_px,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        hoverlabel={"namelength": -1},
        dragmode=False,
        **layout,
    )
    return figure


def axes(figure: go.Figure, x: str, y: str, **ranges) -> go.Figure:
    """Titles for both axes, thin grid lines; ``x_range``, ``y_range`` and tick formats given."""
    grid = {"gridcolor": "rgba(128,128,140,0.22)", "zeroline": False, "automargin": True}
    figure.update_xaxes(title=x, range=ranges.get("x_range"), tickformat=ranges.get("x_format"),
                        **grid)  # fmt: skip
    figure.update_yaxes(title=y, range=ranges.get("y_range"), tickformat=ranges.get("y_format"),
                        **grid)  # fmt: skip
    return figure


def legend_above(figure: go.Figure) -> go.Figure:
    """The legend in rows over the figure, clear of it."""
    return figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        margin={"t": 60},
    )


def legend_beside(figure: go.Figure) -> go.Figure:
    """A long legend at the right: over the figure it would break into changing rows."""
    return figure.update_layout(showlegend=True, legend={"x": 1.01, "y": 1, "itemwidth": 34})


def interval_bars(
    names: list[str], values, low, high, colours: list[str], texts: list[str]
) -> go.Figure:
    """Shares as bars with their 95 % interval as whiskers, under each its name and its text."""
    bars = go.Bar(
        x=names,
        y=values,
        marker_color=colours,
        error_y={
            "type": "data", "symmetric": False, "array": high - values,
            "arrayminus": values - low, "thickness": 1.5, "width": 4, "color": QUIET,
        },
        hovertemplate="%{x}: %{y:.1%}<extra></extra>",
    )  # fmt: skip
    figure = axes(base_figure(bars, height_px=300, bargap=0.3), "", "",
                  y_range=(0, 1), y_format=".0%")  # fmt: skip
    labels = [f"{name}<br>{text}" for name, text in zip(names, texts, strict=True)]
    return figure.update_xaxes(
        type="category", tickmode="array", tickvals=names, ticktext=labels, showgrid=False
    )


def as_text(name: str) -> str:
    """A name from outside, for Plotly, which acts on some HTML."""
    return escape(name)


def signed(value: float, digits: int = 1) -> str:
    """``"+1.5"`` or ``"−0.7"``, with a real minus."""
    return f"{value:+.{digits}f}".replace("-", "−")
