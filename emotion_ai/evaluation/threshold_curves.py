"""Curves over all thresholds: what is gained and lost when the bar for naming something is moved.

Plain arrays in, plain arrays out. ``scores`` are float (N,), larger means likelier; ``positive``
is bool (N,).
"""

import numpy as np


def _counts(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, ...]:
    """True and false positives when everything from each distinct score up is called positive,
    and those scores, falling."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    hits = np.cumsum(positive[order])[ends]
    return hits, ends + 1 - hits, ordered[ends]


def precision_recall_curve(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, ...]:
    """Precision, recall and threshold at every distinct score, falling; (M,) each.

    Both curves need at least one positive and one negative.
    """
    hits, false, thresholds = _counts(positive, scores)
    return hits / (hits + false), hits / positive.sum(), thresholds


def average_precision(positive: np.ndarray, scores: np.ndarray) -> float:
    """The area under the steps of the precision-recall curve."""
    precision, recall, _ = precision_recall_curve(positive, scores)
    return float(np.diff(recall, prepend=0) @ precision)


def roc_curve(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, ...]:
    """False-positive rate, true-positive rate and threshold, from (0, 0) at infinity on."""
    hits, false, thresholds = _counts(positive, scores)
    rates = (np.append(0, counts / counts[-1]) for counts in (false, hits))
    return *rates, np.append(np.inf, thresholds)


def roc_area(positive: np.ndarray, scores: np.ndarray) -> float:
    """The chance that a positive face scores above a negative one; ties count half."""
    false_rate, true_rate, _ = roc_curve(positive, scores)
    return float(np.trapezoid(true_rate, false_rate))


def coverage_curve(
    confidence: np.ndarray, correct: np.ndarray, thresholds: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Share of faces at or above each threshold, and the accuracy on those (NaN without any)."""
    order = np.argsort(confidence)
    start = np.searchsorted(confidence[order], thresholds, side="left")
    kept = len(confidence) - start
    hits = np.append(np.cumsum(correct[order][::-1])[::-1], 0)[start]
    with np.errstate(invalid="ignore"):
        return kept / len(confidence), hits / kept
