"""The report: complete, self-contained, escaped; the same from the command line."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from emotion_ai.cli.program import main
from emotion_ai.evaluation.assessment import Question, assess
from emotion_ai.evaluation.keypoint_errors import UNMEASURED
from emotion_ai.evaluation.predictions import both_models_table
from emotion_ai.figures.expression import confusion_plot
from emotion_ai.labels import COORDINATE_COLUMNS, FER7, OUTER_EYE_CORNERS, set_of
from emotion_ai.models.store import SavedModel, open_model
from emotion_ai.report.page import report_command, write_report
from emotion_ai.settings import ROOT, Settings


@pytest.fixture(scope="module")
def where(tmp_path_factory, drawn):
    folder = tmp_path_factory.mktemp("report")
    where = Settings(cache_dir=folder / "cache", data_dir=folder / "data")
    drawn("expression", 105, into=where.data_dir)
    drawn("keypoints", 105, into=where.data_dir)
    return where


def assessed(where, task, **question):
    from emotion_ai.datasets.store import open_dataset

    dataset = open_dataset(where.data_dir / f"synthetic_{task}")
    return assess(open_model(ROOT / "models", task), dataset, Question("test", **question), where)


class Links(HTMLParser):
    """Every address that a browser would ask for, and the tags that are open."""

    def __init__(self):
        super().__init__()
        self.addresses, self.tags = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [v for k, v in attributes if k in ("src", "href", "srcset", "data")]


@pytest.mark.parametrize("task", ["expression", "keypoints"])
def test_report_asks_for_nothing_outside_itself(where, task):
    assessment = assessed(where, task)
    page = write_report(assessment, ["Only a note."])
    links = Links()
    links.feed(page)
    assert links.addresses
    assert all(address.startswith("data:image/") for address in links.addresses)
    assert "link" not in links.tags
    for words in ("Only a note.", assessment.model.digest, assessment.dataset.digest,
                  "How to reproduce this", "not a feeling", "2024/1689"):  # fmt: skip
        assert words in page
    score = assessment.scores
    figure = f"{score['rmse_px']:.2f} px" if task == "keypoints" else f"{score['macro_f1']:.3f}"
    assert figure in page


def test_report_says_that_a_model_is_measured_by_labels_it_did_not_learn(where):
    learnt = "learnt the crowd labels and is measured by the given ones"
    assessment = assessed(where, "expression")
    assert learnt in write_report(assessment)
    assert learnt not in write_report(
        replace(assessment, model=assessment.model.with_head("given"))
    )


def test_report_escapes_what_comes_from_outside(where):
    assessment = assessed(where, "expression")
    evil = "</script><img src=x onerror=alert(1)>"
    card = {**assessment.model.card, "run": evil, "training": {"labels": evil}}
    assessment = replace(assessment, model=SavedModel(Path("models") / "a <b> & 'c'", card))
    page = write_report(assessment, [evil])
    assert evil not in page
    assert "<b> &" not in page
    assert "a &lt;b&gt; &amp;" in page


def test_report_of_faces_without_eye_corners_says_that_no_error_is_known(where):
    assessment = assessed(where, "keypoints")
    targets = assessment.targets_px.copy()
    targets[:, OUTER_EYE_CORNERS] = np.nan
    page = write_report(replace(assessment, targets_px=targets))
    assert UNMEASURED in page
    assert "The data of this plot" in page
    assert "nan %" not in page
    assert "of the faces are within" not in page
    assert "The worst faces" not in page


def test_plots_of_the_report_are_json(where):
    page = write_report(assessed(where, "expression"))
    plots = re.findall(r"f\.layout,\{.*?\}\)\}\)\((\{.*?\})\)</script>", page, re.S)
    assert len(plots) == 7
    for plot in plots:
        assert json.loads(plot.replace("<\\/", "</"))["data"]


def test_command_names_every_choice(where):
    from emotion_ai.labels import COURSE5

    assessment = assessed(where, "expression", labels=COURSE5, leave_out_copies=True)
    assert report_command(assessment) == (
        "emotion-ai report expression --data synthetic_expression --split test "
        "--label-set course5 --leave-out-copies"
    )


def test_command_line_writes_the_report_and_prints_its_name(
    where, use_places, monkeypatch, tmp_path, capsys
):
    use_places(data=where.data_dir, cache=where.cache_dir)
    monkeypatch.chdir(tmp_path)
    assert main(["report", "expression", "--data", "synthetic_expression"]) == 0
    written = tmp_path / capsys.readouterr().out.strip()
    assert written.name == "report_expression_synthetic_expression_test.html"
    assert written.read_text().startswith("<!DOCTYPE html>")
    out = tmp_path / "points.html"
    words = ["report", "keypoints", "--data", "synthetic_keypoints", "--split", "validation"]
    assert main([*words, "--out", str(out)]) == 0
    assert "keypoints on synthetic_keypoints, validation" in out.read_text()
    assert main(["report", "keypoints", "--data", "synthetic_expression"]) == 1
    assert "is for keypoints" in capsys.readouterr().err


def test_table_of_both_models_has_an_expression_and_thirty_coordinates(where):
    said = assessed(where, "expression")
    points = np.arange(len(said.rows) * 30, dtype=np.float32).reshape(-1, 15, 2)
    table = both_models_table(said.dataset, said.rows, FER7, said.probabilities, points)
    assert table["face"].tolist() == said.rows.tolist()
    assert table[list(COORDINATE_COLUMNS)].to_numpy().ravel().tolist() == points.ravel().tolist()
    assert (table["expression"] == np.array(FER7.expressions)[said.predicted]).all()
    assert (table["given"] == np.array(FER7.expressions)[said.targets]).all()


def test_the_matrix_has_room_for_its_names_and_says_whose_labels_they_are():
    """Away from Streamlit's theme, which makes the room by itself."""
    figure = confusion_plot(np.eye(7, dtype=int), FER7, truth="crowd").figure
    assert figure.layout.xaxis.automargin
    assert figure.layout.yaxis.automargin
    assert figure.layout.yaxis.title.text == "crowd label"
    assert "crowd %{y}" in figure.data[1].hovertemplate


def test_the_matrix_of_classes_named_by_numbers_has_a_place_for_each():
    figure = confusion_plot(np.eye(3, dtype=int), set_of(["1", "2", "10"])).figure
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "category"
