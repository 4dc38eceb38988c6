"""Rate limits: what somebody may ask for at once, how it comes back, and whom it concerns."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from emotion_ai.access import rate_limits
from emotion_ai.access.permissions import OWNER, Visitor
from emotion_ai.access.rate_limits import PAGES_AN_ADDRESS, Buckets, Limit
from emotion_ai.errors import LimitError
from emotion_ai.media.images import encode_png
from emotion_ai.ui import access

FILMS = Limit("films", burst=3, per_minute=6)


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def taken(buckets: Buckets, page="a", address="1", most=10_000) -> int:
    """How many are given before the first refusal."""
    for n in range(most):
        try:
            buckets.spend(FILMS, page, address)
        except LimitError:
            return n
    return most


def test_a_bucket_gives_its_burst_and_fills_again_steadily():
    clock = Clock()
    buckets = Buckets(clock)
    assert taken(buckets) == 3
    clock.seconds = 9.9  # one comes back every ten seconds
    assert taken(buckets) == 0
    clock.seconds = 10.1
    assert taken(buckets) == 1
    clock.seconds = 1000.0
    assert taken(buckets) == 3


def test_the_refusal_is_one_line_that_says_when():
    clock = Clock()
    buckets = Buckets(clock)
    assert taken(buckets) == 3
    clock.seconds = 4.0
    with pytest.raises(LimitError, match=r"^Too many films in a short time: try again in 6 s\.$"):
        buckets.spend(FILMS, "a", "1")
    rare = Limit("reports", 1, 0.25)
    buckets.spend(rare, "a", "1")
    with pytest.raises(LimitError, match="again in 4 minutes"):
        buckets.spend(rare, "a", "1")


def test_pages_and_kinds_do_not_share_a_bucket_but_an_address_does():
    buckets = Buckets(Clock())
    assert taken(buckets, "a") == 3
    assert taken(buckets, "b") == 3
    buckets.spend(Limit("photos", 1, 1), "a", "1")
    given = sum(taken(buckets, f"page {i}") for i in range(1000))
    assert given == 3 * PAGES_AN_ADDRESS - 6
    assert taken(buckets, "z", address="2") == 3


def test_a_refusal_costs_nothing():
    clock = Clock()
    buckets = Buckets(clock)
    assert taken(buckets) == 3
    for _ in range(50):
        assert taken(buckets) == 0
    clock.seconds = 10.0
    assert taken(buckets) == 1


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(rate_limits, "_MOST_BUCKETS", 10)
    buckets = Buckets(Clock())
    for i in range(100):
        buckets.spend(FILMS, f"page {i}", f"address {i}")
    assert len(buckets._left) == 10


def page():
    from emotion_ai.access.rate_limits import Limit
    from emotion_ai.ui.access import spend
    from emotion_ai.ui.frame import errors_as_lines

    with errors_as_lines():
        spend(Limit("films", 2, 0.001))


@pytest.mark.parametrize(("visitor", "refused"), [(OWNER, False), (Visitor("a stranger"), True)])
def test_whoever_sits_at_the_machine_is_not_counted(monkeypatch, visitor, refused):
    monkeypatch.setattr(access, "_buckets", Buckets())
    monkeypatch.setattr(access.permissions, "_identify", lambda: visitor)
    app = AppTest.from_function(page, default_timeout=120).run()
    app.run()
    assert not app.error
    app.run()
    assert bool(app.error) == refused


def test_photos_beyond_the_limit_wait_and_those_read_are_kept(monkeypatch):
    """Of five photos three are read; the rest follow when the bucket has filled again."""
    clock = Clock()
    monkeypatch.setattr(access, "_buckets", Buckets(clock))
    monkeypatch.setattr(access.permissions, "_identify", lambda: Visitor("a stranger"))
    monkeypatch.setattr("emotion_ai.ui.photos.PHOTOS", FILMS)

    def reading_page(pictures):
        import streamlit as st

        from emotion_ai.ui.photos import Upload, read_all
        from emotion_ai.ui.resources import reader

        photos, failures = read_all([Upload("a", picture) for picture in pictures], reader())
        st.text(len(photos))
        st.text(" ".join(failures))

    pictures = [encode_png(np.full((40, 40, 3), 40 * i, np.uint8)) for i in range(5)]
    app = AppTest.from_function(reading_page, args=(pictures,), default_timeout=120).run()
    assert app.text[0].value == "3"
    assert "many films" in app.text[1].value
    clock.seconds = 20.0
    app.run()
    assert app.text[0].value == "5"
    assert app.text[1].value == ""
