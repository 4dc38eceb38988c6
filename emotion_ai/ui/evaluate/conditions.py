"""Conditions: accuracy by light, sharpness, and how the head is held."""

import streamlit as st

from emotion_ai.evaluation.assessment import ExpressionAssessment
from emotion_ai.evaluation.conditions import light_tables, pose_tables
from emotion_ai.figures.expression import condition_plot
from emotion_ai.models.store import SavedModel
from emotion_ai.ui import resources
from emotion_ai.ui.charts import show_plot
from emotion_ai.ui.computing import outputs
from emotion_ai.ui.wording import plain

_TITLES = {
    "brightness": "brightness, mean grey value (fifths of the faces)",
    "sharpness": "sharpness, strength of edges (fifths of the faces)",
    "turn": "head turned to the subject's …",
    "tilt": "head tilted, degrees",
}


def conditions_tab(assessment: ExpressionAssessment, _second: ExpressionAssessment | None) -> None:
    st.markdown("Is the model worse where pictures are harder? Whiskers are 95 % intervals.")
    key = (assessment.model.digest, assessment.dataset.digest, str(assessment.question))
    left, right = st.columns(2, gap="large")
    for column, (name, table) in zip((left, right), _light(key, assessment).items(), strict=True):
        with column:
            show_plot(condition_plot(table, _TITLES[name], name))
    model = keypoint_model()
    if model is None:
        st.info("Pose needs a keypoint model: there is none here.")
        return
    points_px = outputs(model, assessment.dataset, assessment.question.split).keypoints_px
    all_rows = assessment.dataset.rows(assessment.question.split)
    of_rows = points_px[all_rows.searchsorted(assessment.rows)]
    tables = pose_tables(of_rows, assessment.correct)
    for column, (name, table) in zip((left, right), tables.items(), strict=True):
        with column:
            show_plot(condition_plot(table, _TITLES[name], name))
    size = assessment.images.shape[1]
    st.caption(
        f"Pose is rough: the model {plain(model.name)} finds the points on these {size}-pixel "
        "faces, enlarged and cut as it is used to; tilt is the slope of the line through the "
        "outer eye corners, turn is where the nose tip stands between them (the last part is "
        "about 30 degrees or more). Both carry that model's own errors."
    )


def keypoint_model() -> SavedModel | None:
    """The one the app reads photos with, or any."""
    models = [model for model in resources.models() if model.task == "keypoints"]
    return min(models, key=lambda model: model.name != "keypoints", default=None)


@st.cache_data(show_spinner="Measuring light and sharpness …", max_entries=8)
def _light(key: tuple, _assessment: ExpressionAssessment) -> dict:
    return light_tables(_assessment.images[_assessment.rows], _assessment.correct)
