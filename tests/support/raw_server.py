"""A server below HTTP, for what no HTTP library would send."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Connection = socket.socket


@contextmanager
def raw_server(behave: Callable[[Connection], None]) -> Iterator[str]:
    """The address of a server that lets ``behave`` do as it likes with each connection; what it
    sends to a client that has gone ends it."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_ones: list[Connection] = []

    def serve(connection: Connection) -> None:
        with suppress(OSError), connection:
            behave(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection = listener.accept()[0]
                open_ones.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        for one in (listener, *open_ones):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def read_request(connection: Connection) -> None:
    """Wait for a request without a body."""
    seen = b""
    while b"\r\n\r\n" not in seen:
        if not (piece := connection.recv(65_536)):
            raise ConnectionError
        seen += piece
