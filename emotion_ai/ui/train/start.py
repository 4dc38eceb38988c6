"""The Runs tab: the form beside the cards, or one run closely."""

import streamlit as st

from emotion_ai.settings import settings
from emotion_ai.training import queue, runs, shipped
from emotion_ai.ui import resources
from emotion_ai.ui.train.cards import cards
from emotion_ai.ui.train.form import form
from emotion_ai.ui.train.watch import RUN, watch


def runs_tab() -> None:
    queue.start_worker(settings().runs_dir)  # runs may have waited while the machine was off
    name = st.query_params.get(RUN, "")
    known = {run.name: run.folder for run in shipped.trainings(resources.models())}
    known |= {folder.name: folder for folder in runs.run_folders(settings().runs_dir)}
    if name in known:
        watch(known[name])
        return
    st.query_params.pop(RUN, None)
    left, right = st.columns([5, 6], gap="large")
    with left:
        form()
    with right:
        cards()
