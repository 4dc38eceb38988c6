"""What may be wrong with a dataset: each function says what it found and returns the rows."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from emotion_ai.audit import duplicates, suspects
from emotion_ai.datasets.describe import BLANK_BELOW, blank_rows
from emotion_ai.datasets.marks import Mark
from emotion_ai.datasets.truths import class_positions
from emotion_ai.settings import settings
from emotion_ai.ui.datasets import view as views
from emotion_ai.ui.datasets.marking import bulk
from emotion_ai.ui.datasets.view import View
from emotion_ai.ui.progress import with_progress
from emotion_ai.ui.wording import count

#: How many of the most unusual faces are worth a look: this share of them, but from 20 to 200.
_UNUSUAL, _FEWEST_UNUSUAL, _MOST_UNUSUAL = 0.02, 20, 200


#: How label errors are found, for people who want to know.
_METHOD = (
    "The model's features of every face were judged by a simple classifier trained five "
    "times, each time without the fifth it then judged: no label had a part in its own "
    "verdict, and copies stayed together (confident learning, by cleanlab). The features "
    "come from the network here, which was trained on the training split, so mistakes "
    "that it learned by heart there can stay hidden; held-out faces have no such trace. "
    "A weak model suspects too many labels: take this as an order in which to look, not "
    "as a verdict."
)
#: Positions in the order in which to look at them; None while they are still to be found.
Found = np.ndarray | None


def exact(view: View) -> Found:
    copies = _copies(view.dataset.digest, view)
    if not len(copies.rows):
        st.success("No image occurs twice.", icon=":material/check:")
        return None
    words = (
        f"**{count(copies.groups, 'group')}** of exact copies with "
        f"**{count(len(copies.surplus), 'surplus image')}**"
    )
    if "expression" in view.table:
        words += f"; in **{copies.conflicting:,}** of them the labels disagree"
    words += (
        f". Also in train, where a model can learn them by heart: **{len(copies.leaked):,}** of "
        "the held-out images. Groups that disagree come first."
    )
    st.markdown(words)
    with st.container(horizontal=True):
        bulk(view, copies.surplus, f"Drop all {len(copies.surplus):,} surplus copies", "surplus",
              "Of each group one image stays: a held-out one where there is one.")  # fmt: skip
        if len(copies.disagreeing):
            n = len(copies.disagreeing)
            bulk(view, copies.disagreeing, f"Drop the {n:,} copies that disagree", "disagree",
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


def near(view: View) -> Found:
    if "near" not in view.table:
        done = with_progress(
            "Comparing every image with every other",
            f"near-{view.dataset.digest}",
            lambda step: duplicates.near_groups(view.dataset, settings(), step),
        )
        if done:
            st.rerun()
        return None
    rows, n, surplus = _near_copies(view.dataset.digest, view)
    words = (
        f"**{count(n, 'group')}** of images that look alike when shrunk to 12 × 12 "
        "pixels, without all being exact copies: other crops, brightness or compression of one "
        "photo, or faces of one person. Not every group is a mistake: look first."
    )
    st.markdown(words)
    with st.container(horizontal=True):
        bulk(view, surplus, f"Drop all but one of each group ({len(surplus):,})", "near_surplus",
             "Of each group one image stays: a held-out one where there is one.")  # fmt: skip
        _keep_the_rest(view, rows, "near")
    return rows


@st.cache_data(show_spinner=False, max_entries=8)
def _near_copies(digest: str, _view: View) -> tuple[np.ndarray, int, np.ndarray]:
    """Rows, groups side by side, the number of groups, and the rows beyond one of each group."""
    samples, groups = _view.dataset.samples, _view.table["near"].to_numpy()
    found = duplicates.group_table(samples, groups)
    return _grouped(groups, found), len(found), duplicates.surplus_rows(samples, groups)


def _grouped(groups: np.ndarray, found: pd.DataFrame) -> np.ndarray:
    """Rows of the groups in the order of ``found``, members side by side."""
    place = pd.Series(np.arange(len(found)), index=found.index)
    rows = np.flatnonzero(groups >= 0)
    return rows[np.argsort(place.loc[groups[rows]].to_numpy(), kind="stable")]


def blank(view: View) -> Found:
    rows = blank_rows(view.table["contrast"].to_numpy())
    if not len(rows):
        st.success("Every image shows something.", icon=":material/check:")
        return None
    st.markdown(
        f"**{count(len(rows), 'blank image')}**: their grey values spread by less than "
        f"{BLANK_BELOW:g} of 255."
    )
    bulk(view, rows, f"Drop all {len(rows)}", "blank", "Every blank image.")
    return rows


def unusual(view: View) -> Found:
    if "unusual" not in view.table:
        views.read_by_models(view, "unusual")
        return None
    n = int(np.clip(_UNUSUAL * len(view.table), _FEWEST_UNUSUAL, _MOST_UNUSUAL))
    rows = np.argsort(-view.table["unusual"].to_numpy(), kind="stable")[:n]
    what = "where the points lie" if view.dataset.task == "keypoints" else "its features"
    words = (
        f"The **{len(rows)} most unusual** of {count(len(view.table), 'face')}: in {what}, as the "
        "model sees it, they are farthest from all others. Often no face at all, a drawing, or a "
        "bad crop; sometimes just a rare one."
    )
    st.markdown(words)
    with st.container(horizontal=True):
        bulk(view, rows, "Drop all of them", "unusual", "Every face of this list.")
        _keep_the_rest(view, rows, "unusual")
    return rows


def _keep_the_rest(view: View, rows: np.ndarray, key: str) -> None:
    """For a list that was looked through: what was not dropped may stay."""
    bulk(view, rows, "Keep the rest", f"{key}_rest", "What you left undecided.", Mark("keep"))


def suspect_points(view: View) -> Found:
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


def suspect_labels(view: View) -> Found:
    model, told = view.models.get("expression"), view.told("expression")
    if told is None:
        views.read_by_models(view, "suspects")
        return None
    if "suspect" not in view.table:
        done = with_progress(
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
        f"**{count(len(rows), 'label')}** of {labelled:,} ({share:.1%}) may be wrong, the surest "
        f"first.{_agreement(view)}"
    )
    with st.container(horizontal=True):
        st.markdown(words, width="stretch")
        with st.popover("How this was found", icon=":material/help:"):
            st.markdown(_METHOD)
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
    given, crowd = (class_positions(dataset, model.labels, truth) for truth in ("given", "crowd"))
    return suspects.crowd_agreement(found, given, crowd)
