"""The classification report as a table."""

import pandas as pd

from emotion_ai.evaluation.assessment import ExpressionAssessment
from emotion_ai.evaluation.scores import averages, wilson_interval


def report_table(assessment: ExpressionAssessment) -> pd.DataFrame:
    """A row for each expression, then both averages: ``precision``, ``recall`` with its 95 %
    interval, ``f1``, ``faces``."""
    report = assessment.scores["per_class"]
    rows = []
    for name, row in (report | averages(report)).items():
        hits = round(row["recall"] * row["support"])
        low, high = wilson_interval(hits, row["support"]) if name in report else (None, None)
        rows.append((name, row["precision"], row["recall"], low, high, row["f1"], row["support"]))
    columns = ["expression", "precision", "recall", "recall_low", "recall_high", "f1", "faces"]
    return pd.DataFrame(rows, columns=columns)
