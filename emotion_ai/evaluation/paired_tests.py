"""Two models on the same faces: which one is better, on which faces, and could it be chance?"""

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr

from emotion_ai.evaluation.intervals import mean_interval
from emotion_ai.labels import LabelSet


@dataclass(frozen=True)
class McNemar:
    """``only_first`` and ``only_second``: faces that one model alone gets right.

    ``p``: mid-p value of the exact test; ``p_exact``: without the mid-p correction.
    """

    both: int
    only_first: int
    only_second: int
    neither: int
    p: float
    p_exact: float


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> McNemar:
    """McNemar's test on bool (N,) each (exact and mid-p: Fagerland et al. 2013,
    doi:10.1186/1471-2288-13-91). Where both are equally good, a face that one alone gets right is
    as likely to be the first's as the second's."""
    counts = np.bincount(2 * first_right.astype(int) + second_right, minlength=4).tolist()
    neither, only_second, only_first, both = counts
    n, fewer = only_first + only_second, min(only_first, only_second)
    tail = float(bdtr(fewer, n, 0.5))  # of a binomial distribution, up to so many
    below = float(bdtr(fewer - 1, n, 0.5)) if fewer else 0.0
    return McNemar(both, only_first, only_second, neither, tail + below, min(1.0, 2 * tail))


def class_changes(
    targets: np.ndarray, first: np.ndarray, second: np.ndarray, labels: LabelSet
) -> list[dict]:
    """A row for each expression: its faces, recall of both models, and the change with its 95 %
    interval in shares (paired, normal approximation). ``first``, ``second``: predicted (N,)."""
    rows = []
    for i, name in enumerate(labels.expressions):
        given = targets == i
        n = int(given.sum())
        gain = (second[given] == i).astype(float) - (first[given] == i)
        change, low, high = mean_interval(gain)
        rows.append(
            {
                "expression": name,
                "faces": n,
                "first_recall": float((first[given] == i).mean()) if n else np.nan,
                "second_recall": float((second[given] == i).mean()) if n else np.nan,
                "change": change,
                "low": low,
                "high": high,
            }
        )
    return rows


def paired_difference(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Mean of ``second - first`` over faces and its 95 % interval (normal approximation)."""
    return mean_interval(second - first)
