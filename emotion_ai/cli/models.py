"""``emotion-ai models``: saved models, their earlier versions, names, which ones are used."""

import argparse

from emotion_ai.evaluation.scores import headline
from emotion_ai.models.housekeeping import delete_model, rename_model
from emotion_ai.models.store import SavedModel, survey
from emotion_ai.models.versions import (
    Change,
    go_back,
    is_default,
    make_default,
    survey_versions,
)
from emotion_ai.settings import settings


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add ``models`` with its actions."""
    listing = subparsers.add_parser("models", help="list saved models, choose the app's defaults")
    listing.set_defaults(handler=run_list)
    actions = listing.add_subparsers(metavar="ACTION")

    listed = actions.add_parser("list", help="every model and its scores")
    listed.set_defaults(handler=run_list)

    default = actions.add_parser("default", help="let the app read with a model")
    default.add_argument("model")
    default.set_defaults(handler=run_default)

    earlier = actions.add_parser("versions", help="the earlier versions of a model")
    earlier.add_argument("model")
    earlier.set_defaults(handler=run_versions)

    back = actions.add_parser("back", help="swap a model with an earlier version of itself")
    back.add_argument("model")
    back.add_argument("--version", type=int, metavar="N", help="default: the newest")
    back.set_defaults(handler=run_back)

    rename = actions.add_parser("rename", help="give a saved model another name")
    rename.add_argument("model")
    rename.add_argument("new_name", metavar="NEW_NAME")
    rename.set_defaults(handler=run_rename)

    delete = actions.add_parser("delete", help="remove a saved model and its earlier versions")
    delete.add_argument("model")
    delete.set_defaults(handler=run_delete)


def run_list(arguments: argparse.Namespace) -> int:
    models_dir = settings().models_dir
    models, damaged = survey(models_dir)
    if not models and not damaged:
        print("no models yet: emotion-ai train")
    for model in models:
        print_model(model, model.name, ", in use" if is_default(models_dir, model) else "")
    for why in damaged.values():
        print(why)
    return 0


def run_versions(arguments: argparse.Namespace) -> int:
    found, damaged = survey_versions(settings().models_dir, arguments.model)
    if not found and not damaged:
        print(f"{arguments.model} has no earlier version")
    for version in found:
        print_model(version.model, f"version {version.number}")
    for number, why in damaged.items():
        print(f"version {number}: {why}")
    return 0


def run_default(arguments: argparse.Namespace) -> int:
    change = make_default(settings().models_dir, arguments.model)
    print_change(change)
    print(f"back: emotion-ai models back {change.name}")
    return 0


def run_back(arguments: argparse.Namespace) -> int:
    print_change(go_back(settings().models_dir, arguments.model, arguments.version))
    return 0


def run_rename(arguments: argparse.Namespace) -> int:
    rename_model(settings().models_dir, arguments.model, arguments.new_name)
    print(f"{arguments.model} is called {arguments.new_name} now")
    return 0


def run_delete(arguments: argparse.Namespace) -> int:
    delete_model(settings().models_dir, arguments.model)
    print(f"{arguments.model} is deleted, and its earlier versions")
    return 0


def print_model(model: SavedModel, title: str, remark: str = "") -> None:
    size = model.card["files"]["model.tflite"]["bytes"] / 1e6
    print(
        f"{title}: {model.task}, {model.card['parameters']:,} parameters, "
        f"{size:.1f} MB, {model.card['created'][:10]}{remark}"
    )
    for scores in model.card["scores"]:
        head = f"{scores['head']} head: " if "head" in scores else ""
        print(f"  {head}{one_line(scores)}")


def print_change(change: Change) -> None:
    """From which model to which, and both scores wherever they were measured alike."""
    before = change.old.card.get("run", "") if change.old else "none"
    print(f"{change.name}: from {before or 'unknown'} to {change.new.card.get('run', 'unknown')}")
    for old, new in change.scores:
        print(f"  from {one_line(old)}\n  to   {one_line(new)}")
    if change.old and not change.scores:
        print("  not scored on the same split: evaluate both on one to compare")


def one_line(scores: dict) -> str:
    """A score with what it was measured on, in one line."""
    where = f"{scores['data']}/{scores['split']}, n={scores['n']:,}"
    figure = headline(scores)
    words = f"{figure.score.title} {figure.text} ({figure.limits()})"
    if scores["task"] == "expression":
        words += f", {scores['label_set']}, {scores['labels_from']} labels"
    return f"{words}, {where}"
