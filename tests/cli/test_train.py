"""``train`` from the command line: what it refuses before anything begins, and the queue."""

import shutil

import pytest

from emotion_ai.cli import train
from emotion_ai.cli.program import main
from emotion_ai.settings import ROOT
from emotion_ai.training import queue, runs
from emotion_ai.training.config import TrainingConfig


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, drawn):
    folder = tmp_path_factory.mktemp("command")
    drawn("expression", 35, into=folder / "data")
    shutil.copytree(ROOT / "models" / "keypoints", folder / "models" / "points")
    return folder


@pytest.fixture
def runs_dir(tmp_path, shelf, monkeypatch, use_places):
    use_places(shelf, "data", "models", runs=tmp_path)
    monkeypatch.setattr(train, "train_run", lambda *a: pytest.fail("it trains"))
    return tmp_path


EXPRESSION = ("train", "expression", "--data", "synthetic_expression")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "expression", "--resume", "old", "--epochs", "9"), "leave out --epochs"),
        (("train", "expression", "--resume", "old", "--data", "x", "--name", "y", "--hold-out"),
         "leave out --data, --hold-out, --name"),
        (("train", "keypoints", "--resume", "old"), "run old is for expression"),
        ((*EXPRESSION, "--save-as", "points"), "points is a model for keypoints"),
        ((*EXPRESSION, "--save-as", "keypoints"), "keypoints is a model for keypoints"),
        ((*EXPRESSION, "--name", "../outside"), "run name '../outside': expected"),
        ((*EXPRESSION, "--init", "points", "--preset", "residual"), "reads keypoints"),
        ((*EXPRESSION, "--preset", "resnet152"), "expected one of residual, deep, course_resnet"),
        (("train", "keypoints", "--data", "synthetic_expression"), "has expressions"),
        ((*EXPRESSION, "--labels", "crowd"), "has no votes"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_begins(runs_dir, capsys, words, said):
    config = TrainingConfig.for_task("expression", ("synthetic_expression",))
    old = runs.create_run(runs_dir, config.as_dict(), "old")
    assert main(list(words)) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert [path.name for path in runs.run_folders(runs_dir)] == [old.name]
    assert runs.read_run(old).state == "interrupted"


def test_queue_leaves_the_run_in_line_and_returns(runs_dir, capsys, monkeypatch):
    started = []
    monkeypatch.setattr(queue, "start_worker", started.append)
    assert main([*EXPRESSION, "--preset", "demo", "--queue", "--name", "one"]) == 0
    assert main([*EXPRESSION, "--preset", "demo", "--queue", "--name", "two"]) == 0
    assert capsys.readouterr().out == "one: number 1 in line\ntwo: number 2 in line\n"
    assert [folder.name for folder in queue.queued(runs_dir)] == ["one", "two"]
    assert started == [runs_dir, runs_dir]


def test_a_run_takes_its_turn_and_says_that_it_waits(runs_dir, capsys, monkeypatch):
    other = queue.trainer_lock(runs_dir)
    other.acquire()
    waits = []

    def let_go(*words, **options):
        waits.append(words[0])
        other.release()

    monkeypatch.setattr(train, "print", let_go, raising=False)
    with train.my_turn(runs_dir):
        assert waits == ["waiting: another run is being trained here"]
        assert queue.trains(runs_dir)
    assert not queue.trains(runs_dir)
