"""What all sessions share: settings, the reader of faces, the lists of models and datasets.

Lists and the reader are kept until a file below them changes: a model trained in another process
shows on the next rerun. Never mutate what comes from here.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import streamlit as st

from emotion_ai.datasets.store import DESCRIPTION, Dataset, list_datasets
from emotion_ai.model_store import CARD, SavedModel, list_models
from emotion_ai.predictor import Predictor, load_predictor
from emotion_ai.results import FaceReading
from emotion_ai.settings import Settings, settings

Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Reader:
    """The one predictor of the process, used by one session at a time."""

    predictor: Predictor
    #: Changes whenever readings may: the key for caching them.
    key: str
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, frame: np.ndarray) -> list[FaceReading]:
        """Every face of a uint8 (H, W, 3) BGR frame, largest first."""
        with self._lock:
            return self.predictor.read(frame)


def reader() -> Reader:
    """The default models and the detector, warm."""
    return _load_reader(settings(), _stamp(settings().models_dir, CARD))


def models() -> list[SavedModel]:
    """Every readable model, by name."""
    folder = settings().models_dir
    return _list_models(folder, _stamp(folder, CARD))


def datasets() -> list[Dataset]:
    """Every readable dataset, by name; their tables and pixels are read once for all sessions."""
    folder = settings().data_dir
    return _list_datasets(folder, _stamp(folder, DESCRIPTION))


def _stamp(folder: Path, file: str) -> Stamp:
    """Changes when a card or description below ``folder`` does."""
    found = []
    for path in sorted(folder.glob(f"[!.]*/{file}")):
        try:
            status = path.stat()
        except OSError:
            continue  # replaced just now: the next rerun sees it
        found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)


@st.cache_resource(show_spinner="Loading the models …", max_entries=2)
def _load_reader(where: Settings, stamp: Stamp) -> Reader:
    predictor = load_predictor(where)
    predictor.warm_up()
    digests = [model.digest for model in predictor.models.values()]
    return Reader(predictor, "-".join([predictor.detector.name, *digests]))


@st.cache_resource(show_spinner=False, max_entries=4)
def _list_models(folder: Path, stamp: Stamp) -> list[SavedModel]:
    return list_models(folder)


@st.cache_resource(show_spinner=False, max_entries=4)
def _list_datasets(folder: Path, stamp: Stamp) -> list[Dataset]:
    return list_datasets(folder)
