"""``python -m emotion_ai.ui.serve SCRIPT [OPTION…]``: ``streamlit run``, which Ctrl-C ends as it
should end a server: with exit code 0, and not with "Aborted!"."""

import sys

from click.exceptions import Abort, ClickException
from streamlit.web.cli import main

if __name__ == "__main__":
    try:
        main(["run", *sys.argv[1:]], standalone_mode=False)
    except Abort:
        sys.exit(0)
    except ClickException as error:
        error.show()
        sys.exit(error.exit_code)
