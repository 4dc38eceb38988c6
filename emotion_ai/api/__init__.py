"""The Python interface, for notebooks and programs: ``docs/api.md`` shows it at work.

Settings (``EMOTION_AI_…``) hold as everywhere. Bad input raises an ``EmotionAIError`` of one line.
"""

from emotion_ai.api.data import open_dataset
from emotion_ai.api.model import Model, open_model
from emotion_ai.api.readings import Readings, read, read_table

__all__ = ["Model", "Readings", "open_dataset", "open_model", "read", "read_table"]
