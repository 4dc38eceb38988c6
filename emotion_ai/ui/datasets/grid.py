"""Faces side by side as one picture in which every face can be clicked."""

import base64
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st

from emotion_ai.faces.montage import Layout, encode_webp, montage

#: Width of a picture of faces, and the height of a caption under each.
WIDTH_PX, CAPTION_PX = 800, 22
#: The row that is looked at closely, in the address.
FACE = "face"
_FOLDER = Path(__file__).parent


def face_grid(
    images: np.ndarray,
    rows: np.ndarray,
    key: str,
    *,
    across: int,
    digest: str,
    captions: Sequence[str] = (),
    colours: Sequence[str | None] = (),
    keypoints_px: np.ndarray | None = None,
    highlight: int | None = None,
    width_px: int = WIDTH_PX,
) -> None:
    """The faces at ``rows`` of a dataset's ``images``; a click chooses one (see ``chosen_face``).

    ``captions``, ``colours`` and ``keypoints_px`` belong to ``rows``; ``digest`` is the dataset's;
    ``highlight`` is the row that is framed when the address names none. A picture of ``width_px``
    fits its column about as it is: captions keep their size.
    """
    layout = Layout(len(rows), across, width_px // across - 4, CAPTION_PX if captions else 0)
    look = tuple(captions), tuple(colours), keypoints_px is not None
    picture = _picture((digest, tuple(rows.tolist()), layout, look), images, rows, keypoints_px)

    def clicked() -> None:
        # A click may come from a grid that another has just taken the place of: it has no state.
        row = getattr(st.session_state.get(key), "clicked", None)
        if row is not None and int(row) in rows:
            choose_face(int(row))

    chosen = chosen_face() if highlight is None else highlight
    _component()(
        key=key,
        data={
            "picture": picture,
            "rows": rows.tolist(),
            "across": layout.across,
            "pitch": layout.pitch_wh,
            "size": layout.size_wh,
            # A short row keeps its scale.
            "width": layout.size_wh[0],
            "chosen": -1 if chosen is None else chosen,
            "alt": f"{len(rows)} faces; click one, or walk with the arrow keys",
        },
        on_clicked_change=clicked,
    )


def chosen_face() -> int | None:
    """The row in the address, None when there is none."""
    return number_in_address(FACE)


def number_in_address(name: str) -> int | None:
    """The whole number from 0 to 999,999,999 of a query parameter, None without one."""
    text = st.query_params.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def choose_face(row: int | None) -> None:
    if row is None:
        st.query_params.pop(FACE, None)
    else:
        st.query_params[FACE] = str(row)


@st.cache_data(show_spinner=False, max_entries=24)
def _picture(key: tuple, _images: np.ndarray, _rows: np.ndarray, _keypoints_px) -> str:
    _, _, layout, (captions, colours, _) = key
    pixels = montage(
        _images[_rows], layout, captions=captions, colours=colours, keypoints_px=_keypoints_px
    )
    return "data:image/webp;base64," + base64.b64encode(encode_webp(pixels)).decode()


@cache
def _component():
    return st.components.v2.component(
        "emotion_ai_face_grid",
        html='<div class="faces" tabindex="0"><img><i class="over" hidden></i>'
        '<i class="chosen" hidden></i></div>',
        css=(_FOLDER / "grid.css").read_text(),
        js=(_FOLDER / "grid.js").read_text(),
    )
