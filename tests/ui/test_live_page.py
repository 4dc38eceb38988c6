"""The Live page through AppTest; its video, which AppTest cannot run, is a stand-in."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.ui.live import connection, stream
from tests.support import app_pages
from tests.support.app_pages import button, html, text

open_page = partial(app_pages.open_page, "live")


@pytest.fixture(autouse=True)
def no_data(use_places, tmp_path):
    use_places(data=tmp_path / "data")


@pytest.fixture
def calls(monkeypatch) -> list[dict]:
    """What the video component was called with; it says that a stream is playing."""
    calls: list[dict] = []

    def webrtc_streamer(**arguments):
        calls.append(arguments)
        return SimpleNamespace(state=SimpleNamespace(playing=True, signalling=True))

    monkeypatch.setattr(stream, "webrtc_streamer", webrtc_streamer)
    return calls


def accept(app: AppTest) -> AppTest:
    app.checkbox[0].check().run()
    assert not app.exception
    return app


def test_nothing_runs_before_consent(calls):
    app = open_page()
    shown = text(app)
    for words in ("never stored or sent on", "not a feeling", "2024/1689, Art. 5(1)(f)"):
        assert words in shown
    assert calls == []
    assert "live_session" not in app.session_state
    accept(app)
    assert len(calls) == 1
    assert "live_session" in app.session_state


def test_video_alone_is_asked_for_without_outside_servers(calls):
    accept(open_page())
    asked = calls[-1]
    assert asked["media_stream_constraints"]["audio"] is False
    assert asked["media_stream_constraints"]["video"]["width"] == {"ideal": 640}
    assert asked["rtc_configuration"] == {"iceServers": []}
    assert asked["async_processing"] is True
    assert not open_page().warning


def test_choices_reach_the_frames(calls):
    app = accept(open_page())
    session = app.session_state["live_session"][1]
    app.toggle(key="paused").set_value(True)
    app.toggle(key="mirror").set_value(False)
    app.slider(key="smoothing").set_value(1.5)
    app.button_group(key="live_layers").set_value(["points"]).run()
    options = session.options
    assert (options.paused, options.mirrored, options.smoothing_s) == (True, False, 1.5)
    assert (options.layers.points, options.layers.box, options.group) == (True, False, False)


def test_what_is_shown_survives_a_look_at_the_group(calls):
    app = accept(open_page())
    session = app.session_state["live_session"][1]
    app.button_group(key="live_layers").set_value(["points"]).run()
    app.session_state["view"] = "Group"
    app.run()
    assert session.options.group
    app.session_state["view"] = "My face"
    app.run()
    assert not session.options.group
    assert app.button_group(key="live_layers").value == ["points"]
    assert (session.options.layers.points, session.options.layers.box) == (True, False)


def test_a_frame_becomes_bars_and_rates(calls):
    app = accept(open_page())
    session = app.session_state["live_session"][1]
    session.annotate(draw_photo(12, 1, (640, 480))[0])
    app.run()
    assert "1 face" in text(app)
    assert "ms a frame" in text(app)
    assert html(app).count('class="ea-bar') >= 7
    button(app, "Snapshot").click().run()
    assert session.snapshot[:2] == b"\xff\xd8"
    assert len(app.get("download_button")) == 1
    session.ended()  # on another page too
    assert session.snapshot is None
    assert not app.run().get("download_button")


def test_group_marks_ends_and_reports(calls):
    app = accept(open_page())
    app.session_state["view"] = "Group"
    app.run()
    session = app.session_state["live_session"][1]
    assert session.options.group
    assert not app.get("pills")
    app.text_input[0].set_value("explained <b>recursion</b>")
    button(app, "Set").click().run()
    app.button(key="end_session").click().run()
    assert not app.exception
    assert calls[-1]["desired_playing_state"] is False
    assert "Session of 0:00" in text(app)
    button(app, "New session").click().run()
    assert calls[-1]["desired_playing_state"] is None
    assert session.group.markers == ()


def test_a_group_stays_unmarked_while_its_method_is_read_and_keeps_its_choices(calls):
    app = accept(open_page())
    session = app.session_state["live_session"][1]
    app.session_state["view"] = "Group"
    app.run()
    app.toggle(key="picture").set_value(False)
    app.number_input(key="fewest").set_value(7).run()
    for view, grouped in (("How it works", True), ("My face", False), ("Group", True)):
        app.session_state["view"] = view
        app.run()
        assert not app.exception
        assert session.options.group == grouped
        assert bool(app.get("pills")) != grouped
    assert not app.toggle(key="picture").value
    assert not session.options.picture
    assert app.number_input(key="fewest").value == session.group.fewest == 7


def test_no_picture_for_long_names_the_relay(calls, monkeypatch):
    app = accept(open_page())
    assert "Connecting" in text(app)
    app.session_state["live_waiting_since"] = -np.inf
    app.run()
    assert "EMOTION_AI_TURN_URL" in text(app)


def test_page_over_plain_http_is_told_why_there_is_no_camera(calls, monkeypatch):
    context = SimpleNamespace(url="http://school.example/live", headers={}, ip_address=None)
    monkeypatch.setattr(connection.st, "context", context)
    app = accept(open_page())
    assert "over https" in app.warning[0].value
    context.url = "https://school.example/live"
    assert not app.run().warning


def test_relay_comes_from_the_settings(monkeypatch):
    monkeypatch.setenv("EMOTION_AI_TURN_URL", "turn:relay.example:3478, turns:relay.example:5349")
    monkeypatch.setenv("EMOTION_AI_TURN_USERNAME", "user")
    monkeypatch.setenv("EMOTION_AI_TURN_CREDENTIAL", "secret")
    assert connection.relay_servers() == {
        "iceServers": [
            {
                "urls": ["turn:relay.example:3478", "turns:relay.example:5349"],
                "username": "user",
                "credential": "secret",
            }
        ]
    }


def test_missing_models_are_said_and_faces_still_found(calls, use_places, tmp_path):
    use_places(models=tmp_path / "models")
    app = accept(open_page())
    assert "no expression model" in app.warning[0].value
    session = app.session_state["live_session"][1]
    session.annotate(draw_photo(12, 1, (640, 480))[0])
    app.run()
    assert not app.exception
    assert session.status.failed == 0
