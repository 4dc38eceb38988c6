"""Emotion AI's dashboard: ``streamlit run streamlit_app.py``. The frame around every page."""

import streamlit as st

from emotion_ai.ui import components

st.set_page_config(
    page_title="Emotion AI",
    page_icon=":material/face:",
    layout="wide",
    menu_items={"About": "See a face the way a machine does. " + components.EU_RULE},
)

page = st.navigation(
    {
        "See": [
            st.Page("pages/home.py", title="Home", icon=":material/home:", default=True),
            st.Page("pages/photo.py", title="Photo", icon=":material/photo_camera:"),
        ],
    }
)

components.apply_style()
with components.errors_as_lines():
    components.sidebar()
    page.run()
