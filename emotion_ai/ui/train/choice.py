"""What every form of this page asks first: the task, the data, the network."""

from dataclasses import replace

import streamlit as st

from emotion_ai.datasets.store import Dataset
from emotion_ai.labels import FER8, LABEL_SETS, LabelSet
from emotion_ai.networks.presets import DEFAULT
from emotion_ai.training.config import LABEL_SOURCES, TrainingConfig, recipes
from emotion_ai.training.examples import labelled_by
from emotion_ai.ui import components, resources
from emotion_ai.ui.wording import TASK_TITLES

_LABELS = {
    "given": "the dataset's label",
    "crowd": "ten people's votes",
    "mixed": "half of each",
    "both": "a head for each",
}


def choose(form: str) -> tuple[str, list[Dataset], str] | None:
    """Task, datasets and preset as chosen in ``form``, the prefix of its controls' keys; None,
    and why on the page, while something is missing. Data of the other task is offered too: what
    does not fit is explained."""
    datasets = {dataset.name: dataset for dataset in resources.datasets()}
    if not datasets:
        components.offer_synthetic_faces()
        return None
    task = st.segmented_control(
        "Task", list(TASK_TITLES), format_func=TASK_TITLES.get, default="expression",
        required=True, key=f"{form}_task",
    )  # fmt: skip
    fitting = [name for name, dataset in datasets.items() if dataset.task == task]
    names = st.multiselect(
        "Data", list(datasets), default=fitting[:1], key=f"{form}_data_{task}",
        format_func=lambda name: f"{name} ({datasets[name].task})", placeholder="Choose datasets",
    )  # fmt: skip
    if not names:
        st.info("Choose at least one dataset.", icon=":material/info:")
        return None
    chosen = [datasets[name] for name in names]
    drawn = all(dataset.description.get("format") == "synthetic" for dataset in chosen)
    purposes = recipes()
    preset = st.selectbox(
        "Network", list(purposes), index=list(purposes).index("demo" if drawn else DEFAULT),
        format_func=lambda name: f"{name}: {purposes[name]}", key=f"{form}_preset_{task}_{drawn}",
    )  # fmt: skip
    return task, chosen, preset


def choose_labels(usual: TrainingConfig, datasets: list[Dataset], key: str) -> str:
    """Which truth to learn; without votes there is the datasets' own alone."""
    voted = all(dataset.votes is not None for dataset in datasets)
    sources = LABEL_SOURCES if voted else ("given",)
    return st.selectbox(
        "Labels", sources, index=sources.index(usual.labels) if voted else 0,
        format_func=lambda source: _LABELS.get(source, source), key=f"{key}_{voted}",
        help="Which truth to learn. Votes come with FER+.",
    )  # fmt: skip


def choose_classes(usual: TrainingConfig, datasets: list[Dataset], key: str) -> LabelSet:
    """Which classes to learn: the data's own, or known ones among them; people voted on eight."""
    marked = any(dataset.marks_path.exists() for dataset in datasets)  # honoured unless told not to
    own, unmarked = (
        labelled_by(replace(usual, honour_marks=honoured), datasets).expressions
        for honoured in (marked, False)
    )
    voted = all(dataset.votes is not None for dataset in datasets)
    known = set(FER8.expressions if voted else own.expressions)
    fitting = [one for one in LABEL_SETS.values() if set(one.expressions) <= known]
    options = {one.name: one for one in (own, unmarked, *fitting)}
    name = st.selectbox(
        "Expressions", list(options), key=f"{key}_{own.name}_{voted}" if voted or not own.is_known
        else key, format_func=lambda name: options[name].title,
        help="The data's own classes. course5: without fear and neutral. fer8: with contempt.",
    )  # fmt: skip
    return options[name]
