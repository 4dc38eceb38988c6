"""Table: precision, recall and F1 of each expression."""

import streamlit as st

from emotion_ai.evaluation.assessment import ExpressionAssessment
from emotion_ai.evaluation.classification import classification_report
from emotion_ai.figures.expression import recall_plot
from emotion_ai.ui.charts import show_plot
from emotion_ai.ui.frame import errors_as_lines


@st.fragment
@errors_as_lines()
def table_tab(assessment: ExpressionAssessment, _second: ExpressionAssessment | None) -> None:
    table = classification_report(assessment.confusion, assessment.labels)
    left, right = st.columns([6, 5], gap="large")
    with left:
        figure = st.column_config.NumberColumn
        st.dataframe(
            table, hide_index=True, height="content", placeholder="–",
            column_config={
                "precision": figure(format="%.3f", help="Of the faces so named, how many are."),
                "recall": figure(format="%.3f", help="Of the faces so labelled, how many found."),
                "recall_low": figure("recall from", format="%.3f", help="95 % interval"),
                "recall_high": figure("recall to", format="%.3f", help="95 % interval"),
                "f1": figure("F1", format="%.3f", help="Harmonic mean of precision and recall."),
                "faces": figure(format="localized", help="Labelled so: the support."),
            },
        )  # fmt: skip
        st.download_button(
            "Table (CSV)", lambda: table.to_csv(index=False), "classification_report.csv",
            "text/csv", icon=":material/download:", type="tertiary", on_click="ignore",
        )  # fmt: skip
        st.caption(
            "Macro average: every expression that is given or named counts the same. Weighted "
            "average: every face does. The figures are those of scikit-learn's classification "
            "report."
        )
    with right:
        show_plot(recall_plot(table))
