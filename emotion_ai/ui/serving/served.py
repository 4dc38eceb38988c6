"""Which server reads photos, and which versions it has loaded beside those exported here."""

import pandas as pd
import streamlit as st

from emotion_ai.errors import ServingError
from emotion_ai.models.store import KERAS, SavedModel
from emotion_ai.serving import versions
from emotion_ai.serving.address import choose_server, serving_url
from emotion_ai.serving.client import client_for
from emotion_ai.serving.wire import Metadata, ModelStatus, Tensor
from emotion_ai.settings import settings
from emotion_ai.ui import resources
from emotion_ai.ui.access import locked, why_locked
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.wording import plain

_EXAMPLE = "http://localhost:8601"


def served_tab() -> None:
    url = _address()
    why_locked("choose a model server")
    statuses = {model.name: _status(url, model) if url else None for model in resources.models()}
    table = served_table(resources.models(), statuses)
    if not url and len(table):
        table = table.drop(columns="on the server")
    if len(table):
        st.dataframe(table, hide_index=True, height="content")
        st.download_button(
            "Table (CSV)", table.to_csv(index=False), "served.csv", "text/csv",
            icon=":material/download:", type="tertiary", on_click="ignore",
        )  # fmt: skip
    else:
        st.info("Nothing is exported yet: *Models* has the button.", icon=":material/upload:")
    if url:
        _signatures(url, [name for name, status in statuses.items() if status and status.versions])
        st.button("Ask again", icon=":material/refresh:", on_click=asked_status.clear)
    with st.expander("Start a server", expanded=not url):
        st.markdown(
            "TensorFlow Serving reads the exported folder and loads new versions by itself. Where "
            "Docker is installed:"
        )
        st.code(
            "emotion-ai export expression\nemotion-ai export keypoints\ndocker compose up",
            language="bash",
        )


def _address() -> str | None:
    """The server that is set, with the field that sets it."""
    where = settings()
    try:
        url = serving_url(where)
    except ServingError as error:
        st.error(plain(str(error)), icon=":material/error:")
        url = None
    if where.serving_url:
        st.markdown(f"Photos are read by {_code(url or where.serving_url)}.")
        st.caption("Set by `EMOTION_AI_SERVING_URL`; films and Live are read here.")
        return url
    if url:
        st.markdown(f"Photos are read by {_code(url)}; films and Live are read here.")
    else:
        st.markdown("Photos are read here, by the models of this machine.")
    with (
        st.form("server", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        typed = st.text_input(
            "Model server", url or "", placeholder=_EXAMPLE, max_chars=300, width=360,
            **locked(),
        )  # fmt: skip
        sent = st.form_submit_button("Use it", icon=":material/dns:", **locked())
        if url:
            typed = (
                "" if (forget := st.form_submit_button("Read here again", **locked())) else typed
            )
            sent |= forget
    if sent:
        with errors_as_lines():
            choose_server(where, typed)
            st.rerun()
    return url


def _code(url: str) -> str:
    return f"`{url.replace('`', '%60')}`"


def _status(url: str, model: SavedModel) -> ModelStatus | None:
    """What the server says about a model; None, and a line, where it says nothing."""
    status, trouble = asked_status(url, model.name)
    if trouble:
        st.warning(f"**{plain(model.name)}**: {plain(trouble)}", icon=":material/cloud_off:")
    return status


@st.cache_data(show_spinner=False, ttl="10s", max_entries=64)
def asked_status(url: str, model: str) -> tuple[ModelStatus | None, str]:
    """The status of a model, or why there is none; a slow server is not asked at every click."""
    try:
        return client_for(url).status(model), ""
    except ServingError as error:
        return None, str(error)


def _signatures(url: str, names: list[str]) -> None:
    """How the newest version of each model wants to be asked, in the server's own words."""
    rows, troubles = [], []
    for name in names:
        metadata, trouble = asked_metadata(url, name)
        if metadata is None:
            troubles.append(trouble)
            continue
        rows += [
            {
                "model": name,
                "version": str(metadata.version),
                "signature": signature,
                "takes": _tensors(one.inputs),
                "gives": _tensors(one.outputs),
            }
            for signature, one in metadata.signatures.items()
        ]
    if not rows and not troubles:
        return
    with st.expander("How it wants to be asked"):
        for trouble in troubles:
            st.caption(plain(trouble))
        if rows:
            st.dataframe(pd.DataFrame(rows), hide_index=True, height="content")


def _tensors(tensors: dict[str, Tensor]) -> str:
    return ", ".join(
        f"{name}: {one.dtype.removeprefix('DT_').lower()} "
        + ("any shape" if one.shape is None else str(list(one.shape)).replace("-1", "n"))
        for name, one in tensors.items()
    )


@st.cache_data(show_spinner=False, ttl="10s", max_entries=64)
def asked_metadata(url: str, model: str) -> tuple[Metadata | None, str]:
    """The metadata of a model, or why there is none."""
    try:
        return client_for(url).metadata(model), ""
    except ServingError as error:
        return None, str(error)


def served_table(models: list[SavedModel], statuses: dict[str, ModelStatus | None]) -> pd.DataFrame:
    """A row for every version that is exported here or known to the server."""
    rows = []
    for model in models:
        exported = {
            one.version: one for one in versions.list_exported(settings().serving_dir, model.name)
        }
        status = statuses.get(model.name)
        loaded = {one.version: one for one in status.versions} if status else {}
        for version in sorted(exported | loaded, reverse=True):
            mine = exported.get(version)
            rows.append(
                {
                    "model": model.name,
                    "version": str(version),
                    "on the server": _state(status, version),
                    "exported": mine.record.get("created", "")[:16].replace("T", " ")
                    if mine
                    else "not here",
                    "weights": _weights(mine, model),
                    "MB": round(mine.size_bytes / 1e6, 1) if mine else None,
                }
            )
    return pd.DataFrame(rows)


def _state(status: ModelStatus | None, version: int) -> str:
    if status is None:
        return "no answer"
    if not status.versions:  # KServe knows none
        return "ready, version not told" if status.ready else "not ready"
    for one in status.versions:
        if one.version == version:
            return one.state.lower() + (f": {one.message}" if one.message else "")
    return "not loaded"


def _weights(exported, model: SavedModel) -> str:
    if exported is None or not exported.record:
        return exported.damage if exported else ""
    same = exported.record.get("digest") == model.card["files"][KERAS]["sha256"]
    return "as here" if same else "others"
