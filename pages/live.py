"""The webcam, read as it runs: one face or a room."""

import streamlit as st

from emotion_ai.faces.drawing import Layers
from emotion_ai.live.session import LiveOptions
from emotion_ai.reading.pace import SMOOTHING_S
from emotion_ai.ui import components
from emotion_ai.ui.frame import page_head
from emotion_ai.ui.live import panels
from emotion_ai.ui.live.consent import consent_gate
from emotion_ai.ui.live.device import DEVICE, device_page, read_on
from emotion_ai.ui.live.source import SCREEN, SOURCES, answer_with
from emotion_ai.ui.live.stream import WIDTHS_PX, camera, live_session
from emotion_ai.ui.wording import LAYER_TITLES

OWN, GROUP, METHOD = TABS = ("My face", "Group", "How it works")

page_head("Live", "Your webcam, read as it runs: the box, 15 points and the expression.")
if read_on() == DEVICE:
    device_page("live")
    st.stop()
consent_gate()
reader = components.model_guard()
session = live_session(reader.predictor.detector.name)

view = st.session_state.get("view", OWN)
if view != METHOD:  # explained, the camera goes on as it was
    st.session_state["live_mode"] = view
grouped = st.session_state.get("live_mode") == GROUP
left, right = st.columns([2, 3] if grouped else [3, 2], gap="medium")

with left:
    picture_place, rates_place = st.container(key="live_picture"), st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = st.selectbox("Source", SOURCES, key="source", width=180, bind="query-params")
        size = st.selectbox(
            "Width", list(WIDTHS_PX), 1, key="size", width=150, bind="query-params",
            help="The picture keeps the camera's own shape. Takes effect at the next START.",
        )  # fmt: skip
        paused = st.toggle("Pause", key="paused")
        screen = source == SCREEN
        flip = st.toggle("Mirror", True, key="mirror", disabled=screen) and not screen
        picture = session.options.picture
        if grouped:
            st.session_state.setdefault("picture", picture)  # not drawn, it is forgotten
            picture = st.toggle("Picture", key="picture")
    if not grouped:
        kept = st.session_state.get("kept_layers", list(LAYER_TITLES))
        st.session_state.setdefault("live_layers", kept)  # in a group it is not drawn either
        layers = st.session_state["kept_layers"] = st.pills(
            "Show", list(LAYER_TITLES), format_func=LAYER_TITLES.get, selection_mode="multi",
            key="live_layers",
        )  # fmt: skip
    smoothing_s = st.slider(
        "Smoothing (s)", 0.0, 2.0, SMOOTHING_S, 0.1, key="smoothing", bind="query-params",
        help="How long the past counts: 0 shows every picture as it is read.",
    )  # fmt: skip
    head = components.choose_head(reader, "live_head")
    options = LiveOptions(
        Layers(**{layer: not grouped and layer in layers for layer in LAYER_TITLES}),
        smoothing_s=smoothing_s, mirrored=flip, paused=paused, group=grouped,
        many=screen, picture=picture, head=head,
    )  # fmt: skip
    with picture_place:
        context = camera(session, options, WIDTHS_PX[size], allowed=not panels.session_ended())
    with rates_place:
        panels.every(1.0, panels.rates, context, session, context)
    if not grouped:
        panels.snapshot(session, context)
    answer_with(source)

with right:
    own, group, method = st.tabs(TABS, key="view", on_change="rerun", bind="query-params")
    with own:
        if view == OWN:
            panels.every(0.5, panels.own_face, context, session)
    with group:
        if view == GROUP:
            panels.group_view(session, context)
    with method:
        panels.how_it_works(session)
