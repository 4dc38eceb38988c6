"""The saved networks, opened for the chapters that look inside."""

from dataclasses import dataclass

import streamlit as st

from emotion_ai.learn import inside
from emotion_ai.learn.texts import Words
from emotion_ai.models.store import KERAS, SavedModel
from emotion_ai.ui import resources


@dataclass(frozen=True)
class Network:
    """A saved model and its layers; shared by all sessions."""

    model: SavedModel
    layers: list[inside.Layer]


def pick_network(words: Words) -> Network | None:
    """One of the saved models, opened; None, and a line, where there is none."""
    model = pick_model(words)
    return None if model is None else Network(model, _layers(model.digest, model))


def pick_model(words: Words) -> SavedModel | None:
    """One of the saved models; None, and a line, where there is none."""
    models = {model.name: model for model in resources.models()}
    if not models:
        st.warning(words("no_models"), icon=":material/info:")
        return None
    name = st.selectbox(words("model"), models, key=f"{words.part}_model", bind="query-params")
    return models[name]


@st.cache_resource(show_spinner=False, max_entries=4)
def _layers(digest: str, _model: SavedModel) -> list[inside.Layer]:
    return inside.read_layers(_model.verified(KERAS))
