"""The scores: how each is computed, and how every place that shows one words and formats it.

``SCORES`` is the one list of them. Command line, pages, reports, model cards and runs go through
it, so that a new score is one more entry.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from emotion_ai.evaluation.calibration import CALIBRATION_BINS, NEARLY_ZERO, calibration_error
from emotion_ai.evaluation.classification import (
    accuracy,
    cohens_kappa,
    confusion_matrix,
    macro_f1,
    per_class_report,
)
from emotion_ai.evaluation.intervals import (
    Interval,
    bootstrap_interval,
    cluster_interval,
    confusion_interval,
    wilson_interval,
)
from emotion_ai.evaluation.keypoint_errors import normalised_errors
from emotion_ai.labels import KEYPOINT_NAMES, LabelSet

#: Faces whose mean error is under this share of the eye distance count as found.
NME_LIMIT = 0.05


@dataclass(frozen=True)
class ExpressionAnswers:
    """What a model named: ``probabilities`` float (N, len(labels)), beside the ``targets`` int
    (N,), positions in ``labels``."""

    probabilities: np.ndarray
    targets: np.ndarray
    labels: LabelSet

    task = "expression"

    def __len__(self) -> int:
        return len(self.targets)

    @cached_property
    def predicted(self) -> np.ndarray:
        return self.probabilities.argmax(axis=1)

    @cached_property
    def confidence(self) -> np.ndarray:
        return self.probabilities.max(axis=1)

    @cached_property
    def correct(self) -> np.ndarray:
        return self.predicted == self.targets

    @cached_property
    def confusion(self) -> np.ndarray:
        return confusion_matrix(self.targets, self.predicted, len(self.labels))

    @property
    def log_loss(self) -> float:
        likelihood = self.probabilities[np.arange(len(self)), self.targets]
        return float(-np.log(np.clip(likelihood, NEARLY_ZERO, 1)).mean())

    @property
    def details(self) -> dict:
        return {
            "labels": list(self.labels.expressions),
            "confusion": self.confusion.tolist(),
            "per_class": per_class_report(self.confusion, self.labels),
        }


@dataclass(frozen=True)
class KeypointAnswers:
    """Where a model put the points, ``predicted_px``, beside ``targets_px``: float (N, 15, 2)
    each, pixels of the 96 × 96 crop; NaN in ``targets_px``, where not labelled, is not counted."""

    predicted_px: np.ndarray
    targets_px: np.ndarray

    task = "keypoints"

    def __len__(self) -> int:
        return len(self.targets_px)

    @cached_property
    def nme(self) -> np.ndarray:
        """Of the faces in which both outer eye corners are labelled."""
        errors = normalised_errors(self.predicted_px, self.targets_px)
        return errors[~np.isnan(errors)]

    @cached_property
    def squares(self) -> np.ndarray:
        return (self.predicted_px - self.targets_px) ** 2

    @property
    def square_sums(self) -> np.ndarray:
        """(N, 2): each face's sum of squares and count, so that resampled faces give an RMSE."""
        counts = (~np.isnan(self.squares)).sum(axis=(1, 2))
        return np.stack([np.nansum(self.squares, axis=(1, 2)), counts], 1)

    @property
    def details(self) -> dict:
        """``per_point_rmse_px``: of each keypoint that is labelled in some face."""
        by_point = zip(KEYPOINT_NAMES, np.moveaxis(self.squares, 1, 0), strict=True)
        return {
            "per_point_rmse_px": {
                name: float(np.sqrt(np.nanmean(squares)))
                for name, squares in by_point
                if not np.isnan(squares).all()
            }
        }


Answers = ExpressionAnswers | KeypointAnswers


@dataclass(frozen=True)
class Score:
    """One figure of how good a model is.

    ``key``: its name in cards and JSON (its 95 % interval is ``<key>_ci``); ``compute`` and
    ``interval`` take the task's answers. ``unit`` ``%`` shows shares as percentages; ``remark``
    stands where there is no interval.
    """

    key: str
    task: str
    title: str
    meaning: str
    compute: Callable[..., float]
    interval: Callable[..., Interval] | None = None
    unit: str = ""
    digits: int = 3
    remark: str = ""

    def number(self, value: float) -> str:
        """``"84.2"``: without its unit."""
        return f"{self.scaled(value):.{self.digits}f}"

    def scaled(self, value: float) -> float:
        """``value`` in the unit in which it is shown."""
        return 100 * value if self.unit == "%" else value

    def with_unit(self, words: str) -> str:
        return f"{words} {self.unit}" if self.unit else words


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan


def _rmse_px(square_sums: np.ndarray) -> float:
    total, count = square_sums.sum(axis=0)
    return float(np.sqrt(total / count))


#: In the order in which they are shown; the first of a task stands for the model in one line.
SCORES: tuple[Score, ...] = (
    Score(
        "accuracy", "expression", "accuracy", "Share of the faces named as labelled.",
        lambda answers: _mean(answers.correct),
        lambda answers: wilson_interval(int(answers.correct.sum()), len(answers)),
        unit="%", digits=1,
    ),
    Score(
        "macro_f1", "expression", "macro F1",
        "F1 of each expression given or named, averaged: rare ones count as much as frequent ones.",
        lambda answers: float(macro_f1(answers.confusion)),
        lambda answers: confusion_interval(answers.confusion, macro_f1),
    ),
    Score(
        "cohens_kappa", "expression", "Cohen's kappa",
        "Agreement with the labels beyond chance: 1 is always, 0 as often as by guessing with the "
        "same preferences.",
        lambda answers: float(cohens_kappa(answers.confusion)),
        lambda answers: confusion_interval(answers.confusion, cohens_kappa),
    ),
    Score(
        "log_loss", "expression", "log loss",
        "Mean surprise at the label: being sure and wrong costs most.",
        lambda answers: answers.log_loss, remark="0 would be sure and right",
    ),
    Score(
        "calibration_error", "expression", "calibration error",
        "By how much stated probabilities and the share of right answers differ, on average over "
        f"{CALIBRATION_BINS} bins.",
        lambda answers: calibration_error(answers.confidence, answers.correct),
        remark="0 would be honest",
    ),
    Score(
        "rmse_px", "keypoints", "RMSE",
        "Root mean square error of a coordinate, in pixels of a 96 × 96 face (Kaggle's measure).",
        lambda answers: _rmse_px(answers.square_sums),
        lambda answers: bootstrap_interval(answers.square_sums, _rmse_px),
        unit="px", digits=2,
    ),
    Score(
        "nme", "keypoints", "NME",
        "Mean distance of a point from its place, in distances between the outer eye corners.",
        lambda answers: _mean(answers.nme),
        lambda answers: bootstrap_interval(answers.nme),
        unit="%", digits=2,
    ),
    Score(
        "share_nme_under_5_percent", "keypoints", "within 5 %",
        "Share of the faces whose mean error is under 5 % of the eye distance.",
        lambda answers: _mean(answers.nme < NME_LIMIT),
        unit="%", digits=1, remark="of the faces",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A measured score, ready to be shown."""

    score: Score
    value: float
    interval: Interval | None

    @property
    def text(self) -> str:
        """``"84.2 %"``, ``"1.24 px"``, ``"0.714"``."""
        return self.score.with_unit(self.score.number(self.value))

    @property
    def scaled(self) -> float:
        """In the unit in which it is shown: 84.2 for 0.842 in percent."""
        return self.score.scaled(self.value)

    def limits(self, joined_by: str = " to ") -> str:
        """``"82.9 to 85.4"``, in the same unit; empty without an interval."""
        return joined_by.join(map(self.score.number, self.interval)) if self.interval else ""

    @property
    def note(self) -> str:
        """``"95 %: 82.9 to 85.4 %"``, or the score's remark."""
        limits = self.limits()
        return f"95 %: {self.score.with_unit(limits)}" if limits else self.score.remark


def figures(scores: dict) -> list[Figure]:
    """What a dict of scores (of an assessment, a card, a run) says, in the order of ``SCORES``;
    what was not measured is left out."""
    return [
        Figure(score, scores[score.key], scores.get(f"{score.key}_ci"))
        for score in SCORES
        if score.key in scores
    ]


def headline(scores: dict) -> Figure | None:
    """The figure that stands for all."""
    return next(iter(figures(scores)), None)


def by_subject(answers: ExpressionAnswers, subjects: np.ndarray) -> dict:
    """Scores that respect who is who: ``subjects`` counts the people, ``per_subject`` has faces and
    accuracy of each, and the intervals come of drawing people, not faces. ``subjects`` (N,): a name
    a face; {} for fewer than two people."""
    names, person = np.unique(subjects, return_inverse=True)
    if len(names) < 2:
        return {}
    classes = len(answers.labels)
    confusions = np.zeros((len(names), classes, classes))
    np.add.at(confusions, (person, answers.targets, answers.predicted), 1)
    faces, right = confusions.sum(axis=(1, 2)), np.trace(confusions, axis1=1, axis2=2)
    return {
        "subjects": len(names),
        "accuracy_ci": cluster_interval(confusions, accuracy),
        "macro_f1_ci": cluster_interval(confusions, macro_f1),
        "cohens_kappa_ci": cluster_interval(confusions, cohens_kappa),
        "per_subject": {
            str(name): {"n": int(n), "accuracy": float(k / n)}
            for name, n, k in zip(names, faces, right, strict=True)
        },
    }


def measure(answers: Answers) -> dict:
    """``n``, then every score of the task with its interval. A score that cannot be computed on
    these faces (NME without a labelled eye corner) is left out."""
    found: dict = {"n": len(answers)}
    for score in SCORES:
        if score.task != answers.task:
            continue
        value = score.compute(answers)
        if np.isfinite(value):
            found[score.key] = value
            if score.interval:
                found[f"{score.key}_ci"] = score.interval(answers)
    return found


def expression_scores(probabilities: np.ndarray, targets: np.ndarray, labels: LabelSet) -> dict:
    """All scores of an expression model, with its confusion and the report on each expression."""
    answers = ExpressionAnswers(probabilities, targets, labels)
    return measure(answers) | answers.details


def keypoint_scores(predicted_px: np.ndarray, targets_px: np.ndarray) -> dict:
    """All scores of a keypoint model, with the RMSE of each point; faces without a single
    labelled point are not counted."""
    labelled = ~np.isnan(targets_px).all(axis=(1, 2))
    answers = KeypointAnswers(predicted_px[labelled], targets_px[labelled])
    return measure(answers) | answers.details
