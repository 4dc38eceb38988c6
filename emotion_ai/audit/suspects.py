"""Which labels are probably wrong, from probabilities that never saw them.

The shipped network was trained on these very labels, so its own probabilities would excuse the
mistakes it learned by heart. Instead a logistic regression on its features is trained five times,
each time without a fifth of the images, and judges that fifth: no label has a part in its own
verdict, and copies of an image stay together. What this can't undo: the features themselves come
from the network, which did see the training rows. Rows it was never trained on are judged without
any such trace.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import DatasetError
from emotion_ai.evaluation.intervals import wilson_interval
from emotion_ai.models.store import SavedModel
from emotion_ai.progress import Progress
from emotion_ai.settings import Settings
from emotion_ai.storage.arrays import kept_arrays

FOLDS = 5
#: Enough for the ranking to settle; more changes single places only.
_ITERATIONS = 25


@dataclass(frozen=True)
class Suspects:
    """``probabilities``: float32 (N, classes), out of sample, zero rows where there is no label.
    ``quality``: float32 (N,), 0 (surely wrong) to 1, NaN without a label. ``suspect``: bool (N,).
    ``suggested``: int64 (N,), the class that fits better, -1 without a label."""

    probabilities: np.ndarray
    quality: np.ndarray
    suspect: np.ndarray
    suggested: np.ndarray


def out_of_sample_probabilities(
    features: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    progress: Progress | None = None,
    seed: int = 0,
) -> np.ndarray:
    """float32 (N, classes): each row's classes as told by a model that never saw its group.

    ``features``: float (N, D); ``targets``: int (N,), 0 to classes - 1; ``groups``: (N,).
    """
    from sklearn.linear_model import LogisticRegression  # the dashboard opens without them
    from sklearn.model_selection import GroupKFold

    if len(np.unique(groups)) < FOLDS:
        raise DatasetError(f"expected at least {FOLDS} different images with a label")
    folds = [*GroupKFold(FOLDS, shuffle=True, random_state=seed).split(features, groups=groups)]
    if any(len(np.unique(targets[others])) < 2 for others, _ in folds):
        raise DatasetError("expected two classes or more, each with several different images")
    scaled = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6)
    out = np.zeros((len(targets), targets.max() + 1), np.float32)
    # One thread: the products are small, and threads that wait for each other cost ten times more.
    with threadpool_limits(1):
        for done, (others, fold) in enumerate(folds, 1):
            model = LogisticRegression(C=0.01, tol=1e-2, max_iter=_ITERATIONS)
            model.fit(scaled[others], targets[others])
            out[np.ix_(fold, model.classes_)] = model.predict_proba(scaled[fold])
            if progress:
                progress(done, FOLDS, "parts")
    return out


def find_suspects(
    features: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    progress: Progress | None = None,
) -> Suspects:
    """Confident learning (Northcutt et al. 2021, arXiv:1911.00068) on out-of-sample
    probabilities. ``targets``: int (N,), -1 for rows without a label, which are left alone."""
    from cleanlab.filter import find_label_issues  # a second and a half to import
    from cleanlab.rank import get_label_quality_scores

    rows = np.flatnonzero(targets >= 0)
    # cleanlab wants classes without gaps.
    present, labels = np.unique(targets[rows], return_inverse=True)
    if len(present) < 2:
        raise DatasetError("expected faces with at least two different labels")
    told = out_of_sample_probabilities(features[rows], labels, groups[rows], progress)
    issues = find_label_issues(labels, told, filter_by="both", n_jobs=1)
    probabilities = np.zeros((len(targets), targets.max() + 1), np.float32)
    probabilities[np.ix_(rows, present)] = told
    quality = np.full(len(targets), np.nan, np.float32)
    quality[rows] = get_label_quality_scores(labels, told, method="self_confidence")
    suspect = np.zeros(len(targets), bool)
    suspect[rows] = issues
    suggested = np.full(len(targets), -1)
    suggested[rows] = present[told.argmax(axis=1)]
    return Suspects(probabilities, quality, suspect, suggested)


def suspects_path(dataset: Dataset, model: SavedModel, settings: Settings) -> Path:
    """Where ``kept_suspects`` keeps its answer."""
    name = f"{dataset.digest[:20]}-{model.digest[:20]}-suspects.npz"
    return settings.cache_dir / "datasets" / name


def kept_suspects(
    dataset: Dataset,
    model: SavedModel,
    settings: Settings,
    features: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    progress: Progress | None = None,
) -> Suspects:
    """``find_suspects`` on what ``model`` makes of ``dataset``, computed once and kept."""
    path = suspects_path(dataset, model, settings)
    found = kept_arrays(path, lambda: vars(find_suspects(features, targets, groups, progress)))
    return Suspects(**found)


def crowd_agreement(suspects: Suspects, targets: np.ndarray, crowd: np.ndarray) -> dict:
    """How well the suspicions agree with ten people: over the rows on which the crowd has a
    majority, how often it names another expression than the label, among the suspected rows
    (``suspected``), the rest (``others``) and all (``all``), each a share with its 95 % interval;
    and how often it names just the suggested one (``suggestion``)."""
    known = (crowd >= 0) & (targets >= 0)
    differs = crowd != targets
    suspected = known & suspects.suspect

    def share(hits: np.ndarray, among: np.ndarray) -> dict:
        n, k = int(among.sum()), int((hits & among).sum())
        return {"n": n, "share": k / n if n else 0.0, "ci": wilson_interval(k, n)}

    return {
        "all": share(differs, known),
        "suspected": share(differs, suspected),
        "others": share(differs, known & ~suspects.suspect),
        "suggestion": share(crowd == suspects.suggested, suspected),
    }


def point_disagreement_px(labelled_px: np.ndarray, predicted_px: np.ndarray) -> np.ndarray:
    """float32 (N,): mean distance between labelled and predicted keypoints, both (N, 15, 2), in
    pixels of the crop, over the labelled ones; NaN for rows without any."""
    distance = np.linalg.norm(labelled_px - predicted_px, axis=2)
    labelled = ~np.isnan(distance)
    total = np.where(labelled, distance, 0).sum(axis=1)
    count = labelled.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def outlier_scores(features: np.ndarray, components: int = 32) -> np.ndarray:
    """float32 (N,): how far a row lies from all others, as its Mahalanobis distance within the
    main directions of ``features``, float (N, D); about 1 for an ordinary row."""
    centred = features - features.mean(axis=0)
    with threadpool_limits(1):
        values, vectors = np.linalg.eigh(centred.T @ centred / max(len(features) - 1, 1))
        chosen = np.argsort(values)[::-1][:components]
        chosen = chosen[values[chosen] > 1e-9 * max(values.max(), 1e-9)]
        scaled = centred @ (vectors[:, chosen] / np.sqrt(values[chosen]))
    return np.sqrt((scaled**2).mean(axis=1)).astype(np.float32)
