"""Marks travel by the digest of a picture, and two people's are merged with conflicts shown."""

import numpy as np
import pytest

from emotion_ai.audit.opinions import (
    Told,
    conflicts_table,
    merge,
    opinions_of,
    read_opinions,
    rows_of,
    summary,
)
from emotion_ai.cli import program
from emotion_ai.datasets import import_dataset
from emotion_ai.datasets.marks import Mark, load_marks, marks_table, set_marks
from emotion_ai.errors import DatasetError
from tests.support.dataset_files import face, png, write_tree

DROP, KEEP = Mark("drop"), Mark("keep")


def copy_of_the_data(tmp_path, data_dir, name, order):
    """The same ten pictures, in another order."""
    files = {f"{'up' if seed % 2 else 'down'}/{place}.png": png(face(seed))
             for place, seed in enumerate(order)}  # fmt: skip
    return import_dataset(write_tree(tmp_path / name, files), data_dir, name=name).dataset


def test_marks_fit_a_new_copy_of_the_same_data(tmp_path, data_dir):
    old = copy_of_the_data(tmp_path, data_dir, "old", range(10))
    new = copy_of_the_data(tmp_path, data_dir, "new", [7, 3, 9, 0, 1, 2, 4, 5, 6, 11])
    marks = set_marks(old, [0], DROP) and set_marks(old, [1, 8], Mark("relabel", "up"))
    marks_table(old, marks).to_csv(tmp_path / "m.csv", index=False)
    told = read_opinions(tmp_path / "m.csv")
    found, elsewhere = rows_of(new, told.opinions, told)
    by_digest = opinions_of(old, marks)
    digests = new.samples["digest"]
    assert {digests[row]: mark for row, mark in found.items()} == {
        d: m for d, m in by_digest.items() if d in set(digests)
    }
    assert len(found) + elsewhere == 3


def test_two_people_are_merged_and_their_agreement_is_cohens_kappa():
    first = {"a": DROP, "b": DROP, "c": KEEP, "d": KEEP, "e": DROP}
    second = {"a": DROP, "b": KEEP, "c": KEEP, "d": KEEP, "f": KEEP}
    merged = merge(first, second)
    assert merged.marks == {"a": DROP, "c": KEEP, "d": KEEP, "e": DROP, "f": KEEP}
    assert merged.conflicts == {"b": (DROP, KEEP)}
    # By hand: agreed 3/4; by chance 2/4 · 1/4 + 2/4 · 3/4 = 1/2; (0.75 - 0.5) / 0.5
    assert merged.kappa == pytest.approx(0.5)
    assert (
        summary(merged) == "4 pictures decided on by both, kappa 0.50, 1 conflicts: drop / keep 1"
    )
    assert np.isnan(merge({"a": DROP}, {"b": DROP}).kappa)


def test_bad_files_of_marks_are_one_line(tmp_path, data_dir):
    dataset = copy_of_the_data(tmp_path, data_dir, "own", range(10))
    for content, why in (
        ("row,mark\n1,drop\n", "missing digest"),
        ("digest,mark\nab,burn\n", "row 1: unknown mark"),
        ("digest,mark,new_expression\nab,relabel,<b>\n", "row 1: relabel as"),
        ("", "cannot be read"),
    ):
        (tmp_path / "m.csv").write_text(content)
        with pytest.raises(DatasetError, match=why):
            read_opinions(tmp_path / "m.csv")
    with pytest.raises(DatasetError, match="has no class bored"):
        rows_of(dataset, {"ab": Mark("relabel", "bored")})


def test_the_command_takes_marks_over_and_prints_conflicts(tmp_path, use_places, capsys):
    use_places(tmp_path, "data")
    dataset = copy_of_the_data(tmp_path, tmp_path / "data", "own", range(10))
    set_marks(dataset, [0, 1], DROP)
    digests = dataset.samples["digest"]
    rows = [f"{digests[0]},keep", f"{digests[5]},drop", "0000,drop"]
    (tmp_path / "other.csv").write_text("\n".join(["digest,mark", *rows]))
    assert program.main(["data", "marks", "own", "--import", str(tmp_path / "other.csv")]) == 0
    printed = capsys.readouterr().out
    assert "kappa" in printed
    assert "1 conflicts: drop / keep 1" in printed
    assert "own: 3 images marked; 1 pictures are not in it" in printed
    assert load_marks(dataset) == {0: DROP, 1: DROP, 5: DROP}
    assert conflicts_table(dataset, merge({digests[0]: DROP}, {digests[0]: KEEP}))[
        "other"
    ].tolist() == ["keep"]


def test_of_copies_those_that_were_kept_stay(tmp_path, use_places):
    use_places(tmp_path, "data")
    # Rows 0 and 6 are the same picture.
    dataset = copy_of_the_data(tmp_path, tmp_path / "data", "own", [0, 1, 2, 3, 4, 5, 6, 7, 8, 0])
    digests = dataset.samples["digest"]
    (copies,) = (list(rows) for rows in digests.groupby(digests).groups.values() if len(rows) > 1)
    set_marks(dataset, [copies[1]], DROP)
    marks_table(dataset, load_marks(dataset)).to_csv(tmp_path / "m.csv", index=False)
    for content in ("digest,mark\n0000,keep\n", (tmp_path / "m.csv").read_text()):
        (tmp_path / "other.csv").write_text(content)
        assert program.main(["data", "marks", "own", "--import", str(tmp_path / "other.csv")]) == 0
        assert load_marks(dataset) == {copies[1]: DROP}
    # The same data of somebody who has not decided yet.
    set_marks(dataset, copies, None)
    assert program.main(["data", "marks", "own", "--import", str(tmp_path / "m.csv")]) == 0
    assert load_marks(dataset) == {copies[1]: DROP}


def test_of_copies_in_another_order_as_many_are_marked(tmp_path, use_places):
    use_places()
    old = copy_of_the_data(tmp_path, tmp_path / "data", "old", [0, 1, 2, 0, 3, 4])
    new = copy_of_the_data(tmp_path, tmp_path / "data", "new", [4, 0, 3, 2, 1, 0])
    twice = [row for row, n in enumerate(copies_of_each(old)) if n == 2]
    set_marks(old, twice[1:], DROP)
    marks_table(old, load_marks(old)).to_csv(tmp_path / "marks.csv", index=False)
    told = read_opinions(tmp_path / "marks.csv")
    marks, elsewhere = rows_of(new, told.opinions, told)
    assert elsewhere == 0
    assert [copies_of_each(new)[row] for row in marks] == [2]


def test_a_copy_that_was_kept_stays_where_it_is_the_only_one(tmp_path, use_places):
    use_places()
    twice = copy_of_the_data(tmp_path, tmp_path / "data", "twice", [0, 1, 0])
    once = copy_of_the_data(tmp_path, tmp_path / "data", "once", [1, 0])
    first = copies_of_each(twice).index(2)
    marks_table(twice, set_marks(twice, [first], DROP)).to_csv(tmp_path / "m.csv", index=False)
    told = read_opinions(tmp_path / "m.csv")
    assert rows_of(once, told.opinions, told) == ({}, 0)


def test_marks_of_copies_that_moved_are_placed_beside_those_that_did_not(tmp_path, use_places):
    use_places()
    dataset = copy_of_the_data(tmp_path, tmp_path / "data", "own", [1, 0, 2, 0, 3, 0])
    copies = [row for row, n in enumerate(copies_of_each(dataset)) if n == 3]
    elsewhere = next(row for row in range(6) if row not in copies)
    digest = dataset.samples["digest"][copies[0]]
    marks, _ = rows_of(
        dataset, {digest: DROP}, Told(rows={digest: {copies[0]: DROP, elsewhere: DROP}})
    )
    assert len(marks) == 2
    assert set(marks) <= set(copies)
    assert copies[0] in marks


def copies_of_each(dataset) -> list[int]:
    digests = list(dataset.samples["digest"])
    return [digests.count(digest) for digest in digests]


def test_marks_of_a_larger_copy_fit_a_smaller_one(tmp_path, data_dir):
    large = copy_of_the_data(tmp_path, data_dir, "large", range(10))
    small = copy_of_the_data(tmp_path, data_dir, "small", [9, 8, 7])
    marks_table(large, set_marks(large, range(10), DROP)).to_csv(tmp_path / "m.csv", index=False)
    told = read_opinions(tmp_path / "m.csv")
    assert rows_of(small, told.opinions, told) == (dict.fromkeys(range(3), DROP), 7)
