"""What ``last.keras`` says of itself, read without Keras."""

from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import h5py

from emotion_ai.errors import RecordError
from emotion_ai.storage.records import read_record
from emotion_ai.training.records import Data
from emotion_ai.training.runs import DATA, LAST


def saved_epochs(folder: Path) -> int:
    """The whole epochs in a run's checkpoint, after which it would go on; 0 without one.

    The metrics may tell of one more: of an epoch whose checkpoint was being written when its
    trainer was killed.
    """
    with suppress(OSError, KeyError, BadZipFile, RecordError):
        steps = read_record(folder / DATA, Data).get("steps", 0)
        with ZipFile(folder / LAST) as archive, archive.open("model.weights.h5") as weights:
            done = int(h5py.File(weights)["optimizer/vars/0"][()])  # the steps so far
        return done // steps if steps else 0
    return 0
