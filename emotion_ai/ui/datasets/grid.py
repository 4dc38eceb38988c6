"""Faces side by side as one picture in which one face can be clicked, or several chosen."""

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
#: Several rows chosen in a grid, and the key of that grid, in the session.
_PICKED = "picked_faces"
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
    several: bool = False,
) -> None:
    """The faces at ``rows`` of a dataset's ``images``; a click chooses one (see ``chosen_face``),
    where ``several`` may be, Shift, Ctrl or a line drawn around them some (see ``chosen_faces``).

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

    def picked() -> None:
        told = getattr(st.session_state.get(key), "picked", None)
        found = [int(row) for row in told or () if int(row) in rows]
        choose_face(found[0] if found else chosen_face())
        if len(found) > 1:
            st.session_state[_PICKED] = key, found

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
            "captions": list(captions),
            "several": several,
            "picked": chosen_faces(key, rows),
            "alt": f"{len(rows)} faces; click one, or walk with the arrow keys"
            + "; with Shift or Ctrl, or a line drawn around them, several" * several,
        },
        on_clicked_change=clicked,
        on_picked_change=picked,
    )


def chosen_face() -> int | None:
    """The row in the address, None when there is none."""
    return number_in_address(FACE)


def chosen_faces(key: str, rows: np.ndarray) -> list[int]:
    """The rows that were chosen together in the grid ``key``, which shows ``rows``; none when it
    is one alone."""
    where, several = st.session_state.get(_PICKED, (None, []))
    several = [row for row in several if row in rows] if where == key else []
    return several if len(several) > 1 else []


def number_in_address(name: str) -> int | None:
    """The whole number from 0 to 999,999,999 of a query parameter, None without one."""
    text = st.query_params.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def choose_face(row: int | None) -> None:
    """That row alone, or none."""
    st.session_state.pop(_PICKED, None)
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
        html='<div class="faces" tabindex="0" role="listbox" aria-activedescendant="now">'
        '<img alt=""><i class="over" hidden></i><i class="chosen" hidden></i>'
        '<svg aria-hidden="true"><polyline points="" /></svg>'
        '<b id="now" role="option" aria-selected="true"></b></div>',
        css=(_FOLDER / "grid.css").read_text(),
        js=(_FOLDER / "grid.js").read_text(),
    )
