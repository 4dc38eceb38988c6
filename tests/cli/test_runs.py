"""``runs`` and ``models`` on the command line, and what TensorBoard is given. No Keras."""

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event

from emotion_ai.cli import program
from emotion_ai.models.store import open_model
from emotion_ai.settings import ROOT
from emotion_ai.training import queue, runs
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.tensorboard import EventFiles, scalars
from tests.support.fake_trainer import FakeTrainer
from tests.support.second_model import noisy_copy


@pytest.fixture
def place(tmp_path, monkeypatch, use_places) -> Path:
    """Folders of their own, and a trainer that trains nothing."""
    use_places(tmp_path, "data", "models", "runs", "cache")
    monkeypatch.setattr(queue, "start_worker", lambda runs_dir: None)
    return tmp_path


def enqueue(place: Path, name: str, task: str = "expression", **changes) -> Path:
    config = TrainingConfig.for_task(task, ("faces",), preset="demo", epochs=3, **changes)
    return queue.enqueue(config, name=name, runs_dir=place / "runs")


def train(place: Path, epochs: int) -> None:
    trainer = FakeTrainer()
    for _ in range(epochs):
        trainer.start_worker(place / "runs")


def run(*words) -> int:
    return program.main([str(word) for word in words])


def test_runs_are_listed_with_their_state_and_place(place, capsys):
    enqueue(place, "first")
    train(place, 3)
    for name in ("second", "third"):
        enqueue(place, name)
    assert run("runs", "list") == 0
    lines = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert lines["first"].startswith("finished  epoch 3/3: loss ")
    assert (lines["second"], lines["third"]) == ("queued, number 1", "queued, number 2")
    assert run("runs", "list", "--json") == 0
    records = {record["name"]: record for record in json.loads(capsys.readouterr().out)}
    assert records["first"]["best"]["epoch"] == 3
    assert records["third"]["state"] == "queued"


def test_show_tells_what_differs_and_the_best_epoch(place, capsys):
    folder = enqueue(place, "first", learning_rate=0.001)
    train(place, 2)
    assert run("runs", "show", "first") == 0
    said = capsys.readouterr().out
    usual = TrainingConfig.for_task("expression", ("faces",), preset="demo").learning_rate
    for words in ("first: running", f"learning_rate 0.001 instead of {usual}",
                  "best epoch 2/3", str(folder)):  # fmt: skip
        assert words in said
    assert run("runs", "show", "first", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["metrics"]) == 2


def test_show_says_why_a_run_failed(place, capsys):
    folder = enqueue(place, "first")
    runs.write_status(folder, "failed", message="the disk is full")
    (folder / runs.LOG).write_text("one\nlast words\n")
    assert run("runs", "show", "first") == 0
    said = capsys.readouterr().out
    assert "why: the disk is full" in said
    assert "last words" in said


def test_a_damaged_run_is_shown_as_such(place, capsys):
    folder = enqueue(place, "first")
    (folder / runs.CONFIG).write_text("{")
    assert run("runs", "show", "first") == 0
    assert "config.json is not JSON" in capsys.readouterr().out


def test_cancel_and_resume(place, capsys):
    folder = enqueue(place, "first")
    assert run("runs", "cancel", "first") == 0
    assert runs.read_run(folder).state == "cancelled"
    assert run("runs", "cancel", "first") == 0
    assert run("runs", "resume", "first") == 0
    assert runs.read_run(folder).state == "queued"
    said = capsys.readouterr().out
    assert said.splitlines() == [
        "first: cancelled",
        "first: nothing to cancel, it is cancelled",
        "first: queued, to continue after epoch 0",
    ]
    assert run("runs", "resume", "first") == 1
    assert "is queued: expected one that is" in capsys.readouterr().err


def test_an_unknown_run_lists_the_known_ones(place, capsys):
    enqueue(place, "first")
    for action in ("show", "cancel", "resume"):
        assert run("runs", action, "../second") == 1
        assert "no run 'second': expected one of: first" in capsys.readouterr().err


def test_a_promotion_that_cannot_be_is_refused_before_keras_is_imported(place):
    enqueue(place, "first")
    names = ["keypoints", "no/name", "mine"]
    code = (
        "import sys\nfrom emotion_ai.cli.program import main\n"
        f"assert [main(['runs', 'promote', 'first', name]) for name in {names}] == [1] * 3\n"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    wrong_task, wrong_name, no_data = done.stderr.splitlines()
    assert "keypoints is a model for keypoints, this one is for expression" in wrong_task
    assert "model name 'no/name': expected 1 to 64 letters" in wrong_name
    assert "faces" in no_data
    assert not (place / "models").exists()


def test_models_default_versions_and_back(place, capsys):
    shutil.copytree(ROOT / "models" / "keypoints", place / "models" / "keypoints")
    noisy_copy(open_model(place / "models", "keypoints"), place / "models", "rival")
    before = open_model(place / "models", "keypoints").digest
    assert run("models", "default", "rival") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("keypoints: from ")
    assert said[0].endswith("to keypoints with noise")
    assert said[1].startswith("  from RMSE")
    assert said[2].startswith("  to   RMSE")
    assert run("models", "versions", "keypoints") == 0
    assert capsys.readouterr().out.startswith("version 1: keypoints, ")
    assert run("models") == 0
    assert capsys.readouterr().out.count(", in use") == 2
    assert run("models", "back", "keypoints") == 0
    assert open_model(place / "models", "keypoints").digest == before
    capsys.readouterr()
    assert run("models", "back", "rival") == 1
    assert "rival has no earlier version" in capsys.readouterr().err


def events(folder: Path) -> list[tuple[str, int, float]]:
    """Tag, step and value of every scalar, as TensorBoard reads them: length, its checksum, the
    record, its checksum."""
    found = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        content, at = path.read_bytes(), 0
        while at < len(content):
            (length,) = struct.unpack_from("<Q", content, at)
            event = Event.FromString(content[at + 12 : at + 12 + length])
            at += 12 + length + 4
            found += [
                (value.tag, event.step, value.simple_value)
                for value in event.summary.value
                if value.HasField("simple_value")
            ]
    return found


def test_event_files_hold_every_epoch_once_and_follow_a_run(place, capsys):
    folder = enqueue(place, "first")
    train(place, 2)
    assert run("runs", "tensorboard", "--out", place / "events") == 0
    assert capsys.readouterr().out.startswith("2 epochs written: tensorboard --logdir")
    files = EventFiles(place / "events")
    assert files.update(runs.list_runs(place / "runs")) == 2  # written anew, not twice
    train(place, 1)
    assert files.update(runs.list_runs(place / "runs")) == 1
    assert files.update(runs.list_runs(place / "runs")) == 0
    told = events(place / "events" / "first")
    expected = [
        (tag, record["epoch"], pytest.approx(value))
        for record in runs.read_metrics(folder)
        for tag, value in scalars(record).items()
    ]
    assert sorted(told) == sorted(expected, key=lambda event: event[:2])
    over = events(place / "events" / "first" / "over")
    assert [(tag, step) for tag, step, _ in over if "accuracy" in tag] == [
        ("best/accuracy/validation", 3)
    ]


def test_a_run_that_began_again_is_written_anew(place):
    folder = enqueue(place, "first")
    train(place, 2)
    files = EventFiles(place / "events")
    files.update([runs.read_run(folder)])
    kept = runs.read_metrics(folder)[:1]
    changed = [*kept, {"epoch": 2, "loss": 9.0, "validation_loss": 9.0}]
    (folder / runs.METRICS).write_text("".join(json.dumps(record) + "\n" for record in changed))
    files.update([runs.read_run(folder)])
    losses = [e for e in events(place / "events" / "first") if e[0] == "loss/validation"]
    assert [(step, value) for _, step, value in losses] == [
        (1, pytest.approx(kept[0]["validation_loss"])),
        (2, 9.0),
    ]


def test_without_tensorboardx_the_way_to_get_it_is_said(place, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert run("runs", "tensorboard") == 1
    assert 'pip install "tensorboardX' in capsys.readouterr().err
