"""The drawn datasets that ship: the same each time, small, found beside others, only read."""

import shutil

import numpy as np
import pytest

from emotion_ai.cli import program
from emotion_ai.datasets import list_datasets, load_any
from emotion_ai.datasets.drawn.shipped import NAMES, draw_expression_set, draw_keypoint_set
from emotion_ai.datasets.marks import Mark, load_marks, set_marks
from emotion_ai.datasets.store import Dataset, delete_dataset, find_dataset, open_dataset
from emotion_ai.datasets.truths import class_positions
from emotion_ai.errors import DatasetError
from emotion_ai.labels import FER7
from emotion_ai.settings import ROOT


@pytest.fixture(scope="module")
def expression() -> Dataset:
    return open_dataset(ROOT / "data" / NAMES[0])


def test_drawn_again_they_are_the_same_files(tmp_path):
    """All but the table's version of its writer, and less than what a clone should bring."""
    assert program.main(["data", "shipped", str(tmp_path)]) == 0
    size = 0
    for name in NAMES:
        ours, again = ROOT / "data" / name, tmp_path / name
        assert (again / "images.npy").read_bytes() == (ours / "images.npy").read_bytes()
        assert open_dataset(again).samples.equals(open_dataset(ours).samples)
        size += sum(path.stat().st_size for path in again.iterdir())
    assert size < 6e6


def test_drawing_twice_writes_the_same_bytes(tmp_path):
    for draw in (draw_expression_set, draw_keypoint_set):
        one, two = (draw(tmp_path / where, 70).folder for where in ("one", "two"))
        assert {p.name: p.read_bytes() for p in one.iterdir()} == {
            p.name: p.read_bytes() for p in two.iterdir()
        }


def test_people_disagree_about_some_faces_and_some_labels_are_wrong(expression):
    assert expression.votes.sum(axis=1).tolist() == [10] * len(expression)
    divided = np.sort(expression.votes, axis=1)[:, -1] <= 7
    assert 0.1 < divided.mean() < 0.3
    wrong = expression.description["wrong_labels"]
    given, crowd = (class_positions(expression, FER7, truth) for truth in ("given", "crowd"))
    assert len(wrong) == 12
    assert (given[wrong] != crowd[wrong]).all()
    others = np.setdiff1d(np.flatnonzero(~divided), wrong)
    assert (given[others] == crowd[others]).mean() > 0.98
    assert "12 labels are wrong on purpose" in expression.description["about"]


def test_they_come_after_imported_ones_and_give_way_to_their_names(drawn, data_dir):
    shipped = data_dir.parent / "shipped"
    for name in NAMES:
        shutil.copytree(ROOT / "data" / name, shipped / name)
    drawn("expression", 35, into=data_dir)
    found = list_datasets(data_dir, shipped)
    assert [dataset.name for dataset in found] == ["synthetic_expression", *NAMES]
    shutil.copytree(data_dir / "synthetic_expression", data_dir / NAMES[0])
    assert len(find_dataset(NAMES[0], data_dir, shipped)) == 35
    assert len(load_any(NAMES[0], data_dir, shipped)) == 35
    assert len(load_any(NAMES[1], data_dir, shipped)) == 400
    with pytest.raises(DatasetError, match=r"drawn_expression, synthetic_.*, drawn_keypoints"):
        find_dataset("nothing", data_dir, shipped)


def test_marks_go_to_the_own_folder_and_nobody_deletes_what_is_shipped(data_dir, tmp_path):
    draw_keypoint_set(tmp_path / "shipped", 35)
    before = sorted((tmp_path / "shipped" / NAMES[1]).iterdir())
    dataset = find_dataset(NAMES[1], data_dir, tmp_path / "shipped")
    set_marks(dataset, [3], Mark("drop"))
    assert load_marks(find_dataset(NAMES[1], data_dir, tmp_path / "shipped"))[3].kind == "drop"
    assert sorted((tmp_path / "shipped" / NAMES[1]).iterdir()) == before
    assert list_datasets(data_dir) == []
    with pytest.raises(DatasetError, match="came with the app"):
        delete_dataset(dataset)
