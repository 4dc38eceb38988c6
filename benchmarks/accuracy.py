"""Every score of the model cards again, from the shipped files: card, now, faces a second.

PYTHONPATH=. python benchmarks/accuracy.py    (datasets that are not imported here are skipped)
"""

import sys
import time

from emotion_ai.cli.models import one_line
from emotion_ai.datasets import open_dataset
from emotion_ai.errors import DatasetError
from emotion_ai.evaluation.scoring import score_model
from emotion_ai.labels import label_set
from emotion_ai.models.store import list_models
from emotion_ai.settings import settings


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
            again = score_model(
                model,
                dataset,
                split=said["split"] if said["split"] != "all" else None,
                labels=label_set(said["label_set"]) if "label_set" in said else None,
                truth=said.get("labels_from", "given"),
                threads=settings().threads,
            )
            seconds = time.perf_counter() - started
            key = "rmse_px" if model.task == "keypoints" else "accuracy"
            same = abs(again[key] - said[key]) < 1e-4
            differ += not same
            print(f"  now   {one_line(again)}{'' if same else '  DIFFERS'}")
            print(f"  {again['n'] / seconds:,.0f} faces/s")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
