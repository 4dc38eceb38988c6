"""High-dimensional features as a map: PCA at once, t-SNE in a process of its own.

``python -m emotion_ai.audit.projection FEATURES.npy RESULT.npz STATUS.json`` computes a t-SNE; the
dashboard starts it through ``background`` and reads the status while it works.
"""

import contextlib
import io
import re
import sys
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from emotion_ai.jobs.background import finish, report
from emotion_ai.progress import Progress
from emotion_ai.storage.arrays import save_arrays

#: t-SNE moves its points so often; the first half only finds the clusters.
ITERATIONS = 500
#: Its input: more directions cost time and add noise (van der Maaten and Hinton 2008).
_DIRECTIONS = 30


def pca(features: np.ndarray, directions: int = 2) -> np.ndarray:
    """float32 (N, directions): ``features``, float (N, D), along the directions in which they
    differ most, strongest first; signs are fixed, so the same input gives the same map."""
    centred = features - features.mean(axis=0)
    # One thread: on a busy machine those that wait for each other cost far more than they give.
    with threadpool_limits(1):
        values, vectors = np.linalg.eigh(centred.T @ centred)
        vectors = vectors[:, np.argsort(values)[::-1][:directions]]
        largest = vectors[np.abs(vectors).argmax(axis=0), range(vectors.shape[1])]
        return (centred @ (vectors * np.where(largest < 0, -1, 1))).astype(np.float32)


def tsne(features: np.ndarray, progress: Progress | None = None, seed: int = 0) -> np.ndarray:
    """float32 (N, 2): a map that keeps neighbours together (van der Maaten 2014, arXiv:1301.3342).
    Distances between far groups mean nothing."""
    from sklearn.manifold import TSNE

    if len(features) < 4:
        return pca(features)
    reduced = pca(features, min(_DIRECTIONS, features.shape[1]))
    reduced /= max(reduced[:, 0].std(), 1e-9)
    model = TSNE(
        perplexity=min(30, (len(features) - 1) / 3),
        max_iter=ITERATIONS,
        init=1e-4 * reduced[:, :2],
        random_state=seed,
        n_jobs=1,
        verbose=2 if progress else 0,
    )
    output = contextlib.redirect_stdout(_Iterations(progress) if progress else sys.stdout)
    with output, threadpool_limits(1):
        return model.fit_transform(reduced).astype(np.float32)


class _Iterations(io.TextIOBase):
    """scikit-learn reports its progress in print only: every fiftieth iteration a line."""

    def __init__(self, progress: Progress):
        self._progress = progress

    def write(self, text: str) -> int:
        if found := re.search(r"Iteration (\d+)", text):
            self._progress(int(found[1]), ITERATIONS, "steps")
        return len(text)


def main(features_path: str, result_path: str, status_path: str) -> None:
    status = Path(status_path)
    points = tsne(np.load(features_path), lambda *step: report(status, *step))
    save_arrays(Path(result_path), {"points": points})
    finish(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
