"""Where a model is right, where it is wrong, and why."""

import streamlit as st

from emotion_ai.ui.computing import assessed
from emotion_ai.ui.evaluate import TABS
from emotion_ai.ui.evaluate.choice import choose
from emotion_ai.ui.evaluate.scoreline import scores, warnings
from emotion_ai.ui.frame import page_head

page_head("Evaluate", "Where a model is right, where it is wrong, and why.")

choice = choose()
first = assessed(choice.model, choice.dataset, choice.question)
second = choice.second and assessed(choice.second, choice.dataset, choice.question)

shown = [assessment for assessment in (first, second) if assessment]
for column, assessment in zip(st.columns(len(shown)), shown, strict=True):
    with column:
        scores(assessment)
warnings(shown)

tabs = TABS[choice.model.task]
if st.session_state.get("tab", "") not in ("", *tabs):
    st.session_state["tab"] = next(iter(tabs))  # it was a tab of the other task
for tab, draw in zip(
    st.tabs(list(tabs), key="tab", bind="query-params"), tabs.values(), strict=True
):
    if tab.open:  # the others compute nothing
        with tab:
            draw(first, second)
