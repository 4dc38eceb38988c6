"""Who read the photos on the page: the model server, or the models here in its place."""

import streamlit as st

from emotion_ai.serving.address import serving_url
from emotion_ai.settings import settings
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.photos import ReadPhoto, forget_troubled
from emotion_ai.ui.resources import Reader
from emotion_ai.ui.wording import count, plain


def who_read(photos: list[ReadPhoto], reader: Reader) -> None:
    """Nothing where no server is set; what is wrong with its address, where that is no address."""
    if not reader.server:
        with errors_as_lines():
            serving_url(settings())
        return
    troubled = [photo for photo in photos if photo.trouble]
    if not troubled:
        st.caption(f"Read by the model server {plain(reader.server)}.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(
            f"The models here read {count(len(troubled), 'photo')}, not the model server: "
            f"{plain(troubled[-1].trouble)}.",
            icon=":material/cloud_off:",
        )
        st.button("Ask it again", icon=":material/refresh:", on_click=forget_troubled)
