"""``emotion-ai report``: what a model gets right and wrong, as one HTML file."""

import argparse
from pathlib import Path

from emotion_ai.cli.evaluate import add_question, ask
from emotion_ai.datasets.store import SPLITS_TO_SCORE
from emotion_ai.evaluation.caveats import caveats
from emotion_ai.settings import settings
from emotion_ai.storage.files import write_bytes


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add ``report`` to the program's commands."""
    report = subparsers.add_parser("report", help="write what a model gets right and wrong as HTML")
    add_question(report, f"default: the first there is of {', '.join(SPLITS_TO_SCORE)}")
    report.add_argument(
        "--out", type=Path, metavar="FILE", help="default: report_MODEL_DATA_SPLIT.html"
    )
    report.set_defaults(handler=run_report)


def run_report(arguments: argparse.Namespace) -> int:
    from emotion_ai.report.page import write_report

    assessment = ask(arguments, SPLITS_TO_SCORE)
    model, dataset, split = assessment.model, assessment.dataset, assessment.question.split
    notes = caveats(model, dataset, split, *settings().data_dirs)
    out = arguments.out or Path(f"report_{model.name}_{dataset.name}_{split}.html")
    write_bytes(out, write_report(assessment, notes).encode())
    print(out)
    return 0
