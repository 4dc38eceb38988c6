"""The command line as other programs rely on it."""

import json
import subprocess
import sys

import numpy as np
import pytest

from emotion_ai.cli import program
from emotion_ai.datasets.drawn import synthetic
from emotion_ai.settings import ROOT


def run(*arguments):
    return program.main([str(argument) for argument in arguments])


def test_an_output_that_is_full_is_one_line(workplace):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "emotion_ai", "data", "list"],
            cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "error: No space left on device\n")


@pytest.mark.parametrize(("task", "score"), [("expression", "accuracy"), ("keypoints", "rmse_px")])
def test_evaluate_prints_one_json_object(workplace, capsys, task, score):
    assert run("data", "synthetic", "--task", task, "--n", 70) == 0
    capsys.readouterr()
    assert run("evaluate", task, "--data", f"synthetic_{task}", "--json") == 0
    scores = json.loads(capsys.readouterr().out)
    expected = {
        "expression": {"accuracy", "accuracy_ci", "macro_f1", "confusion", "per_class"},
        "keypoints": {"rmse_px", "nme", "per_point_rmse_px"},
    }
    assert {"task", "n", "split", score} | expected[task] <= set(scores)
    assert (scores["n"], scores["split"]) == (70, "all")


def test_evaluate_scores_five_classes_over_their_faces_only(workplace, capsys):
    run("data", "synthetic", "--task", "expression", "--n", 70)
    capsys.readouterr()
    name = "synthetic_expression"
    assert run("evaluate", "expression", "--data", name, "--label-set", "course5", "--json") == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["n"] == 50
    assert np.shape(scores["confusion"]) == (5, 5)


def test_evaluate_reads_a_file_the_readers_recognise(workplace, capsys):
    rows = synthetic.draw_faces(40, 48, seed=9)
    path = workplace / "some.csv"
    numbers = {name: i for i, name in enumerate(
        ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"))}  # fmt: skip
    with path.open("w") as target:
        target.write("emotion,pixels,Usage\n")
        for image, name in zip(rows.images, rows.expressions, strict=True):
            pixels = " ".join(map(str, image.ravel()))
            target.write(f"{numbers[name]},{pixels},PrivateTest\n")
    assert run("evaluate", "expression", "--data", path, "--split", "PrivateTest", "--json") == 0
    scores = json.loads(capsys.readouterr().out)
    assert (scores["n"], scores["split"]) == (40, "test")
    assert not (workplace / "data").exists()  # only a visitor


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("evaluate", "nobody", "--data", "x"), "no model 'nobody'"),
        (("evaluate", "expression", "--data", "nowhere"), "nowhere"),
        (("data", "import", "missing.csv"), "missing.csv"),
        (("data", "show", "nothing"), "no dataset 'nothing'"),
        (("train", "expression"), "--data"),
        (("predict", "gone.jpg"), "gone.jpg"),
        (("train", "keypoints", "--resume", "lost"), "no run 'lost'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_1(workplace, capsys, arguments, words):
    assert run(*arguments) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert len(errors) == 1
    assert words in errors[0]


def test_wrong_usage_is_exit_code_2(capsys):
    with pytest.raises(SystemExit) as stop:
        run("evaluate")
    assert stop.value.code == 2


def test_models_and_runs_are_listed(workplace, capsys):
    assert run("models") == 0
    assert "keypoints" in capsys.readouterr().out
    assert run("runs") == 0
    assert "no runs yet" in capsys.readouterr().out


def test_train_save_and_evaluate_from_the_command_line(workplace, capsys, use_places):
    use_places(workplace, "models", "cache")
    run("data", "synthetic", "--task", "expression", "--n", 140)
    train = [
        "train", "expression", "--data", "synthetic_expression", "--preset", "demo",
        "--epochs", 1, "--batch-size", 16, "--ema", 0, "--name", "short", "--save-as", "mine",
    ]  # fmt: skip
    assert run(*train) == 0
    assert "saved as model mine" in capsys.readouterr().out
    assert run("runs") == 0
    assert "short: finished" in capsys.readouterr().out
    assert run("evaluate", "mine", "--data", "synthetic_expression", "--split", "test") == 0
    assert "split test, 28 faces" in capsys.readouterr().out


def test_the_module_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "emotion_ai", "evaluate", "nobody", "--data", "x"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: no model 'nobody'")
    assert "Traceback" not in done.stderr
