"""Uploads: how many bytes a visitor and all may keep here, what is dropped at once, and what goes
with its browser."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest
from streamlit.web.server.app_discovery import discover_asgi_app

from emotion_ai.labels import FER7
from emotion_ai.media.images import encode_png
from emotion_ai.reading.films import VideoReading
from emotion_ai.settings import ROOT
from emotion_ai.ui import uploads, videos
from emotion_ai.ui.uploads import UploadRation
from tests.support.app_pages import open_page

MB = 1 << 20


def in_its_own_loop(coroutine):
    """What ``coroutine`` returns; a browser test before may have left a loop in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


class Server:
    """The ration before a server that takes everything: 10 MB of a visitor, 25 of all; 8 where the
    length is not known."""

    def __init__(self, monkeypatch, local=False):
        self.kept: Counter[str] = Counter()
        self.taken: list[str] = []
        self.busy = None  # while an event: uploads take until it is set
        monkeypatch.setattr(uploads, "UPLOAD_BYTES_A_VISITOR", 10 * MB)
        monkeypatch.setattr(uploads, "UPLOAD_BYTES_OF_ALL", 25 * MB)
        monkeypatch.setattr(uploads, "stored_bytes", lambda: +self.kept)
        monkeypatch.setattr(uploads, "is_local", lambda address, headers: local)
        monkeypatch.setattr(UploadRation, "_sweep", lambda self: None)
        monkeypatch.setattr(
            uploads.st, "get_option", {"server.maxUploadSize": 8, "server.address": None}.get
        )
        self._ration = UploadRation(self._take)

    async def _take(self, scope, receive, send) -> None:
        if self.busy:
            await self.busy.wait()
        self.taken.append(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def put(self, session: str, megabytes: float | None, path="_stcore/upload_file") -> int:
        said = []

        async def send(message):
            said.append(message)

        headers = [] if megabytes is None else [(b"content-length", b"%d" % (megabytes * MB))]
        address = f"/base/{path}/{session}/1"
        scope = {"type": "http", "method": "PUT", "path": address, "headers": headers}
        await self._ration(scope, None, send)
        if said[0]["status"] == 204:
            self.kept[session] += round((8 if megabytes is None else megabytes) * MB)
        return said[0]["status"]


def test_a_visitor_has_so_many_bytes_and_may_go_on_when_some_are_taken_away(monkeypatch):
    server = Server(monkeypatch)
    assert [in_its_own_loop(server.put("a", size)) for size in (6, 4, 0.1)] == [204, 204, 413]
    assert in_its_own_loop(server.put("b", 10)) == 204
    server.kept["a"] -= 6 * MB
    assert in_its_own_loop(server.put("a", 5)) == 204
    assert len(server.taken) == 4


def test_all_visitors_together_have_so_many_bytes(monkeypatch):
    server = Server(monkeypatch)
    assert [in_its_own_loop(server.put(name, 9)) for name in "abc"] == [204, 204, 413]
    assert in_its_own_loop(server.put("c", 6)) == 204


def test_uploads_under_way_count_as_what_they_announced(monkeypatch):
    server = Server(monkeypatch)

    async def at_once():
        server.busy = asyncio.Event()
        many = [asyncio.create_task(server.put("a", 4)) for _ in range(5)]
        await asyncio.sleep(0)
        server.busy.set()
        return await asyncio.gather(*many)

    assert sorted(in_its_own_loop(at_once())) == [204, 204, 413, 413, 413]
    server.kept.clear()
    assert in_its_own_loop(server.put("a", 9)) == 204  # nothing is under way any more


def test_an_upload_of_unknown_length_counts_as_the_longest(monkeypatch):
    server = Server(monkeypatch)
    assert [in_its_own_loop(server.put("a", size)) for size in (3, None)] == [204, 413]
    assert in_its_own_loop(server.put("b", None)) == 204


def test_on_ones_own_machine_and_elsewhere_on_the_server_nothing_is_refused(monkeypatch):
    server = Server(monkeypatch, local=True)
    assert [in_its_own_loop(server.put("a", 50)) for _ in range(3)] == [204] * 3
    server = Server(monkeypatch)
    assert in_its_own_loop(server.put("a", 50, path="device/files")) == 204


def test_sessions_with_files_end_some_seconds_after_their_browser_is_gone(monkeypatch):
    storage = {name: {"1": UploadedFileRec("1", "x", "", b"12345")} for name in ("here", "gone")}
    ended = []
    manager = SimpleNamespace(
        file_storage=storage, remove_session_files=lambda session: storage.pop(session, None)
    )
    runtime = SimpleNamespace(
        uploaded_file_mgr=manager,
        is_active_session=lambda session: session == "here",
        close_session=ended.append,
    )
    monkeypatch.setattr(uploads, "get_instance", lambda: runtime)
    monkeypatch.setattr(uploads, "exists", lambda: True)
    loop = SimpleNamespace(now=100.0, later=[])
    loop.time, loop.call_later = lambda: loop.now, lambda s, f: loop.later.append(f)
    monkeypatch.setattr(uploads.asyncio, "get_running_loop", lambda: loop)
    ration = UploadRation(None)
    ration._sweep()
    loop.now += uploads.GONE_S - 1
    ration._sweep()
    assert not ended  # a lost connection may come back
    loop.now += 1
    ration._sweep()
    assert ended == ["gone"]
    assert uploads.stored_bytes() == {"here": 5}
    assert len(loop.later) == 3  # as long as there are files
    storage.clear()
    ration._sweep()
    assert len(loop.later) == 3


def give(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(name, data, "image/png") for name, data in files])
    app.run()
    assert not app.exception
    return app


def test_what_is_no_picture_or_film_is_dropped_at_once_and_only_its_line_stays():
    app = give(open_page("photo"), ("a.png", b"no picture"), ("b.mp4", b"no film"))
    lines = sorted(error.value for error in app.error)
    assert [line.partition(":")[0] for line in lines] == ["a\\.png\\", "b\\.mp4\\"]
    assert not app.file_uploader[0].value
    app.run()
    assert len(app.error) == 2
    give(app, ("c.png", encode_png(np.zeros((40, 40, 3), np.uint8))))
    assert not app.error


def test_the_server_is_started_with_the_ration():
    """``streamlit run`` finds the app by the words in its script."""
    assert discover_asgi_app(ROOT / "streamlit_app.py").is_asgi_app
    assert "around_the_pages()" in (ROOT / "streamlit_app.py").read_text()
    from emotion_ai.ui.server import around_the_pages

    assert [one.cls for one in around_the_pages()["middleware"]] == [UploadRation]
    assert st.get_option("server.maxUploadSize") * MB <= uploads.UPLOAD_BYTES_A_VISITOR


def test_a_film_is_named_by_the_chosen_truth(monkeypatch):
    asked = []

    def read(data, predictor, name, *_, **__):
        asked.append(predictor.models["expression"].truth)
        return VideoReading(name, (64, 48), 1.0, 30, [], FER7.expressions)

    monkeypatch.setattr(videos, "read_faces_of_video", read)
    app = give(open_page("photo"), ("a.mp4", b"film"))
    app.run()
    app.segmented_control(key="head").set_value("given").run()
    app.segmented_control(key="head").set_value("crowd").run()
    assert not app.exception
    assert asked == ["crowd", "given", "crowd"]
