import numpy as np
import pytest

from emotion_ai.datasets.truths import crowd_majority, vote_shares
from emotion_ai.labels import COURSE5, FER7, FERPLUS_COLUMNS


def votes(**counts):
    return [counts.get(column, 0) for column in FERPLUS_COLUMNS]


def test_crowd_majority_needs_a_single_winner_that_is_an_expression():
    table = np.array(
        [
            votes(happiness=8, neutral=2),
            votes(happiness=5, neutral=5),
            votes(contempt=9, anger=1),
            votes(),
            votes(fear=6, surprise=4),
        ],
        np.uint8,
    )
    assert crowd_majority(table, FER7).tolist() == [FER7.index("happy"), -1, -1, -1, 2]
    assert crowd_majority(table, COURSE5)[4] == -1  # fear is none of the five


def test_vote_shares_leave_other_votes_out():
    shares = vote_shares(np.array([votes(anger=3, sadness=1, NF=6), votes(unknown=10)]), FER7)
    assert shares[0, FER7.index("angry")] == pytest.approx(0.75)
    assert shares[0].sum() == pytest.approx(1)
    assert shares[1].sum() == 0
