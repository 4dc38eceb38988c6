"""Images that two datasets share: exact copies, near ones, and what stands across their splits."""

import cv2
import numpy as np
import pytest

from emotion_ai.audit.shared import are_compared, by_splits, pairs, shared_images
from emotion_ai.datasets.drawn.synthetic import make_dataset
from emotion_ai.datasets.store import DatasetWriter
from emotion_ai.settings import Settings


@pytest.fixture(scope="module")
def where(tmp_path_factory):
    return Settings(cache_dir=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def two(tmp_path_factory, drawn):
    """40 drawn faces; and a set of other faces with copies: of row 3 exactly, of row 5 exactly but
    with another label and in another split, of row 8 a little brighter and softer, and a grey."""
    folder = tmp_path_factory.mktemp("two")
    first = drawn("expression", 42)
    others = make_dataset(folder / "others", "expression", n=35, seed=77)
    soft = cv2.GaussianBlur(np.asarray(first.images[8]), (0, 0), 0.5)
    copies = {3: first.images[3], 5: first.images[5], 8: cv2.add(soft, 6)}
    with DatasetWriter(folder / "second", "expression", 48) as writer:
        for i in range(10):
            row = others.samples.iloc[i][["split", "source", "group", "expression"]].to_dict()
            writer.add(np.asarray(others.images[i]), row)
        for row, image in copies.items():
            facts = first.samples.iloc[row][["split", "source", "group", "expression"]].to_dict()
            if row == 5:
                other = "sad" if facts["expression"] != "sad" else "happy"
                split = "train" if facts["split"] != "train" else "test"
                facts |= {"expression": other, "split": split}
            writer.add(np.asarray(image), facts)
        grey = {"split": "train", "source": "grey", "group": "grey", "expression": "sad"}
        writer.add(np.full((48, 48), 99, np.uint8), grey)
        return first, writer.commit(writer.table())


def test_exact_and_near_copies_are_found_from_both_sides(two, where):
    first, second = two
    assert not are_compared(first, second, where)
    shared = shared_images(first, second, where)
    assert are_compared(first, second, where)
    assert {3, 5, 8} <= set(shared.rows)
    assert shared.partner[[3, 5, 8]].tolist() == [10, 11, 12]
    assert shared.likeness[[3, 5]].tolist() == [1, 1]
    assert 0.97 < shared.likeness[8] < 1
    assert shared.partner_of_second[[10, 11, 12, 13]].tolist() == [3, 5, 8, -1]
    other_way = shared_images(second, first, where)
    assert other_way.partner.tolist() == shared.partner_of_second.tolist()


def test_pairs_say_where_each_stands_and_those_with_other_labels_come_first(two, where):
    first, second = two
    found = pairs(first, second, shared_images(first, second, where))
    assert found["row"].iloc[0] == 5
    assert found["differ"].sum() == 1
    assert found["exact"].sum() == 2
    row = found[found["row"] == 8].iloc[0]
    assert (row["other_row"], row["differ"], row["exact"]) == (12, False, False)
    assert row["source"] == first.samples["source"].iloc[8]
    assert row["other_label"] == second.samples["expression"].iloc[12]


def test_shared_images_are_counted_by_the_splits_they_stand_in(two, where):
    first, second = two
    counted = by_splits(pairs(first, second, shared_images(first, second, where)))
    assert counted[["exact", "near"]].to_numpy().sum() == len(
        shared_images(first, second, where).rows
    )
    split = first.samples["split"].iloc[5]
    other = second.samples["split"].iloc[11]
    crossing = counted[(counted["split"] == split) & (counted["other_split"] == other)]
    assert crossing["differ"].sum() == 1


def test_of_several_copies_the_lowest_counts_and_an_exact_one_before_a_near_one(two, where):
    first, second = two
    folder = second.folder.parent / "many"
    with DatasetWriter(folder, "expression", 48) as writer:
        facts = {"split": "train", "source": "s", "group": "g", "expression": "sad"}
        for image in (cv2.add(np.asarray(first.images[3]), 1), first.images[3], first.images[3]):
            writer.add(np.asarray(image), facts)
        many = writer.commit(writer.table())
    assert shared_images(first, many, where).partner[3] == 1


def test_nothing_shared_is_an_empty_table(two, where):
    first, second = two
    with DatasetWriter(second.folder.parent / "noise", "expression", 48) as writer:
        facts = {"split": "train", "source": "s", "group": "g", "expression": "sad"}
        noise = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
        writer.add(noise, facts)
        alone = writer.commit(writer.table())
    found = pairs(first, alone, shared_images(first, alone, where))
    assert len(found) == 0
    assert len(by_splits(found)) == 0


def test_a_cancelled_comparison_leaves_nothing(two, where, tmp_path):
    first, second = two

    def stop(done, total, unit):
        raise KeyboardInterrupt

    other = Settings(cache_dir=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        shared_images(first, second, other, stop)
    assert not are_compared(first, second, other)
    assert not list(tmp_path.rglob("*.npz"))


def test_drawn_keypoint_sets_are_compared_by_their_crops(drawn, where, tmp_path):
    faces = drawn("keypoints", 35)
    with DatasetWriter(tmp_path / "crops", "keypoints", 96) as writer:
        for i, row in enumerate(faces.samples.drop(columns="digest").to_dict("records")):
            writer.add(np.ascontiguousarray(faces.images[i]), row)
        crops = writer.commit(writer.table())
    # The stored pixels have no border here: no digest is equal, yet each face finds itself.
    found = pairs(faces, crops, shared_images(faces, crops, where))
    assert len(found) == 35
    assert (found["row"] == found["other_row"]).all()
