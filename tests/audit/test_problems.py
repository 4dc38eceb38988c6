"""Copies, blanks, suspect labels, outliers: found where they were put, and nowhere else."""

import numpy as np
import pandas as pd
import pytest

from emotion_ai.audit import duplicates
from emotion_ai.audit.suspects import (
    crowd_agreement,
    find_suspects,
    outlier_scores,
    point_disagreement_px,
)
from emotion_ai.datasets import import_dataset
from emotion_ai.datasets.describe import blank_rows, pixel_statistics
from emotion_ai.datasets.drawn import synthetic
from emotion_ai.datasets.store import DatasetWriter
from emotion_ai.errors import DatasetError
from emotion_ai.settings import Settings


def samples(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["digest", "split", "expression"])


TABLE = samples(
    ("a", "train", "sad"),
    ("b", "train", "happy"),
    ("a", "validation", "sad"),
    ("c", "train", "fear"),
    ("d", "train", "fear"),
    ("d", "train", "angry"),
)


def test_exact_groups_name_the_lowest_row_and_leave_single_images_out():
    assert duplicates.exact_groups(TABLE).tolist() == [0, -1, 0, -1, 4, 4]


def test_group_table_says_what_disagrees_conflicts_first():
    table = duplicates.group_table(TABLE, duplicates.exact_groups(TABLE))
    assert table.index.tolist() == [4, 0]
    assert table.loc[4, "labels"] == "angry, fear"
    assert table["conflicting"].tolist() == [True, False]
    assert table["across"].tolist() == [False, True]
    assert table.loc[0, "splits"] == "train, validation"


def test_of_every_group_one_stays_and_held_out_images_do_first():
    groups = duplicates.exact_groups(TABLE)
    assert duplicates.surplus_rows(TABLE, groups).tolist() == [0, 5]
    assert duplicates.leaked_rows(TABLE, groups).tolist() == [2]


def test_a_dataset_without_copies_has_none():
    table = TABLE.iloc[[1, 3]].reset_index(drop=True)
    groups = duplicates.exact_groups(table)
    assert not len(duplicates.group_table(table, groups))
    assert not len(duplicates.surplus_rows(table, groups))


def test_near_copies_are_found_once_and_kept(data_dir, tmp_path):
    faces = synthetic.draw_faces(12, 48, seed=1).images
    brighter = np.clip(faces[3].astype(int) + 6, 0, 255).astype(np.uint8)
    with DatasetWriter(data_dir / "near", "expression", 48) as writer:
        for i, image in enumerate([*faces, brighter, faces[5]]):
            writer.add(image, {"split": "train", "expression": "sad", "group": str(i)})
        dataset = writer.commit(writer.table())
    where = Settings(cache_dir=tmp_path)
    groups = duplicates.near_groups(dataset, where)
    assert groups[3] == groups[12] == 3
    assert groups[5] == groups[13] == -1  # all alike to the last bit: an exact copy

    def never(*step):
        raise AssertionError("computed again")

    assert np.array_equal(duplicates.near_groups(dataset, where, never), groups)


def test_blank_images_are_those_without_contrast():
    images = np.stack([np.zeros((8, 8)), np.full((8, 8), 90), np.eye(8) * 255]).astype(np.uint8)
    pixels = pixel_statistics(images)
    assert blank_rows(pixels["contrast"].to_numpy()).tolist() == [0, 1]
    assert pixels["brightness"].tolist() == pytest.approx([0, 90, 255 / 8])


def clusters(n: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features of three classes that a linear model can tell apart, and the classes."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % 3
    return rng.normal(size=(n, 8)) + 5 * np.eye(8)[targets], targets


def test_wrong_labels_are_suspected_and_the_right_one_suggested():
    features, truth = clusters()
    given = truth.copy()
    wrong = np.arange(0, 600, 40)
    given[wrong] = (truth[wrong] + 1) % 3
    given[7] = -1
    found = find_suspects(features, given, np.arange(600))
    assert found.suspect[wrong].mean() > 0.9
    assert found.suspect.sum() <= len(wrong) + 3
    assert np.array_equal(found.suggested[wrong], truth[wrong])
    assert np.isnan(found.quality[7])
    assert found.suggested[7] == -1
    assert found.quality[wrong].max() < np.nanmedian(found.quality)
    assert found.probabilities.dtype == np.float32

    agreement = crowd_agreement(found, given, truth)
    assert agreement["suspected"]["share"] > 0.8
    assert agreement["others"]["share"] < 0.01
    assert agreement["suggestion"]["n"] == found.suspect.sum()


def test_no_label_has_a_part_in_its_own_verdict():
    """Pure noise: who saw the labels would repeat them, who did not can only guess."""
    rng = np.random.default_rng(1)
    features, targets = rng.normal(size=(300, 100)), rng.integers(0, 2, 300)
    found = find_suspects(features, targets, np.arange(300))
    told = found.probabilities.argmax(axis=1)
    assert (told == targets).mean() < 0.62
    # Copies share a side: were they on two, each would give the other's label away.
    twice = np.repeat(features, 2, axis=0), np.repeat(targets, 2), np.repeat(np.arange(300), 2)
    told = find_suspects(*twice).probabilities.argmax(axis=1)
    assert (told == twice[1]).mean() < 0.62


def test_too_few_faces_or_labels_are_one_line():
    with pytest.raises(DatasetError, match="two different labels"):
        find_suspects(np.zeros((20, 2)), np.zeros(20, int), np.arange(20))
    with pytest.raises(DatasetError, match="at least 5"):
        find_suspects(np.zeros((4, 2)), np.array([0, 1, 0, 1]), np.arange(4))
    with pytest.raises(DatasetError, match="each with several different images"):
        find_suspects(np.zeros((20, 2)), np.array([1] + [0] * 19), np.arange(20))


def test_a_row_far_from_all_others_is_the_most_unusual():
    features, _ = clusters()
    features[42] += 30
    scores = outlier_scores(features)
    assert scores.argmax() == 42
    assert np.median(scores) == pytest.approx(1, abs=0.2)


def test_point_disagreement_counts_labelled_points_only():
    labelled = np.full((2, 15, 2), np.nan, np.float32)
    labelled[0, :2] = 0
    predicted = np.zeros((2, 15, 2), np.float32)
    predicted[0, 0] = (3, 4)
    assert point_disagreement_px(labelled, predicted).tolist() == pytest.approx(
        [2.5, np.nan], nan_ok=True
    )


@pytest.mark.shared
def test_known_flaws_of_the_published_faces_are_found(shared_data, data_dir):
    dataset = import_dataset(shared_data / "fer2013.zip", data_dir).dataset
    groups = duplicates.exact_groups(dataset.samples)
    table = duplicates.group_table(dataset.samples, groups)
    assert len(table) == 1273
    assert table["conflicting"].sum() == 47
    assert len(duplicates.surplus_rows(dataset.samples, groups)) == 1532
    leaked = duplicates.leaked_rows(dataset.samples, groups)
    assert len(leaked) == 280
    assert set(dataset.samples["split"].iloc[leaked]) == {"validation"}
    assert len(blank_rows(pixel_statistics(dataset.images)["contrast"].to_numpy())) == 13
