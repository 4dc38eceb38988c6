"""Learn: ten chapters to play with and one to teach in, each with a link of its own."""

import streamlit as st

from emotion_ai.learn.texts import TEACH
from emotion_ai.ui.learn import (
    convolution,
    descent,
    layers,
    limits,
    mirror,
    neuron,
    precision,
    residual,
    service,
    splits,
)
from emotion_ai.ui.learn.shelf import language, show_chapter, show_shelf, show_teach
from emotion_ai.ui.learn.vote import CODE, show_paper

#: By the names in the links.
SCREENS = {
    "neuron": neuron.show,
    "layers": layers.show,
    "descent": descent.show,
    "splits": splits.show,
    "convolution": convolution.show,
    "residual": residual.show,
    "mirror": mirror.show,
    "precision": precision.show,
    "service": service.show,
    "limits": limits.show,
}

lang = language()
chapter = st.query_params.get("chapter")
if ballot := st.query_params.get(CODE):
    show_paper(ballot, lang)
elif chapter == TEACH:
    show_teach(lang)
elif chapter in SCREENS:
    show_chapter(chapter, lang, SCREENS[chapter])
else:
    show_shelf(lang)
