"""Reading in the visitor's own browser: whether it is offered, and its pages inside these."""

import streamlit as st

from emotion_ai.access.permissions import visitor
from emotion_ai.device.files import lacking
from emotion_ai.settings import settings
from emotion_ai.ui.wording import plain

DEVICE, SERVER = WAYS = ("this device", "this server")
#: Before the page inside has measured itself.
_HEIGHT_PX = 620


def read_on(default: str | None = None) -> str:
    """*Read on: this device | this server*; where the device cannot, a line says why.

    Without a ``default`` the device is one where the app is served to others.
    """
    if missing := missing_for_device():
        st.caption(
            f"Read on this server. Reading on your own device is not offered: {plain(missing)}."
        )
        return SERVER
    default = default or (SERVER if visitor().local else DEVICE)
    return st.segmented_control(
        "Read on", WAYS, default=default, required=True, key="read_on", bind="query-params",
        help="On this device, your own browser reads the picture and sends it nowhere.",
    )  # fmt: skip


def missing_for_device() -> str:
    """Why visitors' browsers cannot read with what is here, in a line; empty where they can."""
    return lacking(settings())


def device_page(name: str) -> None:
    """The page ``static/device/<name>.html``. It takes choices from the address around it, keeps
    those there up to date, and wears the theme around it: from an address of its own that changed,
    it would load anew and lose what it holds."""
    base_path = st.get_option("server.baseUrlPath").strip("/")
    root = f"/{base_path}/device" if base_path else "/device"
    st.iframe(f"{root}/{name}.html", height=_HEIGHT_PX, alt=f"{name.capitalize()}, on this device")
