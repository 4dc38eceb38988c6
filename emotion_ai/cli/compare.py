"""``emotion-ai data compare FIRST SECOND``: two datasets side by side."""

import argparse
import json

from emotion_ai.audit.shared import by_splits, pairs, shared_images
from emotion_ai.datasets.describe import balance_of, difference_in_words
from emotion_ai.datasets.store import Dataset, find_dataset
from emotion_ai.errors import ConfigError
from emotion_ai.evaluation.across import cross_table
from emotion_ai.evaluation.assessment import assess
from emotion_ai.models.store import open_model
from emotion_ai.progress import progress_bar
from emotion_ai.settings import settings


def add_compare(actions: argparse._SubParsersAction) -> None:
    compare = actions.add_parser(
        "compare", help="two datasets: balance, shared images, how models do on each"
    )
    compare.add_argument("first", metavar="FIRST")
    compare.add_argument("second", metavar="SECOND")
    compare.add_argument("--model", nargs="+", default=[], metavar="MODEL", help="score these, too")
    show = compare.add_mutually_exclusive_group()
    show.add_argument("--pairs", action="store_true", help="print the shared images, as CSV")
    show.add_argument("--json", action="store_true", help="print one JSON object")
    compare.set_defaults(handler=run_compare)


def run_compare(arguments: argparse.Namespace) -> int:
    first, second = (
        find_dataset(name, *settings().data_dirs) for name in (arguments.first, arguments.second)
    )
    if first.digest == second.digest:
        raise ConfigError(f"expected two datasets, got {first.name} and the same once more")
    if first.task != second.task:
        raise ConfigError(f"{first.name} is for {first.task}, {second.name} for {second.task}")
    models = [open_model(settings().models_dir, name) for name in arguments.model]
    with progress_bar(f"comparing {first.name} and {second.name}") as progress:
        found = pairs(first, second, shared_images(first, second, settings(), progress))
    if arguments.pairs:
        print(found.to_csv(index=False), end="")
        return 0
    scores = cross_table(models, (first, second), _assess, *settings().data_dirs)
    shared = by_splits(found)
    if arguments.json:
        told = {"shared": shared, "scores": scores}
        if first.task == "expression":
            told["balance"] = balance_of((first, second))
        tables = {name: json.loads(table.to_json(orient="records")) for name, table in told.items()}
        print(json.dumps(tables))
        return 0
    print("\n".join(_balance(first, second)))
    print(f"{len(found):,} images of {first.name} also stand in {second.name}")
    if len(found):
        named = {"split": first.name, "other_split": second.name, "differ": "labels differ"}
        print(shared.rename(columns=named).to_string(index=False))
    if len(scores):
        print(scores.drop(columns="remark").to_string(index=False, float_format="{:.3g}".format))
        for row in scores[scores["remark"] != ""].itertuples():
            print(f"{row.model} on {row.data}: {row.remark}")
    return 0


def _assess(model, dataset, question):
    with progress_bar(f"{model.name} reads {dataset.name}") as progress:
        return assess(model, dataset, question, settings(), progress)


def _balance(first: Dataset, second: Dataset) -> list[str]:
    if first.task != "expression":
        return []
    table = balance_of((first, second))
    wide = table.pivot(index="expression", columns="dataset", values="faces")
    wide = wide.loc[table["expression"].unique(), [first.name, second.name]]
    return [wide.rename_axis(columns=None).to_string(), difference_in_words(table), ""]
