"""A saved model on a dataset: predictions, and the scores of them."""

import numpy as np

from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import ConfigError
from emotion_ai.evaluation.scores import crowd_majority, expression_scores, keypoint_scores
from emotion_ai.labels import LabelSet
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.models.store import SavedModel
from emotion_ai.progress import Progress


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


def score_model(
    model: SavedModel,
    dataset: Dataset,
    *,
    split: str | None = None,
    labels: LabelSet | None = None,
    truth: str = "given",
    threads: int = 2,
    progress: Progress | None = None,
) -> dict:
    """All scores of ``model`` over the labelled rows of one split (None: of all).

    ``labels`` with fewer expressions than the model's scores it on those, its probabilities
    renormalised over them. ``truth``: ``given`` labels or the ``crowd``'s majority.
    """
    if dataset.task != model.task:
        raise ConfigError(f"{model.name} is for {model.task}, {dataset.name} for {dataset.task}")
    rows = dataset.rows(split)
    head = {"task": model.task, "model": model.name, "data": dataset.name, "split": split or "all"}
    if model.task == "keypoints":
        targets = dataset.keypoints_px[rows]
        rows = rows[~np.isnan(targets).all(axis=(1, 2))]
        _require(rows, dataset, "labelled keypoints")
        outputs = predict_images(model.network(threads), dataset.images[rows], progress)
        predicted, targets = outputs["keypoints"], dataset.keypoints_px[rows]
        scores = {**head, **keypoint_scores(predicted, targets)}
        if "subset" in dataset.samples:
            subsets = dataset.samples["subset"].to_numpy()[rows]
            scores["per_subset"] = {
                name: subset_scores(predicted[subsets == name], targets[subsets == name])
                for name in sorted(set(subsets))
            }
        return scores
    labels = labels or model.labels
    model_columns(model.labels, labels)
    targets = targets_of(dataset, labels, truth)[rows]
    rows, targets = rows[targets >= 0], targets[targets >= 0]
    _require(rows, dataset, f"faces with one of the labels {', '.join(labels.expressions)}")
    outputs = predict_images(model.network(threads), dataset.images[rows], progress)
    probabilities = restrict(outputs["probabilities"], model.labels, labels)
    scores = expression_scores(probabilities, targets, labels)
    return {**head, "label_set": labels.name, "labels_from": truth, **scores}


def subset_scores(predicted_px: np.ndarray, targets_px: np.ndarray) -> dict:
    """The scores of a part of a dataset (HELEN, AFW …) that a card shows beside the whole."""
    scores = keypoint_scores(predicted_px, targets_px)
    return {name: scores[name] for name in ("n", "rmse_px", "rmse_px_ci", "nme", "nme_ci")}


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


def targets_of(dataset: Dataset, labels: LabelSet, truth: str) -> np.ndarray:
    """int64 (N,): positions in ``labels``, -1 for rows without such a label."""
    if truth == "crowd":
        if dataset.votes is None:
            raise ConfigError(f"{dataset.name} has no votes: import it with --votes")
        return crowd_majority(dataset.votes, labels)
    position = {name: i for i, name in enumerate(labels.expressions)}
    return dataset.samples["expression"].map(position).fillna(-1).to_numpy(np.int64)


def _require(rows: np.ndarray, dataset: Dataset, what: str) -> None:
    if not len(rows):
        raise ConfigError(f"{dataset.name}: expected {what}, got none")
