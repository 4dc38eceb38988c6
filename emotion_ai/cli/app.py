"""``emotion-ai app``: opens the dashboard."""

import argparse
import os
import sys

from emotion_ai.settings import ROOT


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    app = subparsers.add_parser(
        "app",
        help="open the dashboard",
        description="Opens the dashboard; Ctrl-C ends it.",
        epilog="Further options go to 'streamlit run', such as --server.port 8502.",
        allow_abbrev=False,
    )
    app.set_defaults(handler=run_app)


def run_app(arguments: argparse.Namespace) -> int:
    """Becomes the server's own process, so that Ctrl-C and other signals reach it alone. Its
    settings are those of ``.streamlit/config.toml`` beside the script."""
    script = str(ROOT / "streamlit_app.py")
    command = [sys.executable, "-m", "emotion_ai.ui.server", script, *arguments.for_streamlit]
    sys.stdout.flush()
    os.execv(sys.executable, command)
