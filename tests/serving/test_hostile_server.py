"""A model server that does what it likes: no exchange outlives its deadline or its 4 MB.

Servers here never end what they send: a client that waits for the end does not come back, and the
test's own time limit ends it.
"""

import gzip
import socket
import threading
import time

import numpy as np
import pytest

from emotion_ai.errors import ServingError
from emotion_ai.models.store import open_model
from emotion_ai.serving import client as client_module
from emotion_ai.serving.client import MAX_REPLY_BYTES, ServerAway, ServerSlow, ServingClient
from emotion_ai.serving.network import ServedNetwork
from emotion_ai.settings import ROOT
from tests.support.raw_server import raw_server, read_request

pytestmark = pytest.mark.timeout(60)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
MOVED = b"HTTP/1.1 302 Found\r\n"
#: Seconds: of the whole exchange, and what a busy machine may add to it.
DEADLINE_S, LATEST_S = 0.6, 10.0


def sends(start: bytes, again: bytes, pause_s: float = 0.0):
    """Sends ``start`` and then ``again`` for ever."""

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(start)
        while True:
            connection.sendall(again)
            time.sleep(pause_s)

    return behave


@pytest.fixture
def budgets(monkeypatch):
    """The budgets of all exchanges, which know what was read."""
    made = []

    class Kept(client_module.Budget):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            made.append(self)

    monkeypatch.setattr(client_module, "Budget", Kept)
    return made


def bytes_read(budgets) -> int:
    return sum(MAX_REPLY_BYTES - budget.bytes_left for budget in budgets)


def ask(url: str, **limits) -> None:
    ServingClient(url, **({"reply_s": DEADLINE_S} | limits)).status("expression")


DRIPS = {
    "status line": (b"HTTP/1.", b"1"),
    "headers": (OK + b"X-Slow: ", b"a"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "length of a chunk": (CHUNKED, b"0"),
    "chunk extension": (CHUNKED + b"5;", b"a"),
    "chunks": (CHUNKED, b"1\r\na\r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"A: b\r\n"),
    "body": (OK + b"\r\n", b" "),
    "error body": (b"HTTP/1.1 500 No\r\n\r\n", b" "),
}


@pytest.mark.parametrize("attack", DRIPS)
def test_what_comes_drop_by_drop_ends_at_the_deadline(attack):
    with raw_server(sends(*DRIPS[attack], pause_s=0.02)) as url:
        started = time.monotonic()
        with pytest.raises(ServerSlow, match=r"took over 0\.6 s to answer"):
            ask(url)
        assert time.monotonic() - started < LATEST_S


FLOODS = {
    "headers": (OK, b"X: " + b"a" * 60 + b"\r\n"),
    "one header": (OK + b"X: ", b"a" * 10_000),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\nX: " + b"a" * 50_000 + b"\r\n\r\n"),
    "chunks": (CHUNKED, b"8000\r\n" + b" " * 0x8000 + b"\r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"A: b\r\n" * 1000),
    "body": (OK + b"\r\n", b" " * 65_536),
    "promised body": (OK + b"Content-Length: 1000000000000\r\n\r\n", b" " * 65_536),
    "error body": (b"HTTP/1.1 404 No\r\n\r\n", b" " * 65_536),
}


@pytest.mark.parametrize("attack", FLOODS)
def test_no_flood_is_read_beyond_the_limit(attack, budgets):
    with raw_server(sends(*FLOODS[attack])) as url, pytest.raises(ServingError) as raised:
        ask(url, reply_s=20.0)
    assert "\n" not in str(raised.value)
    assert not isinstance(raised.value, ServerSlow)
    assert 0 < bytes_read(budgets) <= MAX_REPLY_BYTES + 1


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("pause_s", [0.0, 0.02])
def test_the_body_of_a_redirect_is_not_read(encoding, pause_s, budgets):
    content = gzip.compress(bytes(50_000_000)) if encoding == "gzip" else b" " * 65_536
    start = MOVED + f"Location: /elsewhere\r\nContent-Encoding: {encoding}\r\n\r\n".encode()
    with (
        raw_server(sends(start, content, pause_s)) as url,
        pytest.raises(ServingError, match=r"answered 302$"),
    ):
        ask(url, reply_s=20.0)
    # Only what came with the headers, in one read.
    assert bytes_read(budgets) <= 65_536


@pytest.mark.parametrize(
    "location",
    [
        b"http://[::1",
        b"http://\xff\xfe/",
        b"\xc3\x28",
        b"",
        b"http://a:99999/",
        b"//",
        b"%",
        b"a" * 999,
    ],
)
@pytest.mark.parametrize("status", [b"301", b"302", b"303", b"307", b"308"])
def test_an_odd_redirect_is_one_line(location, status):
    answer = b"HTTP/1.1 " + status + b" Go\r\nLocation: " + location + b"\r\n\r\n"
    with (
        raw_server(sends(answer, b" ", 0.02)) as url,
        pytest.raises(ServingError, match=f"answered {status.decode()}$"),
    ):
        ask(url, reply_s=20.0)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9" + b"9" * 400 + b"\r\n\r\n",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"f" * 300 + b"\r\n",
        OK + b"\xff\xfe: \x00\r\n\r\n",
        OK + b"Content-Length: 500\r\n\r\n{",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxx",
    ],
)
def test_what_is_no_answer_is_one_line(answer):
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)

    with raw_server(behave) as url, pytest.raises(ServingError) as raised:
        ask(url, reply_s=20.0)
    assert "\n" not in str(raised.value)


def test_the_second_attempt_has_no_time_of_its_own():
    """A connection that breaks is tried again, with what is left of the first one's time."""
    asked = []

    def break_late(connection: socket.socket) -> None:
        read_request(connection)
        asked.append(connection)
        time.sleep(1.2)

    with raw_server(break_late) as url:
        with pytest.raises(ServerSlow, match="took over 2 s"):
            ask(url, reply_s=2.0)
        until = time.monotonic() + LATEST_S  # the server hears of the second one by and by
        while len(asked) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        assert len(asked) == 2


def test_a_server_that_does_not_take_the_request_is_given_up():
    def deaf(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        threading.Event().wait(30)

    body = b'{"instances":[' + b"0," * 20_000_000 + b"0]}"
    with raw_server(deaf) as url:
        client = ServingClient(url, reply_s=DEADLINE_S)
        with pytest.raises(ServerSlow):
            client.exchange(client.address("expression"), body)


def test_a_handshake_that_never_ends_is_given_up():
    with raw_server(sends(b"", b"", 0.02)) as url, pytest.raises(ServerSlow):
        ask(url.replace("http:", "https:"))


def test_a_server_without_tls_is_no_connection():
    def plain(connection: socket.socket) -> None:
        connection.recv(1)
        connection.sendall(OK + b"\r\n")

    with raw_server(plain) as url, pytest.raises(ServerAway, match="no connection"):
        ask(url.replace("http:", "https:"), reply_s=20.0)


def test_a_name_that_nobody_looks_up_in_time_is_given_up(monkeypatch):
    asked = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: asked.wait(30))
    with pytest.raises(ServerSlow):
        ask("http://models.example")
    asked.set()


@pytest.mark.parametrize("host", ["a..b", "a" * 64, "nowhere.invalid"])
def test_a_name_of_nothing_is_one_line(host):
    with pytest.raises(ServerAway, match="no connection"):
        ask(f"http://{host}:8501", reply_s=20.0)


@pytest.mark.parametrize(
    "attack", [DRIPS["headers"], (MOVED + b"Location: http://[::1\r\n\r\n", b"")]
)
def test_the_local_network_answers_instead(attack):
    model = open_model(ROOT / "models", "expression")
    local = model.network()
    faces = np.zeros((1, 48, 48), np.uint8)

    def behave(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(attack[0])
        while True:
            connection.sendall(attack[1] or b" ")
            time.sleep(0.02)

    with raw_server(behave) as url:
        network = ServedNetwork(ServingClient(url, reply_s=DEADLINE_S), model, local)
        answer = network(faces)
    assert np.array_equal(answer["probabilities"], local(faces)["probabilities"])
    assert network.trouble.startswith(url)
