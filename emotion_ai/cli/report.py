"""``python -m emotion_ai report``."""

import argparse
from pathlib import Path

from emotion_ai.datasets import load_any
from emotion_ai.evaluation.assessment import TRUTHS, Question, assess, caveats
from emotion_ai.labels import LABEL_SETS, label_set
from emotion_ai.models.store import open_model
from emotion_ai.progress import progress_bar
from emotion_ai.settings import settings
from emotion_ai.storage.files import write_bytes

_SPLITS = ("test", "validation", "train")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add ``report`` to the program's commands."""
    report = subparsers.add_parser("report", help="write what a model gets right and wrong as HTML")
    report.add_argument("model", metavar="MODEL", help="a saved model's name or folder")
    report.add_argument(
        "--data", required=True, metavar="NAME_OR_PATH", help="a dataset, or a CSV, zip or folder"
    )
    report.add_argument("--split", choices=_SPLITS, help="default: the first there is of these")
    report.add_argument("--labels", choices=TRUTHS, default="given")
    report.add_argument("--label-set", choices=LABEL_SETS, help="score on these expressions")
    report.add_argument(
        "--leave-out-copies", action="store_true", help="without faces that also stand in train"
    )
    report.add_argument("--out", type=Path, metavar="FILE", help="default: report_MODEL_DATA.html")
    report.set_defaults(handler=run_report)


def run_report(arguments: argparse.Namespace) -> int:
    from emotion_ai.report.page import write_report

    model = open_model(settings().models_dir, arguments.model)
    with progress_bar(f"reading {Path(arguments.data).name}") as progress:
        dataset = load_any(arguments.data, settings().data_dir, progress=progress)
    own = dataset.description["splits"]
    split = arguments.split or next(name for name in _SPLITS if name in own)
    question = Question(
        split,
        arguments.labels,
        label_set(arguments.label_set) if arguments.label_set else None,
        arguments.leave_out_copies,
    )
    with progress_bar(f"{model.name} reads {dataset.name} {split}") as progress:
        assessment = assess(model, dataset, question, settings(), progress)
    notes = caveats(model, dataset, split, settings().data_dir)
    out = arguments.out or Path(f"report_{model.name}_{dataset.name}_{split}.html")
    write_bytes(out, write_report(assessment, notes).encode())
    print(out)
    return 0
