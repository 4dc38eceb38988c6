"""The scores above everything else: each with its interval, the split, and the faces counted."""

import streamlit as st

from emotion_ai.evaluation.assessment import Assessment, left_out_text
from emotion_ai.evaluation.caveats import caveats, other_truth
from emotion_ai.evaluation.scores import figures
from emotion_ai.settings import settings
from emotion_ai.ui.wording import count, plain


def scores(assessment: Assessment) -> None:
    """One row of figures for one model."""
    question, score = assessment.question, assessment.scores
    said = f" · {question.truth} labels" if assessment.task == "expression" else ""
    st.markdown(
        f"**{plain(assessment.model.name)}** on {plain(assessment.dataset.name)} "
        f"**{question.split}** · {count(score['n'], 'face')}{said}"
    )
    if people := score.get("subjects"):
        st.caption(f"Faces of {people:,} people: intervals draw people, not faces.")
        with st.expander("By subject"):
            st.dataframe(
                [{"subject": name, **one} for name, one in score["per_subject"].items()],
                column_config={"accuracy": st.column_config.NumberColumn(format="percent")},
            )
    if left_out := left_out_text(score):
        st.caption(plain(left_out))
    with st.container(horizontal=True, gap="large"):
        for figure in figures(score):
            with st.container(width="content", gap=None):
                title, help = figure.score.title, figure.score.meaning
                st.metric(title, figure.text, help=help, width="content")
                st.caption(figure.note)


def warnings(assessments: list[Assessment]) -> None:
    """What makes the scores look better than they are."""
    notes: dict[str, list[str]] = {}
    for assessment in assessments:
        model, dataset = assessment.model, assessment.dataset
        key = (str(model.folder), model.digest, dataset.digest)
        split, truth = assessment.question.split, assessment.question.truth
        text = " ".join([*other_truth(model, truth), *_caveats(key, split, assessment)])
        notes.setdefault(text, []).append(model.name)
    for text, names in notes.items():
        if text:
            whose = f"{names[0]}: " if len(names) < len(assessments) else ""
            st.warning(plain(whose + text), icon=":material/warning:")


@st.cache_data(show_spinner=False, max_entries=30)
def _caveats(key: tuple, split: str, _assessment: Assessment) -> list[str]:
    return caveats(_assessment.model, _assessment.dataset, split, *settings().data_dirs)
