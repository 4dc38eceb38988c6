"""Points: where they go wrong on the mean face; and the faces they go most wrong on."""

import numpy as np
import pandas as pd
import streamlit as st

from emotion_ai.evaluation.assessment import KeypointAssessment
from emotion_ai.evaluation.keypoint_errors import (
    UNMEASURED,
    normalised_errors,
    point_table,
    side_table,
    worst_faces,
)
from emotion_ai.figures.base import signed
from emotion_ai.figures.faces import cumulative_plot, joined_points, point_error_plot, side_plot
from emotion_ai.ui.charts import show_plot
from emotion_ai.ui.frame import errors_as_lines

WORST = 24


@st.fragment
@errors_as_lines()
def points_tab(first: KeypointAssessment, second: KeypointAssessment | None) -> None:
    left, right = st.columns(2, gap="large")
    table = point_table(first.predicted_px, first.targets_px)
    with left:
        st.markdown("**Error of each point** on the mean face of this split")
        show_plot(point_error_plot(table, _mean_face(first)))
        st.caption(
            "A ring is as wide as the mean distance. The red line shows where predictions lie on "
            "average, five times as long; yellow is the subject's left, blue the right."
        )
    with right:
        st.markdown("**How many faces are within an error**")
        if len(first.nme):
            show_plot(cumulative_plot(face_errors([a for a in (first, second) if a])))
        else:
            st.info(UNMEASURED)
        st.markdown("**Left against right**")
        sides = side_table(first.predicted_px, first.targets_px)
        show_plot(side_plot(sides))
        st.caption(_asymmetry(sides))
    with st.expander("Table of all points"):
        st.dataframe(
            table, hide_index=True, height="content",
            column_config={
                name: st.column_config.NumberColumn(format="%.2f")
                for name in table if name.endswith("px")
            },
        )  # fmt: skip


def face_errors(assessments: list[KeypointAssessment]) -> dict[str, np.ndarray]:
    """Model name → NME of its faces."""
    return {a.model.name: normalised_errors(a.predicted_px, a.targets_px) for a in assessments}


@st.cache_data(show_spinner=False, max_entries=6)
def _mean_of(key: tuple, _assessment: KeypointAssessment) -> np.ndarray:
    faces = _assessment.images[_assessment.rows]
    return faces.mean(axis=0).round().astype(np.uint8)


def _mean_face(assessment: KeypointAssessment) -> np.ndarray:
    return _mean_of((assessment.dataset.digest, str(assessment.question)), assessment)


def _asymmetry(sides: pd.DataFrame) -> str:
    clear = sides[(sides["low_px"] > 0) | (sides["high_px"] < 0)]
    if clear.empty:
        return "No pair differs by more than chance (95 % interval of the paired difference)."
    named = [
        f"{row.pair} ({signed(row.right_minus_left_px, 2)} px)"
        for row in clear.itertuples(index=False)
    ]
    return (
        "Right minus left, where the 95 % interval of the paired difference leaves out 0: "
        + ", ".join(named) + "."
    )  # fmt: skip


@st.fragment
@errors_as_lines()
def worst_tab(first: KeypointAssessment, _second: KeypointAssessment | None) -> None:
    errors = normalised_errors(first.predicted_px, first.targets_px)
    order = worst_faces(errors, WORST)
    if not len(order):
        st.info(UNMEASURED)
        return
    st.markdown(
        f"The {len(order)} faces with the largest error: white squares are the labels, dots the "
        "predictions, a line joins the two. Under each its mean error in eye distances."
    )
    with st.container(horizontal=True, gap="small"):
        for i in order:
            with st.container(width=188, gap=None):
                row = first.rows[i]
                picture = joined_points(
                    np.asarray(first.images[row]), first.targets_px[i], first.predicted_px[i]
                )
                st.image(picture, channels="BGR", width=188, alt=f"Face {row}")
                st.caption(f"{100 * errors[i]:.0f} % · face {row}")
