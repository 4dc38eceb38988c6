"""Scores from plain arrays. Each comes with a 95 % interval over the faces it was measured on."""

import numpy as np

from emotion_ai.labels import FERPLUS_EXPRESSIONS, KEYPOINT_NAMES, OUTER_EYE_CORNERS, LabelSet

_Z95 = 1.959963984540054


def wilson_interval(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927), sensible also near 0 and 1."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = hits / n, _Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 / (1 + z2 / n) * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return float(centre - half), float(centre + half)


def bootstrap_interval(values: np.ndarray, statistic=np.mean, repeats: int = 1000, seed: int = 0):
    """95 % percentile interval of ``statistic`` over resampled faces; ``values``: (N, ...)."""
    rng = np.random.default_rng(seed)
    draws = [statistic(values[rng.integers(0, len(values), len(values))]) for _ in range(repeats)]
    return tuple(float(q) for q in np.quantile(draws, (0.025, 0.975)))


def confusion_matrix(targets: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """int64 (classes, classes): row the given class, column the predicted one."""
    return np.bincount(targets * classes + predicted, minlength=classes**2).reshape(classes, -1)


def calibration_error(confidence: np.ndarray, correct: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error over equal-width bins (Guo et al. 2017, arXiv:1706.04599)."""
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = np.bincount(bin_of, confidence - correct, minlength=bins)
    return float(np.abs(gap).sum() / len(confidence))


def per_class_report(confusion: np.ndarray, labels: LabelSet) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support of each expression; 0 where a ratio has no denominator."""
    hits = np.diag(confusion).astype(float)
    given, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    precision = hits / np.maximum(predicted, 1)
    recall = hits / np.maximum(given, 1)
    f1 = 2 * hits / np.maximum(given + predicted, 1)
    return {
        name: {
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
            "support": int(given[i]),
        }
        for i, name in enumerate(labels.expressions)
    }


def averages(report: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """``macro average`` (every expression counts the same) and ``weighted average`` (every face
    does) of a per-class report."""
    rows = np.array(
        [[row[key] for key in ("precision", "recall", "f1")] for row in report.values()]
    )
    support = np.array([row["support"] for row in report.values()])
    n = int(support.sum())
    means = {"macro average": rows.mean(axis=0), "weighted average": support @ rows / max(n, 1)}
    return {
        name: dict(zip(("precision", "recall", "f1", "support"), (*mean.tolist(), n), strict=True))
        for name, mean in means.items()
    }


def macro_f1_interval(confusion: np.ndarray, repeats: int = 1000, seed: int = 0):
    """95 % percentile interval of the macro F1 over resampled faces."""
    n, classes = int(confusion.sum()), len(confusion)
    draws = np.random.default_rng(seed).multinomial(n, confusion.ravel() / n, repeats)
    draws = draws.reshape(repeats, classes, classes)
    hits = np.diagonal(draws, axis1=1, axis2=2)
    f1 = 2 * hits / np.maximum(draws.sum(axis=1) + draws.sum(axis=2), 1)
    return tuple(float(q) for q in np.quantile(f1.mean(axis=1), (0.025, 0.975)))


def expression_scores(probabilities: np.ndarray, targets: np.ndarray, labels: LabelSet) -> dict:
    """All scores of an expression model.

    ``probabilities``: float (N, len(labels)); ``targets``: int (N,), positions in ``labels``.
    """
    n = len(targets)
    predicted = probabilities.argmax(axis=1)
    correct = predicted == targets
    confusion = confusion_matrix(targets, predicted, len(labels))
    report = per_class_report(confusion, labels)
    likelihood = np.clip(probabilities[np.arange(n), targets], 1e-7, 1)
    return {
        "n": n,
        "accuracy": float(correct.mean()),
        "accuracy_ci": wilson_interval(int(correct.sum()), n),
        "macro_f1": float(np.mean([row["f1"] for row in report.values()])),
        "log_loss": float(-np.log(likelihood).mean()),
        "calibration_error": calibration_error(probabilities.max(axis=1), correct),
        "labels": list(labels.expressions),
        "confusion": confusion.tolist(),
        "per_class": report,
    }


def centred(predicted_px: np.ndarray, targets_px: np.ndarray) -> np.ndarray:
    """``predicted_px`` less each point's mean offset from ``targets_px``, both (N, 15, 2).

    Mirrored training leaves that offset to chance and saving a model takes it out
    (``promote.centre_keypoints``), so it must not count while runs are compared. Taken from the
    faces that are scored, 30 numbers, it makes their scores slightly kind.
    """
    return predicted_px + np.nan_to_num(np.nanmean(targets_px - predicted_px, axis=0))


def keypoint_scores(predicted_px: np.ndarray, targets_px: np.ndarray) -> dict:
    """All scores of a keypoint model over the labelled coordinates.

    Both float (N, 15, 2), pixels of the 96 × 96 crop; NaN in ``targets_px`` is not counted.
    RMSE is Kaggle's measure. NME is a face's mean point error over the distance of its outer
    eye corners, averaged over the faces in which both corners are labelled.
    """
    labelled = ~np.isnan(targets_px).all(axis=(1, 2))
    predicted_px, targets_px = predicted_px[labelled], targets_px[labelled]
    squares = (predicted_px - targets_px) ** 2
    nme = normalised_errors(predicted_px, targets_px)
    nme = nme[~np.isnan(nme)]
    # Per face: sum of squares and count, so that resampled faces give the RMSE again.
    parts = np.stack([np.nansum(squares, axis=(1, 2)), (~np.isnan(squares)).sum(axis=(1, 2))], 1)

    def rmse(rows: np.ndarray) -> float:
        total, count = rows.sum(axis=0)
        return float(np.sqrt(total / count))

    per_point = np.sqrt(np.nanmean(squares, axis=(0, 2)))
    return {
        "n": len(targets_px),
        "rmse_px": rmse(parts),
        "rmse_px_ci": bootstrap_interval(parts, rmse),
        "nme": float(nme.mean()),
        "nme_ci": bootstrap_interval(nme),
        "share_nme_under_5_percent": float((nme < 0.05).mean()),
        "per_point_rmse_px": dict(zip(KEYPOINT_NAMES, map(float, per_point), strict=True)),
    }


def normalised_errors(predicted_px: np.ndarray, targets_px: np.ndarray) -> np.ndarray:
    """float (N,): each face's mean distance of labelled points over that of its outer eye
    corners; NaN where a corner is not labelled. Both float (N, 15, 2)."""
    distance = np.linalg.norm(predicted_px - targets_px, axis=2)
    left, right = (targets_px[:, i] for i in OUTER_EYE_CORNERS)
    eyes = np.linalg.norm(left - right, axis=1)
    errors = np.full(len(distance), np.nan)
    known = eyes > 0
    errors[known] = np.nanmean(distance[known], axis=1) / eyes[known]
    return errors


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
    columns = [FERPLUS_EXPRESSIONS.index(name) for name in labels.expressions]
    counts = votes[:, columns].astype(np.float32)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
