"""Whether what trains, exports and computes gradients is installed: the dashboard does without."""

import os
from importlib.util import find_spec
from pathlib import Path

from emotion_ai.errors import ConfigError

_NAMES = {"keras": "Keras", "tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def training_modules() -> tuple[str, ...]:
    """What a training imports: Keras and its backend."""
    return "keras", os.environ.get("KERAS_BACKEND", "tensorflow")


def installing(extra: str) -> str:
    """How to get one of the package's extras: by the checkout's file for it, or by its name."""
    file = f"requirements-{extra}.txt"
    here = Path(__file__).resolve().parents[1] / file
    return f"pip install -r {file}" if here.is_file() else f'pip install "emotion-ai[{extra}]"'


def lacking(what: str, *modules: str) -> str:
    """Why ``what``, such as "Training", cannot be done here, and the way to get it; "" when it can.
    Nothing is imported."""
    missing = [name for name in modules if find_spec(name) is None]
    if not missing:
        return ""
    verb = "is" if len(missing) == 1 else "are"
    known = {"keras", "tensorflow"}.issuperset(missing)
    way = installing("train") if known else f"pip install {' '.join(missing)}"
    names = " and ".join(_NAMES.get(name, name) for name in missing)
    return f"{what} needs {names}, which {verb} not installed here: {way}"


def require(what: str, *modules: str) -> None:
    """ConfigError unless all of ``modules`` are installed."""
    if reason := lacking(what, *modules):
        raise ConfigError(reason)
