"""Datasets for notebooks."""

from pathlib import Path

from emotion_ai.datasets import Dataset, load_any
from emotion_ai.settings import settings


def open_dataset(name_or_path: str | Path) -> Dataset:
    """A stored dataset by its name or folder, or a CSV, zip or folder of any known format.

    The latter is imported for as long as this process lives; ``emotion-ai data import`` keeps it.
    ``images``: uint8 (N, H, W), memory-mapped; ``samples``: a table with a row an image;
    ``rows(split)``: the positions of one split. DatasetError lists the known names.
    """
    return load_any(name_or_path, *settings().data_dirs)
