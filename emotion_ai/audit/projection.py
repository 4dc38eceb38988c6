"""High-dimensional features as a map: PCA at once, t-SNE in a process of its own.

``python -m emotion_ai.audit.projection FEATURES.npz RESULT.npz STATUS.json`` computes a t-SNE; the
dashboard starts it through ``background`` and reads the status while it works.
"""

import os
import sys
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from emotion_ai.jobs.background import finish, report
from emotion_ai.progress import Progress
from emotion_ai.storage.arrays import save_arrays

#: t-SNE moves its points so often: first to find the clusters, then to lay them out.
EARLY, LATE = 120, 380
_REPORTED_EVERY = 10
#: Its input: more directions cost time and add noise (van der Maaten and Hinton 2008).
_DIRECTIONS = 30
_THREADS = 4
#: Of the faces on either side of a map, the share that may lie outside its view.
_OUTLYING = 0.002


def scaled(features: np.ndarray) -> np.ndarray:
    """``features``, float (N, D), each row of length 1: what a face looks like counts, not how
    strongly the network answers to it. A few strong answers would else fill the whole map."""
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)


def view_range(values: np.ndarray) -> tuple[float, float]:
    """What to show of one axis, so that a few far points do not squeeze the others; (N,)."""
    low, high = np.quantile(values, (_OUTLYING, 1 - _OUTLYING)).tolist()
    margin = 0.05 * max(high - low, 1e-6)
    return low - margin, high + margin


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
    """float32 (N, 2): a map that keeps neighbours together (van der Maaten and Hinton 2008), by
    openTSNE (Poličar et al. 2024). Distances between far groups mean nothing.

    32,298 faces take 40 s of one core. UMAP took twice as long and kept a third as many of the ten
    nearest neighbours, PaCMAP as long and a quarter (``benchmarks/maps.py``).
    """
    from openTSNE import TSNE, affinity, initialization, nearest_neighbors  # a second to import
    from sklearn.neighbors import NearestNeighbors

    if len(features) < 4:
        return pca(features)
    reduced = np.ascontiguousarray(pca(features, min(_DIRECTIONS, features.shape[1])))
    perplexity = min(30, (len(features) - 1) / 3)
    threads = min(_THREADS, os.cpu_count() or 1)
    # All distances: of so few directions a tenth of the work of openTSNE's own search, and exact.
    search = NearestNeighbors(n_neighbors=int(3 * perplexity), algorithm="brute", n_jobs=threads)
    distances, neighbours = search.fit(reduced).kneighbors()
    index = nearest_neighbors.PrecomputedNeighbors(neighbours, distances)
    done = 0

    def step(iteration: int, error: float, embedding: np.ndarray) -> None:
        nonlocal done
        done += _REPORTED_EVERY
        if progress:
            progress(min(done, EARLY + LATE), EARLY + LATE, "steps")

    model = TSNE(
        early_exaggeration_iter=EARLY,
        n_iter=LATE,
        callbacks=[step],
        callbacks_every_iters=_REPORTED_EVERY,
        random_state=seed,
        n_jobs=threads,
    )
    points = model.fit(
        affinities=affinity.PerplexityBasedNN(perplexity=perplexity, knn_index=index),
        initialization=initialization.rescale(reduced[:, :2]),
    )
    return np.asarray(points, np.float32)


def main(features_path: str, result_path: str, status_path: str) -> None:
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # on a busy machine waiting costs nothing
    status = Path(status_path)
    with np.load(features_path) as found:
        embedding = found["embedding"]
    points = tsne(scaled(embedding), lambda *step: report(status, *step))
    save_arrays(Path(result_path), {"points": points})
    Path(features_path).unlink(missing_ok=True)
    finish(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
