"""Write report: one file with everything, to open without the app."""

from collections.abc import Callable

import streamlit as st

from emotion_ai.access.rate_limits import REPORTS
from emotion_ai.evaluation.assessment import Assessment
from emotion_ai.evaluation.caveats import caveats
from emotion_ai.report.page import report_command, write_report
from emotion_ai.settings import settings
from emotion_ai.ui.access import allowance
from emotion_ai.ui.frame import errors_as_lines


@st.fragment
@errors_as_lines()
def write_tab(assessment: Assessment, _second: Assessment | None) -> None:
    question, spend = assessment.question, allowance(REPORTS)
    st.markdown(
        "One HTML file, about 5 MB, that opens in any browser without this app and without the "
        "internet: scores with their intervals, interactive plots, example faces, what the model "
        "was trained on, and how to reproduce it all."
    )
    st.download_button(
        "Write report",
        lambda: _written(assessment, spend),
        f"report_{assessment.model.name}_{assessment.dataset.name}_{question.split}.html",
        "text/html",
        icon=":material/description:",
        type="primary",
        on_click="ignore",
    )
    st.markdown("The same from the command line:")
    st.code(report_command(assessment), language="bash")
    st.caption(
        "The report contains faces of the dataset: look at its licence before you pass it on."
    )


def _written(assessment: Assessment, spend: Callable[[], None]) -> bytes:
    spend()
    notes = caveats(
        assessment.model, assessment.dataset, assessment.question.split, *settings().data_dirs
    )
    return write_report(assessment, notes).encode()
