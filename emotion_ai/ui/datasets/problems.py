"""What is probably wrong, as a queue to work through: look, keep, drop or relabel, next."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from emotion_ai.datasets import duplicates, suspects
from emotion_ai.datasets.describe import BLANK_BELOW, blank_rows
from emotion_ai.datasets.marks import Mark, marks_table, set_marks
from emotion_ai.scoring import targets_of
from emotion_ai.settings import settings
from emotion_ai.ui.datasets import view as views
from emotion_ai.ui.datasets.browse import face_captions
from emotion_ai.ui.datasets.face import face_panel
from emotion_ai.ui.datasets.grid import choose_face, chosen_face, face_grid
from emotion_ai.ui.datasets.view import View
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.wording import count

_ACROSS, _DOWN = 9, 4
#: How many of the most unusual faces are worth a look.
_UNUSUAL = 200


#: Positions in the order in which to look at them; None while they are still to be found.
Found = np.ndarray | None


def problems_tab(view: View) -> None:
    kinds = {"Exact copies": _exact, "Near copies": _near, "Blank": _blank, "Unusual": _unusual}
    if "expression" in view.table:
        kinds = {"Suspect labels": _suspects, **kinds}
    else:
        kinds = {"Suspect points": _points, **kinds}
    kind = st.segmented_control(
        "What to look for", list(kinds), default="Exact copies", required=True, key="kind",
        bind="query-params", on_change=_from_the_start, label_visibility="collapsed",
    )  # fmt: skip
    rows = kinds[kind](view)
    if rows is not None and len(rows):
        _queue(view, rows, with_split="copies" in kind)
    _marks(view)


def _from_the_start() -> None:
    choose_face(None)


def _exact(view: View) -> Found:
    copies = _copies(view.dataset.digest, view)
    if not len(copies.rows):
        st.success("No image stands here twice.", icon=":material/check:")
        return None
    words = (
        f"**{count(copies.groups, 'group')}** of exact copies with "
        f"**{count(len(copies.surplus), 'surplus image')}**"
    )
    if "expression" in view.table:
        words += f"; in **{copies.conflicting:,}** of them the labels disagree"
    words += (
        f". **{len(copies.leaked):,}** held-out images also stand in train, where a model can "
        "learn them by heart. Groups that disagree come first."
    )
    st.markdown(words)
    with st.container(horizontal=True):
        _bulk(view, copies.surplus, f"Drop all {len(copies.surplus):,} surplus copies", "surplus",
              "Of each group one image stays: a held-out one where there is one.")  # fmt: skip
        if len(copies.disagreeing):
            n = len(copies.disagreeing)
            _bulk(view, copies.disagreeing, f"Drop the {n:,} copies that disagree", "disagree",
                  "Every image of a group whose labels disagree.")  # fmt: skip
    return copies.rows


@dataclass(frozen=True)
class _Copies:
    """Rows of exact copies, groups side by side, and which of them are what."""

    groups: int
    conflicting: int
    rows: np.ndarray
    surplus: np.ndarray
    leaked: np.ndarray
    disagreeing: np.ndarray


@st.cache_data(show_spinner=False, max_entries=8)
def _copies(digest: str, _view: View) -> _Copies:
    samples, groups = _view.dataset.samples, _view.table["group"].to_numpy()
    found = duplicates.group_table(samples, groups)
    disagree = found.index[found["conflicting"]]
    return _Copies(
        len(found),
        len(disagree),
        _grouped(groups, found),
        duplicates.surplus_rows(samples, groups),
        duplicates.leaked_rows(samples, groups),
        np.flatnonzero(np.isin(groups, disagree)),
    )


def _near(view: View) -> Found:
    if "near" not in view.table:
        done = views.with_progress(
            "Comparing every image with every other",
            f"near-{view.dataset.digest}",
            lambda step: duplicates.near_groups(view.dataset, settings(), step),
        )
        if done:
            st.rerun()
        return None
    rows, n = _near_copies(view.dataset.digest, view)
    words = (
        f"**{count(n, 'group')}** of images that look alike when shrunk to 12 × 12 "
        "pixels, without all being exact copies: other crops, brightness or compression of one "
        "photo, or faces of one person. Not every group is a mistake: look first."
    )
    st.markdown(words)
    return rows


@st.cache_data(show_spinner=False, max_entries=8)
def _near_copies(digest: str, _view: View) -> tuple[np.ndarray, int]:
    """Rows, groups side by side, and the number of groups."""
    groups = _view.table["near"].to_numpy()
    found = duplicates.group_table(_view.dataset.samples, groups)
    return _grouped(groups, found), len(found)


def _grouped(groups: np.ndarray, found: pd.DataFrame) -> np.ndarray:
    """Rows of the groups in the order of ``found``, members side by side."""
    place = pd.Series(np.arange(len(found)), index=found.index)
    rows = np.flatnonzero(groups >= 0)
    return rows[np.argsort(place.loc[groups[rows]].to_numpy(), kind="stable")]


def _blank(view: View) -> Found:
    rows = blank_rows(view.table["contrast"].to_numpy())
    if not len(rows):
        st.success("Every image shows something.", icon=":material/check:")
        return None
    st.markdown(
        f"**{count(len(rows), 'blank image')}**: their grey values spread by less than "
        f"{BLANK_BELOW:g} of 255."
    )
    _bulk(view, rows, f"Drop all {len(rows)}", "blank", "Every blank image.")
    return rows


def _unusual(view: View) -> Found:
    if "unusual" not in view.table:
        views.read_by_models(view, "unusual")
        return None
    rows = np.argsort(-view.table["unusual"].to_numpy(), kind="stable")[:_UNUSUAL]
    what = "where the points lie" if view.dataset.task == "keypoints" else "its features"
    words = (
        f"The **{len(rows)} most unusual** faces: in {what}, as the model sees it, they are "
        "farthest from all others. Often no face at all, a drawing, or a bad crop; sometimes just "
        "a rare one."
    )
    st.markdown(words)
    return rows


def _points(view: View) -> Found:
    if "error_px" not in view.table:
        views.read_by_models(view, "points")
        return None
    errors = view.table["error_px"].to_numpy()
    order = np.argsort(-np.nan_to_num(errors, nan=-1), kind="stable")
    rows = order[: int(max(1, 0.02 * np.isfinite(errors).sum()))]
    words = (
        f"The **{count(len(rows), 'face')}** (2 %) whose labelled points lie farthest from the "
        f"model's: {errors[rows[-1]]:.1f} pixels and more on average. Either may be wrong. The "
        "model was trained on some of these labels, so in its training split real mistakes may "
        "hide."
    )
    st.markdown(words)
    return rows


def _suspects(view: View) -> Found:
    model, told = view.models.get("expression"), view.told("expression")
    if told is None:
        views.read_by_models(view, "suspects")
        return None
    if "suspect" not in view.table:
        done = views.with_progress(
            "Judging every label by a model that never saw it",
            f"suspects-{view.dataset.digest}-{model.digest}",
            lambda step: views.suspects(view.dataset, model, told, step),
        )
        if done:
            st.rerun()
        return None
    quality = view.table["quality"].to_numpy()
    rows = np.flatnonzero(view.table["suspect"].to_numpy())
    rows = rows[np.argsort(quality[rows], kind="stable")]
    labelled = int(np.isfinite(quality).sum())
    share = len(rows) / max(labelled, 1)
    words = (
        f"**{count(len(rows), 'label')}** of {labelled:,} ({share:.0%}) look wrong, the surest "
        f"first.{_agreement(view)}"
    )
    st.markdown(words)
    with st.expander("How this was found"):
        st.markdown(
            "The model's features of every face were judged by a simple classifier trained five "
            "times, each time without the fifth it then judged: no label had a part in its own "
            "verdict, and copies stayed together (confident learning, by cleanlab). The features "
            "come from the network here, which was trained on the training split, so mistakes "
            "that it learned by heart there can stay hidden; held-out faces have no such trace. "
            "A weak model suspects too many labels: take this as an order in which to look, not "
            "as a verdict."
        )
    return rows


def _agreement(view: View) -> str:
    """How often ten people disagree with the label too, where they were asked."""
    if view.dataset.votes is None:
        return ""
    model = view.models["expression"]
    agreement = _crowd_agreement((view.dataset.digest, model.digest), view)

    def figure(name: str) -> str:
        low, high = agreement[name]["ci"]
        return f"{agreement[name]['share']:.0%} (95 %: {100 * low:.0f}–{100 * high:.0f})"

    return (
        f" Ten people disagree with the label in **{figure('suspected')}** of the suspected "
        f"faces, and in {figure('others')} of the others; they name just the suggested "
        f"expression in {figure('suggestion')} (n={agreement['suspected']['n']:,} with a clear "
        "majority)."
    )


@st.cache_data(show_spinner=False, max_entries=8)
def _crowd_agreement(key: tuple[str, str], _view: View) -> dict:
    dataset, model = _view.dataset, _view.models["expression"]
    found = views.suspects(dataset, model, _view.told("expression"))
    given, crowd = (targets_of(dataset, model.labels, truth) for truth in ("given", "crowd"))
    return suspects.crowd_agreement(found, given, crowd)


def _queue(view: View, rows: np.ndarray, with_split: bool) -> None:
    """What was found as a grid, the face to decide on beside it."""
    looked = sum(int(row) in view.marks for row in rows)
    st.progress(looked / len(rows), f"{looked:,} of {len(rows):,} decided")
    left, right = st.columns([2.6, 1.4], gap="medium")
    row = chosen_face()
    if row is None or row not in rows:
        undecided = [i for i in rows.tolist() if i not in view.marks]
        row = undecided[0] if undecided else int(rows[0])
    at = int(np.flatnonzero(rows == row)[0])
    size = _ACROSS * _DOWN
    with left:
        pages = -(-len(rows) // size)
        # Another key when the queue has gone on to another page: turned pages stay else.
        here = at // size + 1
        page = (
            st.pagination(pages, key=f"queue_{here}", default=here, width=330) if pages > 1 else 1
        )
        shown = rows[(page - 1) * size : page * size]
        captions, colours = face_captions(view, shown, with_split=with_split)
        face_grid(
            view.dataset.images, shown, "queue_grid", across=_ACROSS,
            digest=view.dataset.digest, captions=captions, colours=colours,
            keypoints_px=view.dataset.keypoints_px[shown]
            if view.dataset.task == "keypoints" else None,
            highlight=row,
        )  # fmt: skip
        st.caption(
            "✓ keep, ✗ drop, → relabelled. Keys: **K** keep, **D** drop, **A** accept the "
            "suggestion, **U** unmark, **← →** back and next. A decision leads on to the next face."
        )
    with right:
        following = int(rows[at + 1]) if at + 1 < len(rows) else None
        face_panel(view, row, rows, after=lambda: choose_face(following))


def _bulk(view: View, rows: np.ndarray, words: str, key: str, help: str) -> None:
    """A button that marks many rows to be dropped, after one more question."""
    open_rows = [int(row) for row in rows if int(row) not in view.marks]
    with st.popover(words, icon=":material/delete_sweep:", disabled=not open_rows):
        st.markdown(
            f"{help} {count(len(open_rows), 'image')} not decided yet will be marked *drop*. "
            "Nothing is deleted, and every mark can be taken back."
        )
        st.button(
            "Mark them", key=f"bulk_{key}", type="primary", on_click=_mark,
            args=(view, open_rows, Mark("drop")),
        )  # fmt: skip


def _mark(view: View, rows: list[int], mark: Mark | None) -> None:
    with errors_as_lines():
        set_marks(view.dataset, rows, mark)


def _marks(view: View) -> None:
    """What was decided so far, as a table to take away, and how training honours it."""
    if not view.marks:
        return
    kinds = pd.Series([mark.kind for mark in view.marks.values()]).value_counts()
    listed = ", ".join(f"{kind} {n:,}" for kind, n in kinds.items())
    with st.expander(f"All marks: {listed}"):
        table = marks_table(view.dataset, view.marks)
        st.dataframe(table, hide_index=True, height=240)
        with st.container(horizontal=True):
            st.download_button(
                "Marks (CSV)", table.to_csv(index=False), f"{view.dataset.name}_marks.csv",
                "text/csv", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
            with st.popover("Take all marks back"):
                st.button(
                    f"Take back {count(len(view.marks), 'mark')}", type="primary",
                    on_click=_mark, args=(view, list(view.marks), None),
                )  # fmt: skip
        st.caption("The images stay as they are. Training leaves out and relabels when asked to:")
        st.code(
            f"python -m emotion_ai train {view.dataset.task} --data {view.dataset.name} "
            "--honour-marks",
            language="bash",
        )
