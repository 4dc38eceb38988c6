"""``emotion-ai evaluate``: a saved model on a dataset."""

import argparse
import json
from pathlib import Path

from emotion_ai.datasets import load_any
from emotion_ai.labels import LABEL_SETS, label_set
from emotion_ai.models.store import open_model
from emotion_ai.progress import progress_bar
from emotion_ai.settings import settings

#: FER2013's own names of the splits.
SPLIT_NAMES = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    evaluate = subparsers.add_parser("evaluate", help="score a saved model on a dataset")
    evaluate.add_argument("model", metavar="MODEL", help="a saved model's name or folder")
    evaluate.add_argument(
        "--data", required=True, metavar="NAME_OR_PATH", help="a dataset, or a CSV, zip or folder"
    )
    evaluate.add_argument("--split", help="train, validation or test (default: every labelled row)")
    evaluate.add_argument("--label-set", choices=LABEL_SETS, help="score on these expressions")
    evaluate.add_argument("--labels", choices=("given", "crowd"), default="given")
    evaluate.add_argument("--votes", type=Path, metavar="FILE", help="FER+ votes, for a path")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    evaluate.set_defaults(handler=run_evaluate)


def run_evaluate(arguments: argparse.Namespace) -> int:
    from emotion_ai.evaluation.scoring import score_model

    model = open_model(settings().models_dir, arguments.model)
    options = {"votes": arguments.votes} if arguments.votes else {}
    with progress_bar(f"reading {Path(arguments.data).name}") as progress:
        dataset = load_any(arguments.data, settings().data_dir, progress=progress, **options)
    with progress_bar(f"scoring {model.name}") as progress:
        scores = score_model(
            model,
            dataset,
            split=SPLIT_NAMES.get(arguments.split, arguments.split),
            labels=label_set(arguments.label_set) if arguments.label_set else None,
            truth=arguments.labels,
            threads=settings().threads,
            progress=progress,
        )
    print(json.dumps(scores) if arguments.json else "\n".join(scores_text(scores)))
    return 0


def scores_text(scores: dict) -> list[str]:
    """Scores for people: the figure, its interval, what it was measured on."""
    lines = [
        f"{scores['model']} on {scores['data']}, split {scores['split']}, {scores['n']:,} faces"
    ]
    if scores["task"] == "keypoints":
        low, high = scores["rmse_px_ci"]
        lines += [
            f"RMSE {scores['rmse_px']:.2f} px (95 %: {low:.2f} to {high:.2f}) on 96 × 96",
            f"NME {scores['nme']:.2%} of the eye distance, "
            f"under 5 %: {scores['share_nme_under_5_percent']:.1%} of the faces",
            *(f"  {name:26} {rmse:5.2f} px" for name, rmse in scores["per_point_rmse_px"].items()),
            *(
                f"  {name:10} RMSE {part['rmse_px']:.2f} px, NME {part['nme']:.2%}, "
                f"{part['n']:,} faces"
                for name, part in scores.get("per_subset", {}).items()
            ),
        ]
        return lines
    low, high = scores["accuracy_ci"]
    lines += [
        f"accuracy {scores['accuracy']:.1%} (95 %: {low:.1%} to {high:.1%}), "
        f"{scores['label_set']}, {scores['labels_from']} labels",
        f"macro F1 {scores['macro_f1']:.3f}, log loss {scores['log_loss']:.3f}, "
        f"calibration error {scores['calibration_error']:.3f}",
        f"{'':10}{'precision':>10}{'recall':>8}{'F1':>7}{'faces':>7}   taken for",
    ]
    names = scores["labels"]
    for name, counts in zip(names, scores["confusion"], strict=True):
        row = scores["per_class"][name]
        wrong = sorted(
            ((n, other) for n, other in zip(counts, names, strict=True) if other != name and n),
            reverse=True,
        )
        lines.append(
            f"{name:10}{row['precision']:10.3f}{row['recall']:8.3f}{row['f1']:7.3f}"
            f"{row['support']:7d}   " + ", ".join(f"{other} {n}" for n, other in wrong[:3])
        )
    return lines
