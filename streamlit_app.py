"""Emotion AI's dashboard: ``streamlit run streamlit_app.py``. The frame around every page."""

import streamlit as st

from emotion_ai.device.routes import device_routes
from emotion_ai.settings import Settings
from emotion_ai.ui.frame import EU_RULE, errors_as_lines, frame

if __name__ == "streamlit_app":
    # Imported by `streamlit run`, for the server: these pages, and those that browsers read with.
    base_path = st.get_option("server.baseUrlPath")
    app = st.App(__file__, routes=device_routes(Settings.from_environment, base_path))
else:
    st.set_page_config(
        page_title="Emotion AI",
        page_icon=":material/face:",
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
