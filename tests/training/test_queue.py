"""Runs that wait in line: who is next, who may train, and what a kill -9 leaves behind."""

import json
import os
import subprocess
import sys
import threading
import time

import psutil
import pytest

from emotion_ai.errors import RunError
from emotion_ai.settings import ROOT
from emotion_ai.training import queue, runs, worker
from emotion_ai.training.config import TrainingConfig

PATIENCE_S = 240  # for machines that train at the same time


def config(**changes):
    quick = {"preset": "demo", "epochs": 1, "batch_size": 16, "precision": "float32"}
    return TrainingConfig.for_task("expression", ("synthetic_expression",), **(quick | changes))


def state(folder):
    return runs.read_run(folder).state


@pytest.fixture
def stored(tmp_path, use_places, drawn):
    """A folder for runs, and a small dataset that they can learn from."""
    use_places(data=drawn("expression", 70, seed=1).folder.parent)
    return tmp_path / "runs"


def wait_for(what, patience_s=PATIENCE_S):
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if what():
            return
        time.sleep(0.05)
    pytest.fail(f"not within {patience_s} s")


def test_runs_wait_in_the_order_in_which_they_came(tmp_path):
    first, second, third = (queue.enqueue(config(), name=n, runs_dir=tmp_path) for n in "cab")
    assert queue.queued(tmp_path) == [first, second, third]
    assert [queue.position(folder) for folder in (first, second, third)] == [1, 2, 3]
    queue.cancel(first)
    assert state(first) == "cancelled"
    assert [queue.position(folder) for folder in (first, second, third)] == [0, 1, 2]
    queue.resume(first)
    assert queue.queued(tmp_path) == [second, third, first]


def test_a_name_is_never_used_twice_however_many_ask_at_once(tmp_path):
    folders = []
    ask = [
        threading.Thread(
            target=lambda: folders.append(queue.enqueue(config(), name="x", runs_dir=tmp_path))
        )
        for _ in range(12)
    ]
    for thread in ask:
        thread.start()
    for thread in ask:
        thread.join()
    assert len({folder.name for folder in folders}) == 12
    assert {state(folder) for folder in folders} == {"queued"}
    assert [path.name for path in tmp_path.iterdir() if ".x" in path.name] == []


@pytest.mark.parametrize("name", ["../outside", "a/b", "", ".hidden", "x" * 65, "a b"])
def test_a_run_name_that_is_no_folder_name_is_refused(tmp_path, name):
    if name:
        with pytest.raises(RunError, match="run name"):
            queue.enqueue(config(), name=name, runs_dir=tmp_path / "runs")
    else:
        assert queue.enqueue(config(), name=name, runs_dir=tmp_path / "runs").name
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("said", ["finished", "queued"])
def test_only_a_run_that_stopped_can_be_resumed(tmp_path, said):
    folder = queue.enqueue(config(), runs_dir=tmp_path)
    runs.write_status(folder, said)
    with pytest.raises(RunError, match=f"is {said}: expected one that is interrupted"):
        queue.resume(folder)


def test_a_run_under_way_cannot_be_deleted_and_another_can(tmp_path):
    folder = queue.enqueue(config(), runs_dir=tmp_path)
    with pytest.raises(RunError, match="cancel it first"):
        runs.delete_run(folder)
    queue.cancel(folder)
    runs.delete_run(folder)
    assert runs.list_runs(tmp_path) == []


def test_a_cancelled_run_is_not_claimed_by_a_trainer_that_comes_late(tmp_path):
    folder = queue.enqueue(config(), runs_dir=tmp_path)
    queue.cancel(folder)
    assert not queue.claim(folder)
    assert state(folder) == "cancelled"


def test_a_damaged_run_does_not_hold_up_the_queue(tmp_path):
    broken = queue.enqueue(config(), runs_dir=tmp_path)
    (broken / runs.CONFIG).write_text("{")
    sound = queue.enqueue(config(), runs_dir=tmp_path)
    assert queue.queued(tmp_path) == [sound]


@pytest.mark.parametrize(
    ("code", "asked", "state_then", "said"),
    [
        (-9, False, "interrupted", "SIGKILL, as the system does when memory runs out"),
        (-15, True, "cancelled", None),
        (1, False, "failed", "MemoryError"),
    ],
)
def test_a_trainer_that_dies_speechless_is_spoken_for(tmp_path, code, asked, state_then, said):
    folder = queue.enqueue(config(), runs_dir=tmp_path)
    status = {"state": "running", "pid": 2**22 + 1, "pid_started": 1.0}
    (folder / runs.STATUS).write_text(json.dumps(status))
    (folder / runs.LOG).write_text("Traceback\nMemoryError\n")
    if asked:
        (folder / runs.CANCEL).touch()
    worker.settle(folder, code)
    run = runs.read_run(folder)
    assert run.state == run.status["state"] == state_then
    assert said is None or said in run.status["message"]


def test_a_trainer_on_another_machine_lives_while_it_reports(tmp_path):
    folder = queue.enqueue(config(), runs_dir=tmp_path)
    status = {"state": "running", "pid": 1, "pid_started": 1.0, "host": "elsewhere"}
    (folder / runs.STATUS).write_text(json.dumps({**status, "time": time.time() - 3600}))
    assert state(folder) == "interrupted"
    (folder / runs.PROGRESS).write_text(json.dumps({"time": time.time()}))
    assert state(folder) == "running"


#: What a browser's click does, in a server that then dies.
CLICK = """
import os, signal, sys
from pathlib import Path
from emotion_ai.training import queue
from emotion_ai.training.config import TrainingConfig
config = TrainingConfig.for_task("expression", ("synthetic_expression",), preset="demo", epochs=2,
                                 batch_size=16, precision="float32")
queue.enqueue(config, name=sys.argv[2], runs_dir=Path(sys.argv[1]))
queue.start_worker(Path(sys.argv[1]))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_two_apps_start_runs_at_once_and_die_and_one_trainer_at_a_time_trains_both(stored):
    click = [sys.executable, "-c", CLICK, str(stored)]
    apps = [subprocess.Popen([*click, name], cwd=ROOT) for name in ("left", "right")]
    assert {app.wait(PATIENCE_S) for app in apps} == {-9}
    folders = [stored / "left", stored / "right"]
    most, worker_killed = 0, False

    def watch():
        nonlocal most, worker_killed
        found = [runs.read_run(folder) for folder in folders]
        running = [run for run in found if run.state == "running"]
        most = max(most, len(running))
        if running and not worker_killed:  # its trainer goes on, a new worker waits for that one
            parent = psutil.Process(running[0].status["pid"]).parent()
            assert "emotion_ai.training.worker" in parent.cmdline()
            assert parent.nice() >= 10
            parent.kill()
            worker_killed = True
            wait_for(lambda: not queue.has_worker(stored))
            queue.start_worker(stored)
            queue.start_worker(stored)  # another page is opened
        return all(run.state == "finished" for run in found)

    wait_for(watch)
    assert worker_killed
    assert most == 1
    for folder in folders:
        assert [record["epoch"] for record in runs.read_metrics(folder)] == [1, 2]
    first, second = sorted(runs.read_run(folder).status["time"] for folder in folders)
    assert first < second
    wait_for(lambda: not queue.trains(stored))


def test_kill_minus_9_loses_one_epoch_at_most_and_cancel_keeps_the_best(stored):
    folder = queue.enqueue(config(epochs=400), name="long", runs_dir=stored)
    queue.start_worker(stored)
    wait_for(lambda: len(runs.read_metrics(folder)) >= 2)
    run = runs.read_run(folder)
    assert run.progress["batches"] == 2
    psutil.Process(run.status["pid"]).kill()
    wait_for(lambda: "SIGKILL" in runs.read_run(folder).status.get("message", ""))
    assert state(folder) == "interrupted"
    before = runs.read_metrics(folder)

    queue.resume(folder)
    queue.start_worker(stored)
    wait_for(lambda: len(runs.read_metrics(folder)) > len(before))
    after = runs.read_metrics(folder)
    assert [record["epoch"] for record in after] == list(range(1, len(after) + 1))
    kept = len(before) - 1  # the last may have been written without its checkpoint
    assert after[:kept] == before[:kept]

    queue.cancel(folder)
    asked = time.monotonic()
    wait_for(lambda: state(folder) == "cancelled" and not queue.trains(stored))
    assert time.monotonic() - asked < worker.GRACE_S + 15
    assert (folder / runs.BEST).exists()
    assert (folder / runs.MISTAKES).exists()
    assert not os.path.exists(folder / ".last.keras.keras")
