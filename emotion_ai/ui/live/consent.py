"""The gate before the camera: nothing runs until it is passed."""

import streamlit as st

from emotion_ai.ui.frame import EU_RULE

_ACCEPTED = "live_consent"


def consent_gate() -> None:
    """Three sentences and a checkbox; the page goes on only once it is ticked."""
    if st.session_state.get(_ACCEPTED):
        return
    with st.container(border=True, key="consent"):
        st.markdown("**Before the camera starts**")
        st.markdown(
            "- Your pictures are processed in this server's memory, one at a time, and never "
            "stored or sent on.\n"
            "- An expression is not a feeling: the models name what a face looks like, and they "
            "are often wrong.\n"
            f"- {EU_RULE}"
        )
        if st.checkbox("I agree, everyone in the picture does too, and this use is lawful here."):
            st.session_state[_ACCEPTED] = True
            st.rerun()
    st.stop()
