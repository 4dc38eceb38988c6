"""What a face shows, and who says so: the dataset's ``given`` label, or the ``crowd``, the majority
of its ten FER+ votes."""

import numpy as np

from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import ConfigError
from emotion_ai.labels import FER8, FERPLUS_EXPRESSIONS, HEADS, LabelSet

TRUTHS = ("given", "crowd")


def truths_of(dataset: Dataset) -> tuple[str, ...]:
    """Those that the dataset can be scored against."""
    return TRUTHS if dataset.task == "expression" and dataset.votes is not None else TRUTHS[:1]


def labels_of(dataset: Dataset, truth: str = "given") -> LabelSet | None:
    """The classes that a truth of the dataset is told in; None for keypoints."""
    return FER8 if truth == "crowd" and dataset.labels else dataset.labels


def class_positions(dataset: Dataset, labels: LabelSet, truth: str) -> np.ndarray:
    """int64 (N,): the one expression that every row shows, as its position in ``labels``; -1 for
    rows without such a label. ConfigError for the ``crowd`` of a dataset without votes."""
    if truth == "crowd":
        return crowd_majority(_votes(dataset), labels)
    position = {name: i for i, name in enumerate(labels.expressions)}
    return dataset.samples["expression"].map(position).fillna(-1).to_numpy(np.int64)


def class_shares(dataset: Dataset, labels: LabelSet, source: str) -> np.ndarray:
    """float32 (N, len(labels)): how much of every row is each expression, summing to 1; zero rows
    have no usable label. ``source``: ``given`` (all of the one label), ``crowd`` (shares of the
    votes), ``mixed`` of the two, or ``both`` side by side: (N, len(HEADS), len(labels))."""
    given = np.zeros((len(dataset), len(labels)), np.float32)
    for i, name in enumerate(labels.expressions):
        given[(dataset.samples["expression"] == name).to_numpy(), i] = 1
    if source == "given":
        return given
    crowd = vote_shares(_votes(dataset), labels)
    if source == "crowd":
        return crowd
    if source == "both":
        return np.stack([{"crowd": crowd, "given": given}[head] for head in HEADS], axis=1)
    mixed = given + crowd
    return mixed / np.maximum(mixed.sum(axis=1, keepdims=True), 1)


def labelled_rows(
    dataset: Dataset, rows: np.ndarray, labels: LabelSet | None, truth: str = "given"
) -> tuple[np.ndarray, np.ndarray]:
    """bool (N,): which of ``rows`` (N,) have a label; and the labels of these (M,): positions in
    ``labels``, int64 (M,), or keypoints in pixels, float32 (M, 15, 2), NaN where not labelled."""
    if dataset.task == "keypoints":
        targets = dataset.keypoints_px[rows]
        known = ~np.isnan(targets).all(axis=(1, 2))
    else:
        targets = class_positions(dataset, labels, truth)[rows]
        known = targets >= 0
    return known, targets[known]


def crowd_majority(votes: np.ndarray, labels: LabelSet) -> np.ndarray:
    """int64 (N,): the expression with strictly most of the ten FER+ votes, as a position in
    ``labels``; -1 where the maximum is shared, is no expression of ``labels``, or nobody voted."""
    votes = votes.astype(int)
    top = votes.max(axis=1)
    single = (votes == top[:, None]).sum(axis=1) == 1
    position = np.array(
        [labels.index(name) if name in labels.expressions else -1 for name in FERPLUS_EXPRESSIONS]
    )
    return np.where(single & (top > 0), position[votes.argmax(axis=1)], -1)


def vote_shares(votes: np.ndarray, labels: LabelSet) -> np.ndarray:
    """float32 (N, len(labels)): votes on the expressions of ``labels`` as shares; zero rows where
    nobody chose one of them."""
    counts = np.zeros((len(votes), len(labels)), np.float32)
    for i, name in enumerate(labels.expressions):
        if name in FERPLUS_EXPRESSIONS:  # nobody could vote for another class
            counts[:, i] = votes[:, FERPLUS_EXPRESSIONS.index(name)]
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def _votes(dataset: Dataset) -> np.ndarray:
    if dataset.votes is None:
        raise ConfigError(f"{dataset.name} has no votes: import it with --votes")
    return dataset.votes
