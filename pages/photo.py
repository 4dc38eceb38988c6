"""Photos and videos in, faces read: the annotated picture, a card a face, the combined table."""

import streamlit as st

from emotion_ai.faces.drawing import Layers
from emotion_ai.media.images import EXTENSIONS
from emotion_ai.ui import components, markup, resources
from emotion_ai.ui.frame import page_head
from emotion_ai.ui.live.device import DEVICE, SERVER, device_page, read_on
from emotion_ai.ui.photos import (
    SAMPLES,
    annotated_jpeg,
    forget_photos,
    read_files,
    read_sample,
)
from emotion_ai.ui.serving.notice import who_read
from emotion_ai.ui.taught import choose_taught
from emotion_ai.ui.uploads import empty_if_refused, forget_refusals, refusals, uploader_key
from emotion_ai.ui.videos import VIDEO_EXTENSIONS, forget_videos, is_video, show_videos
from emotion_ai.ui.wording import LAYER_TITLES, count, plain

page_head("Photo & video", "Drop files in: every face is boxed, marked with 15 points and read.")
if read_on(default=SERVER) == DEVICE:
    device_page("photo")
    st.stop()
components.model_guard()
reader = resources.photo_reader()

drop, options = st.columns([3, 2], gap="medium")
with drop:
    given = st.file_uploader(
        "Photos and videos",
        [*EXTENSIONS, *VIDEO_EXTENSIONS],
        accept_multiple_files=True,
        key=uploader_key(),
        on_change=forget_refusals,
        label_visibility="collapsed",
    )
    reader = choose_taught(reader)
with options:
    sample = st.segmented_control(
        "Or a drawn picture",
        list(SAMPLES),
        default=next(iter(SAMPLES)),
        required=True,
        disabled=bool(given),
        key="sample",
        bind="query-params",
    )
    if not reader.server:  # exported versions have one head
        reader = reader.answering(components.choose_head(reader, "head"))

clips = [file for file in given if is_video(file.name)]
files = [file for file in given if file not in clips]
if not clips:
    forget_videos()
if not files:
    forget_photos()
if clips:
    show_videos(clips, reader)
if files:
    photos, failures = read_files(files, reader)
elif clips:
    photos, failures = [], refusals()
else:
    photos, failures = [read_sample(sample, reader)], refusals()
empty_if_refused(given)
for failure in failures:
    st.error(plain(failure), icon=":material/error:")
if not photos:
    st.stop()
who_read(photos, reader)
photo = components.contact_sheet(photos) if len(photos) > 1 else photos[0]

left, right = st.columns([3, 2], gap="medium")
with left.container(key="picture"):
    layers = st.pills(
        "Layers of the picture",
        list(LAYER_TITLES),
        format_func=LAYER_TITLES.get,
        selection_mode="multi",
        default=list(LAYER_TITLES),
        key="layers",
        label_visibility="collapsed",
    )
    st.html(markup.hide_layers([layer for layer in LAYER_TITLES if layer not in layers]))
    st.html(markup.annotated_picture(photo.picture, photo.size_wh, photo.readings))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{plain(photo.name)}: {count(len(photo.readings), 'face')}", width="stretch")
        st.download_button(
            "Picture (JPEG)",
            lambda: annotated_jpeg(
                photo, Layers(number=True, **{layer: layer in layers for layer in LAYER_TITLES})
            ),
            "faces.jpg",
            "image/jpeg",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )
    components.mean_expression(photo)
with right:
    if photo.readings:
        components.face_cards(photo)
    else:
        components.no_faces(photo)

if any(photo.readings for photo in photos):
    components.all_readings(photos)
