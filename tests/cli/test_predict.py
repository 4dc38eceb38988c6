"""``predict``: photos and films in, one form of JSON and table out, annotated pictures."""

import csv
import json
import subprocess
import sys

import cv2
import jsonschema
import numpy as np
import pandas as pd
import pytest

from emotion_ai.cli import program
from emotion_ai.datasets.drawn import synthetic
from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.media.videos import film, read_video
from emotion_ai.models.card import TFLITE
from emotion_ai.models.store import open_model
from emotion_ai.reading.table import COLUMNS
from emotion_ai.settings import ROOT
from tests.support.head_file import head_record, write_head

SCHEMA = json.loads((ROOT / "docs" / "predict.schema.json").read_text())


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
    records = json.loads(capsys.readouterr().out)
    jsonschema.validate(records, SCHEMA)
    (record,) = records
    assert (record["file"], record["width"], record["height"]) == (str(path), 960, 640)
    assert len(record["faces"]) >= len(boxes) / 2  # with Haar some are missed
    for face in record["faces"]:
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
    assert tuple(rows[0]) == COLUMNS
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


def test_predict_reads_a_film_like_a_photo(workplace, capsys):
    clip = workplace / "clip.mp4"
    picture, _ = draw_photo(12, 1, (320, 240))
    with film(clip) as writer:
        for i in range(6):
            writer.add(picture, i / 10)
    broken = workplace / "broken.mp4"
    broken.write_bytes(b"nothing")
    table, out = workplace / "faces.csv", workplace / "out"
    assert run("predict", clip, broken, "--csv", table, "--out", out, "--json") == 1
    said = capsys.readouterr()
    assert "broken.mp4: expected a video" in said.err
    records = json.loads(said.out)
    jsonschema.validate(records, SCHEMA)
    (record,) = records
    assert record["frames"] == 6
    assert record["width"] == 320
    rows = pd.read_csv(table)
    assert tuple(rows) == COLUMNS
    assert rows["time_s"].tolist() == [face["time_s"] for face in record["faces"]]
    assert rows["track"].tolist() == [face["track"] for face in record["faces"]]
    assert len(list(read_video(out / "clip_faces.mp4"))) == 6
    assert not (out / "broken_faces.mp4").exists()
    assert run("predict", clip) == 0
    assert "clip.mp4: 0.5 s, 6 frames" in capsys.readouterr().out


def test_a_taught_head_names_its_own_classes_too(workplace, photo, capsys):
    model = open_model(ROOT / "models", "expression")
    digest = model.card["files"][TFLITE]["sha256"]
    # Whatever the features: a logit of 3 for the first class, of 0 for the second.
    layers = [(np.zeros((2, 192)), np.array([3.0, 0.0]))]
    head = write_head(workplace / "h.json", head_record(digest, ("考える", "bored"), layers))
    table, out = workplace / "faces.csv", workplace / "out"
    assert run("predict", photo[0], "--head", head, "--json", "--csv", table, "--out", out) == 0
    records = json.loads(capsys.readouterr().out)
    jsonschema.validate(records, SCHEMA)
    for face in records[0]["faces"]:
        assert face["own_class"] == "考える"
        assert face["own_probabilities"] == {"考える": 0.95257, "bored": 0.04743}
        assert face["expression"] in face["probabilities"]
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert tuple(rows[0]) == (*COLUMNS, "own_class", "own_p_考える", "own_p_bored")
    assert rows[0]["own_p_考える"] == "0.95257"
    assert run("predict", photo[0], "--head", head) == 0
    assert "考える 0.95" in capsys.readouterr().out
    write_head(head, head_record("0" * 64, ("a", "b"), layers))
    assert run("predict", photo[0], "--head", head) == 1
    assert "h.json was made with another network" in capsys.readouterr().err


NO_ROOM = """
import resource, sys
from emotion_ai.cli.program import main
from emotion_ai.reading import predictor
load = predictor.load_predictor
def loaded(settings):  # its files are written before
    found = load(settings)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    return found
predictor.load_predictor = loaded
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("option", ["--csv", "--out"])
def test_predict_names_the_file_for_which_there_is_no_room_and_leaves_none(
    workplace, photo, option
):
    target = workplace / "there" / "written"
    target.parent.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", NO_ROOM, "predict", photo[0], option, target],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert said.startswith(f"error: {target}")
    assert said.endswith(": File too large")
    assert not [path for path in target.parent.rglob("*") if path.is_file()]
