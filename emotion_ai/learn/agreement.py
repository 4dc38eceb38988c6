"""How often people who look at the same face choose the same word.

``crowd_votes.csv`` holds counts alone, no picture: for FER2013's Training and PublicTest, how
often each given label met each majority of the ten FER+ voters (Barsoum et al. 2016,
arXiv:1608.01041; labels under the MIT licence). It is written by
``python -m emotion_ai.learn.agreement data/fer2013``.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emotion_ai.datasets.store import Dataset, open_dataset
from emotion_ai.datasets.truths import class_positions, crowd_majority
from emotion_ai.labels import FER7, FERPLUS_COLUMNS

COUNTS_FILE = Path(__file__).with_name("crowd_votes.csv")
OTHER = "no majority or another word"


@dataclass(frozen=True)
class Agreement:
    """``counts`` int (7, 8): rows the given label, columns the crowd's majority in the order of
    ``FER7``, last faces without a single majority among these seven."""

    counts: np.ndarray

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    @property
    def decided(self) -> int:
        """Faces on which the crowd has a single majority among the seven."""
        return int(self.counts[:, :-1].sum())

    @property
    def share(self) -> float:
        """Of the decided faces, how many were given the crowd's word."""
        return float(np.trace(self.counts) / self.decided)


def measure(given: np.ndarray, votes: np.ndarray) -> Agreement:
    """``given``: int (N,), positions in FER7, -1 without; ``votes``: uint8 (N, 10). Faces without
    label or without any vote are not counted."""
    kept = (given >= 0) & (votes.sum(axis=1) > 0)
    crowd = crowd_majority(votes[kept], FER7)
    crowd = np.where(crowd < 0, len(FER7), crowd)
    pairs = given[kept] * (len(FER7) + 1) + crowd
    counts = np.bincount(pairs, minlength=len(FER7) * (len(FER7) + 1))
    return Agreement(counts.reshape(len(FER7), -1))


def of_dataset(dataset: Dataset) -> Agreement:
    """Measured on a dataset with votes; ConfigError without them."""
    return measure(class_positions(dataset, FER7, "given"), _votes(dataset))


def shipped() -> Agreement:
    """The counts that come with the program."""
    return Agreement(pd.read_csv(COUNTS_FILE, index_col="given").to_numpy())


def split_ballots(votes: np.ndarray) -> np.ndarray:
    """Positions of faces from the most agreed upon to the most disputed: int (N,), among those
    with eight votes or more, by the share of the leading word."""
    known = np.flatnonzero(_enough(votes))
    leading = votes[known].max(axis=1) / votes[known].sum(axis=1)
    return known[np.argsort(-leading, kind="stable")]


def has_ballots(dataset: Dataset) -> bool:
    """Whether ``split_ballots`` finds any face of it."""
    return bool(_enough(_votes(dataset)).any())


def _enough(votes: np.ndarray) -> np.ndarray:
    return votes.sum(axis=1) >= 8


def _votes(dataset: Dataset) -> np.ndarray:
    votes = dataset.votes
    return np.zeros((len(dataset), len(FERPLUS_COLUMNS)), np.uint8) if votes is None else votes


def main() -> None:
    found = of_dataset(open_dataset(Path(sys.argv[1])))
    columns = [*FER7.expressions, OTHER]
    table = pd.DataFrame(found.counts, pd.Index(FER7.expressions, name="given"), columns)
    table.to_csv(COUNTS_FILE)
    print(
        f"{found.n:,} faces with votes, {found.decided:,} with a majority: "
        f"on {found.share:.1%} of these it is the given label"
    )


if __name__ == "__main__":
    main()
