"""Emotion AI: facial keypoints and expressions, seen the way a machine sees them.

``read``, ``read_table``, ``open_dataset`` and ``open_model`` are the Python interface
(``docs/api.md``). They are imported when asked for: ``import emotion_ai`` costs nothing.
"""

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emotion_ai.api import open_dataset, open_model, read, read_table

__version__ = "0.1.0"
__all__ = ["open_dataset", "open_model", "read", "read_table"]

# Twice what is accepted, for OpenCV's own check of what it decodes; read once, when it is imported.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "100000000")


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(importlib.import_module("emotion_ai.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
