"""Connections on which no exchange outlives its deadline or reads more than its share of bytes.

httpcore speaks HTTP; every byte that it reads or writes goes through ``_Stream``, where the budget
of the exchange is asked each time. So nothing that a server sends (headers byte by byte, interim
answers or trailers without end, a body of any size) is waited for or held beyond it. Its own
time-outs would not do: they are for one read each.
"""

import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import httpcore


class TooMuch(Exception):
    """The server sent more bytes than its reply may have."""


class Budget:
    """What an exchange may take: seconds and bytes in all, and seconds of silence or to connect."""

    def __init__(self, seconds: float, n_bytes: int, *, connect_s: float, silence_s: float):
        self.connect_s, self.silence_s = connect_s, silence_s
        self.bytes_left = n_bytes
        self._until = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds until the deadline, negative after it."""
        return self._until - time.monotonic()

    def wait_s(self, at_most: float) -> float:
        """How long to wait for one thing; TimeoutError when the time is up."""
        if (left_s := self.left_s) <= 0:
            raise TimeoutError
        return min(at_most, left_s)


class Backend(httpcore.NetworkBackend):
    """Connects for httpcore; what a thread does ``within`` a budget is charged to that."""

    def __init__(self):
        self._thread = threading.local()

    @contextmanager
    def within(self, budget: Budget) -> Iterator[None]:
        self._thread.budget = budget
        try:
            yield
        finally:
            del self._thread.budget

    @property
    def budget(self) -> Budget:
        return self._thread.budget

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        budget = self.budget
        problem: OSError = OSError(f"{host} has no address")
        for family, kind, protocol, _, address in _look_up(host, port, budget):
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(budget.wait_s(budget.connect_s))
                connection.connect(address)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return _Stream(connection, self)
            except OSError as error:
                connection.close()
                problem = error
        raise problem


def _look_up(host: str, port: int, budget: Budget) -> list[tuple]:
    """The addresses of a host. A thread asks: the system's own call cannot be cut short."""
    answer: Future = Future()

    def ask() -> None:
        try:
            answer.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    return answer.result(budget.wait_s(budget.silence_s))


class _Stream(httpcore.NetworkStream):
    def __init__(self, connection: socket.socket, backend: Backend):
        self._socket, self._backend = connection, backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        budget = self._backend.budget
        self._socket.settimeout(budget.wait_s(budget.silence_s))
        data = self._socket.recv(min(max_bytes, budget.bytes_left + 1))
        budget.bytes_left -= len(data)
        if budget.bytes_left < 0:
            raise TooMuch
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        budget, rest = self._backend.budget, memoryview(buffer)
        while rest:
            self._socket.settimeout(budget.wait_s(budget.silence_s))
            try:
                rest = rest[self._socket.send(rest) :]
            except TimeoutError:
                raise
            except OSError as error:  # it may have answered before it closed: httpcore looks
                raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname=None, timeout=None):
        budget = self._backend.budget
        self._socket.settimeout(budget.wait_s(budget.silence_s))  # of the whole handshake
        try:
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except BaseException:
            self.close()
            raise
        return _Stream(secured, self._backend)

    def get_extra_info(self, info: str):
        if info == "is_readable":  # an idle connection with something to read was closed
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            return bool(poll.poll(0))
        return self._socket if info == "ssl_object" and self._is_secure else None

    @property
    def _is_secure(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)
