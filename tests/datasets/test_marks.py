"""Marks survive restarts and imports, never move to another image, and training honours them."""

import argparse
import json

import numpy as np
import pandas as pd
import pytest

from emotion_ai.cli import program
from emotion_ai.cli.train import add_parser, config_of
from emotion_ai.datasets import import_dataset, open_dataset
from emotion_ai.datasets.marks import (
    Mark,
    apply_marks,
    load_marks,
    marks_table,
    set_marks,
)
from emotion_ai.datasets.store import MARKS, DatasetWriter, delete_dataset
from emotion_ai.errors import DatasetError
from emotion_ai.labels import FER7, FERPLUS_EXPRESSIONS, VOTE_COLUMNS
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import prepare
from tests.support.dataset_files import face, fer_csv


@pytest.fixture
def dataset(drawn, data_dir):
    """A copy of its own for every test."""
    return drawn("expression", 70, seed=2, into=data_dir)


def test_marks_are_there_after_a_restart(dataset):
    set_marks(dataset, [3, 5], Mark("drop"))
    set_marks(dataset, [7], Mark("relabel", "sad"))
    set_marks(dataset, [5], None)
    again = load_marks(open_dataset(dataset.folder))
    assert again == {3: Mark("drop"), 7: Mark("relabel", "sad")}


def test_marks_do_not_change_the_dataset(dataset):
    set_marks(dataset, [3], Mark("drop"))
    assert open_dataset(dataset.folder).digest == dataset.digest


def test_a_mark_never_moves_to_another_image(dataset):
    set_marks(dataset, [3], Mark("drop"))
    path = dataset.folder / MARKS
    record = json.loads(path.read_text())
    record["marks"][0]["row"] = 4
    record["marks"].append({"row": 10_000, "digest": "x", "mark": "keep"})
    path.write_text(json.dumps(record))
    assert load_marks(dataset) == {3: Mark("drop")}


def test_marks_follow_their_images_and_wait_for_those_that_are_gone(tmp_path, data_dir):
    def imported(emotions):
        table = fer_csv(tmp_path / "f.csv", emotions, ["Training"] * len(emotions))
        return import_dataset(table, data_dir, name="f", replace=True).dataset

    first = imported([0, 3, 4, 3, 2, 5])
    digests = first.samples["digest"]
    decided = {digests[1]: Mark("keep"), digests[4]: Mark("drop")}
    set_marks(first, [1], Mark("keep"))
    set_marks(first, [4], Mark("drop"))
    with DatasetWriter(data_dir / "f", "expression", 48) as writer:
        for row in (5, 4, 0):  # the picture of row 1 is gone
            writer.add(np.asarray(first.images[row]), {"source": "x", "expression": "sad"})
        moved = writer.commit(writer.table().assign(split="train"))
    assert load_marks(moved) == {1: Mark("drop")}
    set_marks(moved, [0], Mark("keep"))
    again = imported([0, 3, 4, 3, 2, 5])
    by_digest = {again.samples["digest"][row]: m for row, m in load_marks(again).items()}
    assert by_digest == decided | {digests[5]: Mark("keep")}


@pytest.fixture
def stored(data_dir):
    """``stored(*seeds)``: a dataset of these faces, in the place of the one before."""

    def store(*seeds):
        with DatasetWriter(data_dir / "twins", "expression", 48) as writer:
            for seed in seeds:
                writer.add(face(seed), {"source": "x", "expression": "sad"})
            return writer.commit(writer.table().assign(split="train"))

    return store


def test_of_copies_the_one_that_was_kept_stays_when_the_other_is_gone(stored):
    set_marks(stored(7, 1, 2, 7, 3), [3], Mark("drop"))
    set_marks(stored(7, 1, 2, 7, 3), [4], Mark("drop"))
    assert load_marks(stored(1, 7, 3)) == {2: Mark("drop")}  # the copy that is left, and the other
    assert load_marks(stored(1, 7, 2, 3, 7)) == {3: Mark("drop"), 4: Mark("drop")}


def test_a_kept_copy_stays_where_it_moves_up_into_the_place_of_the_dropped_one(stored):
    set_marks(stored(1, 7, 7, 2), [1], Mark("drop"))
    assert load_marks(stored(1, 7, 2)) == {}
    assert load_marks(stored(1, 7, 7, 2)) == {1: Mark("drop")}  # once it is there again


def test_marks_survive_a_new_import_of_the_same_images(tmp_path, data_dir):
    table = fer_csv(tmp_path / "f.csv", [0, 3, 4, 3, 2, 5], ["Training"] * 6)
    first = import_dataset(table, data_dir, name="f").dataset
    set_marks(first, [2], Mark("drop"))
    again = import_dataset(table, data_dir, name="f", replace=True).dataset
    assert load_marks(again) == {2: Mark("drop")}


def test_bad_marks_are_one_line(dataset):
    with pytest.raises(DatasetError, match="keep, drop, relabel"):
        Mark("burn")
    with pytest.raises(DatasetError, match="expected a class"):
        Mark("relabel", "<b>")
    with pytest.raises(DatasetError, match="angry, disgust"):
        set_marks(dataset, [1], Mark("relabel", "bored"))
    with pytest.raises(DatasetError, match="0 to 69"):
        set_marks(dataset, [70], Mark("drop"))
    (dataset.folder / MARKS).write_text("{")
    with pytest.raises(DatasetError, match="damaged"):
        load_marks(dataset)


def test_table_of_marks_names_what_they_are_about(dataset):
    marks = set_marks(dataset, [7, 3], Mark("relabel", "fear"))
    table = marks_table(dataset, marks)
    assert table["row"].tolist() == [3, 7]
    assert table["new_expression"].tolist() == ["fear", "fear"]
    assert table["digest"].tolist() == dataset.samples["digest"].iloc[[3, 7]].tolist()
    assert table["expression"].tolist() == dataset.samples["expression"].iloc[[3, 7]].tolist()


def test_applied_marks_drop_and_relabel_and_leave_the_rest(dataset):
    before = dataset.samples.copy()
    votes = pd.DataFrame(np.zeros((70, 10), np.uint8), columns=list(VOTE_COLUMNS))
    table = pd.concat([before, votes], axis=1)
    applied = apply_marks(table, {1: Mark("drop"), 2: Mark("relabel", "fear"), 3: Mark("keep")})
    assert applied["split"].iloc[1] == "dropped"
    assert applied["expression"].iloc[2] == "fear"
    column = VOTE_COLUMNS[FERPLUS_EXPRESSIONS.index("fear")]
    assert applied[column].iloc[2] == 10
    rest = [i for i in range(70) if i not in (1, 2)]
    assert applied.iloc[rest].equals(table.iloc[rest])
    assert dataset.samples.equals(before)


def test_training_honours_marks_when_asked_and_only_then(dataset):
    rows = np.flatnonzero(dataset.samples["split"] == "train")
    row = next(i for i in rows if dataset.samples["expression"].iloc[i] != "fear")
    set_marks(dataset, [rows[-1]], Mark("drop"))
    set_marks(dataset, [row], Mark("relabel", "fear"))
    plain, _ = prepare([dataset], TrainingConfig("expression", ("d",)), FER7)
    config = TrainingConfig("expression", ("d",), honour_marks=True)
    honoured, _ = prepare([dataset], config, FER7)
    assert len(honoured) == len(plain) - 1
    place = list(rows).index(row)
    assert honoured.targets[place].argmax() == FER7.index("fear")
    assert plain.targets[place].argmax() != FER7.index("fear")


def test_a_dropped_copy_does_not_take_the_kept_one_with_it(data_dir):
    with DatasetWriter(data_dir / "twins", "expression", 48) as writer:
        for i in range(28):
            split = "train" if i < 21 else "validation"
            image = face(0 if i in (0, 1) else i)
            expression = FER7.expressions[i % 7]
            writer.add(image, {"split": split, "expression": expression, "group": str(i)})
        dataset = writer.commit(writer.table())
    set_marks(dataset, [1], Mark("drop"))
    honoured, _ = prepare([dataset], TrainingConfig("expression", ("d",), honour_marks=True), FER7)
    assert len(honoured) == 20


def test_command_line_asks_for_marks():
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    words = ["train", "expression", "--data", "d"]
    assert not config_of(parser.parse_args(words)).honour_marks
    assert config_of(parser.parse_args([*words, "--honour-marks"])).honour_marks


def test_deleted_dataset_is_gone_with_its_marks(dataset):
    set_marks(dataset, [1], Mark("keep"))
    delete_dataset(dataset)
    assert list(dataset.folder.parent.iterdir()) == []
    with pytest.raises(DatasetError, match="cannot be deleted"):
        delete_dataset(dataset)


def test_command_line_prints_marks_as_csv(dataset, use_places, capsys):
    use_places(data=dataset.folder.parent)
    set_marks(dataset, [3], Mark("relabel", "fear"))
    assert program.main(["data", "marks", dataset.name]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header == "row,source,split,digest,expression,mark,new_expression,copies"
    assert row.startswith("3,")
    assert row.endswith(",relabel,fear,1")
