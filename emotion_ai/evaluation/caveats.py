"""What makes a model's score on a split look better than it is."""

from pathlib import Path

import numpy as np

from emotion_ai.datasets.store import Dataset, list_datasets
from emotion_ai.models.store import SavedModel


def stands_in_train(dataset: Dataset) -> np.ndarray:
    """bool (N,): rows of other splits whose exact copy is a row of ``train``."""
    samples = dataset.samples
    in_train = samples["split"] == "train"
    copies = samples["digest"].isin(samples.loc[in_train, "digest"])
    return (copies & ~in_train).to_numpy()


def other_truth(model: SavedModel, asked: str) -> list[str]:
    """A sentence where an expression model is measured by another truth than it learnt."""
    if model.task != "expression" or model.truth == asked:
        return []
    return [
        f"The model learnt the {model.truth} labels and is measured by the {asked} ones here: "
        "where the two differ, saying what it learnt counts as a mistake."
    ]


def caveats(model: SavedModel, dataset: Dataset, split: str, *data_dirs: Path) -> list[str]:
    """A sentence for each of them, as pages and reports say it. In ``data_dirs`` lie the datasets
    that a model may have learnt."""
    notes = []
    trained_on = {data["digest"]: data for data in model.card.get("data", [])}
    training = model.card.get("training", {})
    if not trained_on:
        notes.append("The model's card does not say what it was trained on.")
    if known := trained_on.get(dataset.digest):
        if split == "train":
            notes.append("The model was trained on this split: its score says little.")
        elif split == "validation" and "validation" in known["splits"]:
            notes.append(
                "This split chose the model's best epoch: its score may be a little too good."
            )
    elif dataset.name in {data["name"] for data in trained_on.values()}:
        notes.append(
            f"The model was trained on a dataset called {dataset.name} with other content: "
            "some of these faces may have been among its training faces."
        )
    notes += _copies(dataset, split, bool(known) and training.get("drop_duplicates", False))
    learnt = set(trained_on) - {dataset.digest}
    others = [other for other in list_datasets(*data_dirs) if other.digest in learnt]
    digests = dataset.samples["digest"].iloc[dataset.rows(split)]
    for other in others:
        trained = other.samples.loc[other.samples["split"] == "train", "digest"]
        if n := int(digests.isin(trained).sum()):
            notes.append(f"{n:,} of these faces stand in {other.name}, which the model learnt.")
    return notes


def _copies(dataset: Dataset, split: str, left_out: bool) -> list[str]:
    rows = dataset.rows(split)
    notes = []
    if n := int(stands_in_train(dataset)[rows].sum()):
        have = "has" if n == 1 else "have"
        note = f"{n:,} of the {len(rows):,} faces {have} an exact copy in the training split"
        notes.append(note + (", which training left out." if left_out else "."))
    surplus = len(rows) - dataset.samples["digest"].iloc[rows].nunique()
    if surplus:
        notes.append(f"{surplus:,} faces of the split repeat another one of it exactly.")
    return notes
