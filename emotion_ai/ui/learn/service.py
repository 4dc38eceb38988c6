"""Chapter 9: a request on its way to a served version of a model, and the answer back."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.learn.texts import NUMBERS, Words
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.models.store import SavedModel
from emotion_ai.serving import wire
from emotion_ai.settings import ROOT
from emotion_ai.ui.charts import base_figure
from emotion_ai.ui.learn.faces import drawn_faces
from emotion_ai.ui.learn.figures import ACCENT, FIRST, QUIET, SECOND, film, frame, show_film, slider
from emotion_ai.ui.learn.networks import pick_model

#: Where a request passes: x, y of each station; the versions stand beside the server.
_STATIONS = {
    "browser": (0.0, 3.0),
    "request": (0.0, 2.0),
    "server": (0.0, 1.0),
    "reply": (0.0, 0.0),
}
_VERSIONS_X = 1.15
_SERVING_PAGES = ("pages/models.py", "pages/serving.py")


def show(words: Words, picture, side) -> None:
    with side:
        model = pick_model(words)
        if model is None:
            return
        faces = slider(words, "faces", 1, 25, 1, 1)
        kept = slider(words, "versions", 1, 4, NUMBERS["service"]["start_versions"], 1)
        asked = st.segmented_control(
            words("asked"), ["newest", *map(str, range(1, kept + 1))], default="newest",
            format_func=lambda one: words("newest") if one == "newest" else one,
            required=True, key="service_asked", bind="query-params",
        )  # fmt: skip
    versions = list(range(1, kept + 1))
    answering = wire.newest(versions) if asked == "newest" else int(asked)
    network = _network(model.digest, model)
    sent = drawn_faces(25, network.size_px).images[:faces]
    outputs = network(sent)
    answers = outputs.get("probabilities", outputs.get("keypoints"))
    body, reply = wire.request_body(sent), wire.reply_body(answers)
    _journey(words, picture, model, versions, answering, len(body), len(reply))
    address = f"/v1/models/{model.name}" + ("" if asked == "newest" else f"/versions/{asked}")
    with picture:
        st.markdown(words("sent"))
        st.code(f"POST {address}:predict\n{_short(body)}", language="http", wrap_lines=True)
        st.markdown(words("came"))
        st.code(_short(reply, 420), language="json", wrap_lines=True)
    with side:
        raw = sent.size
        st.markdown(words("bytes", request=len(body), raw=raw, times=len(body) / raw,
                          reply=len(reply)))  # fmt: skip
        for page in _SERVING_PAGES:
            if Path(ROOT / page).exists():
                st.page_link(page, label=words("serving_page"), icon=":material/dns:")
                break


@st.cache_resource(show_spinner=False, max_entries=4)
def _network(digest: str, _model: SavedModel) -> LiteNetwork:
    return _model.network()


def _short(body: bytes, length: int = 130) -> str:
    """Its beginning and its end: a face is thousands of numbers."""
    text = body.decode()
    return text if len(text) <= length + 40 else f"{text[:length]} … {text[-24:]}"


def _journey(words: Words, picture, model, versions, answering, sent_bytes, reply_bytes) -> None:
    """A dot travels: browser, request, server, the answering version, and back."""
    x, y = np.array(list(_STATIONS.values())).T
    details = {
        "browser": words("at_browser"),
        "request": words("at_request", bytes=sent_bytes),
        "server": words("at_server"),
        "reply": words("at_reply", bytes=reply_bytes),
    }
    texts = [f"<b>{words(f'station_{name}')}</b><br>{text}" for name, text in details.items()]
    version_y = np.linspace(1.9, 0.1, max(len(versions), 2))[: len(versions)]
    stations = go.Scatter(
        x=x, y=y, mode="markers+text", text=texts, textposition="middle left", hoverinfo="skip",
        marker={"size": 18, "color": SECOND, "symbol": "square"},
    )  # fmt: skip
    shelf = go.Scatter(
        x=[_VERSIONS_X] * len(versions), y=version_y, mode="markers+text", hoverinfo="skip",
        text=[f"{model.name}/{one}/" for one in versions], textposition="bottom center",
        marker={"size": 22, "symbol": "diamond",
                "color": [ACCENT if one == answering else QUIET for one in versions]},
    )  # fmt: skip
    roads = go.Scatter(
        x=[0, 0, None, *(value for _ in versions for value in (0, _VERSIONS_X, None))],
        y=[3, 0, None, *(value for one in version_y for value in (1, one, None))],
        mode="lines", line={"color": "rgba(128,128,128,0.45)", "width": 2}, hoverinfo="skip",
    )  # fmt: skip
    aim = (_VERSIONS_X, version_y[versions.index(answering)])
    stops = [*list(_STATIONS.values())[:3], aim, _STATIONS["server"], _STATIONS["reply"]]
    legs = [words(f"leg_{i}", version=answering) for i in range(len(stops) - 1)]
    track, captions = [], []
    for (start, end), leg in zip(itertools.pairwise(stops), legs, strict=True):
        for share in np.linspace(0, 1, 7):
            track.append(np.array(start) * (1 - share) + np.array(end) * share)
            captions.append(leg)

    def moving(place) -> go.Scatter:
        return go.Scatter(
            x=[place[0]], y=[place[1]], mode="markers", hoverinfo="skip",
            marker={"size": 15, "color": FIRST, "line": {"width": 2, "color": "white"}},
        )  # fmt: skip

    start = 7 * 3 - 1
    figure = base_figure(roads, stations, shelf, moving(track[start]), height_px=400)
    figure.update_xaxes(visible=False, range=(-1.35, 1.75), fixedrange=True)
    figure.update_yaxes(visible=False, range=(-0.4, 3.4), fixedrange=True)
    frames = [frame([moving(place)], [3]) for place in track]
    with picture:
        figure = film(figure, frames, captions, start=start, ms=110)
        table = pd.DataFrame({"station": details.keys(), "what": details.values()})
        show_film(figure, table, "service", words("alt"))
