"""Latency percentiles under a small load, here and on the server."""

import pandas as pd
import streamlit as st

from emotion_ai.figures.serving import latency_plot
from emotion_ai.serving.address import serving_url
from emotion_ai.serving.client import ServingClient
from emotion_ai.serving.load import Load, measure
from emotion_ai.settings import settings
from emotion_ai.ui import resources
from emotion_ai.ui.access import locked
from emotion_ai.ui.charts import show_plot
from emotion_ai.ui.components import model_guard
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.progress import only_interrupt, with_progress
from emotion_ai.ui.serving.request import faces_of, local_network
from emotion_ai.ui.wording import count, plain

_MEASURED = "serving_load"
HERE, SERVER_GREY, SERVER_PNG = "here, LiteRT", "server, grey values", "server, PNG"


@errors_as_lines()
def load_tab() -> None:
    models = {model.name: model for model in resources.models()}
    if not models:
        model_guard()
        return
    url = serving_url(settings())
    st.markdown(
        "How long an answer takes when several ask at once, each again as soon as it is answered."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Model", list(models), key="model", bind="query-params", width=200)
        faces = st.segmented_control("Faces per request", [1, 5, 25], default=1, required=True)
        at_once = st.segmented_control("At once", [1, 4, 8], default=1, required=True)
        calls = st.segmented_control("Requests", [50, 100, 200], default=50, required=True)
        started = st.button("Measure", type="primary", icon=":material/timer:")
    if url and locked():
        st.info("Only editors may try the model server's limits: the network here is measured.",
                icon=":material/lock:")  # fmt: skip
        url = ""
    elif not url:
        st.info("No model server is set: the network here alone is measured.",
                icon=":material/dns:")  # fmt: skip
    asked = (name, faces, at_once, calls, url)
    if started:
        _measure(asked, models[name])
    done, loads = st.session_state.get(_MEASURED, (None, {}))
    if done == asked:
        _show(loads)


def _measure(asked: tuple, model) -> None:
    """Each way in turn; *Stop*, or any other click, ends it and keeps nothing."""
    name, faces, at_once, calls, url = asked
    network = local_network(model.digest, model)
    images = faces_of(model, network.size_px)[0][:faces].copy()
    ways = {HERE: lambda: network(images)}
    if url:
        client = ServingClient(url)  # its failures are no reason to leave the server alone
        ways[SERVER_GREY] = lambda: client.predict(name, images)
        ways[SERVER_PNG] = lambda: client.predict(name, images, encoded=True)
    loads: dict[str, Load] = {}

    def work(step) -> None:
        for i, (way, ask) in enumerate(ways.items()):
            loads[way] = measure(
                ask, calls, at_once,
                lambda done, total, unit, i=i: step(i * total + done, len(ways) * total, unit),
            )  # fmt: skip

    if with_progress(f"Asking {plain(name)}", "serving_load", work, only_interrupt):
        st.session_state[_MEASURED] = asked, loads


def _show(loads: dict[str, Load]) -> None:
    for way, load in loads.items():
        for reason, times in load.failures.items():
            st.warning(f"{way}: {count(times, 'request')} failed. {plain(reason)}",
                       icon=":material/cloud_off:")  # fmt: skip
    table = pd.DataFrame(
        [
            {
                "read": way,
                **{f"{p} % within (ms)": round(ms, 1) for p, ms in load.percentiles_ms.items()},
                "answers a second": round(load.per_second, 1),
                "failed": sum(load.failures.values()),
            }
            for way, load in loads.items()
        ]
    )
    st.dataframe(table, hide_index=True, height="content")
    show_plot(latency_plot(loads))
