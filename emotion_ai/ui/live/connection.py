"""Reaching the camera: relay servers, and what to say when the picture does not come."""

import base64
import hmac
import logging
import os
import time
from urllib.parse import urlsplit

import streamlit as st
from streamlit_webrtc import (
    RTCConfiguration,
    Translations,
    get_cloudflare_ice_servers,
    get_twilio_ice_servers,
)

log = logging.getLogger(__name__)

#: After this long without a picture something is wrong.
PATIENCE_S = 6.0
_LOCAL = ("localhost", "127.0.0.1", "::1", None)

#: The video's own buttons; what goes wrong with a camera is worded in ``source.TROUBLE``.
WORDS = Translations(
    start="START",
    stop="STOP",
    select_device="CAMERA",
    device_ask_permission="Allow the camera: your browser asks at the top of the window.",
    device_not_available="No camera was found.",
    device_access_denied="The camera was refused: allow it with the icon beside the address.",
    media_api_not_available="The browser gives no camera to a page without https.",
)
NOT_SECURE = (
    "Browsers give a camera only to pages served over https, or on the machine itself: this page "
    "came over plain http. Open it with https://, or put a proxy with a certificate in front."
)
NO_CONNECTION = (
    "No picture has arrived yet. The browser and this server have not found a way to each other: "
    "behind a firewall or a router a relay (TURN server) is needed. Whoever runs this server sets "
    "one with `EMOTION_AI_TURN_URL` and `EMOTION_AI_TURN_SECRET`; "
    "docs/live.md has the lines for coturn, Twilio and Cloudflare."
)
PICTURE_STOPPED = (
    "The picture has stopped coming: is the camera still plugged in, and its cover open? Press "
    "STOP, then START."
)


def setting(name: str) -> str | None:
    """A setting from ``secrets.toml``, or from the environment."""
    try:
        return str(st.secrets[name])
    except (KeyError, FileNotFoundError):
        return os.environ.get(name)


def warn_where_no_camera_is_given() -> None:
    """Browsers have no camera for pages that came over plain http from elsewhere."""
    address = urlsplit(st.context.url or "")
    if address.scheme == "http" and address.hostname not in _LOCAL:
        st.warning(NOT_SECURE, icon=":material/lock_open:")


def pass_for_relay(secret: str, now_s: float) -> dict[str, str]:
    """A user name and password that a relay with this shared secret takes for 12 to 13 hours
    (coturn's ``use-auth-secret``): every visitor's browser can read them, so they run out. The same
    within an hour, so that a page drawn anew asks for the same connection.
    """
    username = f"{(int(now_s) // 3600 + 13) * 3600}:emotion-ai"
    signature = hmac.digest(secret.encode(), username.encode(), "sha1")
    return {"username": username, "credential": base64.b64encode(signature).decode()}


def relay_servers() -> RTCConfiguration:
    """The relay the settings name; none on this very machine, where none is needed.

    Without settings nothing outside is asked, not even for the machine's own address.
    """
    if url := setting("EMOTION_AI_TURN_URL"):
        server = {"urls": [part.strip() for part in url.split(",")]}
        if secret := setting("EMOTION_AI_TURN_SECRET"):
            return {"iceServers": [server | pass_for_relay(secret, time.time())]}
        for key, name in (("username", "USERNAME"), ("credential", "CREDENTIAL")):
            if value := setting(f"EMOTION_AI_TURN_{name}"):
                server[key] = value
        return {"iceServers": [server]}
    if urlsplit(st.context.url or "").hostname in _LOCAL:
        return {"iceServers": []}
    providers = (
        (get_cloudflare_ice_servers, "CLOUDFLARE_TURN_KEY_ID", "CLOUDFLARE_TURN_KEY_API_TOKEN"),
        (get_twilio_ice_servers, "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
    )
    for ask, *names in providers:
        if all(account := [setting(name) for name in names]):
            try:
                return {"iceServers": ask(*account)}
            except (ValueError, ImportError) as error:
                log.warning("no relay: %s", error)
                st.warning(f"The relay could not be asked: {error}", icon=":material/cloud_off:")
    return {"iceServers": []}
