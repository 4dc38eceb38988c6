"""Datasets at a glance, and what is wrong with them."""

import streamlit as st

from emotion_ai.ui import resources
from emotion_ai.ui.components import damaged_lines
from emotion_ai.ui.datasets import TABS
from emotion_ai.ui.datasets.archive import choose_archive, show_archive
from emotion_ai.ui.datasets.setup import choose_dataset, follow_news, forget_news
from emotion_ai.ui.datasets.view import open_view
from emotion_ai.ui.frame import errors_as_lines, page_head

page_head("Datasets", "Thousands of faces at a glance, and what is wrong with them.")

follow_news()
damaged_lines(resources.damaged_datasets())
with errors_as_lines():
    if archive := choose_archive():
        show_archive(archive)
        st.stop()
dataset = choose_dataset()
if dataset is None:
    st.stop()

with errors_as_lines():
    view = open_view(dataset)
    tabs = TABS[dataset.task]
    opened = st.tabs(list(tabs), key="tab", bind="query-params")
    for tab, draw in zip(opened, tabs.values(), strict=True):
        if tab.open:  # the others compute nothing
            with tab:
                draw(view)
forget_news()
