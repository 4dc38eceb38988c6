"""The scores above everything else: each with its interval, the split, and the faces counted."""

import numpy as np
import streamlit as st

from emotion_ai.evaluation.assessment import Assessment, caveats
from emotion_ai.evaluation.scores import macro_f1_interval
from emotion_ai.settings import settings
from emotion_ai.ui.wording import count, plain


def scores(assessment: Assessment) -> None:
    """One row of figures for one model."""
    question, score = assessment.question, assessment.scores
    said = f" · {question.truth} labels" if assessment.model.task == "expression" else ""
    st.markdown(
        f"**{plain(assessment.model.name)}** on {plain(assessment.dataset.name)} "
        f"**{question.split}** · {count(score['n'], 'face')}{said}"
    )
    with st.container(horizontal=True, gap="large"):
        for label, value, interval, explained in _figures(assessment):
            with st.container(width="content", gap=None):
                st.metric(label, value, help=explained, width="content")
                st.caption(interval)


def _figures(assessment: Assessment) -> list[tuple[str, str, str, str]]:
    score = assessment.scores
    if assessment.model.task == "keypoints":
        rmse, nme = score["rmse_px_ci"], score["nme_ci"]
        return [
            ("RMSE", f"{score['rmse_px']:.2f} px", f"95 %: {rmse[0]:.2f} to {rmse[1]:.2f} px",
             "Root mean square error of a coordinate, in pixels of a 96 × 96 face."),
            ("NME", f"{100 * score['nme']:.1f} %",
             f"95 %: {100 * nme[0]:.1f} to {100 * nme[1]:.1f} %",
             "Mean distance of a point from its place, in distances between the outer eye "
             "corners."),
            ("within 5 %", f"{100 * score['share_nme_under_5_percent']:.1f} %", "of the faces",
             "Share of the faces whose mean error is under 5 % of the eye distance."),
        ]  # fmt: skip
    low, high = score["accuracy_ci"]
    f1 = _macro_f1_interval(assessment)
    return [
        ("accuracy", f"{100 * score['accuracy']:.1f} %",
         f"95 %: {100 * low:.1f} to {100 * high:.1f} %", "Share of the faces named as labelled."),
        ("macro F1", f"{score['macro_f1']:.3f}", f"95 %: {f1[0]:.3f} to {f1[1]:.3f}",
         "F1 of each expression, averaged: rare expressions count as much as frequent ones."),
        ("calibration error", f"{score['calibration_error']:.3f}", "0 would be honest",
         "By how much stated probabilities and the share of right answers differ, on average "
         "over 15 bins."),
    ]  # fmt: skip


def _macro_f1_interval(assessment: Assessment) -> tuple[float, float]:
    return _interval(tuple(map(tuple, assessment.confusion.tolist())))


@st.cache_data(show_spinner=False, max_entries=30)
def _interval(confusion: tuple) -> tuple[float, float]:
    return macro_f1_interval(np.array(confusion))


def warnings(assessments: list[Assessment]) -> None:
    """What makes the scores look better than they are."""
    notes: dict[str, list[str]] = {}
    for assessment in assessments:
        model, dataset = assessment.model, assessment.dataset
        key = (str(model.folder), model.digest, dataset.digest)
        text = " ".join(_caveats(key, assessment.question.split, assessment))
        notes.setdefault(text, []).append(model.name)
    for text, names in notes.items():
        if text:
            whose = f"{names[0]}: " if len(names) < len(assessments) else ""
            st.warning(plain(whose + text), icon=":material/warning:")


@st.cache_data(show_spinner=False, max_entries=30)
def _caveats(key: tuple, split: str, _assessment: Assessment) -> list[str]:
    return caveats(_assessment.model, _assessment.dataset, split, settings().data_dir)
