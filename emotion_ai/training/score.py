"""How well a run's best weights do on the faces it validated on, with intervals.

Validation losses of two runs cannot be compared when one smoothed its labels or mixed them: these
scores can. They are measured when a run ends, or by ``python -m emotion_ai.training.score STATUS
FOLDER …`` for runs that did not get that far. The test split is left alone.
"""

import sys
from pathlib import Path

import numpy as np

from emotion_ai.datasets.marks import marked_dataset
from emotion_ai.datasets.store import Dataset
from emotion_ai.datasets.truths import labelled_rows, truths_of
from emotion_ai.errors import EmotionAIError
from emotion_ai.evaluation.keypoint_errors import centred
from emotion_ai.evaluation.scores import ExpressionAnswers, KeypointAnswers, measure
from emotion_ai.jobs import background
from emotion_ai.networks.files import load_network
from emotion_ai.storage.files import write_json
from emotion_ai.training import runs
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import open_data, split_rows
from emotion_ai.training.provenance import data_record, refuse_changed_data


def score_run(folder: Path, datasets: list[Dataset]) -> list[dict]:
    """Write ``scores.json``: a score for every dataset and truth."""
    config = runs.read_config(folder)
    # Of other data the faces to score on might be some that it learned from.
    refuse_changed_data(folder, data_record(datasets, config))
    model = load_network(folder / runs.BEST, f"run {folder.name}")
    scores = []
    for dataset in datasets:
        seen = marked_dataset(dataset) if config.honour_marks else dataset
        rows = split_rows(seen, config)[1]
        faces = np.asarray(dataset.images[rows])[..., None]
        predicted = model.predict(faces, batch_size=256, verbose=0).astype(np.float32)
        official = "validation" in dataset.description["splits"] and not config.hold_out
        head = {
            "task": config.task,
            "data": dataset.name,
            "digest": dataset.digest,
            "split": "validation" if official else f"a tenth of train, seed {config.split_seed}",
        }
        scores += [{**head, **score} for score in _scores(predicted, rows, dataset, config)]
    write_json(folder / runs.SCORES, {"scores": scores})
    return scores


def _scores(
    predicted: np.ndarray, rows: np.ndarray, dataset: Dataset, config: TrainingConfig
) -> list[dict]:
    if config.task == "keypoints":
        known, targets = labelled_rows(dataset, rows, None)
        return [measure(KeypointAnswers(centred(predicted[known], targets), targets))]
    labels = config.expressions
    heads = predicted.reshape(len(rows), -1, len(labels))
    scores = []
    for truth in truths_of(dataset):
        # Of two heads the first answers as the crowd does, the last as the dataset's labels do.
        head = 0 if truth == "crowd" else -1
        known, targets = labelled_rows(dataset, rows, labels, truth)
        found = measure(ExpressionAnswers(heads[known, head], targets, labels))
        scores.append({"labels_from": truth, "label_set": labels.name, **found})
    return scores


def main(status: Path, folders: list[Path]) -> int:
    """Exit code 1, and last the reasons, where a run could not be scored."""
    lines = []
    for done, folder in enumerate(folders):
        background.report(status, done, len(folders), "runs")
        try:
            config = runs.read_config(folder)
            score_run(folder, open_data(config))
        except (EmotionAIError, OSError, ValueError) as error:
            lines.append(f"{folder.name}: {error}")
    if lines:
        print("; ".join(lines), file=sys.stderr)
        return 1
    background.finish(status)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), [Path(folder) for folder in sys.argv[2:]]))
