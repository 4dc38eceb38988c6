"""Start a run, watch it learn, compare runs, search for better settings."""

import streamlit as st

from emotion_ai.optional import lacking, training_modules
from emotion_ai.ui.frame import errors_as_lines, page_head
from emotion_ai.ui.train import TABS

page_head("Train", "Start a network, watch it learn, compare runs. Close the page: it goes on.")
if reason := lacking("Training", *training_modules()):
    st.info(f"{reason}. Runs made elsewhere can be looked at.", icon=":material/info:")

opened = st.tabs(list(TABS), key="tab", bind="query-params", on_change="rerun")
for tab, draw in zip(opened, TABS.values(), strict=True):
    if tab.open:  # the others compute nothing
        with tab, errors_as_lines():
            draw()
