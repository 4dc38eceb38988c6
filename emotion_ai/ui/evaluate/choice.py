"""What is evaluated: one or two models, a dataset, a split, whose labels; all of it in the URL."""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from emotion_ai.datasets.store import SPLITS_TO_SCORE, Dataset
from emotion_ai.datasets.truths import TRUTHS, truths_of
from emotion_ai.evaluation.assessment import Question, label_sets
from emotion_ai.models.store import SavedModel
from emotion_ai.ui import components, resources
from emotion_ai.ui.wording import count

NOBODY = "no other model"


@dataclass(frozen=True)
class Choice:
    model: SavedModel
    second: SavedModel | None
    dataset: Dataset
    question: Question


def choose() -> Choice:
    """The controls. Where a model or fitting data is missing the page ends here, saying so."""
    models = {own.name: own for model in resources.models() for own in model.each_head()}
    if not models:
        components.model_guard()
        st.stop()
    columns = st.columns(4)

    def own_truth() -> None:
        """A model is first measured by what it was trained to say."""
        st.session_state["truth"] = models[st.session_state["model"]].truth

    model = models[_select(columns[0], "Model", list(models), "model", own_truth)]
    rivals = [m.name for m in models.values() if m.task == model.task and m.name != model.name]
    second = _select(columns[1], "Compare with", [NOBODY, *rivals], "with")
    datasets = {d.name: d for d in resources.datasets() if d.task == model.task}
    if not datasets:
        components.offer_synthetic_faces()
        st.stop()
    trained_on = {data["digest"] for data in model.card.get("data", [])}
    names = sorted(datasets, key=lambda name: datasets[name].digest not in trained_on)
    dataset = datasets[_select(columns[2], "Dataset", names, "data")]
    splits = [name for name in SPLITS_TO_SCORE if name in dataset.description["splits"]]
    split = _select(columns[3], "Split", splits, "split")
    second = models.get(second)
    return Choice(model, second, dataset, _question(model, second, dataset, split))


def _question(
    model: SavedModel, second: SavedModel | None, dataset: Dataset, split: str
) -> Question:
    truth, labels = "given", None
    copies = dataset.description.get("duplicates", {}).get("also_in_train", {}).get(split)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if dataset.task == "expression":
            if len(truths_of(dataset)) > 1:
                if {"truth"}.isdisjoint([*st.session_state, *st.query_params]):
                    st.session_state["truth"] = model.truth
                chosen = st.segmented_control(
                    "Labels", TRUTHS, required=True,
                    help="given: the dataset's own label. crowd: what most of ten people said.",
                    **_in_url("truth"),
                )  # fmt: skip
                truth = chosen or model.truth  # the address names no truth
            options = {one.name: one for one in label_sets(model, second)}
            shared = list(options)
            if len(shared) > 1:
                labels = st.segmented_control(
                    "Expressions", shared, default=shared[0], required=True,
                    format_func=lambda name: options[name].title,
                    help="fer8: with contempt. fer7: seven. course5: without fear and neutral.",
                    **_in_url("labels"),
                )  # fmt: skip
            else:
                labels = shared[0]
        leave_out = bool(copies) and st.toggle(
            f"Leave out what also stands in train: {count(copies, 'face')}", **_in_url("no_copies")
        )
    return Question(split, truth, options[labels] if labels else None, leave_out)


def _select(place: DeltaGenerator, label: str, options: list[str], key: str, change=None) -> str:
    """A choice kept in the URL; one that is no option any more is forgotten there too."""
    if key in st.session_state and st.session_state[key] not in options:
        st.session_state[key] = options[0]
    return place.selectbox(label, options, on_change=change, **_in_url(key))


def _in_url(key: str) -> dict:
    return {"key": key, "bind": "query-params"}
