"""The measured part of every model card, from the shipped files; ``--write`` puts it in place.

    PYTHONPATH=. python benchmarks/cards.py [--write]

Replaces what stands between ``<!-- measured -->`` and ``<!-- end -->`` in models/NAME/README.md.
Datasets that are not imported here leave their card as it is.
"""

import argparse
import re

import pandas as pd

from emotion_ai.datasets import open_dataset
from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import DatasetError
from emotion_ai.evaluation.assessment import Question, assess
from emotion_ai.evaluation.conditions import light_tables, pose_tables
from emotion_ai.evaluation.predictions import predictions
from emotion_ai.models.store import SavedModel, list_models, open_model
from emotion_ai.settings import settings

MEASURED = re.compile(r"(?<=<!-- measured -->\n).*(?=<!-- end -->)", re.DOTALL)
TRUTHS = {"given": "the given labels", "crowd": "most of ten people (FER+)"}


def percent(share: float) -> str:
    return f"{share:.1%}"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines) + "\n"


def expression_card(model: SavedModel, dataset: Dataset) -> str:
    rows = []
    for score in model.card["scores"]:
        low, high = score["accuracy_ci"]
        rows.append([
            f"{score['split']}, {TRUTHS[score['labels_from']]}, {len(score['labels'])} classes",
            f"{score['n']:,}",
            f"**{percent(score['accuracy'])}** ({percent(low)} to {percent(high)})",
            f"{score['macro_f1']:.3f}",
            f"{score['calibration_error']:.3f}",
        ])  # fmt: skip
    text = table(["measured on", "faces", "accuracy (95 %)", "macro F1", "calibration error"], rows)

    truth = model.card.get("truth", "given")
    truth = truth if truth in TRUTHS else "given"
    question = Question(model.card["scores"][0]["split"], truth)
    assessment = assess(model, dataset, question, settings())
    score = assessment.scores
    text += f"By class, against {TRUTHS[truth]}:\n\n" + table(
        ["expression", "faces", "precision", "recall", "F1"],
        [
            [name, f"{row['support']:,}", *(f"{row[k]:.2f}" for k in ("precision", "recall", "f1"))]
            for name, row in score["per_class"].items()
        ],
    )
    tables = light_tables(assessment.images[assessment.rows], assessment.correct)
    points = predictions(
        open_model(settings().models_dir, "keypoints"), dataset, settings(), None, question.split
    ).keypoints_px
    of_rows = points[dataset.rows(question.split).searchsorted(assessment.rows)]
    tables |= pose_tables(of_rows, assessment.correct)
    rows = [
        [f"{name}: {part.part}", f"{part.faces:,}",
         f"{percent(part.accuracy)} ({percent(part.low)} to {percent(part.high)})"]
        for name, parts in tables.items()
        for part in pd.DataFrame(parts).itertuples()
    ]  # fmt: skip
    return (
        text
        + "By light and pose (fifths of mean grey value and edge strength; turn and tilt as the\n"
        + "keypoint model sees them):\n\n"
        + table(["condition", "faces", "accuracy (95 %)"], rows)
    )


def keypoint_card(model: SavedModel) -> str:
    rows, points = [], []
    for score in model.card["scores"]:
        parts = {f"all of {score['split']}": score, **score.get("per_subset", {})}
        rows += [
            [name, f"{part['n']:,}",
             "**{:.2f}** ({:.2f} to {:.2f})".format(part["rmse_px"], *part["rmse_px_ci"]),
             "{:.2%} ({:.2%} to {:.2%})".format(part["nme"], *part["nme_ci"])]
            for name, part in parts.items()
        ]  # fmt: skip
        points = [[name, f"{rmse:.2f}"] for name, rmse in score["per_point_rmse_px"].items()]
    return (
        table(["faces", "n", "RMSE, px of 96 (95 %)", "NME by outer eye corners (95 %)"], rows)
        + "By point:\n\n"
        + table(["keypoint", "RMSE, px"], points)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    for model in list_models(settings().models_dir):
        try:
            dataset = open_dataset(settings().data_dir / model.card["scores"][0]["data"])
        except (DatasetError, IndexError) as error:
            print(f"{model.name}: left as it is: {error}")
            continue
        keypoints = model.task == "keypoints"
        text = "\n" + (keypoint_card(model) if keypoints else expression_card(model, dataset))
        print(f"# {model.name}\n{text}")
        card = model.folder / "README.md"
        if write and card.exists() and MEASURED.search(card.read_text()):
            card.write_text(MEASURED.sub(lambda _, text=text: text, card.read_text()))


if __name__ == "__main__":
    main()
