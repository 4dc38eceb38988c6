"""Records that are JSON and yet not what the app writes, beside healthy ones.

Each is (file, how it is changed, the words by which its field is named).
"""

import json
from collections.abc import Callable
from pathlib import Path

from emotion_ai.training import runs
from emotion_ai.training.config import TrainingConfig

Change = Callable[[dict], object]


def without(*path) -> Change:
    """Leaves a field out."""

    def change(record: dict) -> dict:
        *way, last = path
        inner = record
        for step in way:
            inner = inner[step]
        del inner[last]
        return record

    return change


def with_(**fields) -> Change:
    return lambda record: {**record, **fields}


def instead(value: object) -> Change:
    return lambda record: value


#: No JSON that a program writes by itself.
DIGITS = 10**399
NESTED: list = []
for _ in range(40):
    NESTED = [NESTED]

CARDS = {
    "no parameters": (without("parameters"), "parameters is missing"),
    "no created": (without("created"), "created is missing"),
    "created is a number": (with_(created=5), "created: expected text, got a whole number"),
    "no file": (without("files", "model.tflite"), "files.model.tflite is missing"),
    "a score without n": (without("scores", 0, "n"), "scores[0].n is missing"),
    "a score without its figure": (without("scores", 0, "accuracy"), "[0].accuracy is missing"),
    "a score without limits": (without("scores", 0, "accuracy_ci"), "scores[0].accuracy_ci is"),
    "a score without classes": (without("scores", 0, "per_class"), "[0].per_class is missing"),
    "a small confusion": (lambda r: r["scores"][0].update(confusion=[[1]]) or r, "confusion"),
    "scores are text": (with_(scores="none"), "scores: expected a list, got text"),
    "task of nothing": (with_(task=["expression"]), "task: expected expression or keypoints"),
    "unknown labels": (with_(label_set="fer9"), "label_set: unknown label set 'fer9'"),
    "400 digits": (with_(parameters=DIGITS), "a number of 400 digits"),
    "nested": (with_(training=NESTED), "nested too deeply"),
    "a list": (instead([]), "expected an object, got a list"),
    "null": (instead(None), "expected an object, got nothing"),
    "two lines": (with_(created="2026\n\x1b[2J"), "created: expected one line of text"),
}  # fmt: skip

DESCRIPTIONS = {
    "a list": (instead([]), "expected an object, got a list"),
    "null": (instead(None), "expected an object, got nothing"),
    "nothing in it": (instead({}), "task: expected expression or keypoints, got none"),
    "no n": (without("n"), "n is missing"),
    "no task": (without("task"), "task: expected expression or keypoints, got none"),
    "no splits": (without("splits"), "splits is missing"),
    "splits are a list": (with_(splits=["train"]), "splits: expected an object, got a list"),
    "n is text": (with_(n="70"), "n: expected a whole number, got text"),
    "negative n": (with_(n=-1), "n: expected a whole number >= 0"),
    "no expressions": (without("expressions"), "expressions is missing"),
    "400 digits": (with_(n=DIGITS), "a number of 400 digits"),
    "nested": (with_(source=NESTED), "nested too deeply"),
}  # fmt: skip

#: (file, change, words); a change of metrics is that of a line.
RUNS = {
    "endless epochs": ("config.json", with_(epochs=10**200), "epochs: expected 1 to 100,000"),
    "infinite epochs": ("config.json", with_(epochs=float("inf")), "epochs: expected a whole"),
    "epochs of 400 digits": ("config.json", with_(epochs=DIGITS), "a number of 400 digits"),
    "epochs are text": ("config.json", with_(epochs="3"), "epochs: expected a whole number"),
    "data is a number": ("config.json", with_(data=5), "data: expected a list, got"),
    "no task": ("config.json", without("task"), "task is missing"),
    "an amount is text": ("config.json", lambda r: r["augmentation"].update(zoom="x") or r,
                          "augmentation.zoom: expected a number, got text"),
    "pid_started of 400 digits": ("status.json", with_(pid_started=DIGITS, state="running"),
                                  "a number of 400 digits"),
    "pid_started of 200 digits": ("status.json", with_(pid_started=10**200, pid=10**200,
                                  state="running"), "pid: expected a whole number"),
    "ticket is text": ("status.json", with_(ticket="first", state="queued"), "ticket: expected"),
    "ticket is nothing": ("status.json", with_(ticket=None, state="queued"), "ticket: expected"),
    "state is a list": ("status.json", with_(state=["queued"]), "state: expected text, got a list"),
    "message is an object": ("status.json", with_(message={"a": 1}), "message: expected text"),
    "metrics: text": ("metrics.jsonl", instead("text"), "line 2: expected an object, got text"),
    "metrics: null": ("metrics.jsonl", instead(None), "line 2: expected an object, got nothing"),
    "metrics: 400 digits": ("metrics.jsonl", with_(loss=DIGITS), "line 2: a number of 400"),
    "metrics: nested": ("metrics.jsonl", with_(extra=NESTED), "line 2: nested too deeply"),
    "metrics: loss is text": ("metrics.jsonl", with_(loss="2.0"), "line 2: loss: expected"),
    "metrics: accuracy is text": ("metrics.jsonl", with_(validation_accuracy="good"),
                                  "line 2: validation_accuracy: expected a number, got text"),
    "metrics: seconds is a list": ("metrics.jsonl", with_(seconds=[60]), "line 2: seconds: "),
    "progress: text": ("progress.json", instead("half"), "expected an object, got text"),
    "progress: epoch is a list": ("progress.json", instead({"epoch": []}), "epoch: expected"),
}  # fmt: skip


def harm(path: Path, change: Change, line: int | None = None) -> None:
    """Change the record in ``path``, or the one in a ``line`` of it (from 0)."""
    if line is not None:
        lines = path.read_text().splitlines()
        lines[line] = json.dumps(change(json.loads(lines[line])))
        path.write_text("\n".join(lines) + "\n")
        return
    record = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(change(record)))


def make_run(runs_dir: Path, name: str, data: str = "faces") -> Path:
    """A healthy run to harm: of a network for expressions, finished after three epochs."""
    config = TrainingConfig.for_task("expression", (data,), epochs=3)
    folder = runs.create_run(runs_dir, config.as_dict(), name)
    lines = [{"epoch": i, "loss": 2.0 - i / 10, "validation_loss": 1.0, "seconds": 9,
              "validation_accuracy": 0.5} for i in (1, 2, 3)]  # fmt: skip
    (folder / runs.METRICS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    runs.write_status(folder, "finished")
    return folder
