"""The command line as other programs rely on it."""

import csv
import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from emotion_ai.cli import program
from emotion_ai.datasets.drawn import synthetic
from emotion_ai.labels import COORDINATE_COLUMNS
from emotion_ai.settings import ROOT, settings


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """An own data folder; the shipped models."""
    monkeypatch.setenv("EMOTION_AI_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("EMOTION_AI_RUNS", str(tmp_path / "runs"))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    picture, boxes = synthetic.draw_photo(seed=1, faces=4)
    path = tmp_path_factory.mktemp("photos") / "group.png"
    cv2.imwrite(str(path), picture)
    return path, boxes


def run(*arguments):
    return program.main([str(argument) for argument in arguments])


def test_predict_prints_every_face_as_json(workplace, photo, capsys):
    path, boxes = photo
    assert run("predict", path, "--json") == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert (record["file"], record["width"], record["height"]) == (str(path), 960, 640)
    assert len(record["faces"]) >= len(boxes) / 2  # with Haar some are missed
    for face in record["faces"]:
        assert set(face) == {"box_xyxy", "score", "keypoints_px", "expression", "probabilities"}
        assert np.shape(face["keypoints_px"]) == (15, 2)
        assert sum(face["probabilities"].values()) == pytest.approx(1, abs=0.01)
        assert max(face["probabilities"], key=face["probabilities"].get) == face["expression"]
        x0, y0, x1, y1 = face["box_xyxy"]
        centre = np.mean(face["keypoints_px"], axis=0)
        assert x0 < centre[0] < x1
        assert y0 < centre[1] < y1


def test_predict_writes_the_combined_table_and_pictures(workplace, photo, capsys):
    path, _ = photo
    table, out = workplace / "faces.csv", workplace / "out"
    assert run("predict", path.parent, "--csv", table, "--out", out) == 0
    rows = list(csv.DictReader(table.open()))
    assert rows
    assert set(COORDINATE_COLUMNS) < set(rows[0])
    assert rows[0]["expression"]
    annotated = cv2.imread(str(out / "group_faces.jpg"))
    assert annotated.shape == (640, 960, 3)


def test_photos_of_the_same_name_do_not_overwrite_each_other(workplace, photo, capsys):
    other = workplace / "other" / photo[0].name
    other.parent.mkdir()
    other.write_bytes(photo[0].read_bytes())
    assert run("predict", photo[0], other, "--out", workplace / "out") == 0
    names = {path.name for path in (workplace / "out").iterdir()}
    assert names == {"group_faces.jpg", "group_faces_2.jpg"}


def test_a_bad_photo_is_one_line_and_loses_no_other(workplace, photo, capsys):
    broken = workplace / "broken.jpg"
    broken.write_text("no picture")
    assert run("predict", broken, photo[0], "--json") == 1
    out, err = capsys.readouterr()
    assert len(json.loads(out)) == 1
    assert [line for line in err.splitlines() if line.startswith("error")] == [
        "error: broken.jpg: expected a picture (JPEG, PNG, WebP …), got other data"
    ]


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


def test_train_save_and_evaluate_from_the_command_line(workplace, capsys, monkeypatch):
    monkeypatch.setenv("EMOTION_AI_MODELS", str(workplace / "models"))
    settings.cache_clear()
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
