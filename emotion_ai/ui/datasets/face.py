"""One face closely: large, with its points, its row, what models and people say."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from emotion_ai.figures.faces import picture_url
from emotion_ai.labels import (
    FERPLUS_COLUMNS,
    KEYPOINT_NAMES,
    KEYPOINT_SIDES,
    SIDE_COLOURS,
    VOTE_COLUMNS,
)
from emotion_ai.results import Expression
from emotion_ai.ui import markup
from emotion_ai.ui.datasets.grid import choose_face
from emotion_ai.ui.datasets.marking import mark_buttons
from emotion_ai.ui.datasets.view import View
from emotion_ai.ui.wording import count, plain

#: Of the ways to show points: labels and the model's over each other.
_BOTH = "both"
#: So many of the dataset's own columns are told under a face.
_FACTS = 8
#: Guess first: in the address; the face that was revealed, in the session.
GUESS, _REVEALED = "guess", "revealed_face"


def face_panel(
    view: View,
    row: int,
    rows: np.ndarray | None = None,
    after: Callable[[], None] | None = None,
) -> None:
    """The face at ``row``; with ``rows``, buttons (and arrow keys) lead to its neighbours.
    ``after`` is called when it was marked."""
    dataset, facts = view.dataset, view.table.iloc[row]
    with st.container(border=True, gap="small"):
        if rows is not None:
            _neighbours(row, rows)
        if _guessing(row):
            st.html(face_picture(dataset.images[row]))
            st.button("Reveal", key="reveal_face", icon=":material/visibility:", type="primary",
                      on_click=_reveal, args=(row,))  # fmt: skip
            return
        points_px, told = None, view.told("keypoints")
        if dataset.task == "keypoints":
            points_px = dataset.keypoints_px[row]
        predicted_px = told.keypoints_px[row] if told else None
        shown = _which_points(predicted_px is not None) if points_px is not None else "none"
        if shown == _BOTH:
            st.html(face_picture(dataset.images[row], points_px, predicted_px))
            st.caption("Dots are the labels, rings what the model says, lines how far it is off.")
        else:
            points_px = {"labelled": points_px, "model's": predicted_px}.get(shown)
            st.html(face_picture(dataset.images[row], points_px))
        st.markdown(_title(facts))
        st.caption(f"row {row:,} · {facts['split']} · {plain(str(facts['source']))}")
        if said := _own_facts(view, row):
            st.caption(said)
        mark_buttons(view, [row], after)
        if points_px is not None:
            _missing(dataset.keypoints_px[row], facts)
        _what_is_said(view, row)
        if facts["copies"]:
            st.caption(_copies(view.table, row))
        with st.expander("Table row"):
            values = dataset.samples.iloc[row].astype(str)
            st.dataframe(values.rename("value"), height=280)


def guessing() -> bool:
    """Whether labels wait to be revealed, also before the switch itself was drawn."""
    return st.session_state.get(GUESS, st.query_params.get(GUESS) == "true")


def _guessing(row: int) -> bool:
    """Whether what is known of the face waits until a class has guessed; in the address."""
    on = st.toggle(
        "Guess first", key=GUESS, bind="query-params",
        help="Labels, votes, points and what models say stay hidden until you reveal them",
    )  # fmt: skip
    return on and st.session_state.get(_REVEALED) != row


def _reveal(row: int) -> None:
    st.session_state[_REVEALED] = row


def face_picture(
    image: np.ndarray, points_px: np.ndarray | None = None, found_px: np.ndarray | None = None
) -> str:
    """HTML of a uint8 (S, S) face as wide as there is room, points named under the pointer; with
    ``found_px``, each of ``points_px`` joined to where a model found it. Both (15, 2)."""
    marks = ""
    if points_px is not None:
        if found_px is not None:
            errors_px = np.linalg.norm(found_px - points_px, axis=1)
            tips = [
                "no label" if np.isnan(error_px) else f"{error_px:.1f} px off"
                for error_px in errors_px
            ]
            marks = _lines(points_px, found_px, len(image)) + _dots(
                found_px, len(image), [f", found: {tip}" for tip in tips], "ea-found "
            )
        marks += _dots(points_px, len(image))
    return (
        '<div class="ea-picture" style="max-width:420px">'
        f'<img src="{picture_url(np.ascontiguousarray(image))}" alt="The chosen face">{marks}</div>'
    )


def _dots(points_px: np.ndarray, side_px: int, tips: Sequence[str] = (), kind: str = "") -> str:
    places = (points_px + 0.5) / side_px * 100
    names = [name.replace("_", " ") for name in KEYPOINT_NAMES]
    titles = [name + tip for name, tip in zip(names, tips or [""] * len(names), strict=True)]
    return "".join(
        f'<i class="ea-point {kind}{"ea-right" if x > 60 else "ea-left"}" style="left:{x:.2f}%;'
        f'top:{y:.2f}%;--d:2.6cqw;--colour:{SIDE_COLOURS[side]}" data-tip="{title}"></i>'
        for (x, y), title, side in zip(places, titles, KEYPOINT_SIDES, strict=True)
        if not (np.isnan(x) or np.isnan(y))
    )


def _lines(points_px: np.ndarray, found_px: np.ndarray, side_px: int) -> str:
    """From each label to where it was found; nothing where there is no label."""
    ends = np.concatenate([points_px, found_px], axis=1) + 0.5
    lines = "".join(
        f'<line x1="{x0:.2f}" y1="{y0:.2f}" x2="{x1:.2f}" y2="{y1:.2f}"/>'
        for x0, y0, x1, y1 in ends[~np.isnan(ends).any(axis=1)]
    )
    return f'<svg class="ea-errors" viewBox="0 0 {side_px} {side_px}">{lines}</svg>'


def _neighbours(row: int, rows: np.ndarray) -> None:
    place = np.flatnonzero(rows == row)
    at = int(place[0]) if len(place) else -1
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Back", key="face_before", shortcut="Left",
            disabled=at <= 0, on_click=lambda: choose_face(int(rows[at - 1])), type="tertiary",
            help="Previous face",
        )  # fmt: skip
        words = f"{at + 1:,} of {len(rows):,}" if at >= 0 else "not among these"
        st.caption(words, width="stretch", text_alignment="center")
        st.button(
            "Next", key="face_after", shortcut="Right",
            disabled=at + 1 >= len(rows), on_click=lambda: choose_face(int(rows[at + 1])),
            type="tertiary", help="Next face",
        )  # fmt: skip


def _which_points(has_model: bool) -> str:
    options = ["labelled", *(["model's", _BOTH] if has_model else []), "none"]
    return st.segmented_control(
        "Points", options, default="labelled", required=True, key="points",
        label_visibility="collapsed", persist_state="page",
    )  # fmt: skip


def _title(facts: pd.Series) -> str:
    label = facts.get("expression")
    if label is None or pd.isna(label):
        label = "" if "missing" in facts else "no label"
    words = f"**{plain(str(label))}**" if label else f"**{15 - facts['missing']} of 15 points**"
    if facts.get("suspect"):
        words += f" · :orange[suspect: rather **{plain(facts['suggested'])}**?]"
    elif label and "predicted" in facts:
        agrees = facts["predicted"] == label
        words += (
            " · the model agrees"
            if agrees
            else f" · the model says **{plain(facts['predicted'])}**"
        )
    return words


def _own_facts(view: View, row: int) -> str:
    """What the first columns of the dataset's own say of a face; the table row has all of them."""
    facts = [(title, column.text_of(row)) for title, column in view.own.items()]
    return " · ".join(f"{plain(title)} **{plain(said)}**" for title, said in facts[:_FACTS] if said)


def _missing(points_px: np.ndarray, facts: pd.Series) -> None:
    missing = [
        name.replace("_", " ")
        for name, point in zip(KEYPOINT_NAMES, points_px, strict=True)
        if np.isnan(point).any()
    ]
    words = f"Missing: {', '.join(missing)}." if missing else "All 15 points are labelled."
    if not np.isnan(facts.get("error_px", np.nan)):
        words += f" The model's points lie {facts['error_px']:.1f} px away on average."
    st.caption(words)
    st.caption(":yellow[●] the subject's left, :blue[●] the right, ○ the middle")


def _what_is_said(view: View, row: int) -> None:
    if told := view.told("expression"):
        labels = view.models["expression"].labels
        st.caption("The model")
        st.html(markup.probability_bars(Expression(labels.expressions, told.probabilities[row])))
    if VOTE_COLUMNS[0] in view.dataset.samples:
        votes = view.dataset.samples.iloc[row][list(VOTE_COLUMNS)].to_numpy(np.uint8)
        if votes.any():
            st.caption("Ten people")
            st.html(vote_bars(votes))


def vote_bars(votes: np.ndarray) -> str:
    """HTML: how many of ten people chose what, most first; uint8 (10,) in FER+ order."""
    named = sorted(zip(votes.tolist(), FERPLUS_COLUMNS, strict=True), reverse=True)
    rows = "".join(
        f'<div class="ea-bar"><span>{"no face" if name == "NF" else name}</span><div>'
        f'<div style="width:{10 * n}%;background:currentColor;opacity:.55"></div></div>'
        f"<span>{n}</span></div>"
        for n, name in named
        if n
    )
    return f'<div class="ea-bars">{rows}</div>'


def _copies(table: pd.DataFrame, row: int) -> str:
    group = table["group"].iloc[row]
    others = [i for i in np.flatnonzero(table["group"].to_numpy() == group) if i != row]
    listed = ", ".join(
        f"{i:,} ({table['split'].iloc[i]}"
        + (f", {table['expression'].iloc[i]})" if "expression" in table else ")")
        for i in others[:6]
    )
    more = " …" if len(others) > 6 else ""
    return f"{count(len(others), 'exact copy').replace('copys', 'copies')}: row {listed}{more}"
