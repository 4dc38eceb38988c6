"""The entry point for Streamlit Community Cloud: the same app, with this folder's requirements
(no TensorFlow) and server address. ``pages`` beside it is a link: pages are looked for here."""

import runpy
import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

if __name__ == "streamlit_app":
    from emotion_ai.ui.server import around_the_pages

    app = st.App(__file__, **around_the_pages())
else:
    runpy.run_path(str(ROOT / "streamlit_app.py"))
