"""Saved models for notebooks."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emotion_ai.datasets import Dataset
from emotion_ai.errors import ConfigError
from emotion_ai.evaluation.assessment import Question, assess
from emotion_ai.labels import COORDINATE_COLUMNS, label_set
from emotion_ai.models import store
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.models.shipped import bring_shipped_models
from emotion_ai.settings import settings


@dataclass(frozen=True)
class Model:
    """A saved model. ``saved.card`` tells what it was trained on and how well it does."""

    saved: store.SavedModel

    @property
    def name(self) -> str:
        return self.saved.name

    @property
    def task(self) -> str:
        """``expression`` or ``keypoints``."""
        return self.saved.task

    @cached_property
    def _network(self) -> LiteNetwork:
        return self.saved.network(settings().threads)

    @property
    def size_px(self) -> int:
        """Side of the faces it reads: 48 for expressions, 96 for keypoints."""
        return self._network.size_px

    def read(self, faces: NDArray[np.uint8]) -> pd.DataFrame:
        """Read face crops, uint8 (N, size_px, size_px) grey, such as a dataset's ``images``.

        A row a face: ``expression``, ``named_as`` and the probabilities ``p_<expression>``, or the
        30 coordinates of the keypoints in pixels of the crop. ConfigError for arrays of another
        shape or type.
        """
        size = self.size_px
        if faces.dtype != np.uint8 or faces.ndim != 3 or faces.shape[1:] != (size, size):
            raise ConfigError(
                f"{self.name} reads face crops, uint8 (N, {size}, {size}): "
                f"got {faces.dtype} {faces.shape}"
            )
        answers = self._network(faces)
        if self.task == "keypoints":
            points = answers["keypoints"].reshape(-1, len(COORDINATE_COLUMNS))
            return pd.DataFrame(points, columns=list(COORDINATE_COLUMNS))
        names = self.saved.labels.expressions
        shares = answers["probabilities"]
        table = pd.DataFrame(shares, columns=[f"p_{name}" for name in names])
        table.insert(0, "expression", np.array(names)[shares.argmax(axis=1)])
        table.insert(1, "named_as", self.saved.named_as)
        return table

    def score(
        self,
        dataset: Dataset,
        *,
        split: str | None = None,
        truth: Literal["given", "crowd"] = "given",
        labels: str | None = None,
        leave_out_copies: bool = False,
    ) -> dict[str, Any]:
        """Scores over the labelled faces of one split (None: of all), with 95 % intervals.

        ``truth``: the dataset's own labels, or the majority of its votes. ``labels``: a label set
        with fewer expressions, such as ``course5``. ``leave_out_copies``: without faces whose
        exact copy stands in ``train``. ConfigError when the dataset is for the other task or has no
        such label, DatasetError for an unknown split.
        """
        chosen = label_set(labels) if labels else None
        question = Question(split, truth, chosen, leave_out_copies)
        return assess(self.saved, dataset, question, settings()).scores


def open_model(name: str) -> Model:
    """The saved model called ``name``, or in the folder ``name``; ModelError lists the known ones.

    Its weights are read, and their checksum verified, when they are first needed.
    """
    bring_shipped_models(settings())
    return Model(store.open_model(settings().models_dir, name))
