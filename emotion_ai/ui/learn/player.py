"""What plays a film under its chart: a button, a slider and the words of the moment, as HTML, so
that keys and screen readers reach them."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import streamlit as st

#: The frame that is shown, in the address.
MOMENT = "moment"
_FOLDER = Path(__file__).parent
#: In the session: the address, without its moment, that the moment belongs to.
_BELONGS_TO = "moment_belongs_to"


def moment(n: int, start: int) -> int:
    """The frame in the address, below ``n``; ``start`` without one, and once a control was
    moved: then it is another film."""
    text = st.query_params.get(MOMENT, "")
    if st.session_state.setdefault(_BELONGS_TO, _address()) != _address():
        st.session_state[_BELONGS_TO] = _address()
        st.query_params.pop(MOMENT, None)
        return start
    return min(int(text), n - 1) if text.isdecimal() and len(text) < 6 else start


def _address() -> tuple:
    return tuple(sorted((k, v) for k, v in st.query_params.to_dict().items() if k != MOMENT))


def show(name: str, captions: Sequence[str], start: int, shown: int, ms: int, redraw: bool) -> None:
    """Button and slider of the chart ``chart_<name>``, which shows frame ``shown``. Where the
    film is stopped becomes the moment in the address."""
    key = f"film_{name}"

    def stopped() -> None:
        at = getattr(st.session_state.get(key), "stopped", None)
        if at is None:
            return
        st.session_state[_BELONGS_TO] = _address()
        if int(at) == start:
            st.query_params.pop(MOMENT, None)
        else:
            st.query_params[MOMENT] = str(int(at))

    _component()(
        key=key,
        data={
            "chart": f"st-key-chart_{name}",
            "captions": list(captions),
            "at": shown,
            "ms": ms,
            "redraw": redraw,
        },
        on_stopped_change=stopped,
    )


@cache
def _component():
    return st.components.v2.component(
        "emotion_ai_film",
        html='<div class="film" role="group" aria-label="Film"><button type="button"></button>'
        '<input type="range" min="0" step="1" aria-label="Moment of the film">'
        '<p aria-hidden="true"></p></div>',
        css=(_FOLDER / "player.css").read_text(),
        js=(_FOLDER / "player.js").read_text(),
    )
