"""Asks a model server over HTTP: TensorFlow Serving's REST interface, or another that speaks V1.

Every exchange is bounded in time and size whatever the server does, is tried once more when no
connection is made or it breaks, and fails at once while the server is known to be away. Redirects
are neither followed nor read. Thread-safe.
"""

import ssl
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit

import httpcore
import numpy as np

from emotion_ai.errors import ServingError
from emotion_ai.serving import wire
from emotion_ai.serving.transport import Backend, Budget, TooMuch

#: Seconds to connect, of silence, and for an exchange in all, from the name's look-up to the last
#: byte, with the second attempt.
CONNECT_S, READ_S, REPLY_S = 1.0, 5.0, 10.0
#: Of all that comes, headers included.
MAX_REPLY_BYTES = 4_000_000
#: Faces in one request; more are sent in several.
MAX_FACES = 64
ATTEMPTS = 2
#: Connections, and seconds for which one that is not used is kept.
_PARALLEL, _IDLE_S = 32, 60.0


class ServerAway(ServingError):
    """Nobody answered, in time, with anything a model server says."""


class ModelUnknown(ServingError):
    """A model server answers, but has no such model."""


class ServerSlow(ServerAway):
    """Time was up: asking again would only add to a busy server's work."""


class CircuitBreaker:
    """Stops asking a server that failed ``failures`` times in a row: for ``rest_s`` seconds, then
    one caller tries again while the others still wait.

    Not pybreaker: that one holds its lock while the call runs, one request at a time.
    """

    def __init__(self, failures: int = 3, rest_s: float = 20.0, clock=time.monotonic):
        self._limit, self._rest_s, self._clock = failures, rest_s, clock
        self._failures, self._until = 0, 0.0
        self._lock = threading.Lock()

    def wait_s(self) -> float:
        """0 when the caller may ask now, and then has to ``record`` how it went; otherwise the
        seconds until somebody may."""
        with self._lock:
            if self._failures < self._limit:
                return 0.0
            now = self._clock()
            if now < self._until:
                return self._until - now
            self._until = now + self._rest_s  # the caller tries; others wait for how it goes
            return 0.0

    def record(self, answered: bool) -> None:
        with self._lock:
            self._failures = 0 if answered else self._failures + 1
            if self._failures >= self._limit:
                self._until = self._clock() + self._rest_s


@dataclass(frozen=True)
class Exchange:
    """What went and what came; ``seconds`` from sending to the last byte."""

    address: str
    sent: bytes
    came: bytes
    seconds: float


class ServingClient:
    """A model server at ``url``, such as ``http://localhost:8601``.

    Which version answers: the one of ``version``, the one that carries ``label``, or the newest.
    Every method raises ServingError, and ServerAway when nobody is there.
    """

    def __init__(self, url: str, *, read_s: float = READ_S, reply_s: float = REPLY_S):
        self.url = check_url(url)
        self.breaker = CircuitBreaker()
        self._read_s, self._reply_s = read_s, reply_s
        self._backend = Backend()
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpcore.default_ssl_context() if url.startswith("https") else None,
            max_connections=_PARALLEL,
            keepalive_expiry=_IDLE_S,
            network_backend=self._backend,
        )

    def address(self, model: str, version: int | None = None, label: str | None = None) -> str:
        """Where the model is asked; actions such as ``:predict`` follow."""
        chosen = ""
        if version is not None:
            chosen = f"/versions/{int(version)}"
        elif label:
            chosen = f"/labels/{quote(label, safe='')}"
        return f"{self.url}/v1/models/{quote(model, safe='')}{chosen}"

    def status(
        self, model: str, *, version: int | None = None, label: str | None = None
    ) -> wire.ModelStatus:
        """Which versions are loaded, and in which state they are."""
        return wire.read_status(self._ask(self.address(model, version, label)))

    def metadata(
        self, model: str, *, version: int | None = None, label: str | None = None
    ) -> wire.Metadata:
        """The signatures of a version. Only TensorFlow Serving knows this."""
        return wire.read_metadata(self._ask(self.address(model, version, label) + "/metadata"))

    def predict(
        self,
        model: str,
        faces: np.ndarray,
        *,
        version: int | None = None,
        label: str | None = None,
        columns: bool = False,
        encoded: bool = False,
    ) -> dict[str, np.ndarray]:
        """Outputs by name (``""`` for the only one) for uint8 (N, S, S) faces: float32 (N, …)."""
        address = self.address(model, version, label)
        parts = []
        for start in range(0, len(faces), MAX_FACES):
            some = faces[start : start + MAX_FACES]
            body = wire.request_body(some, columns=columns, encoded=encoded)
            parts.append(wire.read_predictions(self.exchange(address, body).came, len(some)))
        if len({frozenset(part) for part in parts}) > 1:
            raise ServingError("expected the same outputs in every reply")
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def exchange(self, address: str, body: bytes) -> Exchange:
        """Send ``body`` to ``:predict`` of a model's ``address``."""
        started = time.perf_counter()
        came = self._ask(f"{address}:predict", body)
        return Exchange(f"{address}:predict", body, came, time.perf_counter() - started)

    def _ask(self, address: str, body: bytes | None = None) -> bytes:
        if wait_s := self.breaker.wait_s():
            raise ServerAway(
                f"{self.url} has not answered recently: not asked again for {wait_s:.0f} s"
            )
        budget = Budget(self._reply_s, MAX_REPLY_BYTES, connect_s=CONNECT_S, silence_s=self._read_s)
        try:
            for attempt in range(ATTEMPTS):
                try:
                    reply = self._send(address, body, budget)
                    break
                except ServerAway as error:
                    if isinstance(error, ServerSlow) or attempt == ATTEMPTS - 1:
                        raise
        except ServerAway:
            self.breaker.record(answered=False)
            raise
        except BaseException:  # somebody is there
            self.breaker.record(answered=True)
            raise
        self.breaker.record(answered=True)
        return reply

    def _send(self, address: str, body: bytes | None, budget: Budget) -> bytes:
        parts = urlsplit(address)
        headers = {"Host": parts.netloc, "Content-Type": "application/json"}
        try:
            path = quote(parts.path, safe=_IN_PATHS)
            request = self._pool.stream(
                "GET" if body is None else "POST",
                httpcore.URL(
                    scheme=parts.scheme, host=parts.hostname, port=parts.port, target=path
                ),
                headers={**headers, "Accept-Encoding": "identity"},
                content=body,
                extensions={"timeout": {"pool": budget.wait_s(self._read_s)}},
            )
            with self._backend.within(budget), request as response:
                status = response.status
                # What else a server says, such as with a redirect, is of no use: it is not read.
                told = status == 200 or status >= 400
                content = b"".join(response.iter_stream()) if told else b""
        except TooMuch:
            most = f"{MAX_REPLY_BYTES / 1e6:.0f} MB"
            raise ServingError(f"{self.url}: expected at most {most}, got more") from None
        except (TimeoutError, httpcore.TimeoutException):
            if budget.left_s <= 0:
                raise ServerSlow(f"{self.url} took over {self._reply_s:g} s to answer") from None
            raise ServerSlow(f"{self.url} did not answer in time") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError) as error:
            raise ServerAway(f"{self.url} did not answer ({_why(error)})") from None
        if status >= 500:
            raise ServerAway(f"{self.url} answered {status}{_reason(content)}")
        if status != 200:
            reason = _reason(content)
            kind = ModelUnknown if status == 404 and reason else ServingError
            raise kind(f"{self.url} answered {status}{reason}")
        return content


#: Characters of a path that need no percent sign.
_IN_PATHS = "/%:~!$&'()*+,;=@"


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "no valid certificate"
    if isinstance(error, httpcore.ProtocolError):
        return "it broke off, or does not speak HTTP"
    return "no connection"


def _reason(content: bytes) -> str:
    """The server's own words, where it has some."""
    try:
        wire.read_json(content)
    except ServingError as error:
        return f": {error}" if content.lstrip()[:1] == b"{" else ""
    return ""


def check_url(text: str) -> str:
    """The address of a server without its last slash; ServingError unless it is one.

    http and https alone; no name and password, which would end up in messages; no question mark.
    """
    wanted = "expected an address such as http://localhost:8601"
    text = text.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ServingError(f"{wanted}, got {text[:100]!r}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ServingError(f"{wanted}, got {text[:100]!r}")
    if parts.username or parts.password:
        raise ServingError(f"{wanted}, without a name and password in it")
    if parts.query or parts.fragment or any(c.isspace() or ord(c) < 32 for c in text):
        raise ServingError(f"{wanted}, got {text[:100]!r}")
    return text.rstrip("/")


@lru_cache(maxsize=4)
def client_for(url: str) -> ServingClient:
    """The process's one client of a server: everybody learns at once when it is away."""
    return ServingClient(url)
