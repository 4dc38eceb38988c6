"""The trainings of saved models that brought their curve along, to be looked at as runs.

The shipped models have it in ``metrics.jsonl`` beside their card; what was a run's folder is not
there any more, so nothing can be resumed, promoted or deleted.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from emotion_ai.errors import RecordError
from emotion_ai.models.card import CARD
from emotion_ai.models.store import SavedModel, open_model
from emotion_ai.training import runs
from emotion_ai.training.records import Epoch, read_epochs
from emotion_ai.training.runs import METRICS, Run


def is_training(folder: Path) -> bool:
    """Whether ``folder`` is a saved model's, with the curve of its training."""
    return (folder / CARD).is_file() and (folder / METRICS).is_file()


def trainings(models: Iterable[SavedModel]) -> list[Run]:
    """One for each of ``models`` that has its curve."""
    return [_training(model) for model in models if is_training(model.folder)]


def read(folder: Path) -> Run:
    """The run in ``folder``, or the training of the model in it; RunError for neither."""
    if is_training(folder):
        return _training(open_model(folder.parent, folder.name))
    return runs.read_run(folder)


def _training(model: SavedModel) -> Run:
    path = model.folder / METRICS
    metrics, damage = _epochs(path, path.stat().st_mtime_ns)
    try:
        config = runs.checked_config(model.card.get("training", {}))
    except RecordError as error:
        config, damage = {}, damage or str(error)
    status = {"state": "finished", "created": model.card["created"]}
    return Run(model.folder, "finished", config, status, metrics, damage=damage)


@lru_cache(maxsize=64)
def _epochs(path: Path, stamp: int) -> tuple[list[Epoch], str]:
    return read_epochs(path)
