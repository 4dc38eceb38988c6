"""What this is, what is here, and the ways in."""

import streamlit as st

from emotion_ai.ui import components, markup, resources
from emotion_ai.ui.frame import page_head
from emotion_ai.ui.photos import read_sample

#: The ways in, a line each.
DOORS = (
    ("pages/live.py", "Try your webcam", ":material/videocam:"),
    ("pages/photo.py", "Drop a photo", ":material/photo_camera:"),
    ("pages/datasets.py", "Explore the datasets", ":material/grid_view:"),
    ("pages/learn.py", "Learn how it works", ":material/school:"),
    ("pages/train.py", "Train a network", ":material/model_training:"),
)

page_head(
    "See a face the way a machine does",
    "Emotion AI finds faces, marks 15 points on each and names the expression, and it shows "
    "every step that leads there: the data, the training, the mistakes.",
)
reader = components.model_guard()

left, right = st.columns([3, 2], gap="large", vertical_alignment="center")
photo = read_sample("One face", reader)
with left:
    st.html(markup.annotated_picture(photo.picture, photo.size_wh, photo.readings, animate=True))
with right:
    said = photo.readings[0].expression if photo.readings else None
    if said:
        st.markdown("**What the machine says about this drawn face, read just now**")
        st.html(markup.probability_bars(said, animate=True))
    for page, label, icon in DOORS:
        st.page_link(page, label=label, icon=icon)

models, damaged = resources.models(), resources.damaged_models()
if models or damaged:
    st.header("Models")
    components.in_columns(models, 2, components.model_card)
    components.damaged_lines(damaged)

st.header("Datasets")
if datasets := resources.datasets():
    components.in_columns(datasets, 3, components.dataset_card)
else:
    components.offer_synthetic_faces()

components.damaged_lines(resources.damaged_datasets())

components.responsible_use()
