"""``emotion-ai``, or ``python -m emotion_ai``: one module of this package a command.

Exit codes: 0; 1 for bad input, with one line on standard error; 2 for wrong usage.
"""

import argparse
import os
import sys
from contextlib import nullcontext

from emotion_ai.cli import (
    app,
    data,
    device,
    evaluate,
    export,
    models,
    predict,
    report,
    runs,
    search,
    train,
)
from emotion_ai.cli.chatter import only_own_words
from emotion_ai.errors import EmotionAIError
from emotion_ai.models.shipped import bring_shipped_models
from emotion_ai.settings import settings

#: In the order in which the help names them.
COMMANDS = (app, predict, data, train, runs, search, evaluate, report, models, export, device)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="emotion-ai",
        description="Facial keypoints and expressions: datasets, training, evaluation, photos.",
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser


def run() -> int:
    """The program in a process of its own: nothing but its own words on standard error. The
    dashboard takes the process over and keeps its terminal."""
    with nullcontext() if sys.argv[1:2] == ["app"] else only_own_words():
        return main()


def main(argv: list[str] | None = None) -> int:
    parser = build_parser()
    arguments, others = parser.parse_known_args(argv)
    if arguments.handler is app.run_app:
        arguments.for_streamlit = others
    elif others:
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    try:
        bring_shipped_models(settings())
        code = arguments.handler(arguments)
        sys.stdout.flush()  # here, where a full disk can still be told
        return code
    except EmotionAIError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as head, has seen enough
        sys.stdout = None
        return 0
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        print(f"error: {name}{error.strerror or error}", file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:  # it was what could not be written; Python would complain once more
            sys.stdout = None
        return 1
    except KeyboardInterrupt:
        print("cancelled", file=sys.stderr)
        return 130


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before any command imports TensorFlow
