"""All faces as points: alike ones near each other. A lasso or a click shows the faces."""

import numpy as np
import streamlit as st

from emotion_ai.access.rate_limits import COMPUTATIONS
from emotion_ai.audit import projection
from emotion_ai.figures.points import Colouring, point_plot
from emotion_ai.jobs import background
from emotion_ai.jobs.background import Job
from emotion_ai.settings import settings
from emotion_ai.storage.arrays import kept_arrays, load_arrays, save_arrays
from emotion_ai.ui.access import spend
from emotion_ai.ui.datasets.points import choose_colouring, chosen_points, show_points
from emotion_ai.ui.datasets.view import View, read_by_models
from emotion_ai.ui.progress import job_bar
from emotion_ai.ui.wording import count, plain

PCA, TSNE = "PCA", "t-SNE"


def map_tab(view: View) -> None:
    told = view.told("expression")
    if told is None or told.embedding is None:
        read_by_models(view, "map")
        return
    left, right = st.columns([2.4, 1.6], gap="medium")
    with left:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            method = st.segmented_control(
                "Map", [TSNE, PCA], default=TSNE, required=True, key="map", bind="query-params",
                help="t-SNE: faces that are alike lie together; far distances mean nothing. PCA: "
                "the two directions in which the faces differ most, at once.",
            )  # fmt: skip
            by = choose_colouring(view)
        points = _tsne(view, told.embedding) if method == TSNE else None
        if points is None:
            points, method = _pca(_stem(view), told.embedding), PCA
        key = f"map_{method}_{by.title}_{view.dataset.digest[:8]}"
        rows = _scatter(points, method, by, key)
    with right:
        chosen_points(view, rows)


def _stem(view: View) -> str:
    """What the maps of this dataset, by what this model sees, are kept under."""
    return f"{view.dataset.digest[:20]}-{view.models['expression'].digest[:20]}-scaled"


def _tsne(view: View, embedding: np.ndarray) -> np.ndarray | None:
    """float32 (N, 2), or None, with the way to it, while there is none."""
    stem, folder = _stem(view), settings().cache_dir / "maps"
    result, status = folder / f"{stem}-tsne.npz", folder / f"{stem}-tsne.json"
    if (found := load_arrays(result)) is not None:
        return found["points"]
    job = background.read_job(status)
    if job.state == "running":
        job_bar(status, _tsne_words, for_everyone=True)
        return None
    if job.state == "failed":
        st.error(f"The computation ended: {plain(job.error)}", icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"The t-SNE of {count(len(embedding), 'face')} is not computed yet, which takes "
            f"{'about a minute' if len(embedding) > 5000 else 'seconds'}, beside the app. Below "
            "is the map by PCA.",
            width="stretch",
        )
        if st.button("Compute it", icon=":material/scatter_plot:", type="primary"):
            spend(COMPUTATIONS)
            folder.mkdir(parents=True, exist_ok=True)
            features = folder / f"{stem}-features.npz"
            save_arrays(features, {"embedding": embedding})
            words = [str(features), str(result), str(status)]
            background.start(status, "emotion_ai.audit.projection", words, for_everyone=True)
            st.rerun()
    return None


@st.cache_resource(show_spinner=False, max_entries=4)
def _pca(stem: str, _embedding: np.ndarray) -> np.ndarray:
    path = settings().cache_dir / "maps" / f"{stem}-pca.npz"
    compute = lambda: {"points": projection.pca(projection.scaled(_embedding))}  # noqa: E731
    return kept_arrays(path, compute)["points"]


def _tsne_words(job: Job) -> str:
    where = f"{job.done} of {job.total} {job.unit}" if job.total else "finding neighbours"
    return f"t-SNE: {where}. Below, the map by PCA meanwhile"


def _scatter(points: np.ndarray, method: str, by: Colouring, key: str) -> np.ndarray | None:
    plot = point_plot(points, by)
    x_range, y_range = (projection.view_range(axis) for axis in points.T)
    plot.figure.update_xaxes(visible=False, range=x_range)
    plot.figure.update_yaxes(visible=False, range=y_range)
    return show_points(plot, key, f"Map of {len(points):,} faces by {method}")
