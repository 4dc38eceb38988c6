"""Whether a configuration and its data fit together, without Keras and without touching images."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion_ai.datasets.marks import marked_dataset
from emotion_ai.datasets.store import Dataset
from emotion_ai.datasets.truths import class_shares
from emotion_ai.errors import ConfigError, ModelError
from emotion_ai.labels import INPUT_SIZE_PX, LabelSet
from emotion_ai.models.shipped import SHIPPED
from emotion_ai.models.store import SavedModel, open_model
from emotion_ai.networks.presets import PRESETS
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import row_weights, split_rows

_PLURAL = {"expression": "expressions", "keypoints": "keypoints"}


@dataclass(frozen=True)
class Fit:
    """Faces to learn from and to validate on; of expressions, how many of each. ``an_epoch``: how
    many of those to learn from take part in one, on average."""

    train: int
    validation: int
    train_faces: dict[str, int]
    an_epoch: float

    def steps(self, batch_size: int) -> int:
        """Batches an epoch, as ``batches.Batches`` counts them."""
        return max(1, int(self.an_epoch) // batch_size)


def check(config: TrainingConfig, datasets: list[Dataset], models_dir: Path) -> Fit:
    """What the run would learn from. ConfigError, or DatasetError, in words that say what to
    choose instead, when the parts of a configuration do not fit together."""
    if config.preset not in PRESETS:
        raise ConfigError(
            f"unknown network {config.preset!r}: expected one of {', '.join(PRESETS)}"
        )
    if config.init:
        _check_start(config, models_dir)
    for name in config.teachers:
        _check_teacher(open_model(models_dir, name), config)
    labels = config.expressions
    if config.task == "expression" and len(labels) < 2:
        raise ConfigError(f"expected two classes or more to tell apart, got {labels.title}")
    train, validation, an_epoch = 0, 0, 0.0
    faces = np.zeros(len(labels))
    for dataset in datasets:
        _check_kind(dataset, config)
        if config.honour_marks:
            dataset = marked_dataset(dataset)
        rows = dict(zip(("training", "validation"), split_rows(dataset, config), strict=False))
        for part, chosen in rows.items():
            known, counts = _usable(dataset, chosen, config, labels)
            n = int(known.sum())
            if not n:
                raise ConfigError(
                    f"{dataset.name} has no labelled faces for {part}: import it with another "
                    "split, or choose another dataset"
                )
            if config.task == "expression" and (
                lacking := [n for n, k in zip(labels.expressions, counts, strict=True) if not k]
            ):
                raise ConfigError(
                    f"{dataset.name} has no {' and no '.join(lacking)} faces for {part}: "
                    f"expected some of each of {labels.title}, choose others or another dataset"
                )
            if part == "training":
                train, faces = train + n, faces + counts
                an_epoch += float(row_weights(dataset, chosen[known], config).sum())
            else:
                validation += n
    counted = dict(zip(labels.expressions, np.rint(faces).astype(int).tolist(), strict=True))
    return Fit(train, validation, counted if config.task == "expression" else {}, an_epoch)


def usual_start(config: TrainingConfig, models_dir: Path) -> str | None:
    """The model whose weights a run with classes of its own begins with unless told otherwise: the
    first of ours for expressions that is the same network."""
    if not config.classes or config.task != "expression":
        return None
    for name in SHIPPED:
        with suppress(ModelError):
            ours = open_model(models_dir, name)
            if ours.task == config.task and ours.card.get("preset") == config.preset:
                return name
    return None


def _check_kind(dataset: Dataset, config: TrainingConfig) -> None:
    if dataset.task != config.task:
        raise ConfigError(
            f"{dataset.name} has {_PLURAL[dataset.task]}: a network for {_PLURAL[config.task]} "
            "cannot learn from it, choose another dataset or the other task"
        )
    if dataset.description["size_px"] != INPUT_SIZE_PX[config.task]:
        raise ConfigError(
            f"{dataset.name} has faces of {dataset.description['size_px']} pixels: "
            f"a network for {_PLURAL[config.task]} reads {INPUT_SIZE_PX[config.task]}"
        )


def _check_start(config: TrainingConfig, models_dir: Path) -> None:
    model = open_model(models_dir, config.init)
    if model.card.get("preset") not in (config.preset, PRESETS[config.preset].grows_from):
        raise ConfigError(
            f"{model.name} is a {model.card.get('preset')} network: its weights do not fit "
            f"{config.preset}, choose the same network or start from scratch"
        )
    if model.task != config.task and not PRESETS[config.preset].one_body:
        raise ConfigError(
            f"{model.name} reads {_PLURAL[model.task]}: the {config.preset} networks of the two "
            "tasks have different shapes, choose another model or start from scratch"
        )


def _check_teacher(model: SavedModel, config: TrainingConfig) -> None:
    if config.task != "expression":
        raise ConfigError("teachers: expected a run for expressions, whose answers are shares")
    names = config.expressions.expressions
    names_them = model.task == config.task and model.labels.expressions == names
    if not names_them or len(model.heads) != config.heads:
        raise ConfigError(
            f"teacher {model.name}: expected a model for {', '.join(names)} with as many heads as "
            f"this run has ({config.heads})"
        )


def _usable(
    dataset: Dataset, rows: np.ndarray, config: TrainingConfig, labels: LabelSet
) -> tuple[np.ndarray, np.ndarray]:
    """Which of ``rows`` are labelled, bool, and how many show each expression (shares of faces,
    where people disagree)."""
    if config.task == "keypoints":
        points = dataset.keypoints_px[rows]
        return ~np.isnan(points).all(axis=(1, 2)), np.zeros(len(labels))
    targets = class_shares(dataset, labels, config.labels)[rows]
    targets = targets.reshape(len(rows), -1, len(labels))
    known = targets.any(axis=(1, 2))
    return known, targets.mean(axis=1)[known].sum(axis=0)
