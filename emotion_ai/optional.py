"""Whether what trains, exports and computes gradients is installed: the dashboard does without."""

import os
from importlib.util import find_spec

from emotion_ai.errors import ConfigError

_NAMES = {"keras": "Keras", "tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def training_modules() -> tuple[str, ...]:
    """What a training imports: Keras and its backend."""
    return "keras", os.environ.get("KERAS_BACKEND", "tensorflow")


def lacking(what: str, *modules: str) -> str:
    """Why ``what``, such as "Training", cannot be done here, and the way to get it; "" when it can.
    Nothing is imported."""
    missing = [_NAMES.get(name, name) for name in modules if find_spec(name) is None]
    if not missing:
        return ""
    verb = "is" if len(missing) == 1 else "are"
    return (
        f"{what} needs {' and '.join(missing)}, which {verb} not installed here: "
        "pip install -r requirements.txt"
    )


def require(what: str, *modules: str) -> None:
    """ConfigError unless all of ``modules`` are installed."""
    if reason := lacking(what, *modules):
        raise ConfigError(reason)
