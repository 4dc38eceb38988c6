"""Both together: expression and keypoints of the same faces, from two models."""

import io

import cv2
import numpy as np
import pandas as pd
import streamlit as st

from emotion_ai.evaluation.assessment import Assessment
from emotion_ai.evaluation.predictions import both_models_table, restrict
from emotion_ai.faces.drawing import draw_keypoints
from emotion_ai.labels import LabelSet, colours
from emotion_ai.results import Expression
from emotion_ai.ui import markup, resources
from emotion_ai.ui.computing import outputs
from emotion_ai.ui.evaluate.grid import chosen_face, face_grid
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.wording import count, plain

PAGE = 24
CLOSE_PX = 320


def both_tab(assessment: Assessment, _second: Assessment | None) -> None:
    own, dataset = assessment.model, assessment.dataset
    task = "keypoints" if own.task == "expression" else "expression"
    partners = {model.name: model for model in resources.models() if model.task == task}
    if not partners:
        st.info(f"There is no model for {task} here to go with this one.")
        return
    partner = partners[
        st.selectbox(
            f"Model for {task}", list(partners), key="partner", bind="query-params", width=260
        )
    ]
    models = {own.task: own, partner.task: partner}
    split = assessment.question.split
    said = {kind: outputs(model, dataset, split) for kind, model in models.items()}
    places = dataset.rows(split).searchsorted(assessment.rows)
    labels = getattr(assessment, "labels", models["expression"].labels)
    probabilities = restrict(
        said["expression"].probabilities[places], models["expression"].labels, labels
    )
    points_px = said["keypoints"].keypoints_px[places]
    table = both_models_table(dataset, assessment.rows, labels, probabilities, points_px)

    st.caption(
        f"The {plain(partner.name)} model was made for other crops: it sees these "
        f"{assessment.images.shape[1]}-pixel faces cut and scaled as it is used to, so its "
        "answers are approximate. Coordinates are pixels of the faces as they are stored."
    )
    _pages(assessment, table, labels, probabilities, points_px, models["keypoints"].digest)
    st.markdown(f"**Table of both:** {count(len(table), 'face')}")
    st.dataframe(table, hide_index=True, height=280)
    name = f"{dataset.name}_{split}_both"
    with st.container(horizontal=True):
        st.download_button(
            "Table (CSV)", lambda: table.to_csv(index=False), f"{name}.csv", "text/csv",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Table (Parquet)", lambda: _parquet(table), f"{name}.parquet",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip


@st.fragment
@errors_as_lines()
def _pages(
    assessment: Assessment,
    table: pd.DataFrame,
    labels: LabelSet,
    probabilities: np.ndarray,
    points_px: np.ndarray,
    drawn_by: str,
) -> None:
    """The grid, page by page, and the chosen face."""
    pages = -(-len(table) // PAGE)
    page = st.number_input(f"Page, of {pages:,}", 1, pages, key="both_page", width=160) - 1
    shown = np.arange(page * PAGE, min((page + 1) * PAGE, len(table)))
    rows = table.iloc[shown]
    given = rows["given"] if "given" in rows else [None] * len(rows)
    left, right = st.columns([7, 4], gap="large")
    with left:
        face_grid(
            assessment, assessment.rows[shown], f"both_{page}",
            captions=[f"{before} > {named}" if before else named
                      for before, named in zip(given, rows["expression"], strict=True)],
            colours=[colours(labels.expressions)[named] for named in rows["expression"]],
            across=8, keypoints_px=points_px[shown], drawn_by=drawn_by,
        )  # fmt: skip
    with right:
        row = chosen_face(assessment.rows[shown])
        i = int(np.flatnonzero(assessment.rows == row)[0])
        _closely(
            np.asarray(assessment.images[row]), points_px[i],
            Expression(labels.expressions, probabilities[i]),
        )  # fmt: skip


def _closely(face: np.ndarray, points_px: np.ndarray, said: Expression) -> None:
    """One face with its points and its bars."""
    scale = CLOSE_PX / len(face)
    picture = cv2.resize(face, (CLOSE_PX, CLOSE_PX), interpolation=cv2.INTER_CUBIC)
    picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    draw_keypoints(picture, (points_px + 0.5) * scale - 0.5, radius_px=4)
    with st.container(border=True):
        image, bars = st.columns(2, vertical_alignment="center")
        image.image(picture, channels="BGR", width="stretch", alt="The chosen face with its points")
        bars.html(markup.probability_bars(said))


def _parquet(table: pd.DataFrame) -> bytes:
    content = io.BytesIO()
    table.to_parquet(content, index=False)
    return content.getvalue()
