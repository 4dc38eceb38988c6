"""Networks from ``.keras`` files, and why one cannot be opened in one line."""

from pathlib import Path
from zipfile import BadZipFile, ZipFile

import keras

from emotion_ai.errors import ModelError


def load_network(path: Path, owner: str) -> keras.Model:
    """The network in ``path``, not compiled; ModelError, which names the ``owner`` of the file,
    when Keras cannot open it. Code that lies in a file is never run."""
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, BadZipFile) as error:
        why = f"Keras cannot open it ({type(error).__name__})"
        if _has_lambda(path):
            why = "it has a Lambda layer, whose code is not run: build it from Keras' own layers"
        raise ModelError(f"{owner}: {path.name}: {why}") from error


def _has_lambda(path: Path) -> bool:
    try:
        with ZipFile(path) as archive:
            return b'"class_name": "Lambda"' in archive.read("config.json")
    except (OSError, KeyError, BadZipFile):
        return False
