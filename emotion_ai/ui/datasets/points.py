"""Faces as points on a page: what they are coloured by, and the faces of those that are chosen."""

from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st

from emotion_ai.datasets.columns import NO_VALUE, Column
from emotion_ai.datasets.selection import ORDERS, column_words
from emotion_ai.figures.points import Colouring, PointPlot
from emotion_ai.labels import colours
from emotion_ai.ui.datasets.browse import MAP_SELECTION, face_captions
from emotion_ai.ui.datasets.grid import face_grid
from emotion_ai.ui.datasets.marking import download_faces
from emotion_ai.ui.datasets.view import View
from emotion_ai.ui.projector import readable
from emotion_ai.ui.wording import count, plain

#: Faces of a selection that are shown beside the points; Browse shows all of them.
_SHOWN = 30
#: Keys: of the picture's box, of what hears clicks in it; and of the point that was clicked last.
_BOX, _CLICKS, _CLICKED = "points_box", "points_clicks", "clicked_point"


def choose_colouring(view: View) -> Colouring:
    """The control, in the address, and what was chosen."""
    kinds = _colourings(view)
    return kinds[st.selectbox("Colour by", list(kinds), key="colour", bind="query-params")]


def _colourings(view: View) -> dict[str, Colouring]:
    table = view.table
    kinds: dict[str, Colouring] = {}

    def words(title: str, values, own_colours=()) -> None:
        kinds[title] = Colouring(title, np.asarray(values, object), colours=dict(own_colours))

    if "expression" in table:
        named = colours(view.dataset.labels.expressions)
        words("label", table["expression"].astype(object).fillna("no label"), named)
    if "predicted" in table:
        named = colours(view.models["expression"].labels.expressions)
        words("what the model says", table["predicted"], named)
    if {"predicted", "expression"} <= set(table):
        right = np.where(table["predicted"] == table["expression"], "named rightly", "wrongly")
        words("right or wrong", right)
    words("split", table["split"])
    marked = np.full(len(table), "not marked", object)
    for row, mark in view.marks.items():
        marked[row] = str(mark)
    words("mark", marked)
    if "missing" in table:
        some = np.where(table["missing"] == 0, "all 15 points", "points missing")
        words("missing points", some)
    for title, column in view.own.items():
        kinds[column_words(title)] = _of_column(column)
    for title, values in known_numbers(view).items():
        kinds.setdefault(title, Colouring(title, numbers=values))
    return kinds


def _of_column(column: Column) -> Colouring:
    if column.numbers is not None:
        return Colouring(column.title, numbers=column.numbers)
    return Colouring(column.title, column.labels, colours={NO_VALUE: "#999999"})


def known_numbers(view: View) -> dict[str, np.ndarray]:
    """What is known of every face in numbers: the dataset's own columns, then what the app found,
    as float64 (N,) by the words for each."""
    own = {
        column_words(title): column.numbers
        for title, column in view.own.items()
        if column.numbers is not None
    }
    ours = {title: column for title, column in ORDERS.items() if column in view.table}
    return own | {title: view.table[column].to_numpy(float) for title, column in ours.items()}


def show_points(plot: PointPlot, key: str, alt: str) -> np.ndarray | None:
    """The picture; the rows (int64) that are lassoed or clicked, None when there are none."""
    plot.figure.update_layout(uirevision=key)

    def clicked() -> None:
        place = getattr(st.session_state.get(_CLICKS), "clicked", None) or ()
        points = [{"curve_number": place[0], "point_index": place[1]}] if len(place) == 2 else []
        st.session_state[_CLICKED] = key, plot.chosen(points)

    with st.container(key=_BOX):
        event = st.plotly_chart(
            readable(plot.figure), width="stretch", key=key, on_select="rerun",
            selection_mode=("points", "lasso"), alt=alt,
            config={"displaylogo": False, "scrollZoom": True, "modeBarButtons": [
                ["lasso2d", "pan2d", "resetScale2d", "autoScale2d", "toImage"]]},
        )  # fmt: skip
        _clicks()(key=_CLICKS, data={"chart": f"st-key-{_BOX}"}, on_clicked_change=clicked)
    if (lassoed := plot.chosen(event.selection.points)) is not None:
        return lassoed
    where, row = st.session_state.get(_CLICKED, ("", None))
    return row if where == key else None


@cache
def _clicks():
    return st.components.v2.component(
        "emotion_ai_points", html="", js=Path(__file__).with_suffix(".js").read_text()
    )


def chosen_points(view: View, rows: np.ndarray | None) -> None:
    """Faces of the chosen points, and the way to all of them in Browse."""
    if rows is None:
        st.info(
            "Draw a line around some points, or click one: their faces appear here.",
            icon=":material/gesture:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{count(len(rows), 'face')}**", width="stretch")
        st.button(
            "Open in Browse",
            icon=":material/grid_view:",
            on_click=open_in_browse,
            args=(view, rows),
        )
    if "expression" in view.table:
        counts = view.table["expression"].iloc[rows].value_counts()
        st.caption(", ".join(f"{plain(name)} {n:,}" for name, n in counts.items()))
    # Spread over the whole selection, so that a large one is not shown by its oldest rows.
    shown = rows[np.unique(np.linspace(0, len(rows) - 1, _SHOWN).astype(int))]
    captions, tones = face_captions(view, shown)
    keypoints = view.dataset.keypoints_px[shown] if view.dataset.task == "keypoints" else None
    face_grid(
        view.dataset.images, shown, "map_grid", across=6, digest=view.dataset.digest,
        captions=captions, colours=tones, keypoints_px=keypoints,
    )  # fmt: skip
    download_faces(view, rows, "from_map")
    if len(shown) < len(rows):
        st.caption(f"{len(shown)} of them, spread over the selection.")


def open_in_browse(view: View, rows: np.ndarray) -> None:
    """Called by a button: the faces at ``rows`` alone, in the grid."""
    st.session_state[MAP_SELECTION] = {view.dataset.digest: rows.tolist()}
    st.session_state["tab"] = "Browse"
    st.session_state["from_map"] = True
