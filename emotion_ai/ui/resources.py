"""What all sessions share: settings, the reader of faces, the lists of models and datasets.

Lists and the reader are kept until a file below them changes: a model trained in another process
shows on the next rerun. Never mutate what comes from here.
"""

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import streamlit as st

from emotion_ai.datasets import store as dataset_store
from emotion_ai.datasets.store import DESCRIPTION, Dataset
from emotion_ai.errors import ServingError
from emotion_ai.faces.order import in_reading_order
from emotion_ai.models import store as model_store
from emotion_ai.models.store import CARD, SavedModel
from emotion_ai.models.taught import TaughtHead
from emotion_ai.reading.predictor import Predictor, load_predictor
from emotion_ai.results import FaceReading
from emotion_ai.serving.address import serving_url
from emotion_ai.serving.client import client_for
from emotion_ai.serving.network import through, trouble
from emotion_ai.settings import Settings, settings

Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Reader:
    """The one predictor of the process, for all sessions."""

    predictor: Predictor
    #: Changes whenever readings may: the key for caching them.
    key: str
    #: The model server, empty where everything is read here.
    server: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, frame: np.ndarray) -> list[FaceReading]:
        """Every face of a uint8 (H, W, 3) BGR photo, rows from the top, each from left to right."""
        with self._lock:  # the detector alone: nobody waits for another's model server
            faces = in_reading_order(self.predictor.detector.detect(frame))
        return self.predictor.read_faces(frame, faces)

    def answering(self, head: str | None) -> "Reader":
        """The same reader naming expressions as another head of its model does; None: as it is."""
        if head is None:
            return self
        return replace(self, predictor=self.predictor.answering(head), key=f"{self.key}-{head}")

    def naming(self, taught: TaughtHead, digest: str) -> "Reader":
        """The same reader naming the classes of a taught head too, whose file has this digest;
        ModelError where the features here are others."""
        return replace(self, predictor=self.predictor.naming(taught), key=f"{self.key}-{digest}")

    def trouble(self) -> str:
        """Why the models here made this thread's last reading although a server is set."""
        return trouble(self.predictor)


def reader() -> Reader:
    """The default models and the detector, warm."""
    return _load_reader(settings(), _stamp(settings().models_dir, CARD))


def photo_reader() -> Reader:
    """``reader``, on a model server where one is set; photos alone are read there."""
    local = reader()
    try:
        url = serving_url(settings())
    except ServingError:  # no valid address: the page says so beside its readings
        url = None
    return _served_reader(local.key, url, local) if url else local


@st.cache_resource(show_spinner=False, max_entries=2)
def _served_reader(key: str, url: str, _local: Reader) -> Reader:
    predictor = through(_local.predictor, client_for(url))
    return Reader(predictor, f"{key}-{url}", url, _local._lock)


def models() -> list[SavedModel]:
    """Every readable model, by name."""
    return _survey_models()[0]


def damaged_models() -> dict[str, str]:
    """The models that cannot be read: name → why."""
    return _survey_models()[1]


def _survey_models() -> tuple[list[SavedModel], dict[str, str]]:
    folder = settings().models_dir
    return _models(folder, _stamp(folder, CARD))


def datasets() -> list[Dataset]:
    """Every readable dataset, by name, the shipped ones last; their tables and pixels are read once
    for all sessions."""
    return _survey_datasets()[0]


def damaged_datasets() -> dict[str, str]:
    """The datasets that cannot be read: name → why."""
    return _survey_datasets()[1]


def _survey_datasets() -> tuple[list[Dataset], dict[str, str]]:
    folders = settings().data_dirs
    return _datasets(folders, tuple(_stamp(folder, DESCRIPTION) for folder in folders))


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
def _models(folder: Path, stamp: Stamp) -> tuple[list[SavedModel], dict[str, str]]:
    return model_store.survey(folder)


@st.cache_resource(show_spinner=False, max_entries=4)
def _datasets(
    folders: tuple[Path, ...], stamps: tuple[Stamp, ...]
) -> tuple[list[Dataset], dict[str, str]]:
    return dataset_store.survey(*folders)
