"""A dataset as the tabs see it: its catalogue with all that is known by now, and its marks."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from emotion_ai.audit import duplicates
from emotion_ai.audit.catalogue import (
    catalogue,
    with_expressions,
    with_keypoints,
    with_near_copies,
    with_suspects,
)
from emotion_ai.audit.suspects import Suspects, kept_suspects, suspects_path
from emotion_ai.datasets.columns import Column, own_columns
from emotion_ai.datasets.marks import Marks, load_marks
from emotion_ai.datasets.store import Dataset
from emotion_ai.datasets.truths import class_positions
from emotion_ai.evaluation.predictions import Predictions, cached_path, predictions
from emotion_ai.models.store import SavedModel
from emotion_ai.progress import Progress
from emotion_ai.settings import settings
from emotion_ai.ui import resources
from emotion_ai.ui.progress import with_progress
from emotion_ai.ui.wording import count, plain

#: Datasets up to this size are read by the models without asking.
SMALL = 5_000


@dataclass(frozen=True)
class View:
    """``models``: those that read this dataset, by task; ``own``: its own columns by title.
    ``table`` and ``own`` are shared: never mutate them."""

    dataset: Dataset
    table: pd.DataFrame
    marks: Marks
    models: dict[str, SavedModel]
    own: dict[str, Column]

    @property
    def is_read(self) -> bool:
        """Whether every model's predictions are there."""
        return bool(self.models) and all(
            is_read(model, self.dataset) for model in self.models.values()
        )

    def told(self, task: str) -> Predictions | None:
        """What the model of ``task`` says about every row, where it was asked."""
        model = self.models.get(task)
        if model is None or not is_read(model, self.dataset):
            return None
        return _told((model.digest, self.dataset.digest), model, self.dataset)


def open_view(dataset: Dataset) -> View:
    """The dataset with everything that is known about it so far."""
    default = resources.reader().predictor.models
    tasks = ("expression",) if dataset.task == "expression" else ("keypoints", "expression")
    models = {task: default[task] for task in tasks if task in default}
    read = {task: model for task, model in models.items() if is_read(model, dataset)}
    known = (
        dataset.digest,
        *(model.digest for model in read.values()),
        *(path.exists() for path in _found(dataset, models)),
    )
    table, own = _table(known, dataset, read), _own(dataset.digest, dataset)
    return View(dataset, table, load_marks(dataset), models, own)


def is_read(model: SavedModel, dataset: Dataset) -> bool:
    """Whether ``predictions`` has nothing to compute."""
    where = settings()
    splits = dataset.description["splits"]
    return all(cached_path(model, dataset, where, split).exists() for split in splits)


@st.cache_resource(show_spinner=False, max_entries=4)
def _table(known: tuple, _dataset: Dataset, _read: dict[str, SavedModel]) -> pd.DataFrame:
    table = catalogue(_dataset, settings())
    if model := _read.get("expression"):
        told = _told((model.digest, _dataset.digest), model, _dataset)
        table = with_expressions(table, told, model.labels)
        if suspects_path(_dataset, model, settings()).exists():
            table = with_suspects(table, suspects(_dataset, model, told), model.labels)
    if model := _read.get("keypoints"):
        told = _told((model.digest, _dataset.digest), model, _dataset)
        table = with_keypoints(table, told, _dataset)
    if duplicates.near_path(_dataset, settings()).exists():
        table = with_near_copies(table, duplicates.near_groups(_dataset, settings()))
    return table


@st.cache_resource(show_spinner=False, max_entries=4)
def _own(digest: str, _dataset: Dataset) -> dict[str, Column]:
    return own_columns(_dataset.samples)


@st.cache_resource(show_spinner=False, max_entries=3)
def _told(key: tuple, _model: SavedModel, _dataset: Dataset) -> Predictions:
    return predictions(_model, _dataset, settings())


def _found(dataset: Dataset, models: dict[str, SavedModel]) -> list[Path]:
    """Files whose appearance adds columns to the table."""
    files = [duplicates.near_path(dataset, settings())]
    if model := models.get("expression"):
        files.append(suspects_path(dataset, model, settings()))
    return files


def suspects(
    dataset: Dataset, model: SavedModel, told: Predictions, step: Progress | None = None
) -> Suspects:
    """The search for label errors, kept once it was done."""
    targets = class_positions(dataset, model.labels, "given")
    groups = dataset.samples["group"].to_numpy()
    return kept_suspects(dataset, model, settings(), told.embedding, targets, groups, step)


def read_by_models(view: View, key: str, ask: bool = True) -> bool:
    """Let the models read a dataset that they have not read yet; True when nothing is missing.

    Small datasets are read at once, larger ones when the button is pressed (or without ``ask``).
    """
    if not view.models:
        st.info("There is no model here that could read these faces.", icon=":material/info:")
        return False
    if view.is_read:
        return True
    faces = count(len(view.dataset), "face")
    if ask and len(view.dataset) > SMALL:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"No model has read these {faces} yet.")
            if not st.button("Read them now", key=f"read_{key}", icon=":material/visibility:"):
                return False
    for model in view.models.values():
        what = f"{plain(model.name)} reads {faces}"
        if not with_progress(
            what,
            f"{model.digest}-{view.dataset.digest}",
            lambda step, model=model: predictions(model, view.dataset, settings(), step),
        ):
            return False
    st.rerun()
