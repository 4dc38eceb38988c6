"""How long the map of a dataset takes, and how well it keeps neighbours: the app's PCA and t-SNE,
beside UMAP and PaCMAP where they are installed.

Run with ``PYTHONPATH=. python benchmarks/maps.py [DATASET]``. On a busy machine the seconds of the
processor (of all threads) say more than those of the clock. *Kept*: how many of the ten nearest
faces among the features are among the ten nearest on the map; *same*: for how many of those ten the
model says the same. Each method runs in a process of its own, imports included.
"""

import subprocess
import sys
import time

import numpy as np

SAMPLE, NEAREST = 1500, 10


def features_of(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The shipped expression model's features of a dataset, each of length 1, and its answers."""
    from emotion_ai.audit.projection import scaled
    from emotion_ai.datasets import open_dataset
    from emotion_ai.evaluation.predictions import predictions
    from emotion_ai.models.store import open_model
    from emotion_ai.settings import settings

    where = settings()
    model = open_model(where.models_dir, "expression")
    told = predictions(model, open_dataset(where.data_dir / name), where)
    return scaled(told.embedding), told.probabilities.argmax(axis=1)


def computed(method: str, features: np.ndarray) -> np.ndarray:
    from emotion_ai.audit import projection

    if method == "PCA":
        return projection.pca(features)
    if method == "t-SNE":
        return projection.tsne(features)
    reduced = projection.pca(features, 30)
    if method == "UMAP":
        from umap import UMAP

        return UMAP().fit_transform(reduced)
    from pacmap import PaCMAP

    return PaCMAP(apply_pca=False).fit_transform(reduced, init="pca")


def nearest(points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=NEAREST + 1, algorithm="brute").fit(points)
    return search.kneighbors(points[rows], return_distance=False)[:, 1:]


def measure(method: str, name: str) -> None:
    features, said = features_of(name)
    wall, cpu = time.perf_counter(), time.process_time()
    points = computed(method, features)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    some = np.random.default_rng(0).permutation(len(features))[:SAMPLE]
    true, seen = nearest(features, some), nearest(points, some)
    kept = np.mean([len(set(a) & set(b)) / NEAREST for a, b in zip(true, seen, strict=True)])
    same = (said[seen] == said[some][:, None]).mean()
    print(f"{method:8} {wall:8.1f} {cpu:8.1f} {kept:8.3f} {same:8.3f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        measure(*sys.argv[1:])
        sys.exit()
    dataset = sys.argv[1] if len(sys.argv) > 1 else "fer2013"
    print(f"{'':8} {'clock, s':>8} {'CPU, s':>8} {'kept':>8} {'same':>8}", flush=True)
    for method in ("PCA", "t-SNE", "UMAP", "PaCMAP"):
        run = subprocess.run(
            [sys.executable, __file__, method, dataset], stderr=subprocess.PIPE, text=True
        )
        if run.returncode:
            print(f"{method:8} {run.stderr.strip().splitlines()[-1]}")
