"""What a training leaves behind when it is cut short at any write, and why it says it failed."""

import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from emotion_ai.errors import ConfigError, RunError
from emotion_ai.networks.architectures import build
from emotion_ai.storage.arrays import load_arrays
from emotion_ai.training import estimate, loop, probe, progress, recorder, runs, score
from emotion_ai.training.checkpoint import saved_epochs
from emotion_ai.training.checks import check
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import split_rows
from emotion_ai.training.trainer import train_run


@pytest.fixture(scope="module")
def few(drawn):
    return drawn("expression", 70, seed=5)


@pytest.fixture(scope="module", autouse=True)
def of_tiny_networks(tiny):
    """The name that ``config`` uses."""


def config(**changes):
    quick = {"preset": "tiny", "epochs": 3, "batch_size": 8, "precision": "float32"}
    return TrainingConfig.for_task("expression", ("synthetic_expression",), **(quick | changes))


def dead(folder):
    """The status of ``folder`` as a process wrote it that is no more."""
    status = json.loads((folder / runs.STATUS).read_text())
    (folder / runs.STATUS).write_text(json.dumps({**status, "pid_started": 1.0}))


@pytest.fixture(scope="module")
def moments(few, tmp_path_factory):
    """A whole training, and what was on the disk just before each of its files took its place:
    all that a kill -9 could leave, but for what the temporary files hold."""
    base = tmp_path_factory.mktemp("moments")
    folder = runs.create_run(base / "runs", config().as_dict(), "whole")
    snapshots, replace = [], os.replace

    def remember(source, target):
        if os.path.dirname(target) == str(folder):
            name = os.path.basename(target)
            snapshots.append((name, base / f"{len(snapshots)}"))
            shutil.copytree(folder, snapshots[-1][1])
        replace(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", remember)
        loop.train(folder, [few])
    return folder, snapshots


def test_killed_at_any_write_a_run_is_readable_and_lacks_one_epoch_at_most(moments):
    folder, snapshots = moments
    assert {"config.json", "status.json"} <= {path.name for path in folder.iterdir()}
    assert {name for name, _ in snapshots} >= {
        runs.STATUS, runs.DATA, runs.PROGRESS, runs.METRICS, runs.BEST, runs.LAST, runs.MISTAKES,
    }  # fmt: skip
    checkpoints = 0
    for name, snapshot in snapshots:
        if (snapshot / runs.STATUS).exists():
            dead(snapshot)
            assert runs.read_run(snapshot).state == "interrupted"
        epochs = len(runs.read_metrics(snapshot))
        assert checkpoints <= epochs <= checkpoints + 1
        checkpoints += name == runs.LAST
    assert checkpoints == 3


@pytest.mark.parametrize("name", [runs.METRICS, runs.LAST])
def test_killed_while_writing_in_the_second_epoch_a_run_ends_as_if_nothing_had_been(
    moments, few, tmp_path, name
):
    whole, snapshots = moments
    at = [
        snapshot
        for written, snapshot in snapshots
        if written == name and (snapshot / runs.LAST).exists()
    ]
    folder = shutil.copytree(at[0], tmp_path / "killed")
    for half in folder.glob(".*.keras.keras"):  # the checkpoint was being written
        half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
    loop.train(folder, [few], resume=True)
    expected, got = runs.read_metrics(whole), runs.read_metrics(folder)
    assert [record["epoch"] for record in got] == [1, 2, 3]
    for key in ("loss", "validation_loss"):
        assert got[-1][key] == pytest.approx(expected[-1][key], rel=1e-4)
    assert not list(folder.glob(".*.keras.keras"))


def test_a_run_goes_on_after_the_epochs_in_its_checkpoint_and_says_so_from_the_start(
    moments, few, tmp_path, monkeypatch
):
    """Killed while ``last.keras`` of the third epoch is saved: the metrics tell of it already."""
    _, snapshots = moments
    at = [snapshot for name, snapshot in snapshots if name == runs.LAST][2]
    folder = shutil.copytree(at, tmp_path / "killed")
    dead(folder)
    assert len(runs.read_metrics(folder)) == 3
    assert saved_epochs(folder) == 2
    monkeypatch.setattr(loop, "_fit", lambda *_: pytest.fail(str(runs.read_status(folder))))
    with pytest.raises(pytest.fail.Exception, match="'epoch': 2"):
        loop.train(folder, [few], resume=True)
    assert saved_epochs(moments[0]) == 3
    (folder / runs.LAST).write_bytes((folder / runs.LAST).read_bytes()[:5000])
    assert saved_epochs(folder) == 0
    assert saved_epochs(tmp_path) == 0


def test_changed_data_and_a_damaged_checkpoint_are_refused_in_one_line(
    moments, few, drawn, tmp_path
):
    folder = shutil.copytree(moments[0], tmp_path / "run")
    other = drawn("expression", 77, seed=6)
    with pytest.raises(
        RunError, match=r"images or labels of synthetic_expression changed .*70 faces then, 77 now"
    ):
        loop.train(folder, [other], resume=True)
    assert runs.read_run(folder).state == "failed"
    (folder / runs.LAST).write_bytes((folder / runs.LAST).read_bytes()[:5000])
    with pytest.raises(RunError, match=r"last\.keras is damaged"):
        loop.train(folder, [few], resume=True)


def test_a_loss_that_explodes_and_a_full_disk_are_named_and_the_best_is_kept(
    moments, few, tmp_path, monkeypatch
):
    wild = runs.create_run(tmp_path, config(learning_rate=9.0, warmup_epochs=0).as_dict())
    real = recorder.Recorder._choose

    def explode(recorder):
        scores = real(recorder)
        return scores if not recorder.history else {**scores, "validation_loss": float("nan")}

    monkeypatch.setattr(recorder.Recorder, "_choose", explode)
    with pytest.raises(RunError, match="not a number in epoch 2"):
        loop.train(wild, [few])
    run = runs.read_run(wild)
    assert run.state == "failed"
    assert "lower learning rate" in run.status["message"]
    assert (wild / runs.BEST).exists()
    assert len(run.metrics) == 1

    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert progress.reason(full) == "the disk is full: free some space, then resume"
    assert "memory ran out" in progress.reason(MemoryError())

    def no_room(path):
        path.write_bytes(b"half")
        raise full

    model = build("expression", 7, "tiny")
    monkeypatch.setattr(model, "save", no_room)
    with pytest.raises(OSError, match="No space"):
        recorder.save_model(model, tmp_path / "m.keras")
    assert not list(tmp_path.glob("*m.keras*"))


def test_a_disk_that_is_full_to_the_last_byte_after_an_epoch_is_named(few, tmp_path, monkeypatch):
    """Not even another ``status.json`` has room beside the one there is."""
    folder = runs.create_run(tmp_path, config().as_dict())
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def no_room(*arguments, **options):
        raise full

    def fill(record, epochs):
        monkeypatch.setattr(Path, "write_bytes", no_room)
        monkeypatch.setattr(keras.Model, "save", no_room)

    with pytest.raises(OSError, match="No space"):
        loop.train(folder, [few], on_epoch=fill)
    run = runs.read_run(folder)
    assert (run.state, len(run.metrics)) == ("failed", 1)
    assert run.status["message"] == "the disk is full: free some space, then resume"
    monkeypatch.undo()
    loop.train(folder, [few], resume=True)
    assert runs.read_run(folder).state == "finished"


def test_mistakes_come_mixed_the_worst_of_every_label_first(tmp_path):
    """Forty *angry* faces before the others, as in a dataset that is sorted by label."""
    truth = np.array([0] * 40 + [1, 1, 3, 3, 3])
    of_truth = np.r_[np.linspace(0.30, 0.10, 40), 0.25, 0.05, 0.20, 0.02, 0.30]
    said = np.full((45, 7), 0.01, np.float32)
    said[:, 6] = 1 - of_truth
    said[np.arange(45), truth] = of_truth
    faces = np.zeros((45, 48, 48, 1), np.uint8)
    progress.write_mistakes(tmp_path, 1, faces, np.eye(7, dtype=np.float32)[truth], said)
    found = load_arrays(tmp_path / runs.MISTAKES)
    assert found["counts"].tolist() == [1, 45, 45]
    assert found["truth"][:8].tolist() == [3, 1, 0, 0, 3, 1, 0, 3]
    np.testing.assert_allclose(found["p"][:3], [0.98, 0.95, 0.90], rtol=1e-5)
    assert len(found["truth"]) == progress.KEPT


def test_mistakes_are_wrong_names_and_the_worst_points(tmp_path):
    faces = np.zeros((3, 48, 48, 1), np.uint8)
    truth = np.eye(7, dtype=np.float32)[[0, 1, 2]]
    said = np.eye(7, dtype=np.float32)[[0, 3, 2]] * 0.8
    progress.write_mistakes(tmp_path, 4, faces, truth, said)
    found = load_arrays(tmp_path / runs.MISTAKES)
    assert found["counts"].tolist() == [4, 1, 3]
    assert (found["truth"].tolist(), found["said"].tolist()) == ([1], [3])
    # Two heads: the last one answers for the dataset's labels.
    heads = np.stack([said[::-1], truth], axis=1)
    progress.write_mistakes(tmp_path, 5, faces, np.stack([truth, truth], axis=1), heads)
    assert load_arrays(tmp_path / runs.MISTAKES)["counts"].tolist() == [5, 0, 3]

    # Two classes are not x and y.
    two = np.eye(2, dtype=np.float32)[[0, 1, 1]]
    progress.write_mistakes(tmp_path, 6, faces, two, two[::-1] * 0.9)
    assert load_arrays(tmp_path / runs.MISTAKES)["counts"].tolist() == [6, 2, 3]

    points = np.full((3, 15, 2), 20.0, np.float32)
    points[0, 3] = np.nan
    off = np.nan_to_num(points, nan=0) + np.array([1, 5, 3])[:, None, None]
    progress.write_mistakes(tmp_path, 1, np.zeros((3, 96, 96, 1), np.uint8), points, off)
    found = load_arrays(tmp_path / runs.MISTAKES)
    np.testing.assert_allclose(found["error"], np.sqrt(2) * np.array([5, 3, 1]), rtol=1e-5)


def test_a_dry_run_measures_and_keeps_nothing(few, tmp_path, use_places):
    use_places(data=few.folder.parent, cache=tmp_path / "cache")
    asked = config(preset="demo")  # it is built in a process of its own
    steps = []
    found = probe.measure(asked, lambda *step: steps.append(step))
    assert steps[-1][0] >= 2
    assert found["parameters"] == build("expression", 7, "demo").count_params()
    estimate.result_path(asked).write_text(
        json.dumps(
            {**found, "batch_s": 0.5, "start_s": 3.0, "save_s": 1.0, "validation_face_s": 0.1}
        )
    )
    fit = check(asked, [few], tmp_path)
    # 3 epochs of 5 batches and 14 faces to validate, two checkpoints each.
    assert (fit.train, fit.validation, fit.steps(8)) == (42, 14, 5)
    assert replace(fit, an_epoch=0.4 * 42).steps(8) == 2  # rows that take part now and then
    assert estimate.estimate(asked, fit).seconds == pytest.approx(3 + 3 * (2.5 + 1.4 + 2))
    assert estimate.estimate(replace(asked, epochs=6), fit).seconds == pytest.approx(3 + 6 * 5.9)
    assert estimate.estimate(replace(asked, batch_size=16), fit) is None
    assert not list((tmp_path / "cache").rglob("*.keras"))


def test_a_network_that_says_no_numbers_is_told_as_a_loss_that_is_none(few, tmp_path, monkeypatch):
    def spoiled(*arguments):
        model = new_model(*arguments)
        kernel, bias = model.get_layer("logits").get_weights()
        model.get_layer("logits").set_weights([kernel * np.nan, bias])
        return model

    new_model = loop.new_model
    monkeypatch.setattr(loop, "new_model", spoiled)
    folder = runs.create_run(tmp_path, config(epochs=1).as_dict())
    with pytest.raises(RunError, match="the loss was not a number in epoch 1"):
        loop.train(folder, [few])


def test_what_began_goes_on_without_the_model_it_started_from(few, tmp_path):
    folder = runs.create_run(tmp_path, config(epochs=1).as_dict())
    loop.train(folder, [few])
    (folder / runs.SCORES).write_text("{}")  # of a best epoch that gives way
    record = json.loads((folder / runs.CONFIG).read_text()) | {"epochs": 3, "init": "gone"}
    (folder / runs.CONFIG).write_text(json.dumps(record))
    runs.write_status(folder, "running")
    train_run(folder, [few])
    run = runs.read_run(folder)
    assert (run.state, len(run.metrics)) == ("finished", 3)
    assert json.loads((folder / runs.SCORES).read_text())["scores"]


def test_scores_of_an_earlier_best_epoch_go_with_it(few, tmp_path):
    folder = runs.create_run(tmp_path, config(epochs=1).as_dict())
    (folder / runs.SCORES).write_text("{}")
    loop.train(folder, [few])
    assert not (folder / runs.SCORES).exists()


def test_runs_that_cannot_be_scored_are_named_with_the_reason(tmp_path, capsys, use_places):
    use_places(data=tmp_path)
    nowhere = replace(config(), data=("nowhere",)).as_dict()
    folder = runs.create_run(tmp_path, nowhere, "lonely")
    assert score.main(tmp_path / "status.json", [folder]) == 1
    assert "lonely: no dataset or file 'nowhere'" in capsys.readouterr().err


def test_data_of_one_person_cannot_be_held_out(few):
    alone = replace(few, description=few.description | {"splits": {"train": 56}})
    alone.__dict__["samples"] = few.samples.assign(split="train", group="ann")
    with pytest.raises(ConfigError, match="belong to one person or photo"):
        split_rows(alone, config())
