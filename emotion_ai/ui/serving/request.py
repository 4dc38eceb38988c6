"""A live request with a chosen face: what goes, what comes, and what the local network says."""

import json
import shlex
import time

import numpy as np
import streamlit as st

from emotion_ai.access.rate_limits import REQUESTS
from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import ServingError
from emotion_ai.faces.montage import Layout, encode_webp, montage
from emotion_ai.labels import KEYPOINT_NAMES
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.models.store import SavedModel
from emotion_ai.results import Expression
from emotion_ai.serving import wire
from emotion_ai.serving.address import serving_url
from emotion_ai.serving.client import Exchange, ServingClient, client_for
from emotion_ai.serving.network import named_output
from emotion_ai.settings import settings
from emotion_ai.ui import markup, resources
from emotion_ai.ui.access import spend
from emotion_ai.ui.components import model_guard
from emotion_ai.ui.datasets.grid import chosen_face, face_grid
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.learn.faces import drawn_faces
from emotion_ai.ui.serving.served import asked_status
from emotion_ai.ui.wording import plain

#: Where a server would be, for the command that is shown without one.
_NO_SERVER = "http://localhost:8601"
_SHOWN, _ACROSS, _FACE_PX = 24, 8, 200
_SENT = "serving_sent"


@errors_as_lines()
def request_tab() -> None:
    models = {model.name: model for model in resources.models()}
    if not models:
        model_guard()
        return
    url = serving_url(settings())
    left, right = st.columns([2, 3], gap="large")
    with left:
        model = models[st.selectbox("Model", list(models), key="model", bind="query-params")]
        network = local_network(model.digest, model)
        face = _pick_face(model, network.size_px)
        client = client_for(url or _NO_SERVER)
        address, encoded, columns = _form(client, model, bool(url))
    body = wire.request_body(face[None], columns=columns, encoded=encoded)
    local, local_ms = _ask_here(network, model, face)
    with right:
        exchange = _send(client, address, body) if url else None
        if not url:
            st.info(
                "No model server is set, so nothing is sent: *Served* says how to start one. Below "
                "is what would go.",
                icon=":material/dns:",
            )
        _side_by_side(model, face, local, local_ms, exchange)
        _json(address, body, exchange)
    _command(address, body)


@st.cache_resource(show_spinner=False, max_entries=4)
def local_network(digest: str, _model: SavedModel) -> LiteNetwork:
    """The warm network of this machine."""
    return _model.network(settings().threads)


def faces_of(model: SavedModel, size_px: int) -> tuple[np.ndarray, str, Dataset | None]:
    """Faces that the model reads: of the first dataset that has some, drawn ones otherwise."""
    for dataset in resources.datasets():
        if dataset.task == model.task and dataset.images.shape[1] == size_px:
            return dataset.images, dataset.digest, dataset
    return drawn_faces(_SHOWN, size_px).images, f"drawn-{size_px}", None


def _pick_face(model: SavedModel, size_px: int) -> np.ndarray:
    images, digest, dataset = faces_of(model, size_px)
    rows = np.unique(np.linspace(0, len(images) - 1, _SHOWN).astype(int))
    chosen = chosen_face()
    chosen = chosen if chosen in rows else int(rows[0])
    face_grid(
        images, rows, f"request_grid_{model.name}", across=_ACROSS, digest=digest,
        highlight=chosen, width_px=480,
    )  # fmt: skip
    st.caption(f"{plain(dataset.name) if dataset else 'Drawn faces'}: click the one to send.")
    return np.ascontiguousarray(images[chosen])


def _form(client: ServingClient, model: SavedModel, ask: bool) -> tuple[str, bool, bool]:
    """The address, and whether the face travels as a PNG, and by column."""
    encoded = st.segmented_control(
        "The face travels as", [True, False], default=True, required=True, key="request_encoded",
        format_func=lambda png: "PNG in base64" if png else "grey values",
        help="Grey values are plain numbers that every server of the V1 protocol takes; PNG is "
        "several times smaller.",
    )  # fmt: skip
    columns = st.segmented_control(
        "Written", [False, True], default=False, required=True, key="request_columns",
        format_func=lambda columns: "by column" if columns else "by row",
        help="By row: instances and predictions. By column: inputs and outputs.",
    )  # fmt: skip
    versions = []
    if ask:
        status, trouble = asked_status(client.url, model.name)
        versions = [str(one.version) for one in status.versions] if status else []
        if trouble:
            st.warning(plain(trouble), icon=":material/cloud_off:")
    with st.container(horizontal=True):
        version = st.selectbox(
            "Version", ["newest", *versions, "by label"], key="request_version", width=150
        )
        label = ""
        if version == "by label":
            label = st.text_input("Label", "stable", max_chars=60, key="request_label", width=150)
    number = int(version) if version.isdecimal() else None
    return client.address(model.name, number, label or None), bool(encoded), bool(columns)


def _ask_here(network: LiteNetwork, model: SavedModel, face: np.ndarray):
    started = time.perf_counter()
    outputs = network(face[None])
    return named_output(outputs, model), (time.perf_counter() - started) * 1e3


def _send(client: ServingClient, address: str, body: bytes) -> Exchange | str | None:
    """The last exchange, while the request is still the same; the reason, where it failed."""
    if st.button("Send it", type="primary", icon=":material/send:"):
        spend(REQUESTS)
        try:
            came = client.exchange(address, body)
        except ServingError as error:
            came = str(error)
        st.session_state[_SENT] = (address, body), came
    sent, came = st.session_state.get(_SENT, (None, None))
    return came if sent == (address, body) else None


def _side_by_side(model, face, local, local_ms, exchange) -> None:
    here, there = st.columns(2, gap="medium")
    with here:
        st.markdown(f"**Here** · LiteRT · {local_ms:.1f} ms")
        _answer(model, face, local)
    with there:
        if exchange is None:
            st.markdown("**The server**")
            st.caption("Not asked about this face yet.")
            return
        if isinstance(exchange, str):
            st.markdown("**The server**")
            st.warning(
                f"{plain(exchange)}. Photos are read by the model here meanwhile.",
                icon=":material/cloud_off:",
            )
            return
        st.markdown(f"**The server** · {exchange.seconds * 1e3:.1f} ms there and back")
        try:
            served = named_output(wire.read_predictions(exchange.came, 1), model)
        except ServingError as error:
            st.warning(plain(str(error)), icon=":material/warning:")
            return
        _answer(model, face, served)
    _difference(model, local, served)


def _answer(model: SavedModel, face: np.ndarray, outputs: dict[str, np.ndarray]) -> None:
    if model.task == "keypoints":
        points_px = outputs["keypoints"]
        picture = montage(face[None], Layout(1, 1, _FACE_PX), keypoints_px=points_px)
        st.image(encode_webp(picture), width=_FACE_PX, alt="The face with its points")
        return
    said = Expression(model.labels.expressions, outputs["probabilities"][0])
    st.html(markup.probability_bars(said))
    place = int(np.argmax(said.probabilities))
    st.markdown(
        f"arg-max: entry {place} of the list is the largest ({said.confidence:.3f}), and the "
        f"label at {place} is **{plain(said.label)}**."
    )


def _difference(model, local, served) -> None:
    if model.task == "keypoints":
        off_px = np.linalg.norm(local["keypoints"] - served["keypoints"], axis=2)[0]
        st.caption(
            f"The points lie {off_px.mean():.2f} px apart on average, at most {off_px.max():.2f} "
            f"px ({KEYPOINT_NAMES[int(off_px.argmax())].replace('_', ' ')}). {_precision(model)}"
        )
        return
    one, other = local["probabilities"][0], served["probabilities"][0]
    agree = "The same first choice" if one.argmax() == other.argmax() else "Another first choice"
    st.caption(
        f"{agree}; probabilities differ by at most {np.abs(one - other).max():.3f}. "
        + _precision(model)
    )


def _precision(model: SavedModel) -> str:
    """Why the two may differ."""
    if not model.card.get("quantised"):
        return ""
    return "The network here counts in 8 bits, an exported one in float32."


def _json(address: str, body: bytes, exchange) -> None:
    st.markdown(f"**What goes**, {len(body):,} bytes")
    st.code(f"POST {address}:predict\n{_shortened(body)}", language="http", wrap_lines=True)
    if isinstance(exchange, Exchange):
        st.markdown(f"**What came**, {len(exchange.came):,} bytes")
        st.code(_indented(exchange.came), language="json", wrap_lines=True, height=220)


def _shortened(body: bytes, length: int = 420) -> str:
    text = body.decode()
    return text if len(text) <= length + 60 else f"{text[:length]} … {text[-40:]}"


def _indented(reply: bytes) -> str:
    """The reply, a line an entry where it is JSON."""
    try:
        return json.dumps(json.loads(reply), indent=1)[:20_000]
    except (ValueError, RecursionError):
        return reply[:2000].decode(errors="replace")


def command(address: str, body: bytes) -> str:
    """A line for a shell that sends the same request."""
    return (
        f"curl -s {shlex.quote(address + ':predict')} -H 'Content-Type: application/json' "
        f"-d {shlex.quote(body.decode())}"
    )


def _command(address: str, body: bytes) -> None:
    st.markdown("**The same at a shell**")
    st.code(command(address, body), language="bash", height=120, wrap_lines=True)
