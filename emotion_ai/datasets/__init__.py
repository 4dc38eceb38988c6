"""Datasets: what the readers recognise, imported once into a store that opens in milliseconds."""

from emotion_ai.datasets.importing import ImportReport, import_dataset, load_any
from emotion_ai.datasets.store import Dataset, list_datasets, open_dataset

__all__ = [
    "Dataset",
    "ImportReport",
    "import_dataset",
    "list_datasets",
    "load_any",
    "open_dataset",
]
