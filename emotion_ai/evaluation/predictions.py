"""What a model says about every image of a dataset, computed once and kept in the cache folder.

Keyed by the digests of dataset and model, so that nothing stale is ever read.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from filelock import FileLock

from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import ConfigError
from emotion_ai.faces.reframing import points_back, reframe
from emotion_ai.labels import COORDINATE_COLUMNS, LabelSet
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.models.store import SavedModel
from emotion_ai.progress import Progress
from emotion_ai.settings import Settings


@dataclass(frozen=True)
class Predictions:
    """float32, one row an image asked for: ``probabilities`` (N, classes) and ``embedding``
    (N, D) of an expression model, or ``keypoints_px`` (N, 15, 2) of a keypoint model."""

    probabilities: np.ndarray | None = None
    embedding: np.ndarray | None = None
    keypoints_px: np.ndarray | None = None


def cached_path(model: SavedModel, dataset: Dataset, settings: Settings, split: str) -> Path:
    name = f"{dataset.digest[:20]}-{model.digest[:20]}-{split}.npz"
    return settings.cache_dir / "predictions" / name


def predictions(
    model: SavedModel,
    dataset: Dataset,
    settings: Settings,
    progress: Progress | None = None,
    split: str | None = None,
) -> Predictions:
    """The images of one split (None: of all) through ``model``: from the cache, or computed and
    kept split by split. Row i belongs to ``dataset.rows(split)[i]``.

    A model of the other task sees the faces reframed for it, which is approximate (see
    ``reframing``); keypoints are always in pixels of the dataset's own crop.
    An exception raised by ``progress`` cancels the computation; the split at work is not kept.
    """
    if split is not None:
        return _of_split(model, dataset, settings, progress, split)
    done, whole = 0, {}
    for name in dataset.samples["split"].unique():
        rows = dataset.rows(name)

        def step(ready: int, total: int, unit: str, done: int = done) -> None:
            progress(done + ready, len(dataset), unit)

        part = _of_split(model, dataset, settings, step if progress else None, name)
        for field, values in vars(part).items():
            if values is not None:
                every = whole.setdefault(field, np.empty((len(dataset), *values.shape[1:]), "f4"))
                every[rows] = values
        done += len(rows)
    return Predictions(**whole)


def predict_images(
    network: LiteNetwork, images: np.ndarray, progress: Progress | None = None, batch: int = 128
) -> dict[str, np.ndarray]:
    """All outputs of ``network`` for uint8 (N, S, S) faces, in batches."""
    if images.shape[1] != network.size_px:
        raise ConfigError(
            f"the model reads faces of {network.size_px} px: got {images.shape[1]} px"
        )
    parts = []
    for start in range(0, len(images), batch):
        parts.append(network(images[start : start + batch]))
        if progress:
            progress(min(start + batch, len(images)), len(images), "faces")
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def restrict(probabilities: np.ndarray, own: LabelSet, asked: LabelSet) -> np.ndarray:
    """Probabilities (N, len(own)) over the expressions of ``asked`` alone, summing to 1 again."""
    chosen = probabilities[:, model_columns(own, asked)]
    return chosen / np.maximum(chosen.sum(axis=1, keepdims=True), 1e-12)


def model_columns(own: LabelSet, asked: LabelSet) -> list[int]:
    """The model's outputs that ``asked`` is about; ConfigError when it has no such output."""
    lacking = [name for name in asked.expressions if name not in own.expressions]
    if lacking:
        raise ConfigError(f"the model knows {own.name}: it has no output for {', '.join(lacking)}")
    return [own.index(name) for name in asked.expressions]


def both_models_table(
    dataset: Dataset,
    rows: np.ndarray,
    labels: LabelSet,
    probabilities: np.ndarray,
    keypoints_px: np.ndarray,
) -> pd.DataFrame:
    """What an expression and a keypoint model say about the same faces: a row for each of ``rows``
    of the dataset with ``face`` (its row), ``source``, ``split``, ``given`` where it has a label,
    ``expression`` named, ``p_*``, and the 30 predicted coordinates in pixels of the dataset's crop.

    ``probabilities``: (N, len(labels)); ``keypoints_px``: (N, 15, 2).
    """
    samples = dataset.samples.iloc[rows]
    table = {"face": rows, "source": samples["source"].to_numpy(),
             "split": samples["split"].to_numpy()}  # fmt: skip
    if "expression" in samples:
        table["given"] = samples["expression"].to_numpy()
    named = probabilities.argmax(axis=1)
    table["expression"] = np.array(labels.expressions, object)[named]
    table |= {f"p_{name}": probabilities[:, i] for i, name in enumerate(labels.expressions)}
    flat = keypoints_px.reshape(len(rows), -1).round(2)
    table |= {column: flat[:, i] for i, column in enumerate(COORDINATE_COLUMNS)}
    return pd.DataFrame(table)


def _of_split(
    model: SavedModel, dataset: Dataset, settings: Settings, progress: Progress | None, split: str
) -> Predictions:
    rows = dataset.rows(split)
    path = cached_path(model, dataset, settings, split)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        if (kept := _load(path)) is not None:
            return kept
        outputs = _compute(model.network(settings.threads), model.task, dataset, rows, progress)
        temporary = path.with_name(f".{path.stem}.{os.getpid()}.npz")
        try:
            np.savez(temporary, **outputs)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        return Predictions(**outputs)


def _compute(
    network: LiteNetwork, task: str, dataset: Dataset, rows: np.ndarray, progress: Progress | None
) -> dict[str, np.ndarray]:
    if task == dataset.task:
        outputs = predict_images(network, dataset.images[rows], progress)
    else:
        images = reframe(
            dataset.wide_images[rows], dataset.border_px, dataset.task, task, network.size_px
        )
        outputs = predict_images(network, images, progress)
    if "keypoints" in outputs:
        points_px = outputs.pop("keypoints")
        if task != dataset.task:
            size_px = dataset.images.shape[1]
            points_px = points_back(points_px, size_px, dataset.task, task, network.size_px)
        outputs["keypoints_px"] = points_px
    return outputs


def _load(path: Path) -> Predictions | None:
    try:
        with np.load(path) as kept:
            return Predictions(**{name: kept[name] for name in kept.files})
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, TypeError, BadZipFile):  # torn, or another version
        path.unlink(missing_ok=True)
        return None
