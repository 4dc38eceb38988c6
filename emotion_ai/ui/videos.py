"""Videos on their way through a session: read once, shown beside their timeline.

Nothing is written to disk: the film with the drawing in it is kept in memory while it is shown.
"""

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.access.rate_limits import VIDEOS
from emotion_ai.errors import VideoError
from emotion_ai.figures.base import bar_pattern, base_figure
from emotion_ai.labels import looks
from emotion_ai.media.videos import EXTENSIONS as VIDEO_EXTENSIONS
from emotion_ai.reading.films import VideoReading, read_faces_of_video
from emotion_ai.reading.predictor import Predictor, load_predictor
from emotion_ai.settings import settings
from emotion_ai.ui.access import spend
from emotion_ai.ui.resources import Reader
from emotion_ai.ui.uploads import refuse
from emotion_ai.ui.wording import count, plain

#: A face in a frame costs a kilobyte, and four more while the table is made: half an hour of one
#: face, or a minute and a half of 25.
MOST_SIGHTINGS = 60_000
_READ, _STOPPED = "videos_read", "videos_stopped"
EVERYONE = "Everyone"
#: Columns of the timeline: more would be narrower than a click.
_COLUMNS, _SHORTEST_S = 160, 0.1


@dataclass(frozen=True)
class ReadVideo:
    """A video after reading; ``film`` is the MP4 with the drawing in it, None if unreadable."""

    reading: VideoReading
    film: bytes


def is_video(name: str) -> bool:
    return name.lower().rpartition(".")[2] in VIDEO_EXTENSIONS


def forget_videos() -> None:
    """Drop the film of this session and what was read of it."""
    for key in (_READ, _STOPPED):
        st.session_state.pop(key, None)


def show_videos(files: list, reader: Reader) -> None:
    """Uploaded videos, one at a time: the film beside a timeline in which a click jumps. One that
    cannot be read is among the page's ``refusals``."""
    names = [file.name for file in files]
    chosen = 0
    if len(files) > 1:
        chosen = st.selectbox("Video", range(len(files)), format_func=names.__getitem__)
    file = files[chosen]
    digest = hashlib.blake2b(file.getbuffer(), digest_size=16).hexdigest()
    try:
        video = _read_once(file.getvalue(), file.name, digest, reader.predictor)
    except VideoError as error:
        refuse(file, str(error))
        return
    if video is None:
        return
    left, right = st.columns([3, 2], gap="medium")
    with right:
        jump_s = _timeline(video.reading, digest)
    with left:
        st.video(video.film, start_time=jump_s, autoplay=jump_s > 0, muted=True)
        reading = video.reading
        st.caption(
            f"{plain(file.name)}: {reading.duration_s:.1f} s, {count(reading.frames, 'frame')}, "
            f"{count(len(reading.tracks), 'face')}"
        )
        if reading.cancelled:
            st.info(
                f"Read up to here: a page keeps {MOST_SIGHTINGS:,} readings of faces at most. "
                "`emotion-ai predict` reads films of any length.",
                icon=":material/content_cut:",
            )
        with st.container(horizontal=True):
            options = {"on_click": "ignore", "icon": ":material/download:"}
            st.download_button(
                "Timeline (CSV)",
                lambda: reading.timeline.to_csv(index=False),
                "timeline.csv",
                "text/csv",
                **options,
            )
            st.download_button("Film (MP4)", video.film, "faces.mp4", "video/mp4", **options)


def _read_once(data: bytes, name: str, digest: str, alike: Predictor) -> ReadVideo | None:
    """The reading of this video, by the models of ``alike`` and the truth it names expressions by;
    None after *Stop*."""
    key = (digest, *sorted(model.digest for model in alike.models.values()))
    kept = st.session_state.get(_READ)
    if kept and kept[0] == key:
        return kept[1]
    if st.session_state.get(_STOPPED) == key:
        st.info("Stopped: the video was not read to its end.")
        st.button("Read it", on_click=st.session_state.pop, args=(_STOPPED, None))
        return None
    spend(VIDEOS)
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, f"Reading {plain(name)} …")
        st.button("Stop", on_click=st.session_state.__setitem__, args=(_STOPPED, key))
    shown = 0

    def step(done: int, total: int, unit: str) -> None:
        nonlocal shown
        if done - shown >= 5:  # every half percent
            shown = done
            bar.progress(done / total, f"Reading: {done / 10:.0f} %, {unit.removeprefix('‰, ')}")

    predictor = load_predictor(settings())  # its own: a film takes long, and others read too
    if "expression" in predictor.models and "expression" in alike.models:
        predictor = predictor.answering(alike.models["expression"].truth)
    target = io.BytesIO()
    try:
        reading = read_faces_of_video(
            data, predictor, name, target, progress=step, most=MOST_SIGHTINGS
        )
    finally:
        place.empty()
    video = ReadVideo(reading, target.getvalue())
    st.session_state[_READ] = (key, video)
    return video


def _timeline(reading: VideoReading, digest: str) -> float:
    """The chart of one face or of everyone; where a click in it jumps to, in seconds."""
    if not reading.tracks:
        st.info("No face was found in this video.", icon=":material/search_off:")
        return 0.0
    if not reading.has_expressions:
        st.info("Without an expression model there is no timeline.", icon=":material/info:")
        return 0.0
    faces = [EVERYONE] * (len(reading.tracks) > 1) + [f"Face {n}" for n in reading.tracks]
    who = st.selectbox("Timeline of", faces, key=f"who_{digest}")
    table = reading.timeline
    if who != EVERYONE:
        table = table[table["track"] == int(who.removeprefix("Face "))]
    table = stretches(table, reading.labels, reading.duration_s)
    event = st.plotly_chart(
        timeline_figure(table, reading.labels, reading.duration_s),
        width="stretch",
        key=f"timeline_{digest}_{who}",
        on_select="rerun",
        selection_mode="points",
        alt=f"Expressions of {who.lower()} over time",
        config={"displayModeBar": False},
    )
    st.caption("A click in the timeline jumps to that moment of the film.")
    points = event.selection.points
    return max(0.0, float(points[0]["x"]) - 0.2) if points else 0.0


def stretches(timeline: pd.DataFrame, labels: tuple[str, ...], duration_s: float) -> pd.DataFrame:
    """Mean probabilities over the faces in equal stretches of time: ``time_s`` is the middle of
    each, a column an expression; all 0 where there was no face."""
    columns = int(np.clip(duration_s / _SHORTEST_S, 1, _COLUMNS))
    width_s = max(duration_s, _SHORTEST_S) / columns
    stretch = np.minimum(timeline["time_s"] // width_s, columns - 1).astype(int)
    table = timeline[[f"p_{name}" for name in labels]].groupby(stretch).mean()
    # A slow camera leaves stretches without a frame; longer ones are without a face.
    table = table.reindex(range(columns)).ffill(limit=2).fillna(0.0)
    table.columns = list(labels)
    table.insert(0, "time_s", (np.arange(columns) + 0.5) * width_s)
    return table


def timeline_figure(table: pd.DataFrame, labels: tuple[str, ...], duration_s: float) -> go.Figure:
    """Stacked shares over seconds, below columns too faint to see that take the clicks."""
    times = table["time_s"]
    bands = [
        go.Scatter(
            x=times,
            y=table[name],
            name=name,
            stackgroup="one",
            mode="lines",
            line={"width": 0},
            fillcolor=look.colour,
            fillpattern={"shape": bar_pattern(look), "solidity": 0.25},
            hoverinfo="skip",
        )
        for name, look in looks(labels).items()
    ]
    first = table[list(labels)].idxmax(axis=1)
    clicks = go.Bar(
        x=times,
        y=np.ones(len(times)),
        width=float(times.iloc[0] * 2),
        opacity=0.01,
        showlegend=False,
        customdata=np.stack([first, table[list(labels)].max(axis=1).round(2)], axis=1),
        hovertemplate="%{x:.1f} s: %{customdata[0]} %{customdata[1]}<extra></extra>",
    )
    figure = base_figure(*bands, clicks, height_px=330, bargap=0)
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": -0.1, "traceorder": "normal"}
    )
    figure.update_xaxes(range=(0, max(duration_s, 0.1)), ticksuffix=" s", showgrid=False)
    figure.update_yaxes(range=(0, 1), tickformat=".0%", showgrid=False)
    return figure
