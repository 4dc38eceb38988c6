"""Classes of one's own, from scratch and from ours: accuracy on test faces at so many a class.

    python benchmarks/transfer.py [--data FOLDER] [--write]

On drawn faces under made-up names; and, with a stored FER2013, on its PublicTest, which the body
has never learned from: so many of its faces a class are learnt, the others are the test.
``--write`` keeps the figures where the Learn page shows them (``emotion_ai/learn/transfer.csv``).
"""

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
#: Faces a class, and for how many epochs they are learnt from, whatever the start.
EPOCHS = {20: 40, 100: 20, 300: 10, 500: 8}
#: Of a class with fewer faces besides those learnt, a test says little.
FEWEST_LEFT = 50


def dealt(dataset, pool: str, a_class: int, seed: int):
    """``dataset`` under made-up names: of the split ``pool`` so many faces a class to learn from;
    the test split is the test, or what is left of the pool. Classes with too few are left out."""
    from emotion_ai.datasets.store import Dataset
    from emotion_ai.labels import set_of

    samples = dataset.samples.sample(frac=1, random_state=seed)
    inside = samples["split"] == pool
    has_test = pool == "train"  # else the rest of the pool is the test, whatever else is stored
    fewest = a_class + (0 if has_test else FEWEST_LEFT)
    counts = samples.loc[inside, "expression"].value_counts()
    names = {name: f"mood {i}" for i, name in enumerate(sorted(counts.index[counts >= fewest]))}
    samples["expression"] = samples["expression"].map(names)
    place = samples[inside].groupby("expression").cumcount()
    splits = pd.Series("left out", samples.index)
    tested = samples["split"] == "test" if has_test else inside
    splits[tested & samples["expression"].notna()] = "test"
    learnt = place.index[(place < a_class) & samples.loc[place.index, "expression"].notna()]
    splits[learnt] = "train"
    samples = samples.assign(split=splits).sort_index()
    own = set_of(names.values())
    sizes = splits.value_counts().drop("left out", errors="ignore").to_dict()
    about = {"label_set": own.name, "classes": list(own.expressions), "splits": sizes}
    fewer = Dataset(dataset.folder, {**dataset.description, **about})
    fewer.__dict__["samples"] = samples
    return fewer


def accuracy(dataset, epochs: int, seed: int, ours: bool) -> dict:
    """On the test split, of the best epoch (a tenth of the faces learnt from is held out to choose
    it); as ``train expression`` trains by default, but for the epochs."""
    from emotion_ai.models.store import KERAS, open_model
    from emotion_ai.networks.files import load_network
    from emotion_ai.training import loop, runs
    from emotion_ai.training.checks import usual_start
    from emotion_ai.training.config import TrainingConfig

    config = TrainingConfig.for_task("expression", (dataset.name,), epochs=epochs, batch_size=32,
                                     ema=0.0, seed=seed, drop_duplicates=False)  # fmt: skip
    config = config.naming(dataset.labels)
    init = None
    if ours:
        config = replace(config, init=usual_start(config, ROOT / "models"))
        init = load_network(open_model(ROOT / "models", config.init).folder / KERAS, "ours")
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
    keras.backend.clear_session()
    return {"right": int((names[said] == given).sum()), "tested": len(rows), "seconds": seconds}


def measured(dataset, pool: str, what: str, faces: tuple[int, ...], draws: int):
    for a_class in faces:
        for start in ("scratch", "ours"):
            found = []
            for seed in range(draws if a_class == min(faces) else 1):
                fewer = dealt(dataset, pool, a_class, seed)
                found.append(accuracy(fewer, EPOCHS[a_class], seed, start == "ours"))
            total = pd.DataFrame(found)
            row = {
                "data": what,
                "classes": len(fewer.labels),
                "faces_a_class": a_class,
                "start": start,
                "draws": len(found),
                "right": total["right"].sum(),
                "tested": total["tested"].sum(),
                "seconds": round(total["seconds"].mean(), 1),
            }
            share = row["right"] / row["tested"]
            print(
                f"{what}, {row['classes']} classes, {a_class:4} faces each, from {start:8}"
                f"{share:7.1%} of {row['tested']:,}{row['seconds']:7.0f} s",
                flush=True,
            )
            yield row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="a stored FER2013's folder")
    parser.add_argument("--draws", type=int, default=3, help="of the fewest faces")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    from emotion_ai.datasets import open_dataset
    from emotion_ai.datasets.drawn import synthetic
    from emotion_ai.learn.transfer import TABLE

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        drawn = synthetic.make_dataset(Path(folder), "expression", n=6000, seed=11)
        rows += measured(drawn, "train", "drawn", (20, 100, 500), asked.draws)
    if asked.data:
        rows += measured(
            open_dataset(asked.data), "validation", "fer2013", (20, 100, 300), asked.draws
        )
    if asked.write:
        pd.DataFrame(rows).to_csv(TABLE, index=False)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
