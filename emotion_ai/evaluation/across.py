"""Models on several datasets: one table in which each figure says what it was measured on."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from emotion_ai.datasets.store import SPLITS_TO_SCORE, Dataset
from emotion_ai.datasets.truths import truths_of
from emotion_ai.errors import ConfigError
from emotion_ai.evaluation.assessment import Assessment, Question, left_out_text
from emotion_ai.evaluation.caveats import caveats, other_truth
from emotion_ai.evaluation.scores import figures, headline
from emotion_ai.models.store import SavedModel


def fair_questions(model: SavedModel, datasets: Sequence[Dataset]) -> list[Question]:
    """What to ask of each dataset so that the answers stand side by side: the split that a model
    knows least, against what the model learnt to say where all of them say that, else ``given``."""
    told = all(model.truth in truths_of(dataset) for dataset in datasets)
    truth = model.truth if told else "given"
    return [Question(_least_known(dataset), truth) for dataset in datasets]


def _least_known(dataset: Dataset) -> str:
    splits = dataset.description["splits"]
    return next(split for split in SPLITS_TO_SCORE if split in splits)


def cross_table(
    models: Sequence[SavedModel],
    datasets: Sequence[Dataset],
    ask: Callable[[SavedModel, Dataset, Question], Assessment],
    *data_dirs: Path,
) -> pd.DataFrame:
    """A row for each model on each dataset: ``model``, ``data``, ``split``, ``labels`` (whose),
    ``faces``, the scores by their titles with units, ``from`` and ``to`` (the 95 % interval of the
    first) and ``remark`` (what was left out, what makes it look better than it is, or why there is
    no score). ``ask`` assesses; in ``data_dirs`` lie the datasets that a model may have learnt."""
    rows = []
    for model in models:
        for dataset, question in zip(datasets, fair_questions(model, datasets), strict=True):
            row = {"model": model.name, "data": dataset.name, "split": question.split}
            if model.task == "expression":
                row["labels"] = question.truth
            try:
                asked = ask(model, dataset, question)
            except ConfigError as error:
                rows.append(row | {"faces": 0, "remark": str(error)})
                continue
            scores, first = asked.scores, headline(asked.scores)
            row |= {"faces": scores["n"], first.score.with_unit(first.score.title): first.scaled}
            row |= dict(zip(("from", "to"), map(first.score.scaled, first.interval), strict=True))
            row |= {one.score.with_unit(one.score.title): one.scaled for one in figures(scores)[1:]}
            known = other_truth(model, question.truth)
            known += caveats(model, dataset, question.split, *data_dirs)
            rows.append(row | {"remark": " ".join([*_remarks(scores), *known])})
    return pd.DataFrame(rows)


def _remarks(scores: dict) -> list[str]:
    people = f"Intervals over {scores['subjects']:,} people." if "subjects" in scores else ""
    return [text for text in (left_out_text(scores), people) if text]
