"""One way to ask how a model does on a dataset: ``assess``.

Command line, pages, reports, promotion and benchmarks ask here; what comes back holds the rows
that count, their labels, the model's answers, and ``scores``, the dict that cards and JSON hold.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from emotion_ai.datasets.store import Dataset
from emotion_ai.datasets.truths import class_positions, labelled_rows, labels_of
from emotion_ai.errors import ConfigError
from emotion_ai.evaluation.caveats import stands_in_train
from emotion_ai.evaluation.predictions import model_columns, predictions, restrict
from emotion_ai.evaluation.scores import ExpressionAnswers, KeypointAnswers, by_subject, measure
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
        left_out = {"left_out": self.left_out} if any(self.left_out.values()) else {}
        people = {}
        if "subject" in self.dataset.samples:
            people = by_subject(self, _subjects(self.dataset)[self.rows])
        return _head(self) | asked | left_out | measure(self) | people | self.details

    @cached_property
    def left_out(self) -> dict:
        """What the scores are not about: classes that the ``model`` names and the dataset has not,
        or that were not asked for; and those of the ``dataset``, each with its faces."""
        dataset, truth = self.dataset, self.question.truth
        told = labels_of(dataset, truth)
        rows = dataset.rows(self.question.split)
        counts = np.bincount(class_positions(dataset, told, truth)[rows] + 1)[1:]
        faces = dict(zip(told.expressions, counts.tolist(), strict=False))
        here = self.labels.expressions
        return {
            "model": [name for name in self.model.labels.expressions if name not in here],
            "dataset": {name: n for name, n in faces.items() if n and name not in here},
        }

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


def _subjects(dataset: Dataset) -> np.ndarray:
    """Who each row shows; somebody else in each row that does not say."""
    named = dataset.samples["subject"].astype(object)
    alone = pd.Series([f"row {i}" for i in range(len(named))], named.index)
    return named.where(named.notna(), alone).to_numpy(str)


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

    It is scored on the classes that both know, its probabilities renormalised over them; ``labels``
    of the question may be fewer. What that leaves out is said (``left_out``). ConfigError when
    model and dataset are for different tasks, share fewer than two classes, the model does not
    know the labels, or no row has one.
    """
    if dataset.task != model.task:
        raise ConfigError(f"{model.name} is for {model.task}, {dataset.name} for {dataset.task}")
    labels = None if model.task == "keypoints" else question.labels or model.labels
    if labels:
        model_columns(model.labels, labels)
        labels = labels.shared_with(labels_of(dataset, question.truth))
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


def left_out_text(scores: dict) -> str:
    """What a dict of scores is not about, in words; "" when it is about everything."""
    left_out = scores.get("left_out", {})
    parts = []
    if names := left_out.get("model"):
        parts.append(f"the model's {_few(names)}")
    if faces := left_out.get("dataset"):
        parts.append(
            f"the dataset's {_few([f'{name} ({n:,} faces)' for name, n in faces.items()])}"
        )
    said = [f"Left out: {' and '.join(parts)}."] if parts else []
    if absent := [name for name, row in scores.get("per_class", {}).items() if not row["support"]]:
        said.append(f"No face here is labelled {_few(absent)}.")
    return " ".join(said)


def _few(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def label_sets(model: SavedModel, second: SavedModel | None = None) -> list[LabelSet]:
    """The model's own label set, then those it can be scored on as well; of two models what both
    know. ConfigError when they share fewer than two classes."""
    own = model.labels.shared_with(second.labels) if second else model.labels
    fitting = (s for s in LABEL_SETS.values() if set(s.expressions) < set(own.expressions))
    return [own, *fitting]
