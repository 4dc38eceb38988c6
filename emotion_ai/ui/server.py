"""Streamlit's server with what the dashboard adds to it.

``python -m emotion_ai.ui.server SCRIPT OPTIONS``: Ctrl-C is an end like any other, which
``streamlit run`` calls an abort and reports as an error.
"""

import sys

import click
import streamlit as st
from starlette.middleware import Middleware
from streamlit.web import cli

from emotion_ai.device.routes import device_routes
from emotion_ai.settings import Settings
from emotion_ai.ui.uploads import UploadRation


def around_the_pages() -> dict:
    """Options of ``st.App``: the pages that browsers read with, and rations for uploads."""
    base_path = st.get_option("server.baseUrlPath")
    return {
        "routes": device_routes(Settings.from_environment, base_path),
        "middleware": [Middleware(UploadRation)],
    }


def serve(words: list[str]) -> int:
    """``streamlit run`` with ``words``; the exit code."""
    try:
        return cli.main(["run", *words], prog_name="streamlit", standalone_mode=False) or 0
    except click.Abort:
        return 0
    except click.ClickException as error:
        error.show()
        return error.exit_code


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:]))
