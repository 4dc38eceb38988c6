"""Who is looking at the page, as the server knows it, and the way to sign in."""

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from emotion_ai.access import permissions
from emotion_ai.access.permissions import NOBODY, OWNER, Visitor, judge
from emotion_ai.access.rate_limits import Buckets, Limit
from emotion_ai.settings import settings
from emotion_ai.ui.wording import plain


def identify() -> Visitor:
    """The visitor whose script run, callback or fragment this thread is; nobody for a thread of
    the server's own, or once the browser is gone."""
    if not runtime.exists():
        return OWNER  # no server at all: a test, a notebook, the command line
    where = get_script_run_ctx(suppress_warning=True)
    if where is None or runtime.get_instance().get_client(where.session_id) is None:
        return OWNER if settings().access == "open" else NOBODY
    return judge(
        settings().access,
        st.get_option("server.address"),
        st.context.headers,
        st.user.to_dict(),
        _editors(),
    )


permissions.identify_by(identify)
_buckets = Buckets()


def spend(limit: Limit) -> None:
    """LimitError when this visitor asked too often; on one's own machine nothing is counted."""
    allowance(limit)()


def allowance(limit: Limit) -> Callable[[], None]:
    """``spend`` for this visitor's work in another thread, such as a download made on its click."""
    where = get_script_run_ctx(suppress_warning=True)
    if where is None or permissions.visitor().local:
        return lambda: None
    forwarded = st.context.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    # A proxy on this machine adds whom it forwards for; Streamlit gives None for this machine.
    address = st.context.ip_address or forwarded or "this machine"
    return partial(_buckets.spend, limit, where.session_id, address)


def _secrets(section: str) -> Mapping | None:
    try:
        found = st.secrets[section]
    except (KeyError, FileNotFoundError):
        return None
    return found if isinstance(found, Mapping) else None


def _editors() -> list[str] | None:
    """Who may change things; None where nobody can sign in."""
    if _secrets("auth") is None:
        return None
    given = (_secrets("access") or {}).get("editors", ())
    return [str(editor) for editor in ([given] if isinstance(given, str) else given)]


def locked() -> dict:
    """Options of a control that is for editors alone: nothing for them, greyed out with the
    reason for others. The work itself asks again (``permissions.require_editor``)."""
    refusal = permissions.visitor().refusal
    return {"disabled": True, "help": f"For editors: {plain(refusal)}."} if refusal else {}


def why_locked(what: str) -> None:
    """A line for visitors who may not ``what``, such as "train a network": who may, and how to get
    there. A greyed button's own words show under a pointer alone, never on a phone."""
    if refusal := permissions.visitor().refusal:
        st.caption(f":material/lock: Only editors may {what} here: {plain(refusal)}.")


def who_is_here() -> None:
    """The sidebar's lines on signing in; none on one's own machine."""
    visitor, sign_in = permissions.visitor(), _providers()
    if visitor.name:
        st.caption(f"**Signed in** {plain(visitor.name)}" + " · editor" * (not visitor.refusal))
        st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=st.logout)
    elif visitor.refusal and sign_in:
        st.caption("Look and try as you like; editors sign in to change what is kept here.")
        for label, provider in sign_in:
            st.button(
                label, icon=":material/login:", type="tertiary", on_click=st.login,
                args=(provider,), key=f"login_{provider}",
            )  # fmt: skip
    if visitor.refusal and (visitor.name or not sign_in):
        st.caption(
            f"**Read-only**: {plain(visitor.refusal)}.",
            help="Whoever runs this server lets others in as docs/security.md says.",
        )


def _providers() -> list[tuple[str, str | None]]:
    """What the sign-in buttons say and whom they lead to, as named in ``[auth]``."""
    auth = _secrets("auth") or {}
    if "client_id" in auth:
        return [("Sign in", None)]
    return [
        (f"Sign in with {name.capitalize()}", name)
        for name, about in auth.items()
        if isinstance(about, Mapping)
    ]
