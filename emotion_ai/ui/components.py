"""Parts that pages share: cards, tables, and what to do where something is missing."""

from collections.abc import Callable, Sequence
from html import escape
from typing import TypeVar

import numpy as np
import pandas as pd
import streamlit as st

from emotion_ai.datasets.drawn import synthetic
from emotion_ai.datasets.store import TASKS, Dataset
from emotion_ai.labels import TRUTH_TITLES
from emotion_ai.models.store import SavedModel
from emotion_ai.reading.table import readings_table
from emotion_ai.settings import settings
from emotion_ai.ui import charts, markup, resources
from emotion_ai.ui.access import locked
from emotion_ai.ui.frame import EU_RULE
from emotion_ai.ui.photos import ReadPhoto
from emotion_ai.ui.wording import (
    TASK_TITLES,
    count,
    headline_score,
    other_scores,
    plain,
    score_basis,
    score_figure,
    score_line,
    shortened,
)

SYNTHETIC_FACES = 2000
_TRUTHS = {"given": "the given labels", "crowd": "the crowd labels (votes of ten people)"}
T = TypeVar("T")


def in_columns(items: Sequence[T], across: int, draw: Callable[[T], None]) -> None:
    """``draw`` each item, ``across`` of them in a row."""
    for start in range(0, len(items), across):
        row = items[start : start + across]
        for column, item in zip(st.columns(across), row, strict=False):
            with column:
                draw(item)


def responsible_use() -> None:
    """What this is not, and what happens to the pictures."""
    leaves = "nothing leaves the server"
    if resources.photo_reader().server:
        leaves = "nothing but the cut-out faces of photos leaves this server, for the model server"
    with st.container(border=True):
        st.markdown("**An expression is not a feeling.**")
        st.markdown(
            "The models name what a face looks like, not what a person feels, and they are often "
            f"wrong. No picture is stored, no person is identified, {leaves}. " + EU_RULE
        )


def model_guard() -> resources.Reader:
    """The reader; where models are missing, a line says which and how to get them."""
    reader = resources.reader()
    missing = [task for task in TASK_TITLES if task not in reader.predictor.models]
    if missing:
        named = " and no ".join(f"{task.removesuffix('s')} model" for task in missing)
        st.warning(
            f"There is no {named} here: faces are found, but not fully read. "
            "Bring back the shipped ones with `git checkout -- models`, or train one:",
            icon=":material/info:",
        )
        data = {dataset.task: dataset.name for dataset in resources.datasets()}
        commands = [f"emotion-ai train {task} --data {data.get(task, 'NAME')}" for task in missing]
        st.code("\n".join(commands), language="bash")
    return reader


def damaged_lines(damaged: dict[str, str]) -> None:
    """A line for everything that is there but cannot be used: name → why."""
    for why in damaged.values():
        st.warning(plain(why), icon=":material/broken_image:")


def model_card(model: SavedModel) -> None:
    """What it reads, its scores with what they were measured on, its size and date."""
    with st.container(border=True, height="stretch"):
        title = TASK_TITLES[model.task]
        st.markdown(
            f"**{title}**" + (f" · {plain(model.name)}" if model.name != model.task else "")
        )
        if score := headline_score(model, like=_of_the_default(model)):
            st.html(
                f'<p class="ea-figure">{escape(score_figure(score))} '
                f"<small>on {escape(score['data'])}</small></p>"
            )
            st.caption(_measure(score) + "  \n" + plain(score_basis(score)))
            for other in other_scores(model, score):
                st.caption("on other faces: " + plain(score_line(other)))
        else:
            st.caption("not scored yet")
        for truth, words in _TRUTHS.items():
            # A second head is asked about its own truth.
            speaking = model.with_head(truth) if truth in model.heads else model
            other = headline_score(speaking, truth)
            if other and other != score:
                by = f"named as {TRUTH_TITLES[truth]}, " if speaking.name != model.name else ""
                st.caption(f"{by}against {words}: " + plain(score_line(other)))
        megabytes = model.card["files"]["model.tflite"]["bytes"] / 1e6
        st.caption(
            f"{model.card['parameters'] / 1e6:.2f} M parameters, {megabytes:.1f} MB, "
            f"{plain(model.card['created'][:10])}"
        )


def _of_the_default(model: SavedModel) -> dict | None:
    """The headline of the model that the app reads with, so that others are compared with it."""
    default = resources.reader().predictor.models.get(model.task)
    return headline_score(default) if default else None


def _measure(score: dict) -> str:
    if score["task"] == "keypoints":
        of_eyes = f", {100 * score['nme']:.1f} % of the eye distance" if "nme" in score else ""
        return f"root mean square error on faces of 96 × 96 pixels{of_eyes}"
    how = "most of ten people do" if score["labels_from"] == "crowd" else "labelled"
    return f"of faces named as {how}, {len(score['labels'])} expressions"


def choose_head(reader: resources.Reader, key: str) -> str | None:
    """By which truth expressions are named, where the model has learned several; else None."""
    model = reader.predictor.models.get("expression")
    if model is None or len(model.heads) < 2:
        return None
    return st.segmented_control(
        "Named as", model.heads, format_func=TRUTH_TITLES.get, default=model.truth, required=True,
        key=key, bind="query-params",
        help="This network has learned two truths: what most of ten people say of a face, and the "
             "label that its dataset gives it. They agree on about two faces in three.",
    )  # fmt: skip


def dataset_card(dataset: Dataset) -> None:
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{plain(dataset.name)}** · {dataset.task}")
        splits = ", ".join(f"{name} {n:,}" for name, n in dataset.description["splits"].items())
        st.caption(f"{count(len(dataset), 'face')}: {splits}")


def offer_synthetic_faces() -> None:
    """For a machine without data: one button that draws some, for both tasks."""
    st.markdown(
        "There is no dataset here yet. Draw one: every face comes with exact points and labels."
    )
    words = f"Draw {SYNTHETIC_FACES:,} faces"
    if not st.button(words, icon=":material/brush:", type="primary", **locked()):
        return
    bar = st.progress(0.0, "Drawing …")
    for i, task in enumerate(TASKS):

        def step(done: int, total: int, unit: str, i=i, task=task) -> None:
            if done % 50 == 0 or done == total:
                share = (i + done / total) / len(TASKS)
                bar.progress(share, f"Drawing for {task}: {done:,} of {total:,} {unit}")

        synthetic.make_dataset(settings().data_dir, task, SYNTHETIC_FACES, progress=step)
    st.rerun()


def face_cards(photo: ReadPhoto, shown: int = 12) -> None:
    """A card a face; beyond ``shown`` on request, so that a crowd does not flood the page."""
    faces = len(photo.readings)
    if faces > shown and not st.toggle(f"Show all {faces} faces", key="all_faces"):
        faces = shown
    for i in range(faces):
        with st.container(border=True):
            card = markup.face_card(i + 1, photo.readings[i], photo.crops[i], photo.hints[i])
            st.html(card)


def no_faces(photo: ReadPhoto) -> None:
    """What to try when nothing was found."""
    width, height = photo.size_wh
    smallest_px = max(20, max(width, height) // 50)
    st.info(
        f"No face was found in this picture of {width} × {height} pixels. What helps: faces seen "
        f"from the front and upright, with light on them, and wider than about {smallest_px} "
        "pixels in this picture. Cut out the part with the face, or turn the picture.",
        icon=":material/search_off:",
    )


def all_readings(photos: list[ReadPhoto]) -> None:
    """The combined table with its download."""
    named = {reading.own.labels for photo in photos for reading in photo.readings if reading.own}
    table = readings_table(
        ((photo.name, photo.readings) for photo in photos), own_classes=next(iter(named), ())
    )
    st.header(f"All readings: {count(len(table), 'face')}")
    known = table.dropna(axis="columns", how="all")  # without what only films have
    st.dataframe(known, hide_index=True, height="content" if len(table) < 8 else 318)
    st.download_button(
        "Table (CSV)",
        table.to_csv(index=False),
        "faces.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def mean_expression(photo: ReadPhoto) -> None:
    """The mean probabilities over a photo's faces; nothing for fewer than two."""
    said = [reading.expression for reading in photo.readings if reading.expression]
    if len(said) < 2:
        return
    mean = np.mean([expression.probabilities for expression in said], axis=0)
    values = dict(zip(said[0].labels, mean.tolist(), strict=True))
    st.markdown(f"**Mean of these {count(len(said), 'face')}**")
    charts.show_chart(
        charts.expression_bars(values),
        pd.DataFrame({"expression": values.keys(), "mean_probability": values.values()}),
        "mean_expression",
        alt="Mean probability of each expression over the faces",
    )


def contact_sheet(photos: list[ReadPhoto]) -> ReadPhoto:
    """Thumbnails with the number of faces; the one to look at closely is returned."""
    chosen = st.session_state.get("photo_shown")
    shown = next((photo for photo in photos if photo.upload.digest == chosen), photos[0])
    tall = len(photos) > 12
    with st.container(horizontal=True, height=420 if tall else "content", border=tall):
        for i, photo in enumerate(photos):
            with st.container(width=176, gap="xsmall"):
                st.image(photo.thumbnail, width=176, alt=photo.name)
                st.button(
                    f"{plain(shortened(photo.name))} · {count(len(photo.readings), 'face')}",
                    key=f"show_{i}_{photo.upload.digest}",
                    type="primary" if photo is shown else "tertiary",
                    on_click=_show,
                    args=(photo.upload.digest,),
                    width="stretch",
                )
    return shown


def _show(digest: str) -> None:
    st.session_state["photo_shown"] = digest
