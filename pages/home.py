"""What this is, what is here, and the ways in."""

import streamlit as st

from emotion_ai.ui import components, markup, resources
from emotion_ai.ui.photos import read_sample

#: The ways in, a line each.
DOORS = (("pages/photo.py", "Drop a photo", ":material/photo_camera:"),)

st.title("See a face the way a machine does")
st.markdown(
    "Emotion AI finds faces, marks 15 points on each and names the expression, and it shows "
    "every step that leads there: the data, the training, the mistakes."
)
reader = components.model_guard()

left, right = st.columns([3, 2], gap="large", vertical_alignment="center")
photo = read_sample("One face", reader)
with left:
    st.html(markup.annotated_picture(photo.picture, photo.size_wh, photo.readings, animate=True))
with right:
    st.markdown("**What the machine says about this drawn face, read just now**")
    for reading in photo.readings[:1]:
        if reading.expression:
            st.html(markup.probability_bars(reading.expression, animate=True))
    for page, label, icon in DOORS:
        st.page_link(page, label=label, icon=icon)

st.subheader("Models")
if models := resources.models():
    for column, model in zip(st.columns(max(2, len(models))), models, strict=False):
        with column:
            components.model_card(model)

st.subheader("Datasets")
if datasets := resources.datasets():
    for column, dataset in zip(st.columns(max(3, len(datasets))), datasets, strict=False):
        with column:
            components.dataset_card(dataset)
else:
    components.offer_synthetic_faces()

components.responsible_use()
