"""Classes of one's own, from scratch and from ours: accuracy on test faces at so many a class.

PYTHONPATH=. python benchmarks/transfer.py [--faces 20 100 500] [--epochs 8] [--data FOLDER]

On drawn faces whose expressions go by made-up names, or on a stored dataset (of FER2013 little can
be said: our body has learned its training faces).
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from emotion_ai.datasets import open_dataset
from emotion_ai.datasets.drawn import synthetic
from emotion_ai.datasets.store import Dataset
from emotion_ai.labels import set_of
from emotion_ai.models.store import KERAS, open_model
from emotion_ai.networks.files import load_network
from emotion_ai.settings import ROOT
from emotion_ai.training import loop, runs
from emotion_ai.training.config import TrainingConfig


def with_faces(dataset: Dataset, a_class: int) -> Dataset:
    """So many training faces a class, made-up names, and the test faces."""
    samples = dataset.samples.copy()
    names = {name: f"mood {i}" for i, name in enumerate(dataset.labels.expressions)}
    samples["expression"] = samples["expression"].map(names)
    train = samples["split"] == "train"
    place = samples[train].groupby("expression").cumcount()
    samples.loc[place.index[place >= a_class], "split"] = "left out"
    own = set_of(names.values())
    splits = samples["split"].value_counts().to_dict()
    about = {**dataset.description, "label_set": own.name, "classes": list(own.expressions),
             "splits": {k: v for k, v in splits.items() if k in ("train", "test")}}  # fmt: skip
    fewer = Dataset(dataset.folder, about)
    fewer.__dict__["samples"] = samples
    return fewer


def accuracy(dataset: Dataset, epochs: int, init: keras.Model | None) -> tuple[float, float]:
    """On the test split, of the best epoch; and the seconds that it took."""
    config = TrainingConfig.for_task("expression", (dataset.name,), epochs=epochs, batch_size=32,
                                     patience=0, ema=0.0)  # fmt: skip
    config = replace(config.naming(dataset.labels), init="expression" if init else None)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        run = runs.create_run(Path(folder), config.as_dict())
        loop.train(run, [dataset], init=init)
        model = load_network(run / runs.BEST, "run")
    seconds = time.monotonic() - began
    rows = dataset.rows("test")
    said = model.predict(np.asarray(dataset.images[rows])[..., None], verbose=0).argmax(axis=1)
    names = np.array(dataset.labels.expressions)
    given = dataset.samples["expression"].to_numpy()[rows]
    return float((names[said] == given).mean()), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", nargs="+", type=int, default=[20, 100, 500])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--data", type=Path, help="a stored dataset's folder")
    asked = parser.parse_args()
    ours = open_model(ROOT / "models", "expression")
    body = load_network(ours.folder / KERAS, "ours")
    with tempfile.TemporaryDirectory() as folder:
        n = 10 * max(asked.faces) + 700
        dataset = (
            open_dataset(asked.data)
            if asked.data
            else synthetic.make_dataset(Path(folder), "expression", n=n, seed=11)
        )
        print(f"{dataset.name}, {len(dataset.rows('test')):,} test faces, {asked.epochs} epochs")
        for a_class in asked.faces:
            for name, init in (("scratch", None), ("ours", body)):
                share, seconds = accuracy(with_faces(dataset, a_class), asked.epochs, init)
                print(
                    f"{a_class:5} a class, from {name:8} {share:6.1%}  {seconds:5.0f} s", flush=True
                )


if __name__ == "__main__":
    main()
