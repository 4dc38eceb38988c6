"""The grid: filters left, faces in the middle, the chosen one beside them. All in the address."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from emotion_ai.datasets.selection import (
    ORDERS,
    TRAITS,
    Choice,
    column_called,
    known_orders,
    known_traits,
    select,
)
from emotion_ai.labels import colours as colours_of
from emotion_ai.ui.datasets.by_column import BY, own_filters
from emotion_ai.ui.datasets.face import face_panel, guessing
from emotion_ai.ui.datasets.grid import (
    choose_face,
    chosen_face,
    chosen_faces,
    face_grid,
    number_in_address,
)
from emotion_ai.ui.datasets.marking import SEVERAL, download_faces, several_panel
from emotion_ai.ui.datasets.view import View, read_by_models
from emotion_ai.ui.wording import count

#: Rows of faces on a page.
_DOWN = 10
_SHORT = {"validation": "val."}
#: Rows chosen among points or shared images, by dataset digest.
MAP_SELECTION = "map_selection"
#: What a caption under a face may say, by the order that makes it worth saying.
_CAPTIONS = {
    "confidence": "{:.2f}", "own": "{:.2f}", "quality": "{:.3f}", "error_px": "{:.1f} px",
    "unusual": "{:.2f}", "brightness": "{:.0f}", "contrast": "{:.0f}", "missing": "{:.0f} missing",
    "copies": "{:.0f} more",
}  # fmt: skip


def browse_tab(view: View) -> None:
    left, middle, right = st.columns([1, 3.1, 1.6], gap="small")
    with left.container(key="browse_filters"):
        choice, across = _filters(view)
        read_by_models(view, "browse")
    rows = select(view.table, choice, view.marks, view.own)
    if not len(rows):
        with middle:
            st.info("No face matches. Remove a filter.", icon=":material/search_off:")
            st.button("Remove all filters", on_click=clear_filters)
        return
    with middle:
        shown = _page(rows, across, choice)
        chosen = chosen_face()
        if chosen is None or chosen >= len(view.dataset):
            chosen = int(shown[0])
        captions, colours = face_captions(view, shown, choice.order)
        face_grid(
            view.dataset.images, shown, "browse_grid", across=across,
            digest=view.dataset.digest, captions=captions, colours=colours,
            keypoints_px=_points(view, shown), highlight=chosen, several=True,
        )  # fmt: skip
        st.caption(SEVERAL)
        download_faces(view, rows, "faces")
    with right:
        if together := chosen_faces("browse_grid", shown):
            several_panel(view, together)
        else:
            face_panel(view, chosen, rows)


def _filters(view: View) -> tuple[Choice, int]:
    table, splits = view.table, list(view.dataset.description["splits"])
    fresh = {"on_change": _from_the_start, "bind": "query-params"}
    chosen_splits = st.pills(
        "Split", splits, selection_mode="multi", key="splits", wrap=True, **fresh
    )  # fmt: skip
    expressions = predicted = ()
    if "expression" in table:
        expressions = st.multiselect(
            "Expression",
            view.dataset.labels.expressions,
            key="expressions",
            placeholder="all",
            **fresh,
        )
    if "predicted" in table:
        predicted = st.multiselect(
            "The model says",
            view.models["expression"].labels.expressions,
            key="predicted",
            placeholder="anything",
            **fresh,
        )
    traits = st.multiselect(
        "Only faces that are", known_traits(table), key="only", placeholder="any kind", **fresh
    )
    later = [name for name in ("suspect label", "near copy") if TRAITS[name] not in table]
    if later and view.models:
        st.caption(f"After a look at *Problems* also: {', '.join(later)}.")
    own = own_filters(view.own, fresh)
    order = st.selectbox("Sort by", known_orders(table, view.own), key="sort", **fresh)
    descending = st.toggle("Highest first", key="down", **fresh)
    across = st.segmented_control(
        "Faces in a row",
        [6, 9, 14],
        default=6 if view.dataset.task == "keypoints" else 9,
        required=True,
        key="across",
        **fresh,
    )
    within = None
    picked = st.session_state.get(MAP_SELECTION, {}).get(view.dataset.digest)
    if picked is not None and st.toggle(
        f"Only the {count(len(picked), 'face')} chosen before", key="from_map",
        on_change=_from_the_start, persist_state="page",
    ):  # fmt: skip
        within = picked
    if chosen_splits or expressions or predicted or traits or own:
        st.button("Remove all filters", on_click=clear_filters, type="tertiary", key="clear")
    choice = Choice(chosen_splits, expressions, predicted, traits, own, within, order, descending)
    return choice, across


def _page(rows: np.ndarray, across: int, choice: Choice) -> np.ndarray:
    """The rows on the page; other filters begin at the first page again."""
    size = across * _DOWN
    pages = -(-len(rows) // size)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{count(len(rows), 'face')}**", width="stretch")
        page = 1
        if pages > 1:
            key = f"page_{choice}_{across}"
            known = st.session_state.get("paged") in (None, key)
            first = (number_in_address("page") or 1) if known else 1
            page = st.pagination(pages, key=key, default=min(first, pages), width=330)
            st.session_state["paged"] = key
    if page > 1:
        st.query_params["page"] = str(page)
    else:
        st.query_params.pop("page", None)
    return rows[(page - 1) * size : page * size]


def face_captions(
    view: View, rows: np.ndarray, order: str = "", with_split: bool = False
) -> tuple[list[str], list[str | None]]:
    """Under each face its label in its colour, the value that the faces are sorted by and, asked
    for, its split; a mark as a sign before it, with the new label."""
    if guessing():
        return [], []
    table = view.table.iloc[rows]
    value_of = _value_said(view, order)
    captions, colours = [], []
    for i, row in enumerate(rows):
        words, colour = [], None
        if mark := view.marks.get(int(row)):
            words.append({"keep": "✓", "drop": "✗", "relabel": "→"}[mark.kind])
        if "expression" in table and not pd.isna(label := table["expression"].iloc[i]):
            said = mark.expression if mark and mark.expression else label
            words.append(said)
            colour = colours_of(view.dataset.labels.expressions).get(said)
        elif "missing" in table and not value_of and table["missing"].iloc[i]:
            words.append(f"{table['missing'].iloc[i]} missing")
        if value_of and (value := value_of(row)):
            words.append(value)
        if with_split:
            words.append(f"· {_SHORT.get(table['split'].iloc[i], table['split'].iloc[i])}")
        captions.append(" ".join(words))
        colours.append(colour)
    if not any(captions):
        return [], []
    return captions, colours


def _value_said(view: View, order: str) -> Callable[[int], str] | None:
    """What a caption says of a row's value, "" for none; None for an order without values."""
    column = ORDERS.get(order)
    if column in view.table and column in _CAPTIONS:
        values, form = view.table[column].to_numpy(float), _CAPTIONS[column]
        return lambda row: "" if np.isnan(values[row]) else form.format(values[row])
    own = column_called(order, view.own)
    return own.text_of if own else None


def _points(view: View, rows: np.ndarray) -> np.ndarray | None:
    drawn = view.dataset.task == "keypoints" and not guessing()
    return view.dataset.keypoints_px[rows] if drawn else None


def _from_the_start() -> None:
    choose_face(None)


def clear_filters() -> None:
    """Show everything again; also called when another dataset is chosen."""
    for key in ("splits", "expressions", "predicted", "only", BY):
        st.session_state[key] = []
    st.session_state["from_map"] = False
    choose_face(None)
