"""Mistakes: what the model is surest of and wrong, and what it barely got right."""

import numpy as np
import streamlit as st

from emotion_ai.datasets.truths import crowd_majority
from emotion_ai.evaluation.assessment import ExpressionAssessment
from emotion_ai.ui.evaluate.grid import face_grid, face_panel, said_captions
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.wording import count

SHOWN = 40
KINDS = ("Surest mistakes", "Least certain hits")
EVERY = "any"


@st.fragment
@errors_as_lines()
def mistakes_tab(assessment: ExpressionAssessment, _second: ExpressionAssessment | None) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Show", KINDS, default=KINDS[0], required=True, key="mistakes",
            bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
        label = st.selectbox(
            f"{assessment.question.truth.capitalize()} label",
            [EVERY, *assessment.labels.expressions], key="mistakes_of",
            bind="query-params", width=180,
        )  # fmt: skip
    wrong = kind == KINDS[0]
    chosen = assessment.correct != wrong
    if label != EVERY:
        chosen = chosen & (assessment.targets == assessment.labels.index(label))
    positions = np.flatnonzero(chosen)
    order = np.argsort(assessment.confidence[positions] * (-1 if wrong else 1), kind="stable")
    shown = positions[order][:SHOWN]
    st.markdown(
        f"{count(len(positions), 'mistake' if wrong else 'hit')}"
        + (f", the first {SHOWN} shown" if len(positions) > SHOWN else "")
        + (_crowd(assessment, positions) if wrong else "")
    )
    left, right = st.columns([7, 4], gap="large")
    captions, colours = said_captions(assessment, shown, label=wrong)
    with left:
        face_grid(
            assessment, assessment.rows[shown], f"mistakes_{kind}_{label}",
            captions=captions, colours=colours, across=8,
        )  # fmt: skip
    with right:
        face_panel(assessment, assessment.rows[shown], "mistakes")


def _crowd(assessment: ExpressionAssessment, positions: np.ndarray) -> str:
    """How many of the mistakes are what most people see in the face."""
    dataset = assessment.dataset
    if assessment.question.truth == "crowd" or dataset.votes is None or not len(positions):
        return ""
    crowd = crowd_majority(dataset.votes[assessment.rows[positions]], assessment.labels)
    agree = int((crowd == assessment.predicted[positions]).sum())
    return f"; in {agree:,} of them most of ten people say what the model says"
