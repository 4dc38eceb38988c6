"""A class votes on faces: the teacher's board, and the paper on a pupil's phone.

Both follow each other through the server's memory (``learn.ballot``): no name, no cookie, no file.
"""

import secrets
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from emotion_ai.access.rate_limits import BALLOTS, VOTES
from emotion_ai.datasets.store import Dataset
from emotion_ai.datasets.truths import vote_shares
from emotion_ai.labels import FER7
from emotion_ai.learn import agreement
from emotion_ai.learn.ballot import Ballot, Ballots
from emotion_ai.learn.texts import Words, words
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.models.store import SavedModel
from emotion_ai.ui import access, resources
from emotion_ai.ui.charts import base_figure, draw_chart
from emotion_ai.ui.frame import errors_as_lines, page_head
from emotion_ai.ui.learn.figures import ACCENT, FIRST, SECOND, percent
from emotion_ai.ui.learn.share import link, show_link

#: In a pupil's address; in the teacher's, so that a reload keeps the ballot.
CODE, KEY = "ballot", "board"
_FACES = 12
_STYLE = Path(__file__).with_name("shelf.css")
#: How often the board and the papers look; thirty papers ask eleven times a second together.
_BOARD_S, _PAPER_S = 1.5, 2.7
#: For all sessions.
_ballots = Ballots()


def voted_dataset() -> Dataset | None:
    """Faces on which enough people voted: FER2013 with its ten, else any; None without."""
    voted = [one for one in resources.datasets() if agreement.has_ballots(one)]
    return min(voted, key=lambda one: one.name != "fer2013", default=None)


def show_board(own: Words, picture, side) -> None:
    """What the teacher projects."""
    dataset = voted_dataset()
    if dataset is None:
        picture.info(own("vote_no_data"), icon=":material/info:")
        return
    ballot = _held()
    if ballot is None:
        with picture:
            st.button(
                own("vote_start"), key="vote_start", type="primary", icon=":material/how_to_vote:",
                on_click=_start, args=(dataset,),
            )  # fmt: skip
        return
    with side:
        show_link(words("shelf"), link(**{CODE: ballot.code}), "ballot_link")
    with picture:
        _board(own, ballot, dataset)


def _held() -> Ballot | None:
    code, _, key = st.query_params.get(KEY, "").partition(".")
    ballot = _ballots.find(code)
    return ballot if ballot and secrets.compare_digest(ballot.key.encode(), key.encode()) else None


def _start(dataset: Dataset) -> None:
    with errors_as_lines():
        access.spend(BALLOTS)
        order = agreement.split_ballots(dataset.votes)
        # From agreed upon to disputed, in an order of chance.
        places = np.linspace(0, len(order) - 1, min(_FACES, len(order))).astype(int)
        faces = np.random.default_rng().permutation(order[places])
        ballot = _ballots.start(FER7.expressions, faces.tolist())
        st.query_params[KEY] = f"{ballot.code}.{ballot.key}"


def _end(ballot: Ballot) -> None:
    _ballots.end(ballot)
    st.query_params.pop(KEY, None)


@st.fragment(run_every=_BOARD_S)
def _board(own: Words, ballot: Ballot, dataset: Dataset) -> None:
    if _ballots.find(ballot.code) is None:
        st.info(own("vote_over"), icon=":material/info:")
        return
    counts = ballot.counts()
    face, bars = st.columns(2)
    with face:
        _face(own, dataset, ballot.face)
        st.markdown(f"**{own('vote_counted', n=sum(counts))}**")
        live = st.toggle(own("vote_live"), key="vote_live")
    if ballot.revealed or live:
        with bars:
            _bars(own, ballot, dataset, counts)
    with st.container(horizontal=True):
        st.button(
            own("vote_reveal"), key="vote_reveal", icon=":material/visibility:", type="primary",
            disabled=ballot.revealed, on_click=ballot.reveal,
        )  # fmt: skip
        st.button(
            own("vote_next"), key="vote_next", icon=":material/skip_next:", on_click=ballot.go_on
        )
        if st.button(
            own("vote_end"), key="vote_end", icon=":material/stop_circle:", type="tertiary",
            on_click=_end, args=(ballot,),
        ):  # fmt: skip
            st.rerun()
    if dataset.description.get("format") == "synthetic":
        st.caption(own("vote_drawn"))


def _face(own: Words, dataset: Dataset, row: int) -> None:
    image = np.ascontiguousarray(dataset.images[row])
    large = cv2.resize(image, (384, 384), interpolation=cv2.INTER_CUBIC)
    st.image(large, width="stretch", alt=own("vote_face"))


def _bars(own: Words, ballot: Ballot, dataset: Dataset, counts: list[int]) -> None:
    """The class; once the vote is over, the ten and the model beside it."""
    shares = {own("vote_class"): np.array(counts) / max(sum(counts), 1)}
    if ballot.revealed:
        votes = dataset.votes[ballot.face : ballot.face + 1]
        shares[own("vote_ten")] = vote_shares(votes, FER7)[0]
        said = _model_says(dataset.digest, dataset, ballot.face)
        if said is not None:
            shares[own("vote_model")] = said
    looks = ((ACCENT, ""), (FIRST, "/"), (SECOND, "x"))
    figure = base_figure(
        *(
            go.Bar(
                x=values, y=list(FER7.expressions), orientation="h", name=name,
                text=[percent(value) if value >= 0.005 else "" for value in values],
                textposition="outside", cliponaxis=False, hoverinfo="skip", constraintext="none",
                marker={"color": colour, "pattern": {"shape": pattern}},
            )
            for (name, values), (colour, pattern) in zip(shares.items(), looks, strict=False)
        ),
        height_px=430, barmode="group", bargap=0.2,
    )  # fmt: skip
    figure.update_xaxes(visible=False, range=(0, 1.2), fixedrange=True)
    figure.update_yaxes(autorange="reversed", ticksuffix="  ", showgrid=False, fixedrange=True)
    figure.update_layout(
        showlegend=True, margin_t=40, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"}
    )
    said = pd.DataFrame(shares, index=list(FER7.expressions)).map(percent)
    draw_chart(figure, "vote", own("alt_vote") + " " + said.to_csv(sep=" ").replace("\n", "; "))


def _model_says(digest: str, dataset: Dataset, row: int) -> np.ndarray | None:
    """Probabilities in the order of FER7; None without a model that knows these words."""
    model = resources.reader().predictor.models.get("expression")
    if model is None or model.labels.expressions != FER7.expressions:
        return None
    network = _network(model.digest, model)
    side = network.size_px, network.size_px
    face = cv2.resize(np.ascontiguousarray(dataset.images[row]), side)
    return network(face[None])["probabilities"][0]


@st.cache_resource(show_spinner=False, max_entries=2)
def _network(digest: str, _model: SavedModel) -> LiteNetwork:
    return _model.network()


def show_paper(code: str, lang: str) -> None:
    """What a pupil sees: the face and seven words."""
    own = words("limits", lang)
    page_head(own("view_vote"), own("vote_sentence"))
    st.html(_STYLE)
    st.session_state.setdefault("voter", secrets.token_hex(8))
    _paper(own, code)


@st.fragment(run_every=_PAPER_S)
def _paper(own: Words, code: str) -> None:
    ballot, dataset = _ballots.find(code), voted_dataset()
    if ballot is None or dataset is None:
        st.info(own("vote_over"), icon=":material/info:")
        return
    voter, number = st.session_state["voter"], ballot.number
    chosen = ballot.choice(voter)
    face, choices = st.columns([2, 3])
    with face, st.container(key="ballot_face"):
        _face(own, dataset, ballot.face)
    with choices, st.container(key="ballot_words"):
        if ballot.revealed:
            st.info(own("vote_look_up"), icon=":material/co_present:")
        for i, name in enumerate(ballot.options):
            st.button(
                name, key=f"vote_{i}", width="stretch", disabled=ballot.revealed,
                type="primary" if i == chosen else "secondary",
                icon=":material/check:" if i == chosen else None,
                on_click=_vote, args=(ballot, number, voter, i),
            )  # fmt: skip
        if chosen is not None and not ballot.revealed:
            st.caption(own("vote_again", name=ballot.options[chosen]))


def _vote(ballot: Ballot, number: int, voter: str, option: int) -> None:
    with errors_as_lines():
        access.spend(VOTES)
        ballot.vote(number, voter, option)
