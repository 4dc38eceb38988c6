"""What may be done to a model that somebody saved here: another name, or deleting it."""

import streamlit as st

from emotion_ai.models.housekeeping import delete_model, rename_model, why_it_stays
from emotion_ai.models.store import SavedModel
from emotion_ai.models.versions import is_default
from emotion_ai.settings import settings
from emotion_ai.ui.access import locked
from emotion_ai.ui.frame import errors_as_lines
from emotion_ai.ui.wording import plain


def offer_rename_and_delete(model: SavedModel) -> None:
    """Two buttons, each of which asks first; nothing for a model that has to stay."""
    name = model.folder.name
    if why_it_stays(name):
        return
    with st.popover("Rename", icon=":material/edit:", **locked()):
        with st.form(f"rename_{name}", border=False):
            new_name = st.text_input("New name", name, max_chars=64)
            wanted = st.form_submit_button("Rename it", type="primary", **locked())
        if wanted:
            with errors_as_lines():
                rename_model(settings().models_dir, name, new_name.strip())
                st.toast(f"{plain(name)} is called {plain(new_name)} now.")
                st.rerun()
    with st.popover("Delete", icon=":material/delete:", **locked()):
        words = f"Delete **{plain(name)}** with its earlier versions?"
        if is_default(settings().models_dir, model):
            words += " The app goes on reading with its own copy."
        st.markdown(words)
        if st.button("Delete it for good", key=f"delete_{name}", type="primary", **locked()):
            with errors_as_lines():
                delete_model(settings().models_dir, name)
                st.toast(f"{plain(name)} is deleted.", icon=":material/delete:")
                st.rerun()
