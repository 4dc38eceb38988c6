"""What a saved expression model answers on faces whose labels are known."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from emotion_ai.evaluation.assessment import Question, assess
from emotion_ai.evaluation.caveats import other_truth
from emotion_ai.evaluation.predictions import cached_path
from emotion_ai.learn.texts import Words
from emotion_ai.models.store import SavedModel
from emotion_ai.settings import settings
from emotion_ai.ui import resources
from emotion_ai.ui.learn.faces import dataset_named
from emotion_ai.ui.wording import plain, score_basis

_SPLIT, _TRUTH = "validation", "given"


@dataclass(frozen=True)
class Answers:
    """``confusion`` int (classes, classes), rows the given label. ``probabilities`` (N, classes)
    and ``targets`` int (N,) where the pictures are here, None where only the card speaks."""

    labels: list[str]
    confusion: np.ndarray
    basis: str
    probabilities: np.ndarray | None = None
    targets: np.ndarray | None = None


def answers_of_a_model(words: Words) -> Answers | None:
    """On FER2013's validation split where it is imported, else from the model's card; None, and
    a line, without model."""
    models = [model for model in resources.models() if model.task == "expression"]
    if not models:
        st.warning(words("no_models"), icon=":material/info:")
        return None
    model = next((one for one in models if one.name == "expression"), models[0])
    if _TRUTH in model.heads:  # the head that learnt what it is measured by here
        model = model.with_head(_TRUTH)
    dataset = dataset_named("fer2013")
    if dataset is None or _SPLIT not in dataset.description["splits"]:
        return _from_card(words, model)
    kept = cached_path(model, dataset, settings(), _SPLIT).exists()
    bar = None if kept else st.progress(0.0, words("reading"))

    def step(done: int, total: int, unit: str) -> None:
        bar.progress(done / total, words("reading"))

    found = assess(model, dataset, Question(_SPLIT, _TRUTH), settings(), step if bar else None)
    if bar:
        bar.empty()
    basis = words("basis", model=plain(model.name), n=len(found))
    basis = " ".join([basis, *other_truth(model, _TRUTH)])
    labels = list(found.labels.expressions)
    return Answers(labels, found.confusion, basis, found.probabilities, found.targets)


def _from_card(words: Words, model: SavedModel) -> Answers | None:
    score = next((one for one in model.scores if one.get("labels_from") == _TRUTH), None)
    if score is None:
        st.warning(words("not_scored"), icon=":material/info:")
        return None
    basis = words("basis_card", model=plain(model.name), basis=plain(score_basis(score)))
    basis = " ".join([basis, *other_truth(model, _TRUTH)])
    return Answers(score["labels"], np.array(score["confusion"]), basis)
