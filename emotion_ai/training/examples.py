"""From stored datasets to training examples: faces, targets and weights as plain arrays."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupShuffleSplit

from emotion_ai.datasets.marks import marked_dataset
from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import ConfigError
from emotion_ai.evaluation import vote_shares
from emotion_ai.labels import LabelSet
from emotion_ai.training.config import TrainingConfig


@dataclass(frozen=True)
class Examples:
    """``images``: uint8 (N, S + 2 border, S + 2 border). ``targets``: float32, either class shares
    (N, classes), each row summing to 1, or keypoints (N, 15, 2) with NaN where not labelled.
    ``weights``: float32 (N,)."""

    images: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    border_px: int = 0

    def __len__(self) -> int:
        return len(self.images)


def prepare(
    datasets: list[Dataset], config: TrainingConfig, labels: LabelSet
) -> tuple[Examples, Examples]:
    """Training and validation examples of the datasets.

    Trains on ``train``; selects on ``validation`` or, where there is none, on a seeded tenth of
    ``train`` whose groups (persons, photos) it then leaves out. ``test`` is never touched, except
    that training images with an exact copy in another split are left out. ConfigError when the
    datasets do not fit the task, the label set or each other.
    """
    if config.honour_marks:
        datasets = [marked_dataset(dataset) for dataset in datasets]
    sides: tuple[list[Examples], list[Examples]] = ([], [])
    for dataset in datasets:
        if dataset.task != config.task:
            raise ConfigError(
                f"{dataset.name} is a dataset for {dataset.task}: expected one for {config.task}"
            )
        for side, rows in zip(sides, split_rows(dataset, config), strict=True):
            side.append(_examples(dataset, rows, config, labels))
    return _joined(sides[0]), _joined(sides[1])


def split_rows(dataset: Dataset, config: TrainingConfig) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the training and the validation rows."""
    samples = dataset.samples
    train = dataset.rows("train")
    if "validation" in dataset.description["splits"]:
        validation = dataset.rows("validation")
    else:
        holdout = GroupShuffleSplit(1, test_size=0.1, random_state=config.seed)
        groups = samples["group"].to_numpy()[train]
        kept, held = next(holdout.split(train, groups=groups))
        train, validation = train[kept], train[held]
    if config.drop_duplicates:
        digests = samples["digest"].to_numpy()
        elsewhere = set(digests) if not len(train) else set(np.delete(digests, train))
        train = train[[digest not in elsewhere for digest in digests[train]]]
    return train, validation


def targets_of(dataset: Dataset, labels: LabelSet, source: str) -> np.ndarray:
    """float32 (N, len(labels)): class shares of every row; zero rows have no usable label."""
    given = np.zeros((len(dataset), len(labels)), np.float32)
    for i, name in enumerate(labels.expressions):
        given[(dataset.samples["expression"] == name).to_numpy(), i] = 1
    if source == "given":
        return given
    if dataset.votes is None:
        raise ConfigError(f"{dataset.name} has no votes: import it with --votes to use {source!r}")
    crowd = vote_shares(dataset.votes, labels)
    if source == "crowd":
        return crowd
    mixed = given + crowd
    return mixed / np.maximum(mixed.sum(axis=1, keepdims=True), 1)


def _examples(dataset: Dataset, rows: np.ndarray, config: TrainingConfig, labels: LabelSet):
    if config.task == "keypoints":
        targets = dataset.keypoints_px[rows]
        usable = ~np.isnan(targets).all(axis=(1, 2))
    else:
        targets = targets_of(dataset, labels, config.labels)[rows]
        usable = targets.sum(axis=1) > 0
        missing = [n for n, k in zip(labels.expressions, targets.sum(axis=0), strict=True) if not k]
        if missing:
            raise ConfigError(
                f"{dataset.name} has no faces for {', '.join(missing)}: choose another label set"
            )
    weights = np.ones(len(rows), np.float32)
    if config.subset_weights and "subset" in dataset.samples:
        subsets = dataset.samples["subset"].iloc[rows]
        weights = subsets.map(config.subset_weights).fillna(1).to_numpy(np.float32)
    rows, targets, weights = rows[usable], targets[usable], weights[usable]
    return Examples(dataset.wide_images[rows], targets, weights, dataset.border_px)


def _joined(parts: list[Examples]) -> Examples:
    """One set of examples; borders are cut down to the smallest of the datasets."""
    border = min(part.border_px for part in parts)
    cut = [part.border_px - border for part in parts]
    images = [p.images[:, c : -c or None, c : -c or None] for p, c in zip(parts, cut, strict=True)]
    return Examples(
        np.concatenate(images),
        np.concatenate([part.targets for part in parts]),
        np.concatenate([part.weights for part in parts]),
        border,
    )
