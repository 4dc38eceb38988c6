"""A model on a split of a dataset, ready to be looked at: rows, truth, outputs, scores, caveats."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from emotion_ai.datasets.store import Dataset, list_datasets
from emotion_ai.errors import ConfigError
from emotion_ai.evaluation.predictions import Predictions, predictions
from emotion_ai.evaluation.scores import confusion_matrix, expression_scores, keypoint_scores
from emotion_ai.evaluation.scoring import model_columns, restrict, targets_of
from emotion_ai.labels import LABEL_SETS, LabelSet
from emotion_ai.models.store import SavedModel
from emotion_ai.progress import Progress
from emotion_ai.settings import Settings

TRUTHS = ("given", "crowd")


@dataclass(frozen=True)
class Question:
    """What is assessed. ``truth``: ``given`` labels or the ``crowd``'s; ``labels`` None: the
    model's own; ``leave_out_copies``: without faces whose exact copy stands in ``train``."""

    split: str
    truth: str = "given"
    labels: LabelSet | None = None
    leave_out_copies: bool = False


@dataclass(frozen=True)
class ExpressionAssessment:
    """``rows`` int64 (N,): positions in the dataset of the faces that have a label; for each its
    ``targets`` int64 (N,) and ``probabilities`` float32 (N, C) in the order of ``labels``, and
    its ``embedding`` float32 (N, D)."""

    model: SavedModel
    dataset: Dataset
    question: Question
    labels: LabelSet
    rows: np.ndarray
    targets: np.ndarray
    probabilities: np.ndarray
    embedding: np.ndarray | None

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

    @cached_property
    def scores(self) -> dict:
        scores = expression_scores(self.probabilities, self.targets, self.labels)
        return {**_head(self), "label_set": self.labels.name,
                "labels_from": self.question.truth, **scores}  # fmt: skip

    @property
    def images(self) -> np.ndarray:
        """All crops of the dataset, uint8 (M, S, S), memory-mapped: index them by ``rows``."""
        return self.dataset.images

    @cached_property
    def groups(self) -> np.ndarray:
        """Digest of each face's pixels: equal for exact copies."""
        return self.dataset.samples["digest"].to_numpy()[self.rows]


@dataclass(frozen=True)
class KeypointAssessment:
    """``rows`` int64 (N,): positions in the dataset of the faces with a labelled point; for each
    ``targets_px`` (NaN where not labelled) and ``predicted_px``, float32 (N, 15, 2)."""

    model: SavedModel
    dataset: Dataset
    question: Question
    rows: np.ndarray
    targets_px: np.ndarray
    predicted_px: np.ndarray

    @cached_property
    def scores(self) -> dict:
        return {**_head(self), **keypoint_scores(self.predicted_px, self.targets_px)}

    @property
    def images(self) -> np.ndarray:
        return self.dataset.images


Assessment = ExpressionAssessment | KeypointAssessment


def _head(assessment: Assessment) -> dict:
    return {
        "task": assessment.model.task,
        "model": assessment.model.name,
        "data": assessment.dataset.name,
        "split": assessment.question.split,
    }


def assess(
    model: SavedModel,
    dataset: Dataset,
    question: Question,
    settings: Settings,
    progress: Progress | None = None,
) -> Assessment:
    """The model's outputs over the labelled rows of the split; from the cache where kept.

    ConfigError when model and dataset are for different tasks or no row has a label.
    """
    if dataset.task != model.task:
        raise ConfigError(f"{model.name} is for {model.task}, {dataset.name} for {dataset.task}")
    rows = dataset.rows(question.split)
    usable = np.ones(len(rows), bool)
    if question.leave_out_copies:
        usable &= ~stands_in_train(dataset)[rows]
    if model.task == "keypoints":
        targets = dataset.keypoints_px[rows]
        usable &= ~np.isnan(targets).all(axis=(1, 2))
    else:
        labels = question.labels or model.labels
        model_columns(model.labels, labels)
        targets = targets_of(dataset, labels, question.truth)[rows]
        usable &= targets >= 0
    if not usable.any():
        raise ConfigError(f"{dataset.name}: no face of {question.split} has such a label")
    said = predictions(model, dataset, settings, progress, question.split)
    rows, targets = rows[usable], targets[usable]
    if model.task == "keypoints":
        predicted_px = said.keypoints_px[usable]
        return KeypointAssessment(model, dataset, question, rows, targets, predicted_px)
    return ExpressionAssessment(
        model, dataset, question, labels, rows, targets,
        restrict(said.probabilities[usable], model.labels, labels), _embedding(said, usable),
    )  # fmt: skip


def _embedding(said: Predictions, usable: np.ndarray) -> np.ndarray | None:
    return None if said.embedding is None else said.embedding[usable]


def label_sets(model: SavedModel) -> list[LabelSet]:
    """The model's own label set, then those it can be scored on."""
    own = model.labels
    fitting = (s for s in LABEL_SETS.values() if set(s.expressions) < set(own.expressions))
    return [own, *fitting]


def stands_in_train(dataset: Dataset) -> np.ndarray:
    """bool (N,): rows of other splits whose exact copy is a row of ``train``."""
    samples = dataset.samples
    in_train = samples["split"] == "train"
    copies = samples["digest"].isin(samples.loc[in_train, "digest"])
    return (copies & ~in_train).to_numpy()


def caveats(model: SavedModel, dataset: Dataset, split: str, data_dir: Path) -> list[str]:
    """What makes the model's score on this split look better than it is, a sentence each."""
    notes = []
    trained_on = {data["digest"]: data for data in model.card.get("data", [])}
    training = model.card.get("training", {})
    if not trained_on:
        notes.append("The model's card does not say what it was trained on.")
    if known := trained_on.get(dataset.digest):
        if split == "train":
            notes.append("The model was trained on this split: its score says little.")
        elif split == "validation" and "validation" in known["splits"]:
            notes.append(
                "This split chose the model's best epoch: its score may be a little too good."
            )
    elif dataset.name in {data["name"] for data in trained_on.values()}:
        notes.append(
            f"The model was trained on a dataset called {dataset.name} with other content: "
            "some of these faces may have been among its training faces."
        )
    notes += _copies(dataset, split, bool(known) and training.get("drop_duplicates", False))
    others = [d for d in list_datasets(data_dir) if d.digest in set(trained_on) - {dataset.digest}]
    digests = dataset.samples["digest"].iloc[dataset.rows(split)]
    for other in others:
        trained = other.samples.loc[other.samples["split"] == "train", "digest"]
        if n := int(digests.isin(trained).sum()):
            notes.append(f"{n:,} of these faces stand in {other.name}, which the model learnt.")
    return notes


def _copies(dataset: Dataset, split: str, left_out: bool) -> list[str]:
    rows = dataset.rows(split)
    notes = []
    if n := int(stands_in_train(dataset)[rows].sum()):
        note = f"{n:,} of the {len(rows):,} faces have an exact copy in the training split"
        notes.append(note + (", which training left out." if left_out else "."))
    surplus = len(rows) - dataset.samples["digest"].iloc[rows].nunique()
    if surplus:
        notes.append(f"{surplus:,} faces of the split repeat another one of it exactly.")
    return notes
