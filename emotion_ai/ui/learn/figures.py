"""What the chapters draw with: films, grey pictures, square axes; and their controls."""

import base64
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.learn.texts import Words
from emotion_ai.ui.charts import base_figure, download_table, draw_chart
from emotion_ai.ui.learn import player

#: Two classes, told apart by symbol too; a line that stands out; all on light and on dark.
FIRST, SECOND, ACCENT, QUIET = "#E69F00", "#3B8FD0", "#7F77EE", "#8A8D99"
SYMBOLS = ("circle", "diamond")
GRID = "rgba(128,128,128,0.22)"
#: From SECOND over nothing to FIRST, see-through, for areas between the two.
BETWEEN = [
    [0, "rgba(59,143,208,0.55)"],
    [0.5, "rgba(128,128,128,0.05)"],
    [1, "rgba(230,159,0,0.55)"],
]
#: From SECOND over grey to FIRST, for numbers of both signs with text on them.
SIGNED = [[0, SECOND], [0.5, "#DCDCE2"], [1, FIRST]]
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_REDRAW_MS = 300


class Film(go.Figure):
    """A figure with frames; ``show_film`` draws it with what plays them."""

    #: Plain frames. Plotly would check every value of every frame three times over, which takes
    #: longer than all else that a chapter does.
    frames_shown: Sequence[dict] = ()
    captions: Sequence[str] = ()
    #: The frame that is shown first, and the one that a link without any means.
    moment: int = 0
    start: int = 0
    ms: int = 120
    redraw: bool = True

    def to_dict(self) -> dict:
        plain = super().to_dict()
        data = list(plain["data"])
        now = self.frames_shown[self.moment]
        for position, trace in zip(now["traces"], now["data"], strict=True):
            data[position] = data[position] | trace
        return plain | {"data": data, "frames": list(self.frames_shown)}


def frame(traces: Sequence, positions: Sequence[int]) -> dict:
    """What a film shows at one moment: ``traces`` instead of the figure's at ``positions``."""
    data = [_packed(trace.to_plotly_json()) for trace in traces]
    return {"data": data, "traces": list(positions)}


def _packed(value):
    """Arrays as Plotly's typed arrays: shorter than text, and exact."""
    if isinstance(value, dict):
        return {key: _packed(one) for key, one in value.items()}
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind not in "fu":
        return value.tolist()
    packed = base64.b64encode(np.ascontiguousarray(value)).decode()
    shape = ", ".join(map(str, value.shape))
    return {"dtype": value.dtype.str[1:], "bdata": packed, "shape": shape}


def film(
    figure: go.Figure,
    frames: Sequence[dict],
    captions: Sequence[str],
    *,
    start: int = 0,
    ms: int = 120,
) -> Film:
    """``figure`` with frames, at the moment in the address, else at frame ``start``.

    ``captions`` say what each frame shows. A chart of points and lines alone changes in place; any
    other is redrawn, and each frame gets the time that a phone needs for that.
    """
    playing = Film(figure)
    playing.redraw = any(trace.type != "scatter" for trace in figure.data)
    playing.ms = max(ms, _REDRAW_MS) if playing.redraw else ms
    playing.frames_shown = [{**one, "name": str(i)} for i, one in enumerate(frames)]
    playing.captions, playing.start = captions, start
    playing.moment = player.moment(len(captions), start)
    playing.update_xaxes(automargin=True)
    playing.update_yaxes(automargin=True)
    return playing


def show_film(figure: Film, data: pd.DataFrame, name: str, alt: str) -> None:
    """The figure, what plays it, and its ``data`` as CSV; as ``charts.show_chart``."""
    # The style sheet may make it lower: on a phone, on a projector.
    with st.container(height=figure.layout.height, border=False, key=f"stage_{name}"):
        draw_chart(figure, name, alt, height="stretch")
    player.show(name, figure.captions, figure.start, figure.moment, figure.ms, figure.redraw)
    download_table(data, name)


def grey_picture(image: np.ndarray, low: float = 0, high: float = 255, **where) -> go.Heatmap:
    """A grey picture (H, W), its first row on top once the axis is turned by ``as_picture``."""
    return go.Heatmap(
        z=image, zmin=low, zmax=high, colorscale="gray", showscale=False, hoverinfo="skip", **where
    )


def calm(figure: go.Figure, height_px: int) -> None:
    """The look of ``charts.base_figure`` for a figure of several parts."""
    layout = base_figure(height_px=height_px).layout.to_plotly_json()
    layout.pop("template", None)  # large, and already there
    figure.update_layout(layout)


def as_picture(figure: go.Figure, shape: tuple[int, int], axis: str = "", margin: float = 0.5):
    """Axes of a picture of ``shape`` (H, W): square pixels, y downward, no ticks."""
    height, width = shape
    bare = {"visible": False, "showgrid": False, "zeroline": False, "fixedrange": True}
    figure.update_layout(
        {
            f"xaxis{axis}": {**bare, "range": (-margin, width - 1 + margin), "constrain": "domain"},
            f"yaxis{axis}": {
                **bare,
                "range": (height - 1 + margin, -margin),
                "scaleanchor": f"x{axis}",
                "constrain": "domain",
            },
        }
    )


def plain_axes(figure: go.Figure, x: str, y: str, **more) -> None:
    """Named axes with quiet grid lines that do not zoom by accident."""
    quiet = {"gridcolor": GRID, "zerolinecolor": GRID, "fixedrange": True}
    figure.update_xaxes(title_text=x, **quiet, **more.get("xaxis", {}))
    figure.update_yaxes(title_text=y, **quiet, **more.get("yaxis", {}))


def key_on_top(figure: go.Figure) -> None:
    """Names of the traces in a line above the picture."""
    figure.update_layout(
        showlegend=True,
        margin_t=34,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"size": 13}},
    )


def two_classes(points: np.ndarray, targets: np.ndarray, names: Sequence[str], **more) -> list:
    """A trace for the points of each class, 0 then 1, by colour and symbol."""
    return [
        go.Scatter(
            x=points[targets == i, 0],
            y=points[targets == i, 1],
            mode="markers",
            name=names[i],
            marker={
                "color": (SECOND, FIRST)[i],
                "symbol": SYMBOLS[i],
                "size": 8,
                "line": {"width": 1, "color": "rgba(0,0,0,0.5)"},
            },
            hoverinfo="skip",
            **more,
        )
        for i in (0, 1)
    ]


def view(words: Words, options: Sequence[str]) -> str:
    """Which picture of the chapter; kept in the address."""
    return st.segmented_control(
        words("view"),
        options,
        default=options[0],
        format_func=lambda name: words(f"view_{name}"),
        required=True,
        label_visibility="collapsed",
        wrap=True,
        key=f"{words.part}_view",
        bind="query-params",
    )


def revealed(words: Words) -> bool:
    """Whether somebody has asked for the answer: a class guesses first. Not in the address, which
    a class is given."""
    view = st.session_state.get(f"{words.part}_view", "")
    return st.toggle(words("reveal"), key=f"reveal_{words.part}_{view}")


def slider(words: Words, name: str, low, high, value, step, **more):
    """A slider kept in the address; its label is the chapter's text ``name``."""
    return st.slider(
        words(name), low, high, value, step, key=f"{words.part}_{name}", bind="query-params", **more
    )


def choice(words: Words, name: str, options: Sequence[str], default: str | None = None) -> str:
    """One of a few, kept in the address; each option's label is the text of its own name."""
    return st.segmented_control(
        words(name),
        options,
        default=default or options[0],
        format_func=lambda option: words(f"{name}_{option}"),
        required=True,
        wrap=True,
        key=f"{words.part}_{name}",
        bind="query-params",
    )


def log_axis(figure: go.Figure, low: float, high: float) -> None:
    """A logarithmic y axis from ``low`` to ``high``, ticks at a few powers of ten."""
    ends = np.log10([low, high])
    ends += np.array([-0.4, 0.4])
    step = max(1, int(np.ceil((ends[1] - ends[0]) / 8)))
    figure.update_yaxes(type="log", range=ends, dtick=step, exponentformat="power")


def scientific(value: float) -> str:
    """``"0.25"``, or ``"3.1 × 10⁻⁷"`` where that would be many zeros."""
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_RAISED)}"


def percent(share: float | None) -> str:
    """``"11 %"`` on one line, or a dash where there is none."""
    if share is None:
        return "–"
    digits = 1 if 0.99 < share < 1 else 0  # never call 99.5 % all
    return f"{100 * share:.{digits}f}\u00a0%"
