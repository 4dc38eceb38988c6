"""Counting what was taken for what. ``confusion``: int (..., C, C), rows the true class, columns
the predicted one."""

import numpy as np
import pandas as pd

from emotion_ai.evaluation.intervals import wilson_interval
from emotion_ai.labels import LabelSet

Report = dict[str, dict[str, float]]


def confusion_matrix(targets: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """int64 (classes, classes) from positions (N,) each."""
    return np.bincount(targets * classes + predicted, minlength=classes**2).reshape(classes, -1)


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    """Mean F1, 2 hits / (given + predicted), of the classes that are given or predicted, (...,)."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    occurs = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    f1 = 2 * hits / np.maximum(occurs, 1)
    return f1.sum(axis=-1) / np.maximum((occurs > 0).sum(axis=-1), 1)


def accuracy(confusion: np.ndarray) -> np.ndarray:
    """Share of the faces on the diagonal, (...,)."""
    return np.trace(confusion, axis1=-2, axis2=-1) / np.maximum(confusion.sum(axis=(-2, -1)), 1)


def cohens_kappa(confusion: np.ndarray) -> np.ndarray:
    """Agreement beyond chance (Cohen 1960, doi:10.1177/001316446002000104), (...,): 1 always
    agrees, 0 as often as if both named classes at random, each as often as it does.

    0 also where one class is all that both name: chance would agree as well.
    """
    n = confusion.sum(axis=(-2, -1)).astype(float)
    agreed = np.trace(confusion, axis1=-2, axis2=-1) * n
    by_chance = (confusion.sum(axis=-1) * confusion.sum(axis=-2)).sum(axis=-1)
    return (agreed - by_chance) / np.maximum(n * n - by_chance, 1)


def per_class_report(confusion: np.ndarray, labels: LabelSet) -> Report:
    """Precision, recall, F1 and support of each expression; 0 where a ratio has no denominator."""
    hits = np.diag(confusion).astype(float)
    given, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    precision = hits / np.maximum(predicted, 1)
    recall = hits / np.maximum(given, 1)
    f1 = 2 * hits / np.maximum(given + predicted, 1)
    return {
        name: {
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
            "support": int(given[i]),
        }
        for i, name in enumerate(labels.expressions)
    }


def averages(confusion: np.ndarray, labels: LabelSet) -> Report:
    """``macro average`` (every expression that is given or predicted counts the same) and
    ``weighted average`` (every face does) of the per-class report."""
    report = per_class_report(confusion, labels).values()
    rows = np.array([[row[key] for key in ("precision", "recall", "f1")] for row in report])
    given = confusion.sum(axis=1)
    occurs, n = given + confusion.sum(axis=0) > 0, int(given.sum())
    weights = {
        "macro average": occurs / max(occurs.sum(), 1),
        "weighted average": given / max(n, 1),
    }
    keys = ("precision", "recall", "f1", "support")
    return {
        name: dict(zip(keys, (*(weight @ rows).tolist(), n), strict=True))
        for name, weight in weights.items()
    }


def classification_report(confusion: np.ndarray, labels: LabelSet) -> pd.DataFrame:
    """The per-class report as a table, both averages below: ``precision``, ``recall`` with its
    95 % interval, ``f1``, ``faces``. An expression without a face has no interval."""
    report, rows = per_class_report(confusion, labels), []
    for name, row in (report | averages(confusion, labels)).items():
        n = row["support"]
        known = name in report and n
        low, high = wilson_interval(round(row["recall"] * n), n) if known else (None, None)
        rows.append((name, row["precision"], row["recall"], low, high, row["f1"], n))
    columns = ["expression", "precision", "recall", "recall_low", "recall_high", "f1", "faces"]
    return pd.DataFrame(rows, columns=columns)
