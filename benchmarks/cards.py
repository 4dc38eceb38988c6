"""The measured part of every model card, from the shipped files; ``--write`` puts it in place.

    PYTHONPATH=. python benchmarks/cards.py [--write]

Measures every score of models/NAME/card.json again, so that it has all that there are now, and
replaces what stands between ``<!-- measured -->`` and ``<!-- end -->`` in models/NAME/README.md.
Models whose dataset is not imported here, or is another one, stay as they are.
"""

import argparse
import re

import pandas as pd

from benchmarks.accuracy import measured_again
from emotion_ai.datasets import open_dataset
from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import DatasetError
from emotion_ai.evaluation.assessment import Question, assess
from emotion_ai.evaluation.conditions import light_tables, pose_tables
from emotion_ai.evaluation.predictions import predictions
from emotion_ai.evaluation.scores import Figure, figures
from emotion_ai.models.store import CARD, SavedModel, list_models, open_model
from emotion_ai.settings import settings
from emotion_ai.storage.files import write_json

MEASURED = re.compile(r"(?<=<!-- measured -->\n).*(?=<!-- end -->)", re.DOTALL)
TRUTHS = {"given": "the given labels", "crowd": "most of ten people (FER+)"}


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines) + "\n"


def scores_table(parts: dict[str, dict]) -> str:
    """A row for each named dict of scores, a column for each score with its 95 % interval."""
    titles = {
        one.score.key: one.score.title + (" (95 %)" if one.interval else "")
        for part in parts.values()
        for one in figures(part)
    }
    rows = []
    for name, part in parts.items():
        told = {one.score.key: one for one in figures(part)}
        cells = [cell(told[key]) if key in told else "–" for key in titles]
        rows.append([name, f"{part['n']:,}", *cells])
    return table(["measured on", "faces", *titles.values()], rows)


def cell(figure: Figure) -> str:
    limits = figure.limits()
    return f"**{figure.text}** ({limits})" if limits else figure.text


def expression_card(model: SavedModel, dataset: Dataset, scores: list[dict]) -> str:
    text = scores_table({
        f"{score['split']}, {TRUTHS[score['labels_from']]}, {len(score['labels'])} classes": score
        for score in scores
    })  # fmt: skip
    question = Question(scores[0]["split"], model.truth)
    assessment = assess(model, dataset, question, settings())
    score = assessment.scores
    text += f"By class, against {TRUTHS[model.truth]}:\n\n" + table(
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
         f"{100 * part.accuracy:.1f} % ({100 * part.low:.1f} to {100 * part.high:.1f})"]
        for name, parts in tables.items()
        for part in pd.DataFrame(parts).itertuples()
    ]  # fmt: skip
    return (
        text
        + "By light and pose (fifths of mean grey value and edge strength; turn and tilt as the\n"
        + "keypoint model sees them):\n\n"
        + table(["condition", "faces", "accuracy (95 %)"], rows)
    )


def keypoint_card(scores: list[dict]) -> str:
    text = ""
    for score in scores:
        parts = {f"all of {score['split']}": score, **score.get("per_subset", {})}
        points = [[name, f"{rmse:.2f}"] for name, rmse in score["per_point_rmse_px"].items()]
        text += (
            scores_table(parts) + "By point:\n\n" + table(["keypoint", "RMSE, px of 96"], points)
        )
    return text


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
        if dataset.digest not in {data["digest"] for data in model.card["data"]}:
            print(f"{model.name}: left as it is: it was not measured on this {dataset.name}")
            continue
        scores, text = [], "\n"
        for own in model.each_head():
            found = [measured_again(own, dataset, said).scores for said in own.scores]
            if len(model.heads) > 1:
                found = [{**score, "head": own.truth} for score in found]
                text += f"The head for {TRUTHS[own.truth]} (`{own.name}`):\n\n"
            keypoints = own.task == "keypoints"
            text += keypoint_card(found) if keypoints else expression_card(own, dataset, found)
            scores += found
        print(f"# {model.name}\n{text}")
        readme = model.folder / "README.md"
        if write:
            write_json(model.folder / CARD, {**model.card, "scores": scores})
            if readme.exists() and MEASURED.search(readme.read_text()):
                readme.write_text(MEASURED.sub(lambda _, text=text: text, readme.read_text()))


if __name__ == "__main__":
    main()
