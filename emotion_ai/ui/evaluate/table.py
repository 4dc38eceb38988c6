"""Table: precision, recall and F1 of each expression."""

import streamlit as st

from emotion_ai.assessment import ExpressionAssessment
from emotion_ai.figures.base import Plot, axes, base_figure, interval_bars
from emotion_ai.labels import EXPRESSION_COLOURS
from emotion_ai.report_table import report_table
from emotion_ai.ui.charts import show_plot
from emotion_ai.ui.frame import errors_as_lines


@st.fragment
@errors_as_lines()
def table_tab(assessment: ExpressionAssessment, _second: ExpressionAssessment | None) -> None:
    table = report_table(assessment)
    left, right = st.columns([6, 5], gap="large")
    with left:
        figure = st.column_config.NumberColumn
        st.dataframe(
            table, hide_index=True, height="content",
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
            "Macro average: every expression counts the same. Weighted average: every face does. "
            "The figures are those of scikit-learn's classification report."
        )
    with right:
        show_plot(recall_plot(table))


def recall_plot(table) -> Plot:
    """Recall of each expression with its interval."""
    rows = table.dropna()
    names = rows["expression"].tolist()
    bars = interval_bars(
        names, rows["recall"], rows["recall_low"], rows["recall_high"],
        [EXPRESSION_COLOURS[name] for name in names],
        [f"{value:.0%}" for value in rows["recall"]], "%{x}: %{y:.1%}<extra></extra>",
    )  # fmt: skip
    figure = axes(base_figure(bars, height_px=380), "", "recall, with 95 % interval",
                  y_range=(0, 1), y_format=".0%")  # fmt: skip
    figure.update_xaxes(showgrid=False)
    return Plot(figure, rows, "recall", "Recall of each expression")
