"""The camera's way in and out: one session of the app, one predictor, one stream."""

import gc

import aioice.ice
import streamlit as st
from streamlit_webrtc import WebRtcMode, WebRtcStreamerContext, webrtc_streamer
from streamlit_webrtc.webrtc import SignallingTimeoutError

from emotion_ai.access.rate_limits import LIVE
from emotion_ai.live.session import LiveOptions, LiveSession
from emotion_ai.reading.model_watch import ModelWatch
from emotion_ai.reading.predictor import load_predictor
from emotion_ai.settings import settings
from emotion_ai.ui.access import spend
from emotion_ai.ui.live.connection import (
    NO_CONNECTION,
    WORDS,
    relay_servers,
    warn_where_no_camera_is_given,
)

#: By the words of the page, in pixels. The height is the camera's own: asked for another shape, a
#: browser would cut faces off at the sides.
WIDTHS_PX = {"320 pixels": 320, "640 pixels": 640, "1280 pixels": 1280}
_SESSION = "live_session"
#: A closed tab says no goodbye: its stream ends after six unanswered questions, one every this
#: many seconds, instead of half a minute later (RFC 7675 asks for at most 30 s altogether).
aioice.ice.CONSENT_INTERVAL = 2


def live_session(detector: str) -> LiveSession:
    """This viewer's session, warm before START is offered; it follows changes of the models.

    ``detector`` names the one there is: a better one makes a new session.
    """
    kept = st.session_state.get(_SESSION)
    if kept is None or kept[0] != detector:
        spend(LIVE)
        with st.spinner("Warming the models up …", show_time=False):
            predictor = load_predictor(settings())
            predictor.warm_up()
            _spare_the_collector()
        watch = ModelWatch(settings(), predictor)
        kept = (detector, LiveSession(predictor, newer=watch.newer))
        st.session_state[_SESSION] = kept
    return kept[1]


@st.cache_resource(show_spinner=False)
def _spare_the_collector() -> None:
    """Once a process: keep everything loaded by now out of garbage collections.

    Streamlit collects after every rerun, a full one of 110 ms that holds all threads. With two
    updates a second around the video that was most of the time a frame had; it is 1 ms after.
    """
    gc.collect()
    gc.freeze()


def camera(
    session: LiveSession, options: LiveOptions, width_px: int, allowed: bool = True
) -> WebRtcStreamerContext:
    """The video with START and STOP; its frames go through ``session``.

    Not ``allowed``: a running stream is stopped. No ``st`` call happens in a frame's callback.
    """
    session.options = options
    warn_where_no_camera_is_given()
    video = {"width": {"ideal": width_px}, "frameRate": {"ideal": 30}}
    try:
        return webrtc_streamer(
            key="live",
            mode=WebRtcMode.SENDRECV,
            rtc_configuration=relay_servers(),
            media_stream_constraints={"video": video, "audio": False},
            desired_playing_state=None if allowed else False,
            queued_video_frames_callback=session.process,
            on_video_ended=session.ended,
            async_processing=True,
            media_toggle_controls=False,
            translations=WORDS,
            video_html_attrs={
                "autoPlay": True,
                "muted": True,
                "style": {"width": "100%", "borderRadius": "0.6rem", "background": "#14161d"},
            },
        )
    except SignallingTimeoutError:
        st.error(NO_CONNECTION, icon=":material/wifi_off:")
        st.stop()
