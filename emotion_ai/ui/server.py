"""``python -m emotion_ai.ui.server SCRIPT OPTIONS``: Streamlit's server, for which Ctrl-C is an end
like any other. ``streamlit run`` calls it an abort and reports an error."""

import sys

import click
from streamlit.web import cli


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
