"""A class vote: everybody once, nobody by name, and nothing for long."""

import threading

import pytest

from emotion_ai.errors import LimitError
from emotion_ai.learn.ballot import IDLE_S, MOST_BALLOTS, MOST_VOTERS, Ballot, Ballots

WORDS = ("angry", "happy", "sad")


def test_thirty_pupils_vote_at_once_and_each_counts_once():
    ballot = Ballot(WORDS, [7, 3])

    def pupil(number: int) -> None:
        ballot.vote(0, f"pupil {number}", 0)
        ballot.vote(0, f"pupil {number}", number % 3)

    pupils = [threading.Thread(target=pupil, args=(number,)) for number in range(30)]
    for one in pupils:
        one.start()
    for one in pupils:
        one.join()
    assert ballot.counts() == [10, 10, 10]
    assert ballot.choice("pupil 4") == 1


def test_votes_end_with_the_reveal_and_are_forgotten_with_the_face():
    ballot = Ballot(WORDS, [7, 3])
    assert ballot.vote(0, "a", 2)
    ballot.reveal()
    assert not ballot.vote(0, "b", 1)
    assert ballot.counts() == [0, 0, 1]
    ballot.go_on()
    assert (ballot.face, ballot.revealed, ballot.counts()) == (3, False, [0, 0, 0])
    assert not ballot.vote(0, "late", 1)  # still looking at the face before
    assert ballot.choice("a") is None
    ballot.go_on()
    assert ballot.face == 7


def test_what_strangers_send_is_bounded():
    ballot = Ballot(WORDS, [0])
    with pytest.raises(ValueError, match="below 3, got 3"):
        ballot.vote(0, "a", 3)
    for number in range(MOST_VOTERS):
        ballot.vote(0, str(number), 0)
    with pytest.raises(LimitError, match="At most 60"):
        ballot.vote(0, "one more", 0)
    assert ballot.vote(0, "0", 1)  # who has voted may still think again


def test_ballots_are_found_by_code_and_forgotten_when_idle_or_too_many():
    now = [0.0]
    ballots = Ballots(clock=lambda: now[0])
    first = ballots.start(WORDS, [0])
    assert ballots.find(first.code.lower() + " ") is first
    assert ballots.find("?") is None
    now[0] = IDLE_S - 1
    assert ballots.find(first.code) is first  # touched
    others = []
    for _ in range(MOST_BALLOTS):
        now[0] += 1
        others.append(ballots.start(WORDS, [0]))
    assert ballots.find(first.code) is None  # the one that was touched longest ago
    assert ballots.find(others[-1].code) is others[-1]
    now[0] += IDLE_S + 1
    assert ballots.find(others[-1].code) is None


def test_ended_ballot_is_gone():
    ballots = Ballots()
    ballot = ballots.start(WORDS, [0])
    ballots.end(ballot)
    assert ballots.find(ballot.code) is None
