"""Curves: over all thresholds, how honest the probabilities are, and when to say *uncertain*."""

import numpy as np
import streamlit as st

from emotion_ai.evaluation.assessment import ExpressionAssessment
from emotion_ai.evaluation.calibration import (
    calibration_error,
    cross_fitted_temperature,
    reliability,
)
from emotion_ai.evaluation.intervals import wilson_interval
from emotion_ai.evaluation.threshold_curves import coverage_curve
from emotion_ai.faces.quality import UNCERTAIN_BELOW
from emotion_ai.figures.expression import (
    coverage_plot,
    precision_recall_plot,
    reliability_plot,
    roc_plot,
)
from emotion_ai.ui.charts import show_plot
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.wording import count


@st.fragment
@errors_as_lines()
def curves_tab(assessment: ExpressionAssessment, _second: ExpressionAssessment | None) -> None:
    kinds = {
        "Precision and recall": _precision_recall,
        "ROC": _roc,
        "Calibration": _calibration,
        "Uncertain": _uncertain,
    }
    kind = st.segmented_control(
        "Curve", list(kinds), default=next(iter(kinds)), required=True, key="curve",
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
    kinds[kind](assessment)


def _precision_recall(assessment: ExpressionAssessment) -> None:
    st.markdown(
        "Lower the bar for naming an expression, and more of its faces are found (recall), but "
        "more of what is named is wrong (precision). The figure is the area: average precision."
    )
    show_plot(precision_recall_plot(*_scored(assessment)))


def _roc(assessment: ExpressionAssessment) -> None:
    st.markdown(
        "The chance that a face of the expression scores above one without it is the area under "
        "its curve: 0.5 is guessing."
    )
    show_plot(roc_plot(*_scored(assessment)))


def _scored(assessment: ExpressionAssessment) -> tuple:
    return assessment.probabilities, assessment.targets, assessment.labels


def _calibration(assessment: ExpressionAssessment) -> None:
    correct = assessment.correct
    scaled, temperatures = cross_fitted_temperature(
        assessment.probabilities, assessment.targets, assessment.groups
    )
    after = scaled.max(axis=1)
    plot = reliability_plot(
        reliability(assessment.confidence, correct), reliability(after, correct)
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_plot(plot)
    with right, st.container(horizontal=True, gap="large"):
        before = calibration_error(assessment.confidence, correct)
        now = calibration_error(after, correct)
        st.metric("calibration error", f"{before:.3f}", width="content")
        st.metric("with temperature", f"{now:.3f}", f"{now - before:+.3f}",
                  delta_color="inverse", width="content")  # fmt: skip
        st.metric("log loss", f"{assessment.scores['log_loss']:.3f}", width="content",
                  help="Mean surprise at the label: being sure and wrong costs most.")  # fmt: skip
    with right:
        st.markdown(
            "Of the faces named with 80 %, 80 % should be right: then points lie on the "
            "diagonal. Below it the model is too sure of itself. Dots are larger where there are "
            "more faces."
        )
        words = " and ".join(f"{value:.2f}" for value in temperatures)
        st.markdown(
            f"**Temperature** divides the network's last values before they become "
            f"probabilities: above 1 they grow more modest; the answer stays. Here {words}, each "
            "fitted on one random half of the faces and applied to the other, so that no face "
            "is scaled by a temperature that was fitted on it."
        )


def _uncertain(assessment: ExpressionAssessment) -> None:
    threshold = st.slider(
        "Say *uncertain* below", 0.0, 1.0, UNCERTAIN_BELOW, 0.01, key="threshold",
        bind="query-params",
    )  # fmt: skip
    (coverage,), (accuracy,) = coverage_curve(
        assessment.confidence, assessment.correct, np.array([threshold])
    )
    answered = assessment.confidence >= threshold
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_plot(coverage_plot(assessment.confidence, assessment.correct, threshold))
    with right:
        n = int(answered.sum())
        with st.container(horizontal=True, gap="large"):
            st.metric("answered", f"{100 * coverage:.1f} %", width="content")
            right_of = f"{100 * accuracy:.1f} %" if n else "–"
            st.metric("of those right", right_of, width="content")
        if n:
            low, high = wilson_interval(int(assessment.correct[answered].sum()), n)
            st.caption(f"95 %: {100 * low:.1f} to {100 * high:.1f} %, {count(n, 'face')}")
        st.markdown(
            "A model that may stay silent is right more often when it speaks. Everywhere in this "
            f"app an answer below **{UNCERTAIN_BELOW:.2f}** is shown as *uncertain*; this slider "
            "only asks what another threshold would do."
        )
