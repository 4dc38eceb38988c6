"""Projector mode: large type, no sidebar, picture and controls above the fold; in the address."""

from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from emotion_ai.figures.base import DARK_INK, LIGHT_INK

PROJECTOR = "projector"
#: Ticks and names in charts, read from the last row.
CHART_FONT_PX = 18
_STYLE = Path(__file__).with_name("projector.css")


def is_on() -> bool:
    return bool(st.session_state.get(PROJECTOR))


def switch() -> None:
    """The switch, in the sidebar; where it is on, the look, and the way back above the page."""
    st.session_state.setdefault(PROJECTOR, st.query_params.get(PROJECTOR) == "true")
    with st.sidebar:
        st.toggle(
            "Projector mode", key=PROJECTOR, on_change=_put_in_address,
            help="Large type and nothing beside the page, for a classroom",
        )  # fmt: skip
    if is_on():
        _put_in_address()  # the way from page to page takes it out
        st.html(_STYLE)
        st.button(
            "Leave projector mode", key="projector_off", icon=":material/close_fullscreen:",
            type="tertiary", on_click=_leave,
        )  # fmt: skip


def _leave() -> None:
    st.session_state[PROJECTOR] = False
    _put_in_address()


def _put_in_address() -> None:
    # Not bound to the switch: others that put an address together could not keep it then.
    if not is_on():
        st.query_params.pop(PROJECTOR, None)
    elif st.query_params.get(PROJECTOR) != "true":
        st.query_params[PROJECTOR] = "true"


def ink() -> str:
    """The colour of words in charts, which do not know the theme."""
    return LIGHT_INK if st.context.theme.type == "dark" else DARK_INK


def readable(figure: go.Figure) -> go.Figure:
    """``figure``, its ticks and names large and in full ink where it is projected."""
    if is_on():
        font = {"size": CHART_FONT_PX, "color": ink()}
        axis = {"tickfont": font, "title_font": font, "automargin": True}
        figure.update_layout(font=font, legend_font=font)
        figure.update_xaxes(**axis)
        figure.update_yaxes(**axis)
        figure.update_annotations(font=font)
        figure.update_scenes(xaxis=axis_3d(font), yaxis=axis_3d(font), zaxis=axis_3d(font))
        figure.update_traces(textfont=font, selector={"type": "bar"})
        figure.update_traces(textfont_size=CHART_FONT_PX, selector={"type": "scatter"})
    return figure


def axis_3d(font: dict) -> dict:
    return {"tickfont": {**font, "size": 16}, "title": {"font": font}}
