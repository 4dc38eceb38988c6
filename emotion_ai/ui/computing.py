"""Outputs of models over a split: computed once with a bar and a *Stop*, then at hand.

Call ``assessed`` and ``outputs`` outside of fragments: a click inside a fragment does not interrupt
it, so *Stop* would wait for the end.
"""

from collections.abc import Callable

import streamlit as st

from emotion_ai.datasets.store import Dataset
from emotion_ai.evaluation.assessment import Assessment, Question, assess
from emotion_ai.evaluation.predictions import Predictions, cached_path, predictions
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.models.store import SavedModel
from emotion_ai.settings import settings
from emotion_ai.ui.progress import with_progress
from emotion_ai.ui.wording import count, plain


def assessed(model: SavedModel, dataset: Dataset, question: Question) -> Assessment:
    """The model on the split. The page ends here when the visitor stopped its computation."""
    _ensure(model, dataset, question.split)
    key = (str(model.folder), model.digest, dataset.digest, str(question))
    return _assess(key, model, dataset, question)


@st.cache_resource(show_spinner=False, max_entries=12)
def _assess(key: tuple, _model: SavedModel, _dataset: Dataset, _question: Question) -> Assessment:
    return assess(_model, _dataset, _question, settings())


def outputs(
    model: SavedModel, dataset: Dataset, split: str, on_stop: Callable[[], None] | None = None
) -> Predictions:
    """What the model, of either task, says about every row of the split.

    After *Stop* the page ends here with a *Go on*, unless ``on_stop`` is called instead.
    """
    _ensure(model, dataset, split, on_stop)
    return _outputs((model.digest, dataset.digest, split), model, dataset)


def are_kept(model: SavedModel, dataset: Dataset, split: str) -> bool:
    """Whether ``outputs`` has nothing to compute."""
    return cached_path(model, dataset, settings(), split).exists()


@st.cache_resource(show_spinner=False, max_entries=4)
def _outputs(key: tuple, _model: SavedModel, _dataset: Dataset) -> Predictions:
    return predictions(_model, _dataset, settings(), split=key[2])


def network(model: SavedModel) -> LiteNetwork:
    """The warm network that explains single faces."""
    return _network(model.digest, model)


@st.cache_resource(show_spinner=False, max_entries=3)
def _network(digest: str, _model: SavedModel) -> LiteNetwork:
    return _model.network(settings().threads)


def _ensure(
    model: SavedModel,
    dataset: Dataset,
    split: str,
    on_stop: Callable[[], None] | None = None,
) -> None:
    if are_kept(model, dataset, split):
        return
    faces = dataset.description["splits"].get(split, 0)
    what = f"{plain(model.name)} reads {count(faces, 'face')} of {plain(dataset.name)} {split}"
    key = f"{model.digest}-{dataset.digest}-{split}"
    if not with_progress(
        what, key, lambda step: predictions(model, dataset, settings(), step, split), on_stop
    ):
        st.stop()
