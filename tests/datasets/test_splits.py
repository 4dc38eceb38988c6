"""Splits: the asked shares, the same for the same seed, and nothing on two sides."""

import numpy as np
import pandas as pd
import pytest

from emotion_ai.datasets import import_dataset
from emotion_ai.datasets.splits import (
    count_duplicates,
    join_groups,
    make_split,
    near_duplicates,
    thumbnail,
)
from emotion_ai.errors import DatasetError
from tests.support.dataset_files import face, fer_csv, pixels, png, write_csv, write_tree


@pytest.mark.parametrize(
    ("rule", "shares"),
    [
        ("80/20", {"train": 0.8, "test": 0.2}),
        ("60/20/20", {"train": 0.6, "validation": 0.2, "test": 0.2}),
    ],
)
def test_shares_hold_within_every_expression(rule, shares):
    strata = np.repeat(["happy", "sad", "fear"], [500, 100, 10])
    split = make_split(np.arange(610), strata, rule, seed=3)
    for expression, n in (("happy", 500), ("sad", 100), ("fear", 10)):
        counts = pd.Series(split[strata == expression]).value_counts().to_dict()
        assert counts == {name: round(share * n) for name, share in shares.items()}


def test_a_seed_repeats_and_another_differs():
    rows, strata = np.arange(200), np.zeros(200)
    first = make_split(rows, strata, "80/20", seed=1)
    assert np.array_equal(first, make_split(rows, strata, "80/20", seed=1))
    assert not np.array_equal(first, make_split(rows, strata, "80/20", seed=2))


def test_groups_stay_on_one_side_and_the_shares_near():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 150, 1000)
    strata = groups % 3
    split = make_split(groups, strata, "60/20/20", seed=0)
    assert pd.Series(split).groupby(groups).nunique().max() == 1
    assert abs((split == "train").mean() - 0.6) < 0.03


def test_an_unknown_rule_lists_the_known():
    with pytest.raises(DatasetError, match=r"80/20, 60/20/20"):
        make_split(np.arange(3), np.zeros(3), "50/50", seed=0)


def test_rows_linked_through_others_join():
    people = ["ann", "ann", "bo", "bo", "cy", "di"]
    digests = ["1", "2", "2", "3", "4", "5"]
    assert join_groups([people, digests]).tolist() == [0, 0, 0, 0, 4, 5]
    pairs = np.array([[4, 5], [5, 1]])
    assert join_groups([people, digests], pairs).tolist() == [0] * 6


def test_near_duplicates_are_found_in_spite_of_light_and_noise():
    rng = np.random.default_rng(0)
    smooth = np.kron(rng.integers(40, 200, (6, 12, 12)), np.ones((8, 8))).astype(np.uint8)
    again = (smooth[2] * 0.8 + 20 + rng.normal(0, 3, (96, 96))).astype(np.uint8)
    flat = np.full((2, 96, 96), 128, np.uint8)
    images = [*smooth, again, *flat]
    pairs = near_duplicates(np.stack([thumbnail(image) for image in images]))
    assert pairs.tolist() == [[2, 6]]


def test_imported_duplicates_stay_on_one_side(tmp_path, data_dir):
    # Every face stands twice in the table.
    path = write_csv(
        tmp_path / "fer.csv",
        "emotion,pixels",
        [f"{i % 7},{pixels(face(i))}" for i in range(60)] * 2,
    )
    dataset = import_dataset(path, data_dir, split="60/20/20", seed=5).dataset
    assert dataset.samples.groupby("digest")["split"].nunique().max() == 1
    assert dataset.samples["group"].nunique() == 60
    assert dataset.description["duplicates"] == {
        "groups": 60, "surplus": 60, "conflicting": 0, "also_in_train": {},
    }  # fmt: skip
    assert set(dataset.description["splits"]) == {"train", "validation", "test"}


def test_folders_without_split_get_80_20(tmp_path, data_dir):
    files = {f"happy/{i}.png": png(face(i)) for i in range(10)}
    dataset = import_dataset(write_tree(tmp_path / "faces", files), data_dir).dataset
    assert dataset.description["splits"] == {"train": 8, "test": 2}
    assert dataset.description["split_rule"].startswith("80/20, seed 0")


def test_an_official_split_is_kept_unless_another_is_asked_for(tmp_path, data_dir):
    path = fer_csv(tmp_path / "fer.csv", [6] * 10, ["Training"] * 10)
    assert import_dataset(path, data_dir).dataset.description["splits"] == {"train": 10}
    again = import_dataset(path, data_dir, split="80/20", replace=True).dataset.description
    assert again["splits"] == {"train": 8, "test": 2}
    assert "instead of the official split" in again["split_rule"]


def test_duplicates_are_counted_by_hand():
    samples = pd.DataFrame(
        {
            "digest": ["a", "a", "a", "b", "b", "c", "d"],
            "expression": ["happy", "happy", "sad", "fear", "fear", "sad", "sad"],
            "split": ["train", "train", "test", "train", "validation", "test", "train"],
        }
    )
    assert count_duplicates(samples) == {
        "groups": 2,
        "surplus": 3,
        "conflicting": 1,
        "also_in_train": {"test": 1, "validation": 1},
    }
