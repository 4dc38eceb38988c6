"""Four counts and what they hide: accuracy, precision, recall, and the threshold between them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Counts:
    """Found and right, found but wrong, missed, rightly left alone."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @property
    def n(self) -> int:
        return self.true_positive + self.false_positive + self.false_negative + self.true_negative

    @property
    def accuracy(self) -> float | None:
        return _share(self.true_positive + self.true_negative, self.n)

    @property
    def precision(self) -> float | None:
        """Of those found, how many are right; None when none was found."""
        return _share(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float | None:
        """Of those to be found, how many were; None when there is none."""
        return _share(self.true_positive, self.true_positive + self.false_negative)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall."""
        hits = 2 * self.true_positive
        return _share(hits, hits + self.false_positive + self.false_negative)


#: The textbook's hundred patients.
HUNDRED_PATIENTS = Counts(1, 1, 8, 90)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def one_against_rest(confusion: np.ndarray, position: int) -> Counts:
    """The counts of one class in a confusion matrix, rows given and columns predicted."""
    confusion = np.asarray(confusion)
    hits = int(confusion[position, position])
    found, given = int(confusion[:, position].sum()), int(confusion[position].sum())
    return Counts(hits, found - hits, given - hits, int(confusion.sum()) - found - given + hits)


def at_threshold(scores: np.ndarray, positive: np.ndarray, threshold: float) -> Counts:
    """Counts when everything scored ``threshold`` or more is called positive."""
    called = scores >= threshold
    return Counts(
        int((called & positive).sum()),
        int((called & ~positive).sum()),
        int((~called & positive).sum()),
        int((~called & ~positive).sum()),
    )


def always_no(share: float, n: int = 1000) -> Counts:
    """A reader that never finds anything, where ``share`` of ``n`` are to be found."""
    rare = round(share * n)
    return Counts(0, 0, rare, n - rare)


def reader(share: float, recall: float, false_alarms: float, n: int = 10_000) -> Counts:
    """What a reader of fixed quality counts when ``share`` of ``n`` are to be found: it finds
    ``recall`` of them and takes ``false_alarms`` of the others for one."""
    rare = round(share * n)
    hits, alarms = round(recall * rare), round(false_alarms * (n - rare))
    return Counts(hits, alarms, rare - hits, n - rare - alarms)


def thresholds(scores: np.ndarray, positive: np.ndarray, count: int = 61) -> list[float]:
    """Thresholds from 0 up to the highest score of a positive, closer together near 0 where rare
    classes live."""
    top = float(scores[positive].max()) if positive.any() else 1.0
    return [float(value) for value in top * np.linspace(0, 1, count) ** 2]
