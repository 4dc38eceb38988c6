"""Emotion AI's dashboard: ``streamlit run streamlit_app.py``. The frame around every page."""

import streamlit as st

from emotion_ai.ui.frame import EU_RULE, ICON, errors_as_lines, frame
from emotion_ai.ui.server import around_the_pages

if __name__ == "streamlit_app":
    # Imported by `streamlit run`, for the server, which looks for these very words.
    app = st.App(__file__, **around_the_pages())
else:
    st.set_page_config(
        page_title="Emotion AI",
        page_icon=ICON,  # a ":material/…:" would have every visitor's browser ask a font service
        layout="wide",
        menu_items={"About": "See a face the way a machine does. " + EU_RULE},
    )

    page = st.navigation(
        {
            "See": [
                st.Page("pages/home.py", title="Home", icon=":material/home:", default=True),
                st.Page("pages/photo.py", title="Photo & video", icon=":material/photo_camera:"),
                st.Page("pages/live.py", title="Live", icon=":material/videocam:"),
            ],
            "Understand": [
                st.Page("pages/datasets.py", title="Datasets", icon=":material/grid_view:"),
                st.Page("pages/evaluate.py", title="Evaluate", icon=":material/query_stats:"),
                st.Page("pages/learn.py", title="Learn", icon=":material/school:"),
            ],
            "Build": [
                st.Page("pages/train.py", title="Train", icon=":material/model_training:"),
                st.Page("pages/models.py", title="Models & serving", icon=":material/dns:"),
            ],
        }
    )

    with errors_as_lines():
        frame()
        page.run()
