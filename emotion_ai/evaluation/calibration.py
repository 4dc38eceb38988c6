"""Calibration: how far a stated probability can be believed, and the temperature that mends it.

Both from Guo et al. 2017 (arXiv:1706.04599). ``confidence``: float (N,), the probability of the
answer; ``correct``: bool (N,).
"""

from dataclasses import dataclass

import numpy as np

from emotion_ai.evaluation.intervals import wilson_interval

CALIBRATION_BINS = 15
#: Full-integer networks give probabilities in steps of 1/256: half a step stands for their zero.
HALF_STEP = 1 / 512
#: What stands for the zero of float networks.
NEARLY_ZERO = 1e-7


def calibration_error(
    confidence: np.ndarray, correct: np.ndarray, bins: int = CALIBRATION_BINS
) -> float:
    """Expected calibration error: the mean gap between confidence and share of right answers in
    equal-width bins, each counting as many times as it holds faces."""
    bin_of = _bin_of(confidence, bins)
    gap = np.bincount(bin_of, confidence - correct, minlength=bins)
    return float(np.abs(gap).sum() / len(confidence))


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
    confidence: np.ndarray, correct: np.ndarray, bins: int = CALIBRATION_BINS
) -> Reliability:
    """What was claimed beside what came true."""
    bin_of = _bin_of(confidence, bins)
    count = np.bincount(bin_of, minlength=bins)
    kept = count > 0
    count, hits, claimed = (
        np.bincount(bin_of, values, minlength=bins)[kept]
        for values in (np.ones(len(bin_of)), correct, confidence)
    )
    limits = [wilson_interval(int(h), int(n)) for h, n in zip(hits, count, strict=True)]
    low, high = np.array(limits).reshape(-1, 2).T
    return Reliability(count.astype(int), claimed / count, hits / count, low, high)


def _bin_of(confidence: np.ndarray, bins: int) -> np.ndarray:
    return np.minimum((confidence * bins).astype(int), bins - 1)


def apply_temperature(
    probabilities: np.ndarray, temperature: float, smallest: float = HALF_STEP
) -> np.ndarray:
    """Softmax of logits / ``temperature``, from probabilities (N, C); 1 changes nothing but those
    below ``smallest``."""
    logits = np.log(np.maximum(probabilities, smallest)) / temperature
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def fit_temperature(
    probabilities: np.ndarray, targets: np.ndarray, smallest: float = HALF_STEP
) -> float:
    """The temperature, 0.2 to 5, under which ``targets`` (N,) are likeliest: the log loss is
    smallest."""
    logits = np.log(np.maximum(probabilities, smallest))
    rows = np.arange(len(targets))

    def slope(log_temperature: float) -> float:
        """Of the log loss in 1/T: expected minus observed logit; rises with 1/T."""
        shares = apply_temperature(probabilities, np.exp(log_temperature), smallest)
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
