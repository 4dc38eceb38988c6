"""Confusion: the matrix, and the faces of the cell that was clicked."""

from itertools import product

import numpy as np
import streamlit as st

from emotion_ai.evaluation.assessment import ExpressionAssessment
from emotion_ai.figures.base import DARK_INK, LIGHT_INK
from emotion_ai.figures.expression import SCALES, confusion_plot
from emotion_ai.ui.charts import download_data
from emotion_ai.ui.evaluate.cells import cell_buttons
from emotion_ai.ui.evaluate.grid import face_grid, face_panel, said_captions
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.projector import readable
from emotion_ai.ui.wording import count, plain

SHOWN = 24
_CHART = "confusion_chart"


@st.fragment
@errors_as_lines()
def confusion_tab(assessment: ExpressionAssessment, _second: ExpressionAssessment | None) -> None:
    names = assessment.labels.expressions
    left, right = st.columns([6, 5], gap="large")
    with left:
        scale = st.segmented_control(
            "Show", SCALES, default=SCALES[1], required=True, key="scale", bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
        label, named = _cell(assessment)
        ink = LIGHT_INK if st.context.theme.type == "dark" else DARK_INK
        truth = assessment.question.truth
        plot = confusion_plot(
            assessment.confusion, assessment.labels, scale, (label, named), ink, truth
        )
        st.plotly_chart(
            readable(plot.figure), width="stretch", key=_CHART, on_select=_choose,
            selection_mode="points",
            config={"displaylogo": False, "modeBarButtons": [["toImage"]],
                    "toImageButtonOptions": {"filename": plot.name, "scale": 2}},
            alt=plot.alt,
        )  # fmt: skip
        cell_buttons(_CHART, assessment.confusion, names, names, (label, named), _put)
        download_data(plot)
    with right:
        inside = (assessment.targets == label) & (assessment.predicted == named)
        positions = np.flatnonzero(inside)
        positions = positions[np.argsort(-assessment.confidence[positions], kind="stable")]
        shown = positions[:SHOWN]
        st.markdown(
            f"{truth.capitalize()} **{plain(names[label])}**, named **{plain(names[named])}**: "
            f"{count(len(positions), 'face')}"
            + (f", the {SHOWN} surest" if len(positions) > SHOWN else "")
        )
        st.caption("Click a cell of the matrix to see its faces, and a face to see more of it.")
        captions, colours = said_captions(assessment, shown, label=False)
        face_grid(
            assessment, assessment.rows[shown], f"cell_{label}_{named}",
            captions=captions, colours=colours,
        )  # fmt: skip
        face_panel(assessment, assessment.rows[shown], "cell")


def _cell(assessment: ExpressionAssessment) -> tuple[int, int]:
    """The cell in the URL; without one, the commonest mistake."""
    names = assessment.labels.expressions
    pairs = enumerate(product(names, names))
    cells = {_address(*pair): divmod(place, len(names)) for place, pair in pairs}
    if found := cells.get(st.query_params.get("cell")):
        return found
    wrong = assessment.confusion - np.diag(np.diag(assessment.confusion))
    row, column = np.unravel_index(wrong.argmax(), wrong.shape)
    return int(row), int(column)


def _choose() -> None:
    """A click on a cell: both coordinates of its square are names."""
    chart = st.session_state.get(_CHART)
    if chart and (points := chart.selection.points):
        _put(points[0]["y"], points[0]["x"])


def _put(given: str, named: str) -> None:
    st.query_params["cell"] = _address(given, named)


def _address(given: str, named: str) -> str:
    return f"{given}-{named}"
