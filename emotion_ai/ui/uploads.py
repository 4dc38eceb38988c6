"""How much of the server's memory visitors' uploads may take, and how it is given back.

Streamlit keeps an uploaded file in memory until its session ends, which is two minutes after its
browser has gone, and then only once another session ends too.
"""

import asyncio
import ctypes
import gc
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

import streamlit as st
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from emotion_ai.access.permissions import is_local
from emotion_ai.access.rate_limits import UPLOAD_BYTES_A_VISITOR, UPLOAD_BYTES_OF_ALL

_ADDRESS = re.compile(r".*/_stcore/upload_file/(?P<session>[^/]+)/[^/]+")
#: How long a browser may be away before its files go; a lost connection is back within seconds.
GONE_S = 20.0
_EVERY_S = 5.0
_REFUSED, _EMPTIED = "uploads_refused", "uploads_emptied"


class UploadRation:
    """ASGI middleware: refuses an upload before it is read where a visitor, or all of them, would
    have too many bytes here; ends sessions with files whose browser is gone. On one's own machine
    nothing is refused."""

    def __init__(self, app: ASGIApp):
        self._app = app
        #: Bytes that uploads under way have announced, by session.
        self._coming: Counter[str] = Counter()
        #: Since when browsers with files are gone, by session, in seconds of the event loop.
        self._gone: dict[str, float] = {}
        self._sweeping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _ADDRESS.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if not asked or scope["method"] != "PUT":
            await self._app(scope, receive, send)
            return
        session, headers = asked["session"], Headers(scope=scope)
        announced = _announced_bytes(headers)
        named = {name.title(): value for name, value in headers.items()}
        local = is_local(st.get_option("server.address"), named)
        if not local and (refusal := self._refusal(session, announced)):
            await PlainTextResponse(refusal, 413)(scope, receive, send)
            return
        self._coming[session] += announced
        try:
            await self._app(scope, receive, send)
        finally:
            self._coming[session] -= announced
            self._coming += Counter()  # forgets those at 0
            if not self._sweeping:
                self._sweeping = True
                asyncio.get_running_loop().call_later(_EVERY_S, self._sweep)

    def _refusal(self, session: str, announced: int) -> str:
        kept = stored_bytes()
        if kept.get(session, 0) + self._coming[session] + announced > UPLOAD_BYTES_A_VISITOR:
            return f"At most {UPLOAD_BYTES_A_VISITOR >> 20} MB at once: take a file away first."
        if kept.total() + self._coming.total() + announced > UPLOAD_BYTES_OF_ALL:
            return "Others are uploading much just now: try again in a minute."
        return ""

    def _sweep(self) -> None:
        """End sessions with files whose browser has been gone for a while."""
        runtime, now = get_instance(), asyncio.get_running_loop().time()
        sessions = stored_bytes()
        gone = [one for one in sessions if not runtime.is_active_session(one)]
        self._gone = {session: self._gone.get(session, now) for session in gone}
        over = [session for session, since in self._gone.items() if now - since >= GONE_S]
        for session in over:
            runtime.close_session(session)
            runtime.uploaded_file_mgr.remove_session_files(session)
        if over:
            give_back_memory()
        self._sweeping = bool(sessions)
        if sessions:
            asyncio.get_running_loop().call_later(_EVERY_S, self._sweep)


def _announced_bytes(headers: Mapping[str, str]) -> int:
    """The length of a request; the most Streamlit takes where it is not told beforehand."""
    with suppress(KeyError, ValueError):
        return max(0, int(headers["content-length"]))
    return st.get_option("server.maxUploadSize") << 20


def stored_bytes() -> Counter[str]:
    """What Streamlit keeps of uploaded files, by session."""
    if not exists():
        return Counter()
    storage = getattr(get_instance().uploaded_file_mgr, "file_storage", {})
    sizes = {
        session: sum(len(file.data) for file in list(files.values()))
        for session, files in list(storage.items())
    }
    return Counter({session: size for session, size in sizes.items() if size})


def drop(file) -> None:
    """Forget an ``UploadedFile`` at once, as if the visitor had taken it away."""
    where = get_script_run_ctx(suppress_warning=True)
    if where and (remove := getattr(where.uploaded_file_mgr, "remove_file", None)):
        remove(where.session_id, file.file_id)
    file.close()


def refuse(file, line: str) -> None:
    """``drop`` a file that cannot be used; ``line`` says why until other files come."""
    drop(file)
    st.session_state.setdefault(_REFUSED, {})[file.file_id] = line


def refusals() -> list[str]:
    """A line for every file that was refused."""
    return list(st.session_state.get(_REFUSED, {}).values())


def forget_refusals() -> None:
    st.session_state.pop(_REFUSED, None)


def uploader_key() -> str:
    """Of a page's ``st.file_uploader``; another one after ``empty_if_refused``."""
    return f"files_{st.session_state.get(_EMPTIED, 0)}"


def empty_if_refused(files: list) -> None:
    """Begin anew with an empty uploader where all of its ``files`` were refused: Streamlit holds
    what it gave of them to the page as long as the uploader is the same."""
    if files and {file.file_id for file in files} <= {*st.session_state.get(_REFUSED, {})}:
        st.session_state[_EMPTIED] = st.session_state.get(_EMPTIED, 0) + 1
        st.rerun()


def give_back_memory() -> None:
    """Return to the system what is free: glibc keeps it for later."""
    gc.collect()
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
