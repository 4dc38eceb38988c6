"""What stands around the video: its rates, the viewer's own expression, the group, the method."""

import time

import streamlit as st
from streamlit_webrtc import WebRtcStreamerContext

from emotion_ai.faces.quality import expression_text
from emotion_ai.figures.streamgraph import clock, streamgraph
from emotion_ai.live.session import LiveSession
from emotion_ai.reading.follower import BATCH
from emotion_ai.reading.group import Summary
from emotion_ai.reading.pace import ONE_FACE, ROOM
from emotion_ai.report.group import group_report
from emotion_ai.ui import charts, markup
from emotion_ai.ui.live.connection import NO_CONNECTION, PATIENCE_S, PICTURE_STOPPED
from emotion_ai.ui.wording import count, plain

SPAN_S = 60.0
_SUMMARY, _WAITING = "live_summary", "live_waiting_since"


def every(seconds: float, draw, context: WebRtcStreamerContext, *arguments) -> None:
    """``draw`` again and again while the camera runs, once otherwise."""
    busy = context.state.playing or context.state.signalling
    st.fragment(draw, run_every=seconds if busy else None)(*arguments)


def rates(session: LiveSession, context: WebRtcStreamerContext) -> None:
    """``29 fps · 6 ms · 0 dropped``, and what to do where no picture comes."""
    status, state = session.status, context.state
    if session_ended():
        st.caption("The session has ended and the camera is off.")
        return
    if not state.playing and not state.signalling:
        st.session_state.pop(_WAITING, None)
        st.caption("Press START and allow the camera. CAMERA chooses among several.")
        return
    now_s = time.monotonic()
    since_s = st.session_state.setdefault(_WAITING, now_s)
    if not status.running:
        if now_s - since_s > PATIENCE_S:
            st.warning(NO_CONNECTION, icon=":material/wifi_off:")
        else:
            st.caption("Connecting …")
        return
    if now_s - status.newest_s > PATIENCE_S and not session.options.paused:
        st.warning(PICTURE_STOPPED, icon=":material/videocam_off:")
        return
    parts = [
        "paused" if session.options.paused else f"{status.frames_per_s:.0f} frames/s",
        f"{status.latency_ms:.0f} ms a frame",
        f"{status.dropped:,} dropped",
        count(status.faces, "face"),
    ]
    st.caption(" · ".join(parts))
    if status.failed:
        failed = count(status.failed, "frame")
        st.caption(f"{failed} could not be analysed and passed through unchanged.")


def snapshot(session: LiveSession, context: WebRtcStreamerContext) -> None:
    """Take one, then save it. It is forgotten when the camera stops.

    Not in one step: what a download makes on its click is cleared away by the updates around the
    video, on a busy server before the browser has it.
    """
    playing = context.state.playing
    with st.container(horizontal=True):
        if st.button("Snapshot", icon=":material/photo_camera:", disabled=not playing):
            session.take_snapshot()
        if jpeg := session.snapshot:
            st.download_button(
                "Save it (JPEG)", jpeg, "snapshot.jpg", "image/jpeg",
                icon=":material/download:", on_click="ignore",
            )  # fmt: skip


def own_face(session: LiveSession) -> None:
    """The bars of the nearest face, and its last minute."""
    readings = session.status.readings
    said = readings[0].expression if readings else None
    if said:
        st.markdown(f"**{plain(expression_text(said))}**")
        st.html(markup.probability_bars(said))
    elif session.status.running:
        st.markdown("**No face in the picture.** Light on the face and a look at the camera help.")
    else:
        st.markdown("Your expression appears here as soon as the camera runs.")
    st.markdown("**Last 60 seconds**")
    st.html(streamgraph(session.own.shares(SPAN_S), session.own.labels, (), SPAN_S, 150))


def group_now(session: LiveSession) -> None:
    """The share of each expression over the last minute, or what is missing for it."""
    status, group = session.status, session.group
    if not status.running:
        st.markdown("The group's picture grows here as soon as the camera runs.")
    elif status.faces < group.fewest:
        st.markdown(
            f"**{count(status.faces, 'face')}**: too few to count. From {group.fewest} faces on "
            "shares are shown, never anything about a single face."
        )
    else:
        st.markdown(f"**{count(status.faces, 'face')}**")
    shares = group.shares(SPAN_S)
    st.html(streamgraph(shares, group.labels, group.markers, SPAN_S, 320))


def group_view(session: LiveSession, context: WebRtcStreamerContext) -> None:
    """Shares of the group, markers, the end of the session and what is left of it."""
    if summary := st.session_state.get(_SUMMARY):
        show_summary(summary, session)
        return
    every(1.0, group_now, context, session)
    with (
        st.form("marker", clear_on_submit=True, border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        text = st.text_input("Marker", max_chars=80, placeholder="explained recursion")
        if st.form_submit_button("Set", icon=":material/flag:") and text.strip():
            session.group.mark(text)
            st.toast(f"Marked: {plain(text)}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state.setdefault("fewest", session.group.fewest)  # not drawn, it is forgotten
        session.group.fewest = st.number_input(
            "Fewest faces to count", 3, 50, key="fewest", width=180
        )
        if st.button("End session", icon=":material/stop_circle:", key="end_session"):
            st.session_state[_SUMMARY] = session.group.summary()
            st.rerun()


def session_ended() -> bool:
    """Whether a group's summary is on show and the camera must be off."""
    return _SUMMARY in st.session_state


def show_summary(summary: Summary, session: LiveSession) -> None:
    """Timeline, markers and totals, each as a file too."""
    st.markdown(
        f"**Session of {clock(summary.duration_s)}** (minutes:seconds), "
        f"{summary.faces_mean:.1f} faces on average"
    )
    st.html(streamgraph(summary.shares, summary.labels, summary.markers, height_px=260))
    if summary.totals:
        st.markdown("**Over the whole session**")
        st.plotly_chart(
            charts.expression_bars(summary.totals),
            key="session_totals",
            alt="Share of each expression over the whole session",
            config={"displayModeBar": False},
        )
    else:
        st.info(f"No second had {summary.fewest} faces or more, so nothing was counted.")
    with st.container(horizontal=True):
        options = {"on_click": "ignore", "icon": ":material/download:"}
        st.download_button(
            "Report (HTML)", group_report(summary), "session.html", "text/html", **options
        )
        st.download_button("Table (CSV)", summary.to_csv(), "session.csv", "text/csv", **options)
        if st.button("New session", icon=":material/restart_alt:"):
            session.group.clear()
            del st.session_state[_SUMMARY]
            st.rerun()


def how_it_works(session: LiveSession) -> None:
    """The way of a frame, in plain words."""
    status = session.status
    st.markdown(
        "1. **The browser sends** each picture of the camera to this server, encrypted.\n"
        "2. **A detector looks for faces** on a small copy of it, about "
        f"{1 / ONE_FACE.detect_s:.0f} times a second for one face, {1 / ROOM.detect_s:.0f} times "
        "for a room; in between, the box follows its points.\n"
        "3. **Two networks read** each face: one places 15 points, one gives each expression a "
        f"probability. In a room {BATCH} faces are read per picture, those unread longest first.\n"
        "4. **Smoothing** lets jitter fade and follows movements at once.\n"
        "5. **The picture goes back** with the drawing on it, and is forgotten. Numbers of faces "
        "last only while they are on screen."
    )
    if status.running:
        st.markdown(f"All of it takes **{status.latency_ms:.0f} ms** a picture right now.")
    st.markdown(
        "**Many faces, or a video call?** Choose *Screen or window* as the source before START: "
        "the browser asks which one to show. A virtual camera, such as OBS Studio's, works too."
    )
