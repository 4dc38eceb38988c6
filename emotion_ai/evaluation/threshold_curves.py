"""Curves over all thresholds, and how far a stated probability can be believed.

Plain arrays in, plain arrays out. ``scores`` are float (N,), larger means likelier; ``positive``
is bool (N,).
"""

from dataclasses import dataclass

import numpy as np

from emotion_ai.evaluation.scores import wilson_interval

#: Full-integer networks give probabilities in steps of 1/256: half a step stands for their zero.
SMALLEST_PROBABILITY = 1 / 512
RELIABILITY_BINS = 15


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


@dataclass(frozen=True)
class Reliability:
    """Equal-width bins of confidence that hold a face, (B,) each: ``count``, mean ``confidence``,
    ``accuracy`` and its 95 % interval ``low`` to ``high``."""

    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    low: np.ndarray
    high: np.ndarray


def reliability(
    confidence: np.ndarray, correct: np.ndarray, bins: int = RELIABILITY_BINS
) -> Reliability:
    """What was claimed beside what came true (Guo et al. 2017, arXiv:1706.04599)."""
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(bin_of, minlength=bins)
    kept = count > 0
    count, hits, claimed = (
        np.bincount(bin_of, values, minlength=bins)[kept]
        for values in (np.ones(len(bin_of)), correct, confidence)
    )
    limits = [wilson_interval(int(h), int(n)) for h, n in zip(hits, count, strict=True)]
    low, high = np.array(limits).reshape(-1, 2).T
    return Reliability(count.astype(int), claimed / count, hits / count, low, high)


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Softmax of logits / ``temperature``, from probabilities (N, C); 1 changes nothing but the
    smallest values."""
    logits = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY)) / temperature
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def fit_temperature(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """The temperature, 0.2 to 5, under which ``targets`` (N,) are likeliest."""
    logits = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))
    rows = np.arange(len(targets))

    def slope(log_temperature: float) -> float:
        """Of the log loss in 1/T: expected minus observed logit; rises with 1/T."""
        shares = apply_temperature(probabilities, np.exp(log_temperature))
        return float(((shares * logits).sum(axis=1) - logits[rows, targets]).mean())

    low, high = np.log(0.2), np.log(5.0)
    for _ in range(40):  # the loss is convex in 1/T: halve the bracket around its zero slope
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return float(np.exp((low + high) / 2))


def cross_fitted_temperature(
    probabilities: np.ndarray, targets: np.ndarray, groups: np.ndarray, seed: int = 0
) -> tuple[np.ndarray, tuple[float, float]]:
    """Probabilities scaled by a temperature that was fitted on other faces.

    Faces are parted at random into halves, equal ``groups`` (N,) together; each half is scaled
    by the temperature fitted on the other. Returns (N, C) and the temperatures applied to the
    first and second half.
    """
    _, group = np.unique(groups, return_inverse=True)
    side = np.random.default_rng(seed).permutation(group.max() + 1)[group] % 2 == 1
    scaled = np.empty(probabilities.shape)
    temperatures = []
    for half in (~side, side):
        temperature = fit_temperature(probabilities[~half], targets[~half])
        scaled[half] = apply_temperature(probabilities[half], temperature)
        temperatures.append(temperature)
    return scaled, tuple(temperatures)


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
