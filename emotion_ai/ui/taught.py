"""Classes of a visitor's own on the Photo page: the file of a head from *Teach it*, and who reads
with it."""

import hashlib

import streamlit as st

from emotion_ai.errors import ModelError
from emotion_ai.models.taught import parse_head
from emotion_ai.ui import resources
from emotion_ai.ui.resources import Reader
from emotion_ai.ui.wording import plain


def choose_taught(reader: Reader) -> Reader:
    """A place for the file of a head; with one, a reader that names its classes too. What is no
    head for the network here is said in a line, and the reader is as it was."""
    with st.expander("Classes of your own", icon=":material/school:"):
        file = st.file_uploader(
            "A head that you trained and saved on *Teach it* (chapter 11 of Learn): it names its "
            "classes beside the expressions of photos, and is kept only while you are here.",
            ["json"],
            key="taught",
        )
    if file is None:
        return reader
    local = resources.reader()  # model servers give no features
    try:
        if "expression" not in local.predictor.models:
            raise ModelError("expected an expression model to read features with, got none")
        content = file.getvalue()
        head = parse_head(content, file.name, local.predictor.models["expression"])
        naming = local.naming(head, hashlib.blake2b(content, digest_size=16).hexdigest())
    except ModelError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return reader
    st.caption(f"{plain(file.name)}: {plain(', '.join(head.classes))}")
    if reader.server:
        st.caption("Read by the models here: model servers give no features.")
    return naming
