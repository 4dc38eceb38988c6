"""All faces as points: alike ones near each other. A lasso or a click shows the faces."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.access.rate_limits import COMPUTATIONS
from emotion_ai.audit import projection
from emotion_ai.figures.base import as_text, base_figure, legend_above
from emotion_ai.jobs import background
from emotion_ai.jobs.background import Job
from emotion_ai.labels import EXPRESSION_COLOURS
from emotion_ai.settings import settings
from emotion_ai.storage.arrays import kept_arrays, load_arrays
from emotion_ai.ui.access import spend
from emotion_ai.ui.datasets.browse import MAP_SELECTION, face_captions
from emotion_ai.ui.datasets.grid import face_grid
from emotion_ai.ui.datasets.marking import download_faces
from emotion_ai.ui.datasets.view import View, read_by_models
from emotion_ai.ui.progress import job_bar
from emotion_ai.ui.wording import count, plain

PCA, TSNE = "PCA", "t-SNE"
#: Faces of a selection that are shown beside the map; Browse shows all of them.
_SHOWN = 30
#: Okabe-Ito in the order in which neither neighbours nor symbols look alike.
_TONES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
_SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "x", "star")


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
            kinds = _kinds(view)
            kind = st.selectbox("Colour by", list(kinds), key="colour", bind="query-params")
        points = _tsne(view, told.embedding) if method == TSNE else None
        if points is None:
            points, method = _pca(_stem(view), told.embedding), PCA
        key = f"map_{method}_{kind}_{view.dataset.digest[:8]}"
        rows = _scatter(points, method, kinds[kind], key)
    with right:
        _selection(view, rows)


def _kinds(view: View) -> dict[str, pd.Series]:
    """What the points may be coloured by."""
    table = view.table
    kinds = {}
    if "expression" in table:
        kinds["label"] = table["expression"].fillna("no label")
    kinds["what the model says"] = table["predicted"]
    if "expression" in table:
        right = np.where(table["predicted"] == table["expression"], "named rightly", "wrongly")
        kinds["right or wrong"] = pd.Series(right)
    kinds["split"] = table["split"]
    marked = np.full(len(table), "not marked", object)
    for row, mark in view.marks.items():
        marked[row] = str(mark)
    kinds["mark"] = pd.Series(marked)
    if "missing" in table:
        some = np.where(table["missing"] == 0, "all 15 points", "points missing")
        kinds["missing points"] = pd.Series(some)
    return kinds


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
            features = folder / f"{stem}-features.npy"
            np.save(features, embedding)
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


def _scatter(points: np.ndarray, method: str, kind: pd.Series, key: str) -> np.ndarray | None:
    """The map; the rows (int64) that are lassoed or clicked, None when there are none."""
    values = kind.to_numpy()
    names, n_of = np.unique(values.astype(str), return_counts=True)
    names = names[np.argsort(-n_of)]
    size = 9 if len(points) < 3000 else 5 if len(points) < 12_000 else 3.5
    of_trace, traces = [], []
    for i, name in enumerate(names):
        rows = np.flatnonzero(values == name)
        of_trace.append(rows)
        traces.append(
            go.Scattergl(
                x=points[rows, 0], y=points[rows, 1], name=f"{as_text(name)} ({len(rows):,})",
                mode="markers", hoverinfo="none",
                marker={"size": size, "opacity": 0.75, "symbol": _SYMBOLS[i % len(_SYMBOLS)],
                        "color": EXPRESSION_COLOURS.get(name, _TONES[i % len(_TONES)])},
                unselected={"marker": {"opacity": 0.12}},
            )
        )  # fmt: skip
    figure = legend_above(base_figure(*traces, height_px=620))
    figure.update_layout(dragmode="lasso", legend={"itemsizing": "constant"}, uirevision=key)
    x_range, y_range = (projection.view_range(axis) for axis in points.T)
    figure.update_xaxes(visible=False, range=x_range)
    figure.update_yaxes(visible=False, range=y_range)
    event = st.plotly_chart(
        figure, width="stretch", key=key, on_select="rerun", selection_mode=("points", "lasso"),
        config={"displaylogo": False, "scrollZoom": True,
                "modeBarButtons": [["lasso2d", "pan2d", "resetScale2d", "autoScale2d", "toImage"]]},
        alt=f"Map of {len(points):,} faces by {method}",
    )  # fmt: skip
    chosen = [
        of_trace[point["curve_number"]][point["point_index"]]
        for point in event.selection.points
        if point["curve_number"] < len(of_trace)
        and point["point_index"] < len(of_trace[point["curve_number"]])
    ]
    return np.unique(np.array(chosen, np.int64)) if chosen else None


def _selection(view: View, rows: np.ndarray | None) -> None:
    """Faces of the chosen points, and the way to all of them in Browse."""
    if rows is None:
        st.info(
            "Draw a line around some points, or click one: their faces appear here.",
            icon=":material/gesture:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{count(len(rows), 'face')}**", width="stretch")
        st.button(
            "Open in Browse", icon=":material/grid_view:", on_click=_browse, args=(view, rows)
        )
    if "expression" in view.table:
        counts = view.table["expression"].iloc[rows].value_counts()
        st.caption(", ".join(f"{name} {n:,}" for name, n in counts.items()))
    # Spread over the whole selection, so that a large one is not shown by its oldest rows.
    shown = rows[np.unique(np.linspace(0, len(rows) - 1, _SHOWN).astype(int))]
    captions, colours = face_captions(view, shown)
    keypoints = view.dataset.keypoints_px[shown] if view.dataset.task == "keypoints" else None
    face_grid(
        view.dataset.images, shown, "map_grid", across=6, digest=view.dataset.digest,
        captions=captions, colours=colours, keypoints_px=keypoints,
    )  # fmt: skip
    download_faces(view, rows, "from_map")
    if len(shown) < len(rows):
        st.caption(f"{len(shown)} of them, spread over the selection.")


def _browse(view: View, rows: np.ndarray) -> None:
    st.session_state[MAP_SELECTION] = {view.dataset.digest: rows.tolist()}
    st.session_state["tab"] = "Browse"
    st.session_state["from_map"] = True
