"""Group aggregates: only sums, only from enough faces, and what is left of a session."""

import csv
import io
from html.parser import HTMLParser

import numpy as np
import pytest

from emotion_ai.errors import ConfigError
from emotion_ai.figures.streamgraph import streamgraph
from emotion_ai.labels import FER7
from emotion_ai.reading.group import FEWEST_FACES, GroupTimeline
from emotion_ai.report.group import group_report
from emotion_ai.results import Expression


def faces(**counts: int) -> list[Expression]:
    said = []
    for name, n in counts.items():
        probabilities = np.full(7, 0.05, np.float32)
        probabilities[FER7.index(name)] = 0.7
        said += [Expression(FER7.expressions, probabilities)] * n
    return said


@pytest.fixture
def session() -> GroupTimeline:
    """Ten seconds of 6 happy and 2 sad at 10 frames/s, then five seconds with four faces."""
    group = GroupTimeline(FER7.expressions)
    for i in range(100):
        group.add(100 + i / 10, faces(happy=6, sad=2))
    for i in range(50):
        group.add(110 + i / 10, faces(happy=4))
    return group


def test_shares_are_counted_per_second(session):
    shares = session.shares()
    assert shares["time_s"].tolist() == list(range(15))
    first = shares.iloc[0]
    assert (first["happy"], first["sad"], first["faces"]) == (0.75, 0.25, 8)


def test_too_few_faces_leave_nothing_behind(session):
    assert FEWEST_FACES == 5
    shares = session.shares()
    assert shares[10:].drop(columns="time_s").isna().all(axis=None)
    assert len(session.shares(last_s=5).dropna()) == 0
    # A single frame with enough faces among many without does not open the second.
    group = GroupTimeline(FER7.expressions)
    for i in range(9):
        group.add(i / 10, faces(happy=4))
    group.add(0.9, faces(happy=5))
    assert group.shares().isna().any(axis=None)


def test_seconds_below_a_minimum_that_was_raised_count_nowhere(session):
    session.fewest = 9
    assert session.shares().drop(columns="time_s").isna().all(axis=None)
    summary = session.summary()
    assert (summary.totals, summary.faces_mean) == ({}, 0)
    assert "No second had 9 faces or more" in group_report(summary)
    session.fewest = 8
    assert len(session.shares().dropna()) == 10


def test_only_the_last_minute_is_shown(session):
    session.add(300.0, faces(happy=5))
    shares = session.shares(last_s=60)
    assert len(shares) == 60
    assert shares["time_s"].iloc[-1] == 200


def test_no_value_of_a_single_face_is_kept(session):
    def arrays(value) -> int:
        if isinstance(value, np.ndarray | Expression):
            return 1
        if isinstance(value, dict):
            return sum(map(arrays, value.values()))
        if isinstance(value, list | tuple):
            return sum(map(arrays, value))
        return arrays(vars(value)) if hasattr(value, "__dict__") else 0

    assert arrays({k: v for k, v in vars(session).items() if k != "_lock"}) == 0


def test_summary_has_totals_markers_csv_and_a_report_that_stands_alone(session):
    session.mark("explained <script>alert(1)</script> & more", time_s=103.2)
    session.mark("questions", time_s=103.4)
    summary = session.summary()
    assert summary.totals["happy"] == pytest.approx(0.75)
    assert sum(summary.totals.values()) == pytest.approx(1)
    assert summary.duration_s == 15
    assert summary.faces_mean == pytest.approx(8)
    rows = list(csv.DictReader(io.StringIO(summary.to_csv())))
    assert len(rows) == 15
    assert "questions" in rows[3]["marker"]
    assert rows[12]["happy"] == ""

    page = group_report(summary)
    tags = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append(tag)
            for name, value in attrs:
                assert name not in ("src", "href") or value.startswith("data:")

    Tags().feed(page)
    assert "script" not in tags
    assert {"h1", "img", "table"} <= set(tags)
    for word in ("questions", "2024/1689", "happy", "75 %"):
        assert word in page


def test_empty_session_has_a_summary_too():
    summary = GroupTimeline(FER7.expressions).summary()
    assert summary.totals == {}
    assert "nothing was counted" in group_report(summary)
    assert next(csv.reader(io.StringIO(summary.to_csv())))[0] == "time_s"


def test_cleared_session_starts_anew(session):
    session.mark("old")
    session.clear()
    assert session.shares().empty
    assert session.markers == ()


def test_minimum_below_one_face_is_refused():
    with pytest.raises(ConfigError, match="got 0"):
        GroupTimeline(FER7.expressions, fewest=0)


def test_streamgraph_names_every_expression_and_marker(session):
    session.mark("here", time_s=104)
    picture = streamgraph(session.shares(), session.labels, session.markers)
    for name in FER7.expressions:
        assert name in picture
    assert "1 here" in picture
    assert "<svg" not in picture  # pages take HTML only
    assert "no data yet" in streamgraph(session.shares(0).iloc[:0], session.labels, (), 60)
