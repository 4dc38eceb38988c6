"""A class votes on faces: who is here, what each chose, and nothing else; in memory alone.

A ballot has a code, which pupils are given, and a key, which only whoever opened it has. A voter
is a random number of the browser's session: it lets one person change their mind and counts them
once. No name is asked for, and with the ballot all of it is forgotten.
"""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from emotion_ai.errors import LimitError

#: One class and its guests; ballots at a time; how long one lives without a touch.
MOST_VOTERS, MOST_BALLOTS, IDLE_S = 60, 100, 2 * 3600
#: Without letters and figures that are mistaken for each other.
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


class Ballot:
    """Votes on one face after the other. Safe for many threads."""

    def __init__(self, options: Sequence[str], faces: Sequence[int]):
        """``options``: the words to choose from; ``faces``: what is voted on, in order."""
        self.code = "".join(secrets.choice(_LETTERS) for _ in range(5))
        self.key = secrets.token_urlsafe(9)
        self.options, self.faces = tuple(options), tuple(faces)
        self.touched_s = 0.0
        self._lock = threading.Lock()
        self._number = 0
        self._revealed = False
        self._votes: dict[str, int] = {}

    @property
    def number(self) -> int:
        """Which of the faces is voted on, from 0."""
        return self._number

    @property
    def face(self) -> int:
        return self.faces[self._number]

    @property
    def revealed(self) -> bool:
        return self._revealed

    def vote(self, number: int, voter: str, option: int) -> bool:
        """Whether the vote counts: not when the class is at another face by now, or has seen the
        answer. LimitError beyond ``MOST_VOTERS``."""
        if not 0 <= option < len(self.options):
            raise ValueError(f"expected an option below {len(self.options)}, got {option}")
        with self._lock:
            if number != self._number or self._revealed:
                return False
            if voter not in self._votes and len(self._votes) >= MOST_VOTERS:
                raise LimitError(f"At most {MOST_VOTERS} people vote on a face.")
            self._votes[voter] = option
            return True

    def choice(self, voter: str) -> int | None:
        """What the voter chose for this face."""
        return self._votes.get(voter)

    def counts(self) -> list[int]:
        """How many chose each option."""
        with self._lock:
            chosen = Counter(self._votes.values())
        return [chosen[i] for i in range(len(self.options))]

    def reveal(self) -> None:
        """End the vote on this face."""
        with self._lock:
            self._revealed = True

    def go_on(self) -> None:
        """To the next face, after the last the first again; the votes on this one are forgotten."""
        with self._lock:
            self._number = (self._number + 1) % len(self.faces)
            self._revealed = False
            self._votes.clear()


class Ballots:
    """The ballots of a server, by code; whoever has been idle for ``IDLE_S``, and the oldest beyond
    ``MOST_BALLOTS``, is forgotten. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, Ballot] = {}

    def start(self, options: Sequence[str], faces: Sequence[int]) -> Ballot:
        ballot = Ballot(options, faces)
        with self._lock:
            self._forget_idle()
            while len(self._open) >= MOST_BALLOTS:
                del self._open[min(self._open, key=lambda code: self._open[code].touched_s)]
            while ballot.code in self._open:
                ballot = Ballot(options, faces)
            ballot.touched_s = self._clock()
            self._open[ballot.code] = ballot
        return ballot

    def find(self, code: str) -> Ballot | None:
        """The ballot of that code, None when there is none any more."""
        with self._lock:
            self._forget_idle()
            ballot = self._open.get(code.strip().upper())
            if ballot:
                ballot.touched_s = self._clock()
        return ballot

    def end(self, ballot: Ballot) -> None:
        with self._lock:
            self._open.pop(ballot.code, None)

    def _forget_idle(self) -> None:
        late = self._clock() - IDLE_S
        for code in [code for code, one in self._open.items() if one.touched_s < late]:
            del self._open[code]
