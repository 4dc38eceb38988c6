"""Every saved model as a card: what it is, how fast, which one the app reads with, its exports."""

import time
from importlib.util import find_spec

import numpy as np
import pandas as pd
import streamlit as st

from emotion_ai.jobs import background
from emotion_ai.models.store import KERAS, SavedModel
from emotion_ai.serving import versions
from emotion_ai.settings import settings
from emotion_ai.ui import resources
from emotion_ai.ui.access import locked, why_locked
from emotion_ai.ui.components import damaged_lines, in_columns, model_card, model_guard
from emotion_ai.ui.defaults import offer_back, offer_default
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.progress import job_bar
from emotion_ai.ui.saved_models import offer_rename_and_delete
from emotion_ai.ui.wording import plain

_FORMATS = {"savedmodel": "TensorFlow Serving", "litert": "LiteRT", "onnx": "ONNX"}
_SLIM = "Exporting needs TensorFlow, which this server does without."
_WHAT = {
    "savedmodel": "A SavedModel under the next version number; a server that watches the folder "
    "loads it.",
    "litert": "One float32 file that runs on LiteRT, also in a browser.",
    "onnx": "One float32 file that runs on ONNX Runtime and many others.",
}


def models_tab() -> None:
    models = resources.models()
    damaged_lines(resources.damaged_models())
    if not models:
        model_guard()
        return
    why_locked("choose what this server reads with, or export a model")
    in_columns(models, 2, lambda model: _model(model, models))


def _model(model: SavedModel, models: list[SavedModel]) -> None:
    with st.container():
        model_card(model)
        _speed(model)
        with st.container(horizontal=True, vertical_alignment="center"):
            offer_default(model)
            offer_back(model.name)
            rivals = [m.name for m in models if m.task == model.task and m is not model]
            if rivals:
                st.page_link(
                    "pages/evaluate.py", label="Compare", icon=":material/compare_arrows:",
                    query_params={"model": model.name, "with": rivals[0]},
                )  # fmt: skip
            offer_rename_and_delete(model)
        _exports(model)


@errors_as_lines()
def _speed(model: SavedModel) -> None:
    st.caption(f"{speed_ms(model.digest, model):.1f} ms a face on this machine")


@st.cache_resource(show_spinner=False, max_entries=32)
def speed_ms(digest: str, _model: SavedModel) -> float:
    """The median of one face through the network, once it is warm."""
    network = _model.network(settings().threads)
    face = np.zeros((1, network.size_px, network.size_px), np.uint8)
    times = []
    for _ in range(15):
        started = time.perf_counter()
        network(face)
        times.append(time.perf_counter() - started)
    return float(np.median(times)) * 1e3


@errors_as_lines()
def _exports(model: SavedModel) -> None:
    """The export under way, or the button that starts one, and what the last one compared."""
    status = versions.job_status(settings(), model.name)
    job = background.read_job(status)
    if job.state == "running":
        job_bar(status, lambda job: "Exporting and comparing with Keras …")
        return
    if job.state == "failed":
        st.error(f"The export failed: {plain(job.error)}", icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Export for", list(_FORMATS), format_func=_FORMATS.get, default="savedmodel",
            required=True, key=f"export_format_{model.name}",
        )  # fmt: skip
        able = locked() if find_spec("tensorflow") else {"disabled": True, "help": _SLIM}
        if st.button("Export", key=f"export_{model.name}", icon=":material/upload:", **able):
            versions.start_export(settings(), model.name, kind)
            st.rerun()
    st.caption(_WHAT[kind])
    _exported(model, kind)


def _exported(model: SavedModel, kind: str) -> None:
    where = settings().serving_dir
    record, damage = versions.read_export(versions.parity_path(where, model.name))
    if kind == "savedmodel":
        made = versions.list_exported(where, model.name)
        if made:
            newest = made[0]
            st.markdown(
                f"Exported: `{where.name}/{newest.model}/{newest.version}`"
                + _staleness(newest.record, model)
            )
            record, damage = newest.record, newest.damage
    else:
        path = where / f"{model.name}{versions.SUFFIXES[kind]}"
        if path.exists():
            st.download_button(
                f"{path.name} ({path.stat().st_size / 1e6:.1f} MB)", path.read_bytes, path.name,
                key=f"download_{path.name}", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
    if damage:
        st.caption(f":material/broken_image: The record of the export is {plain(damage)}")
    if record.get("parity"):
        parity_table(record)


def _staleness(record: dict, model: SavedModel) -> str:
    if not record:
        return ""
    same = record.get("digest") == model.card["files"][KERAS]["sha256"]
    return "" if same else ", of **other weights** than the model here: export again"


def parity_table(record: dict) -> None:
    """How far each format is from Keras."""
    points = record.get("task") == "keypoints"
    same = "all points within 0.5 px" if points else "same first choice"
    table = pd.DataFrame(
        [
            {
                "format": f"{one['name']} ({one['precision']})",
                "largest difference" + " (px)" * points: float(f"{one['largest']:.2g}"),
                same: f"{one['same']} of {record['faces']}",
            }
            for one in record["parity"]
        ]
    )
    with st.expander(f"Compared with Keras on {record['faces']} faces"):
        st.caption(plain(f"{record['source']}, {record['created'][:10]}"))
        st.dataframe(table, hide_index=True, height="content")
