"""One way to ask how a model does on a dataset: ``assess``.

Command line, pages, reports, promotion and benchmarks ask here; what comes back holds the rows
that count, their labels, the model's answers, and ``scores``, the dict that cards and JSON hold.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from emotion_ai.datasets.store import Dataset
from emotion_ai.datasets.truths import labelled_rows
from emotion_ai.errors import ConfigError
from emotion_ai.evaluation.caveats import stands_in_train
from emotion_ai.evaluation.predictions import model_columns, predictions, restrict
from emotion_ai.evaluation.scores import ExpressionAnswers, KeypointAnswers, measure
from emotion_ai.labels import LABEL_SETS, LabelSet
from emotion_ai.models.store import SavedModel
from emotion_ai.progress import Progress
from emotion_ai.settings import Settings


@dataclass(frozen=True)
class Question:
    """Which rows a model is assessed on, and against what. ``split`` None: all rows; ``truth``:
    one of ``datasets.truths.TRUTHS``; ``labels`` None: the model's own; ``leave_out_copies``:
    without faces whose exact copy stands in ``train``."""

    split: str | None = None
    truth: str = "given"
    labels: LabelSet | None = None
    leave_out_copies: bool = False


@dataclass(frozen=True)
class ExpressionAssessment(ExpressionAnswers):
    """``rows`` int64 (N,): positions in the dataset of the faces that have a label; for each its
    ``targets`` int64 (N,) and ``probabilities`` float32 (N, C) in the order of ``labels``, and
    its ``embedding`` float32 (N, D)."""

    model: SavedModel
    dataset: Dataset
    question: Question
    rows: np.ndarray
    embedding: np.ndarray | None

    @cached_property
    def scores(self) -> dict:
        asked = {"label_set": self.labels.name, "labels_from": self.question.truth}
        return _head(self) | asked | measure(self) | self.details

    @property
    def images(self) -> np.ndarray:
        """All crops of the dataset, uint8 (M, S, S), memory-mapped: index them by ``rows``."""
        return self.dataset.images

    @cached_property
    def groups(self) -> np.ndarray:
        """Digest of each face's pixels: equal for exact copies."""
        return self.dataset.samples["digest"].to_numpy()[self.rows]


@dataclass(frozen=True)
class KeypointAssessment(KeypointAnswers):
    """``rows`` int64 (N,): positions in the dataset of the faces with a labelled point; for each
    ``targets_px`` (NaN where not labelled) and ``predicted_px``, float32 (N, 15, 2)."""

    model: SavedModel
    dataset: Dataset
    question: Question
    rows: np.ndarray

    @cached_property
    def scores(self) -> dict:
        """With ``per_subset`` where the dataset is made of several (HELEN, AFW …)."""
        scores = _head(self) | measure(self) | self.details
        if "subset" in self.dataset.samples:
            subsets = self.dataset.samples["subset"].to_numpy()[self.rows]
            scores["per_subset"] = {
                name: measure(self._part(subsets == name)) for name in sorted(set(subsets))
            }
        return scores

    def _part(self, chosen: np.ndarray) -> KeypointAnswers:
        return KeypointAnswers(self.predicted_px[chosen], self.targets_px[chosen])

    @property
    def images(self) -> np.ndarray:
        return self.dataset.images


Assessment = ExpressionAssessment | KeypointAssessment


def _head(assessment: Assessment) -> dict:
    return {
        "task": assessment.task,
        "model": assessment.model.name,
        "data": assessment.dataset.name,
        "split": assessment.question.split or "all",
    }


def assess(
    model: SavedModel,
    dataset: Dataset,
    question: Question,
    settings: Settings,
    progress: Progress | None = None,
) -> Assessment:
    """The model's answers over the labelled rows of the split; from the cache where kept.

    Labels that are fewer than the model's score it on those, its probabilities renormalised over
    them. ConfigError when model and dataset are for different tasks, the model does not know the
    labels, or no row has one.
    """
    if dataset.task != model.task:
        raise ConfigError(f"{model.name} is for {model.task}, {dataset.name} for {dataset.task}")
    labels = None if model.task == "keypoints" else question.labels or model.labels
    if labels:
        model_columns(model.labels, labels)
    rows = dataset.rows(question.split)
    counted = np.ones(len(rows), bool)
    if question.leave_out_copies:
        counted = ~stands_in_train(dataset)[rows]
    known, targets = labelled_rows(dataset, rows, labels, question.truth)
    targets, counted = targets[counted[known]], counted & known
    if not counted.any():
        wanted = f"one of {', '.join(labels.expressions)}" if labels else "labelled keypoints"
        raise ConfigError(
            f"{dataset.name}: expected faces of {question.split or 'any split'} with {wanted}, "
            "got none"
        )
    said = predictions(model, dataset, settings, progress, question.split)
    about = {"model": model, "dataset": dataset, "question": question, "rows": rows[counted]}
    if not labels:
        return KeypointAssessment(
            predicted_px=said.keypoints_px[counted], targets_px=targets, **about
        )
    return ExpressionAssessment(
        probabilities=restrict(said.probabilities[counted], model.labels, labels),
        targets=targets,
        labels=labels,
        embedding=None if said.embedding is None else said.embedding[counted],
        **about,
    )


def label_sets(model: SavedModel) -> list[LabelSet]:
    """The model's own label set, then those it can be scored on as well."""
    own = model.labels
    fitting = (s for s in LABEL_SETS.values() if set(s.expressions) < set(own.expressions))
    return [own, *fitting]
