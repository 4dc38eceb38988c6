"""From stored datasets to training examples: faces, targets and weights as plain arrays."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from emotion_ai.datasets import load_any
from emotion_ai.datasets.marks import marked_dataset
from emotion_ai.datasets.store import Dataset
from emotion_ai.datasets.truths import class_shares
from emotion_ai.errors import ConfigError
from emotion_ai.labels import LabelSet, exact_set, set_of
from emotion_ai.settings import settings
from emotion_ai.training.config import TrainingConfig


@dataclass(frozen=True)
class Examples:
    """``images``: uint8 (N, S + 2 border, S + 2 border). ``targets``: float32, either class shares
    (N, classes), each row summing to 1, or one row per head (N, heads, classes), zeros where that
    truth is unknown, or keypoints (N, 15, 2) with NaN where not labelled.
    ``weights``: float32 (N,), 0-1: the probability of taking part in an epoch. ``sources``: who
    labelled each, str (N,): a dataset and its subset; None where all are one."""

    images: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    border_px: int = 0
    sources: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)


def open_data(config: TrainingConfig) -> list[Dataset]:
    """The datasets a configuration names."""
    return [load_any(name, *settings().data_dirs) for name in config.data]


def labelled_by(config: TrainingConfig, datasets: list[Dataset]) -> TrainingConfig:
    """The configuration for the classes of its datasets: theirs where they agree, else all that
    any of them has, each once."""
    if config.task == "keypoints":
        return config
    own = [dataset.labels for dataset in datasets if dataset.labels]
    if not own:  # data of the other task, which the checks refuse
        return config
    labels = own[0]
    if len(set(own)) > 1:
        labels = set_of(dict.fromkeys(n for labels in own for n in labels.expressions))
    return config.naming(_shown(labels, datasets, config.honour_marks))


def _shown(labels: LabelSet, datasets: list[Dataset], honour_marks: bool) -> LabelSet:
    """The classes of a set that the datasets have faces of: folders of two expressions follow
    FER2013's names, and can be learned all the same. People may have voted for others."""
    seen: set[str] = set()
    for dataset in datasets:
        if honour_marks and dataset.labels:
            samples = marked_dataset(dataset).samples
            seen.update(samples.loc[samples["split"] != "dropped", "expression"])
        else:
            counts = dataset.description.get("expressions", {}).values()
            seen.update(name for faces in counts for name in faces)
    shown = [name for name in labels.expressions if name in seen]
    voted = any(dataset.votes is not None for dataset in datasets)
    return labels if voted or len(shown) < 2 else exact_set(tuple(shown))


def prepare(
    datasets: list[Dataset], config: TrainingConfig, labels: LabelSet
) -> tuple[Examples, Examples]:
    """Training and validation examples of the datasets.

    Trains on ``train``; selects on ``validation`` or, where there is none or ``hold_out`` is set,
    on a seeded tenth of ``train`` whose groups (persons, photos) it then leaves out. ``test`` is
    never touched, except that training images with an exact copy in another split are left out.
    ConfigError when the datasets do not fit the task, the label set or each other.
    """
    if config.honour_marks:
        datasets = [marked_dataset(dataset) for dataset in datasets]
    sides: tuple[list[Examples], list[Examples]] = ([], [])
    for dataset in datasets:
        if dataset.task != config.task:
            raise ConfigError(
                f"{dataset.name} is a dataset for {dataset.task}: expected one for {config.task}"
            )
        for side, rows in zip(sides, split_rows(dataset, config)[:2], strict=True):
            side.append(_examples(dataset, rows, config, labels))
    return _joined(sides[0]), _joined(sides[1])


def split_rows(
    dataset: Dataset, config: TrainingConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of the training, the validation and the calibration rows."""
    samples = dataset.samples
    train = dataset.rows("train")
    # Known sets are held out as they always were, so that older runs go on with the same faces.
    strata = samples["expression"] if config.classes else None
    if "validation" in dataset.description["splits"] and not config.hold_out:
        validation = dataset.rows("validation")
    else:
        train, validation = _held_out(train, samples["group"], 0.1, config.split_seed, strata)
    if config.drop_duplicates:
        digests = samples["digest"].to_numpy()
        elsewhere = set(digests) if not len(train) else set(np.delete(digests, train))
        train = train[[digest not in elsewhere for digest in digests[train]]]
    calibration = train[:0]
    if config.calibration_faces:
        share = config.calibration_faces / max(1, len(train))
        if share >= 0.5:
            raise ConfigError(
                f"calibration_faces: expected less than half of the {len(train)} training faces of "
                f"{dataset.name}, got {config.calibration_faces}"
            )
        train, calibration = _held_out(train, samples["group"], share, config.split_seed, strata)
    return train, validation, calibration


def _held_out(
    rows: np.ndarray,
    groups: pd.Series,
    share: float,
    seed: int,
    strata: pd.Series | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """``rows`` in two parts, the second with about ``share`` of the groups; none is in both. With
    ``strata`` each of them is in both, as long as it has groups for that; of a small one more is
    held out."""
    # The dashboard opens without it.
    from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

    belongs = groups.to_numpy()[rows]
    if len(set(belongs)) < 2:
        raise ConfigError(
            "all faces to learn from belong to one person or photo: import the data with a "
            "validation split, or with other persons beside them"
        )
    if strata is None:
        holdout = GroupShuffleSplit(1, test_size=share, random_state=seed)
        kept, held = next(holdout.split(rows, groups=belongs))
    else:
        kinds = strata.iloc[rows].fillna("").to_numpy()
        fewest = pd.Series(belongs).groupby(kinds).nunique().min()
        folds = max(2, min(round(1 / share), fewest))
        parts = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        kept, held = next(parts.split(rows, kinds, belongs))
    return rows[kept], rows[held]


def _examples(dataset: Dataset, rows: np.ndarray, config: TrainingConfig, labels: LabelSet):
    if config.task == "keypoints":
        targets = dataset.keypoints_px[rows]
        usable = ~np.isnan(targets).all(axis=(1, 2))
    else:
        targets = class_shares(dataset, labels, config.labels)[rows]
        usable = targets.any(axis=tuple(range(1, targets.ndim)))
        faces_of = targets.reshape(-1, len(labels)).sum(axis=0)
        missing = [n for n, k in zip(labels.expressions, faces_of, strict=True) if not k]
        if missing:
            raise ConfigError(
                f"{dataset.name} has no faces for {', '.join(missing)}: choose another label set"
            )
    weights = row_weights(dataset, rows, config)
    rows, targets, weights = rows[usable], targets[usable], weights[usable]
    return Examples(
        dataset.wide_images[rows], targets, weights, dataset.border_px, _sources(dataset, rows)
    )


def row_weights(dataset: Dataset, rows: np.ndarray, config: TrainingConfig) -> np.ndarray:
    """float32, 0-1: the probability of each of ``rows`` to take part in an epoch."""
    if not config.subset_weights or "subset" not in dataset.samples:
        return np.ones(len(rows), np.float32)
    subsets = dataset.samples["subset"].iloc[rows]
    return subsets.map(config.subset_weights).fillna(1).to_numpy(np.float32)


def _sources(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    if "subset" not in dataset.samples:
        return np.full(len(rows), dataset.name)
    subsets = dataset.samples["subset"].iloc[rows].fillna("")
    return (f"{dataset.name}/" + subsets.astype(str)).to_numpy(str)


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
        np.concatenate([part.sources for part in parts]),
    )
