"""Every score of the model cards again, from the shipped files: card, now, faces a second.

PYTHONPATH=. python benchmarks/accuracy.py    (datasets that are not imported here are skipped)
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from emotion_ai.cli.models import one_line
from emotion_ai.datasets import open_dataset
from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import DatasetError
from emotion_ai.evaluation.assessment import Assessment, Question, assess
from emotion_ai.evaluation.scores import figures
from emotion_ai.labels import label_set
from emotion_ai.models.store import SavedModel, list_models
from emotion_ai.settings import settings


def measured_again(model: SavedModel, dataset: Dataset, said: dict) -> Assessment:
    """The question that a score of the card answers, asked without what is kept of earlier ones."""
    question = Question(
        said["split"] if said["split"] != "all" else None,
        said.get("labels_from", "given"),
        label_set(said["label_set"], said.get("labels")) if "label_set" in said else None,
    )
    asked = model.with_head(said["head"]) if "head" in said else model
    with tempfile.TemporaryDirectory() as empty:
        return assess(asked, dataset, question, replace(settings(), cache_dir=Path(empty)))


def main() -> int:
    differ = 0
    for model in list_models(settings().models_dir):
        digests = {data["name"]: data["digest"] for data in model.card["data"]}
        for said in model.card["scores"]:
            print(f"{model.name}: card  {one_line(said)}")
            try:
                dataset = open_dataset(settings().data_dir / said["data"])
            except DatasetError as error:
                print(f"  skipped: {error}")
                continue
            if digests.get(dataset.name) != dataset.digest:
                print("  note: the dataset here is not the one the card was written for")
            started = time.perf_counter()
            assessment = measured_again(model, dataset, said)
            again = {figure.score.key: figure.value for figure in figures(assessment.scores)}
            seconds = time.perf_counter() - started
            other = [
                figure.score.title
                for figure in figures(said)
                if not abs(again[figure.score.key] - figure.value) < 1e-4
            ]
            differ += bool(other)
            verdict = f"  DIFFERS: {', '.join(other)}" if other else ""
            print(f"  now   {one_line(assessment.scores)}{verdict}")
            faces = len(dataset.rows(assessment.question.split))
            print(f"  {faces / seconds:,.0f} faces/s")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
