"""The saved models, their exported versions, and the server that reads with them."""

import streamlit as st

from emotion_ai.ui.frame import errors_as_lines, page_head
from emotion_ai.ui.serving import TABS

page_head(
    "Models & serving",
    "Choose the models that the app reads with, export them, and ask a server that runs them.",
)

opened = st.tabs(list(TABS), key="tab", bind="query-params", on_change="rerun")
for tab, draw in zip(opened, TABS.values(), strict=True):
    if tab.open:  # the others ask and compute nothing
        with tab, errors_as_lines():
            draw()
