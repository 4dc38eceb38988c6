"""The saved models beside packages that do the same, on the same faces of a dataset.

    PYTHONPATH=. python benchmarks/peers.py [--data fer2013] [--split test] [--n 1000]

Expressions: ``fer`` (https://pypi.org/project/fer, MIT); keypoints: MediaPipe's FaceMesh
(``mediapipe``, Apache-2.0, up to 0.10). A package that is not installed is left out with a line.
FaceMesh also searches the face: only faces that it finds are compared. Its points are other
people's idea of an eye's corner, so that every model is also shown with the mean of its error at
each point taken out.
"""

import argparse
import sys
from collections.abc import Callable

import cv2
import numpy as np

from emotion_ai.datasets import load_any
from emotion_ai.datasets.store import Dataset
from emotion_ai.datasets.truths import labelled_rows, truths_of
from emotion_ai.errors import DatasetError, EmotionAIError
from emotion_ai.evaluation.assessment import model_columns, restrict
from emotion_ai.evaluation.predictions import predictions
from emotion_ai.evaluation.scores import expression_scores, figures, keypoint_scores
from emotion_ai.labels import FER7, LabelSet
from emotion_ai.models.store import SavedModel, list_models
from emotion_ai.settings import settings

#: Faces on one picture for ``fer``, which classifies a picture's faces together.
TILES = 64
#: FaceMesh looks for faces in pictures: a face with its surroundings, enlarged to this side.
PICTURE_PX = 320
#: FaceMesh's points behind each of the 15, as in 300-W: an eye's centre is the mean of its lids'.
FACE_MESH = (
    (362, 385, 387, 263, 373, 380), (33, 160, 158, 133, 153, 144), (362,), (263,), (133,), (33,),
    (285,), (300,), (55,), (70,), (1,), (291,), (61,), (0,), (17,),
)  # fmt: skip


def fer(faces: np.ndarray) -> tuple[np.ndarray, LabelSet]:
    """Probabilities (N, 7) of uint8 (N, S, S) faces, cut as they are."""
    from fer import FER

    network, side = FER(offsets=(0, 0)), faces.shape[1]
    said = []
    for start in range(0, len(faces), TILES):
        some = faces[start : start + TILES]
        picture = cv2.cvtColor(np.concatenate(some, axis=1), cv2.COLOR_GRAY2BGR)
        places = [(i * side, 0, side, side) for i in range(len(some))]
        found = network.detect_emotions(picture, face_rectangles=places)
        said += [[face["emotions"][name] for name in FER7.expressions] for face in found]
    return np.array(said), FER7


def face_mesh(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Keypoints (N, 15, 2) in pixels of the crop; NaN for faces that it does not find."""
    import mediapipe

    if not hasattr(mediapipe, "solutions"):
        raise ImportError(f"FaceMesh left mediapipe before {mediapipe.__version__}")
    points = np.full((len(rows), len(FACE_MESH), 2), np.nan, np.float32)
    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True) as network:
        for i, image in enumerate(dataset.wide_images[rows]):
            scale = PICTURE_PX / len(image)
            picture = cv2.resize(image, (PICTURE_PX, PICTURE_PX), interpolation=cv2.INTER_CUBIC)
            found = network.process(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)).multi_face_landmarks
            if found:
                every = np.array([(one.x, one.y) for one in found[0].landmark]) * PICTURE_PX
                every = (every + 0.5) / scale - 0.5 - dataset.border_px
                points[i] = [every[list(sources)].mean(axis=0) for sources in FACE_MESH]
    return points


def installed(name: str, run: Callable):
    """What ``run`` gives; None, and a line, where its package is not there."""
    try:
        return run()
    except ImportError as error:
        print(f"{name} is left out: {error}", file=sys.stderr)
        return None


def show(who: str, what: str, scores: dict) -> None:
    said = [
        f"{one.score.title} {one.text}" + (f" ({limits})" if (limits := one.limits()) else "")
        for one in figures(scores)
    ]
    print(f"{who:24} {what:16} n={scores['n']:,}: {', '.join(said[:2])}", flush=True)


def compare_expressions(
    models: list[SavedModel], dataset: Dataset, split: str | None, rows: np.ndarray
) -> None:
    """Against each truth the dataset has; over all expressions and over those of smaller sets."""
    faces, places = np.asarray(dataset.images[rows]), dataset.rows(split).searchsorted(rows)
    answers = {
        one.name: (predictions(one, dataset, settings(), split=split).probabilities, one.labels)
        for model in models
        for one in model.each_head()
    }
    answers = {name: (said[places], labels) for name, (said, labels) in answers.items()}
    if found := installed("fer", lambda: fer(faces)):
        answers["fer (package)"] = found
    for truth in truths_of(dataset):
        for labels in {known.name: known for _, known in answers.values()}.values():
            counted, targets = labelled_rows(dataset, rows, labels, truth)
            for name, (said, known) in answers.items():
                try:
                    model_columns(known, labels)
                except EmotionAIError:  # it has no such expression
                    continue
                chosen = restrict(said[counted], known, labels)
                scores = expression_scores(chosen, targets, labels)
                show(name, f"{labels.name}, {truth}", scores)


def compare_keypoints(
    models: list[SavedModel], dataset: Dataset, split: str | None, rows: np.ndarray
) -> None:
    places = dataset.rows(split).searchsorted(rows)
    answers = {
        model.name: predictions(model, dataset, settings(), split=split).keypoints_px[places]
        for model in models
    }
    found = installed("mediapipe", lambda: face_mesh(dataset, rows))
    if found is not None:
        answers["mediapipe FaceMesh"] = found
    targets = dataset.keypoints_px[rows]
    there = ~np.isnan(np.stack(list(answers.values()))).any(axis=(0, 2, 3))
    print(f"{there.sum():,} of {len(there):,} faces found by all")
    for name, said in answers.items():
        errors = said[there] - targets[there]
        show(name, "as it is", keypoint_scores(said[there], targets[there]))
        even = said[there] - np.nanmean(errors, axis=0)
        show(name, "its habit out", keypoint_scores(even, targets[there]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="fer2013", metavar="NAME_OR_PATH")
    parser.add_argument("--split", help="train, validation or test (default: every row)")
    parser.add_argument("--n", type=int, help="so many faces, spread over all (default: all)")
    arguments = parser.parse_args()
    try:
        dataset = load_any(arguments.data, settings().data_dir)
    except DatasetError as error:
        sys.exit(str(error))
    rows = dataset.rows(arguments.split)
    if arguments.n and arguments.n < len(rows):
        rows = rows[np.linspace(0, len(rows) - 1, arguments.n).astype(int)]
    models = [one for one in list_models(settings().models_dir) if one.task == dataset.task]
    compare = compare_keypoints if dataset.task == "keypoints" else compare_expressions
    print(f"{dataset.name}, {arguments.split or 'every row'}")
    compare(models, dataset, arguments.split, rows)


if __name__ == "__main__":
    main()
