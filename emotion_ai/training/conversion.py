"""A run's best checkpoint becomes a saved model: converted, verified, scored, described.

Imports TensorFlow for the conversion; runs in the trainer's process, never in the dashboard.
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np

from emotion_ai.datasets.marks import marked_dataset
from emotion_ai.datasets.store import Dataset
from emotion_ai.datasets.truths import labelled_rows, truths_of
from emotion_ai.errors import RunError
from emotion_ai.evaluation.assessment import Question, assess, label_sets
from emotion_ai.evaluation.calibration import NEARLY_ZERO, fit_temperature
from emotion_ai.labels import BOTH, HEADS, INPUT_SIZE_PX
from emotion_ai.models.store import KERAS, TFLITE, SavedModel, write_model
from emotion_ai.networks.architectures import OFFSET_STEPS
from emotion_ai.networks.changes import in_float32, with_heads, with_mirror
from emotion_ai.networks.files import load_network
from emotion_ai.settings import Settings
from emotion_ai.training import runs
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import Examples, prepare, split_rows
from emotion_ai.training.litert import convert

#: Training faces that an integer network is fitted to.
FITTED_FACES = 1000


def store_checkpoint(
    folder: Path,
    datasets: list[Dataset],
    target: Path,
    *,
    quantise: bool = True,
    head: str = HEADS[0],
    mirror: bool = False,
) -> SavedModel:
    """Store the best checkpoint of the run in ``folder`` as the model ``target``.

    ``quantise`` makes an integer LiteRT network, calibrated on training faces. ``head`` is the
    one to store where the run trained both, or ``both``. With ``mirror`` it sees every face and its
    mirror image (``changes.with_mirror``). Scores are measured on the stored ``.tflite`` for every
    split the datasets have besides ``train``.
    """
    if not (folder / runs.BEST).exists():
        raise RunError(f"run {folder.name} has no finished epoch to save")
    config = runs.read_config(folder)
    if mirror and config.task == "keypoints":
        raise RunError("averaging with the mirrored face: expected a run of expressions")
    model = in_float32(load_network(folder / runs.BEST, f"run {folder.name}"))
    about = {}
    if config.task == "expression":
        model, about = _with_answers(model, datasets, config, head, mirror)
    train_set, _ = prepare(datasets, config, config.expressions)
    border = train_set.border_px
    crops = train_set.images[:, border : -border or None, border : -border or None]
    if config.task == "keypoints":
        centre_keypoints(model, crops, train_set)
    rows = np.random.default_rng(0).permutation(len(train_set))[:FITTED_FACES]
    content, parity = convert(model, crops[np.sort(rows)], quantise)
    card = {
        "task": config.task,
        **about,
        "preset": config.preset,
        "input_px": INPUT_SIZE_PX[config.task],
        "parameters": model.count_params(),
        "quantised": quantise,
        "keras_difference": parity,
        "data": [
            {"name": d.name, "digest": d.digest, "splits": d.description["splits"]}
            for d in datasets
        ],
        "scores": [],
        "run": folder.name,
        # By name: where a folder lies is nobody else's matter.
        "training": config.as_dict() | {"data": [dataset.name for dataset in datasets]},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    learned = (folder / runs.METRICS).read_bytes()
    with tempfile.TemporaryDirectory() as temporary:  # the old model stays until all is known
        model.save(Path(temporary) / KERAS)
        saved = (Path(temporary) / KERAS).read_bytes()
        files = {KERAS: saved, TFLITE: content, runs.METRICS: learned}
        unscored = write_model(Path(temporary) / target.name, card, files)
        card["scores"] = score_all(unscored, datasets)
    return write_model(target, card, files)


def _with_answers(
    model: keras.Model, datasets: list[Dataset], config: TrainingConfig, head: str, mirror: bool
) -> tuple[keras.Model, dict]:
    """An expression network with the heads that are stored, each as sure as it may be, and what
    its card says of that."""
    if mirror:
        model = with_mirror(model, config.preset)
    truths = HEADS if head == BOTH else (head,)
    indices = [HEADS.index(truth) for truth in truths]
    if config.labels != BOTH:
        truths, indices = (config.labels,), [0]
    temperatures = None
    if config.calibration_faces:
        temperatures = []
        for truth, index in zip(truths, indices, strict=True):
            faces, targets = calibration_faces(datasets, config, truth)
            said = with_heads(model, [index]).predict(faces[..., None], verbose=0)
            temperatures.append(fit_temperature(said, targets, smallest=NEARLY_ZERO))
    about = {
        "label_set": config.label_set,
        **({"classes": list(config.classes)} if config.classes else {}),
        "truth": truths[0],
        "temperature": temperatures and temperatures[0],
        "mirror": mirror,
    }
    if len(truths) > 1:
        about |= {"heads": truths, "temperature": temperatures}
    return with_heads(model, indices, temperatures), about


def calibration_faces(
    datasets: list[Dataset], config: TrainingConfig, truth: str
) -> tuple[np.ndarray, np.ndarray]:
    """The training faces kept out of training, uint8 (N, S, S), and their classes, int64 (N,)."""
    labels, faces, targets = config.expressions, [], []
    for dataset in datasets:
        if config.honour_marks:
            dataset = marked_dataset(dataset)
        rows = split_rows(dataset, config)[2]
        asked = "given" if truth == "given" else "crowd"  # of a mixture, what people say
        known, classes = labelled_rows(dataset, rows, labels, asked)
        faces.append(dataset.images[rows[known]])
        targets.append(classes)
    return np.concatenate(faces), np.concatenate(targets)


def centre_keypoints(model: keras.Model, faces: np.ndarray, examples: Examples) -> None:
    """Take each keypoint's mean error on the training faces out of the last layer's bias.

    Annotators place points with a habit, such as a pixel to one side, that mirrored training
    faces teach away: this gives it back. Only the rows of full weight count. ``faces``: uint8
    (N, S, S), the crops of ``examples`` without augmentation.
    """
    trusted = examples.weights == examples.weights.max()
    predicted = model.predict(faces[trusted][..., None], batch_size=256, verbose=0)
    habit_px = np.nanmean(examples.targets[trusted] - predicted, axis=0)
    kernel, bias = model.get_layer("offsets").get_weights()
    scale_px = faces.shape[1] / OFFSET_STEPS
    bias = bias + np.nan_to_num(habit_px).ravel() / scale_px
    model.get_layer("offsets").set_weights([kernel, bias])


def score_all(model: SavedModel, datasets: list[Dataset]) -> list[dict]:
    """Scores on every split that was not trained on: against each truth the dataset has, and on
    each smaller label set against the given labels."""
    scores = []
    with tempfile.TemporaryDirectory() as cache_dir:  # each split is read once a head
        where = Settings(cache_dir=Path(cache_dir))
        for dataset in datasets:
            for split in [name for name in dataset.description["splits"] if name != "train"]:
                asked = [Question(split, truth) for truth in truths_of(dataset)]
                if model.task == "expression":
                    asked += [Question(split, labels=labels) for labels in label_sets(model)[1:]]
                for own in model.each_head():
                    found = [assess(own, dataset, question, where).scores for question in asked]
                    if len(model.heads) > 1:
                        found = [{**score, "head": own.truth} for score in found]
                    scores += found
    return scores
