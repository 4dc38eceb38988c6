"""The link to exactly what a chapter shows now, to be copied, or photographed as a QR code."""

from functools import cache
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import segno
import streamlit as st

from emotion_ai.learn.texts import Words
from emotion_ai.ui.projector import PROJECTOR

_FOLDER = Path(__file__).parent
#: What is the teacher's own: the projector, and the board of a vote.
_OWN = (PROJECTOR, "board")
#: Where only this machine is reached.
_HERE = ("localhost", "127.0.0.1", "[::1]", "::1")


def link(**parameters: str) -> str:
    """This page in its language with ``parameters``; without any, as it is now, but for the
    projector."""
    now = st.query_params.to_dict()
    query = {name: value for name, value in now.items() if name not in _OWN}
    if parameters:
        query = parameters | {name: query[name] for name in ("lang",) if name in query}
    page = (st.context.url or "").split("?")[0]
    return f"{page}?{urlencode(query)}" if query else page


def qr_code(address: str) -> str:
    """``address`` as SVG in a ``data:`` URL, dark on white on either theme."""
    return segno.make(address, error="m", micro=False).svg_data_uri(
        border=3, dark="#000", light="#fff", omitsize=True, encode_minimal=True
    )


def show_link(shelf: Words, address: str, key: str) -> None:
    """The QR code, the address, and a button that copies it."""
    st.html(
        f'<img class="ea-qr" src="{qr_code(address)}" alt="{shelf("qr_alt")}">'.replace("\n", "")
    )
    _component()(
        key=key,
        data={"link": address, "copy": shelf("copy_link"), "copied": shelf("copied")},
    )
    if urlsplit(address).hostname in _HERE:
        st.caption(shelf("only_here"))


@cache
def _component():
    return st.components.v2.component(
        "emotion_ai_copy_link",
        html='<div class="link"><input readonly><button type="button"></button></div>',
        css=(_FOLDER / "share.css").read_text(),
        js=(_FOLDER / "share.js").read_text(),
    )
