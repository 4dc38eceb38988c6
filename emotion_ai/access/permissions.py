"""Who may change what is kept here: datasets, marks, runs, models.

A function that changes something calls ``require_editor`` where the work is done. At the shell, in
jobs and in a dashboard on one's own machine everybody may; in one that is served to others only
signed-in editors may. Who is asking is looked up at the moment of the call, through what the
dashboard handed to ``identify_by``: so nothing is passed down, callbacks, fragments and threads are
covered alike, and a thread of the server that belongs to no visitor is refused.
"""

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from emotion_ai.errors import AccessError

#: Values of ``EMOTION_AI_ACCESS``: decided by where requests come from, everybody, signed-in
#: editors, nobody.
MODES = ("auto", "open", "editors", "read-only")
#: Headers that only a proxy writes.
_PROXY_HEADERS = (
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-Ip",
    "Cf-Connecting-Ip",
)
#: The way that is open to everybody.
_AT_HOME = "installed on your own computer, Emotion AI lets you do everything"


@dataclass(frozen=True)
class Visitor:
    """Who is asking. ``refusal``: why they may only look, None for those who may change things;
    ``local``: at this very machine; ``name``: what the sign-in calls them."""

    refusal: str | None = None
    local: bool = False
    name: str = ""


#: The person at the shell, and jobs that were started by somebody who was allowed to.
OWNER = Visitor(local=True)
NOBODY = Visitor("the request belongs to no visitor: reload the page")

_identify: Callable[[], Visitor] = lambda: OWNER  # noqa: E731


def identify_by(identify: Callable[[], Visitor]) -> None:
    """Called once by the dashboard: ``identify`` names the visitor of the calling thread."""
    global _identify
    _identify = identify


def visitor() -> Visitor:
    """Who is asking right now, in this thread."""
    return _identify()


def require_editor(what: str) -> None:
    """AccessError unless whoever is asking may ``what``, such as "train a network"."""
    if refusal := visitor().refusal:
        raise AccessError(f"Only editors may {what}: {refusal}.")


def judge(
    mode: str,
    address: str | None,
    headers: Mapping[str, str],
    user: Mapping[str, object],
    editors: Iterable[str] | None,
) -> Visitor:
    """The visitor of a request.

    ``mode``: one of ``MODES``; ``address``: what the server listens on, None for every interface;
    ``headers``: of the request, with names Like-This; ``user``: the claims of a signed-in person,
    empty for others; ``editors``: e-mail addresses, None where no sign-in is set up.
    """
    if mode not in MODES:
        return Visitor(f"EMOTION_AI_ACCESS is {mode!r}, expected one of {', '.join(MODES)}")
    if mode == "open":
        return Visitor(local=is_local(address, headers))
    if mode == "auto" and is_local(address, headers):
        return OWNER
    name = str(user.get("email") or user.get("sub") or "") if user.get("is_logged_in") else ""
    return Visitor(_refusal(mode, user, name, editors), name=name)


def is_local(address: str | None, headers: Mapping[str, str]) -> bool:
    """Whether the server listens on this machine alone and no proxy passed the request on.

    A proxy that leaves no trace cannot be told from a person at the machine: behind one, set
    ``EMOTION_AI_ACCESS``.
    """
    if not _is_loopback(address) or any(name in headers for name in _PROXY_HEADERS):
        return False
    asked_for = (f"//{headers['Host']}" if "Host" in headers else "", headers.get("Origin", ""))
    try:
        return all(_is_loopback(urlsplit(url).hostname) for url in asked_for if url)
    except ValueError:
        return False


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _refusal(
    mode: str, user: Mapping[str, object], name: str, editors: Iterable[str] | None
) -> str | None:
    if mode == "read-only":
        return f"this server is for looking; {_AT_HOME}"
    if editors is None:
        return f"this server is open to others and has no sign-in; {_AT_HOME}"
    if not name:
        return "sign in first, at the foot of the sidebar"
    known = {editor.strip().casefold() for editor in editors}
    if name.casefold() not in known:
        return f"{name} is not in this server's list of editors; ask whoever runs it"
    if user.get("email") and user.get("email_verified", True) not in (True, "true"):
        return f"the address {name} has not been verified by the sign-in"
    return None
