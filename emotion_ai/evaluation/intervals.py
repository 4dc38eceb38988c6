"""95 % intervals: how far a figure may be off because it was measured on these faces alone."""

from collections.abc import Callable

import numpy as np

#: Standard deviations of a normal distribution that hold 95 % of it, to both sides.
Z95 = 1.959963984540054

Interval = tuple[float, float]


def wilson_interval(hits: int, n: int) -> Interval:
    """Of a share (Wilson 1927), sensible also near 0 and 1."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = hits / n, Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return float(centre - half), float(centre + half)


def mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """The mean of ``values`` (N,) and its interval, normal approximation; NaN without any, and of
    one value no interval."""
    if len(values) < 2:
        return float(values.mean()) if len(values) else np.nan, np.nan, np.nan
    mean, half = values.mean(), Z95 * values.std(ddof=1) / np.sqrt(len(values))
    return float(mean), float(mean - half), float(mean + half)


def bootstrap_interval(
    values: np.ndarray,
    statistic: Callable[[np.ndarray], float] = np.mean,
    repeats: int = 1000,
    seed: int = 0,
) -> Interval:
    """Of ``statistic`` over resampled faces; ``values``: (N, ...), a row a face."""
    rng = np.random.default_rng(seed)
    draws = [statistic(values[rng.integers(0, len(values), len(values))]) for _ in range(repeats)]
    return _middle(draws)


def confusion_interval(
    confusion: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    repeats: int = 1000,
    seed: int = 0,
) -> Interval:
    """Of ``statistic``, a function of matrices (..., C, C), over resampled faces: drawing faces
    again is drawing the cells of their ``confusion`` (C, C) again."""
    n = int(confusion.sum())
    draws = np.random.default_rng(seed).multinomial(n, confusion.ravel() / n, repeats)
    return _middle(statistic(draws.reshape(repeats, *confusion.shape)))


def cluster_interval(
    per_person: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    repeats: int = 1000,
    seed: int = 0,
) -> Interval:
    """Of ``statistic`` over resampled people (cluster bootstrap: Field and Welsh 2007,
    doi:10.1111/j.1467-9868.2007.00593.x): faces of one person are alike, so that drawing faces one
    by one would make the interval too narrow.

    ``per_person`` (P, ...): a sum over each one's faces; ``statistic`` takes (repeats, ...) totals.
    """
    people = len(per_person)
    draws = np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), repeats)
    totals = draws @ per_person.reshape(people, -1)
    return _middle(statistic(totals.reshape(repeats, *per_person.shape[1:])))


def _middle(draws) -> Interval:
    low, high = np.quantile(draws, (0.025, 0.975))
    return float(low), float(high)
