"""*Read on: this device | this server* on the pages, through AppTest; Chromium does the reading."""

import pytest

from emotion_ai.access.permissions import Visitor
from emotion_ai.ui.live import device
from tests.support.app_pages import open_page


@pytest.fixture(autouse=True)
def no_data(use_places, tmp_path):
    use_places(tmp_path, "data")


@pytest.fixture
def offered(monkeypatch):
    """The runtime is at hand."""
    monkeypatch.setattr(device, "lacking", lambda settings: "")


@pytest.fixture
def stranger(monkeypatch):
    """Whoever looks is not at the machine itself."""
    monkeypatch.setattr(device, "visitor", lambda: Visitor("this server is read-only"))


def frames(app) -> list[str]:
    """Addresses of the pages inside this one."""
    return [frame.proto.src for frame in app.get("iframe")]


def test_served_to_others_live_reads_on_the_device(offered, stranger):
    app = open_page("live")
    assert app.session_state["read_on"] == device.DEVICE
    assert frames(app) == ["/device/live.html"]
    assert not app.checkbox  # consent is asked for inside
    assert "live_session" not in app.session_state  # no models are warmed up for it


def test_at_the_machine_itself_live_reads_on_the_server(offered):
    app = open_page("live")
    assert app.session_state["read_on"] == device.SERVER
    assert frames(app) == []
    assert "processed in this server's memory" in " ".join(m.value for m in app.markdown)


def test_the_page_inside_keeps_its_address_whatever_stands_in_the_one_around_it(offered):
    app = open_page("live", read_on=device.DEVICE, view="Group", size="1280 pixels")
    before = frames(app)
    app.query_params["view"] = "My face"  # as the page inside writes it
    assert frames(app.run()) == before  # it is not loaded anew


def test_photos_are_read_on_the_server_unless_the_device_is_chosen(offered, stranger):
    assert frames(open_page("photo")) == []
    assert frames(open_page("photo", read_on=device.DEVICE)) == ["/device/photo.html"]


def test_without_the_runtime_a_line_says_why_and_the_server_reads(stranger, monkeypatch):
    monkeypatch.setattr(device, "lacking", lambda settings: "index.js could not be downloaded")
    app = open_page("live")
    said = " ".join(caption.value for caption in app.caption)
    assert "Reading on your own device is not offered: index" in said
    assert frames(app) == []
    assert len(app.checkbox) == 1
