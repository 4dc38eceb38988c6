"""``emotion-ai evaluate``: a saved model on a dataset."""

import argparse
import json
import sys
from pathlib import Path

from emotion_ai.cli.archive import ADDRESS
from emotion_ai.datasets import load_any
from emotion_ai.datasets.formats.fer2013 import SPLIT_NAMES
from emotion_ai.datasets.store import SPLITS, Dataset
from emotion_ai.datasets.truths import TRUTHS
from emotion_ai.errors import ConfigError
from emotion_ai.evaluation.assessment import Assessment, Question, assess, left_out_text
from emotion_ai.evaluation.scores import figures
from emotion_ai.labels import LABEL_SETS, label_set
from emotion_ai.models.store import SavedModel, open_model
from emotion_ai.progress import progress_bar
from emotion_ai.settings import settings


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    evaluate = subparsers.add_parser("evaluate", help="score saved models on a dataset")
    add_question(evaluate, "default: every labelled row", models="+")
    evaluate.add_argument(
        "--json", action="store_true", help="print one JSON object, of several models a list"
    )
    evaluate.add_argument("--on", choices=("ray",), help="each model on a core of a cluster")
    evaluate.add_argument("--address", help=ADDRESS)
    evaluate.set_defaults(handler=run_evaluate)


def add_question(
    parser: argparse.ArgumentParser, default_split: str, models: str | None = None
) -> None:
    """What ``ask`` needs: which model (or ``models``), on which faces, against whose labels."""
    parser.add_argument(
        "model", metavar="MODEL", nargs=models, help="a saved model's name or folder"
    )
    parser.add_argument(
        "--data", required=True, metavar="NAME_OR_PATH", help="a dataset, or a CSV, zip or folder"
    )
    parser.add_argument("--split", help=f"{', '.join(SPLITS)} or FER2013's names; {default_split}")
    parser.add_argument("--label-set", choices=LABEL_SETS, help="score on these expressions")
    parser.add_argument("--labels", choices=TRUTHS, default="given")
    parser.add_argument("--votes", type=Path, metavar="FILE", help="FER+ votes, for a path")
    parser.add_argument(
        "--leave-out-copies", action="store_true", help="without faces that also stand in train"
    )


def ask(arguments: argparse.Namespace, default_splits: tuple[str, ...] = ()) -> Assessment:
    """The model on the dataset, with bars. Without ``--split``: the first of ``default_splits``
    that the dataset has, else all rows."""
    model = open_model(settings().models_dir, arguments.model)
    _tell_of_heads(arguments.model, model, arguments.labels)
    dataset = _open_data(arguments)
    own = (split for split in default_splits if split in dataset.description["splits"])
    question = _question(arguments, next(own, None))
    with progress_bar(f"{model.name} reads {dataset.name}") as progress:
        return assess(model, dataset, question, settings(), progress)


def _tell_of_heads(name: str, model: SavedModel, truth: str) -> None:
    """A line where no head was asked for and another one than the first has learned the labels."""
    if "@" not in name and truth != model.truth and truth in model.heads:
        told = f"{name} answers as {model.truth}; {name}@{truth} has learned the {truth} labels"
        print(f"note: {told}", file=sys.stderr)


def _open_data(arguments: argparse.Namespace) -> Dataset:
    options = {"votes": arguments.votes} if arguments.votes else {}
    with progress_bar(f"reading {Path(arguments.data).name}") as progress:
        return load_any(arguments.data, *settings().data_dirs, progress=progress, **options)


def _question(arguments: argparse.Namespace, split: str | None = None) -> Question:
    return Question(
        SPLIT_NAMES.get(arguments.split, arguments.split) or split,
        arguments.labels,
        label_set(arguments.label_set) if arguments.label_set else None,
        arguments.leave_out_copies,
    )


def run_evaluate(arguments: argparse.Namespace) -> int:
    models = [open_model(settings().models_dir, name) for name in arguments.model]
    dataset, question = _open_data(arguments), _question(arguments)
    for name, model in zip(arguments.model, models, strict=True):
        _tell_of_heads(name, model, question.truth)
    if arguments.on == "ray":
        found = _on_ray(arguments, models, dataset, question)
    else:
        found = []
        for model in models:
            with progress_bar(f"{model.name} reads {dataset.name}") as progress:
                found.append(assess(model, dataset, question, settings(), progress).scores)
    if arguments.json:
        print(json.dumps(found if len(found) > 1 else found[0]))
    else:
        print("\n".join(table_text(found) if len(found) > 1 else scores_text(found[0])))
    return 0


def _on_ray(
    arguments: argparse.Namespace, models: list[SavedModel], dataset: Dataset, question: Question
) -> list[dict]:
    from emotion_ai.distributed.cluster import connected
    from emotion_ai.distributed.ray_evaluation import evaluate_on_ray

    if arguments.votes:
        raise ConfigError("--votes and --on ray: import the data with its votes first")
    with connected(arguments.address) as cluster, progress_bar("evaluating") as progress:
        names = list(zip(arguments.model, models, strict=True))
        return evaluate_on_ray(names, arguments.data, dataset, question, cluster, progress)


def table_text(found: list[dict]) -> list[str]:
    """Several models' scores side by side, a line each."""
    first = found[0]
    measured = list(dict.fromkeys(one.score.title for each in found for one in figures(each)))
    width = max(len(each["model"]) for each in found)
    lines = [f"{first['data']}, split {first['split']}"]
    lines.append(f"{'':{width}}  {'faces':>7}" + "".join(f"  {title:>18}" for title in measured))
    for each in found:
        values = {one.score.title: one.text for one in figures(each)}
        cells = "".join(f"  {values.get(title, ''):>18}" for title in measured)
        lines.append(f"{each['model']:{width}}  {each['n']:7,}{cells}")
    return lines


def scores_text(scores: dict) -> list[str]:
    """Scores for people: every figure with its interval, and what it was measured on."""
    head = f"{scores['model']} on {scores['data']}, split {scores['split']}, {scores['n']:,} faces"
    if scores["task"] == "expression":
        head += f", {scores['label_set']}, {scores['labels_from']} labels"
    measured = [
        f"{one.score.title:18}{one.text:>9}   {one.note}".rstrip() for one in figures(scores)
    ]
    if people := scores.get("subjects"):
        head += f", {people:,} people, intervals over people"
    left_out = [text] if (text := left_out_text(scores)) else []
    return [
        head,
        *left_out,
        *measured,
        *(_points if scores["task"] == "keypoints" else _classes)(scores),
    ]


def _points(scores: dict) -> list[str]:
    """The error of each point, and the scores of each part of the dataset."""
    points = [f"  {name:26} {rmse:5.2f} px" for name, rmse in scores["per_point_rmse_px"].items()]
    parts = [
        f"  {name:10} "
        + ", ".join(f"{one.score.title} {one.text}" for one in figures(part))
        + f", {part['n']:,} faces"
        for name, part in scores.get("per_subset", {}).items()
    ]
    return points + parts


def _classes(scores: dict) -> list[str]:
    """Precision, recall and F1 of each expression, and what it is mostly taken for."""
    lines = [f"{'':10}{'precision':>10}{'recall':>8}{'F1':>7}{'faces':>7}   taken for"]
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
