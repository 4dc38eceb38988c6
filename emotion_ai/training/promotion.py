"""A run becomes a saved model.

The command line calls ``promote_run``; for the page ``promotion_job`` starts
``python -m emotion_ai.training.promotion STATUS RUN_FOLDER MODEL [--float] [--default]
[--head=NAME]``. Keras and TensorFlow are imported only when nothing more can be refused.
"""

import sys
from dataclasses import replace
from pathlib import Path

from emotion_ai.access.permissions import require_editor
from emotion_ai.datasets import load_any
from emotion_ai.datasets.store import Dataset
from emotion_ai.errors import EmotionAIError
from emotion_ai.jobs import background
from emotion_ai.labels import BOTH, HEADS
from emotion_ai.models.store import SavedModel, check_task
from emotion_ai.models.versions import is_default, make_default
from emotion_ai.optional import require
from emotion_ai.progress import Progress
from emotion_ai.settings import settings
from emotion_ai.training import runs
from emotion_ai.training.promotion_job import check_model_name
from emotion_ai.training.provenance import data_record, refuse_changed_data

_STEPS = ("reading the data", "converting and scoring", "storing")


def promote_run(
    folder: Path,
    name: str,
    *,
    datasets: list[Dataset] | None = None,
    quantise: bool = True,
    default: bool = False,
    head: str = HEADS[0],
    mirror: bool = False,
    progress: Progress | None = None,
) -> SavedModel:
    """Store the best epoch of a run as the model ``name``, and let the app read with it when
    ``default``. A model of that name becomes an earlier version of it. ``datasets``: those of the
    run, opened when not given. ``head``: which of ``HEADS`` to store of a run that trained both, or
    ``both``.
    ``mirror``: see ``conversion.store_checkpoint``.

    Whatever is wrong with the request is said before anything heavy begins.
    """
    require_editor("save a model")
    require("Making a model of a run", "keras", "tensorflow")

    def step(number: int) -> None:
        if progress:
            progress(number, len(_STEPS), _STEPS[number])

    config = runs.read_config(folder)
    target = settings().models_dir / check_model_name(name)
    check_task(target, config.task)
    step(0)
    if datasets is None:
        datasets = [load_any(data, *settings().data_dirs) for data in config.data]
    # Scores are of faces it has not seen: another split of the same data would not keep that. Marks
    # set since decide what is learned from, not what is scored, but also which faces were set aside
    # for calibration.
    marks_count = config.honour_marks and config.calibration_faces > 0
    refuse_changed_data(folder, data_record(datasets, replace(config, honour_marks=marks_count)))
    step(1)
    from emotion_ai.training.conversion import store_checkpoint

    model = store_checkpoint(folder, datasets, target, quantise=quantise, head=head, mirror=mirror)
    step(2)
    if default and not is_default(settings().models_dir, model):
        make_default(settings().models_dir, model.name)
    return model


def main(status: Path, folder: Path, name: str, options: list[str]) -> int:
    try:
        promote_run(
            folder,
            name,
            quantise="--float" not in options,
            default="--default" in options,
            head=next((h for h in (*HEADS, BOTH) if f"--head={h}" in options), HEADS[0]),
            progress=lambda *step: background.report(status, *step),
        )
    except EmotionAIError as error:
        print(error)
        return 1
    background.finish(status)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:]))
