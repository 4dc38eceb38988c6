"""A score is written in one place, ``SCORES``, and stands wherever scores are shown."""

import json
import shutil

import numpy as np
import pytest

from benchmarks.cards import scores_table
from emotion_ai.cli.program import main
from emotion_ai.evaluation import scores
from emotion_ai.evaluation.assessment import Question, assess
from emotion_ai.models.store import open_model
from emotion_ai.report.page import write_report
from emotion_ai.settings import ROOT, settings
from tests.support.app_pages import open_page


@pytest.fixture
def dataset(tmp_path, use_places, forget_caches, drawn):
    """Drawn faces where the program looks for datasets, and the expression model for them."""
    use_places(tmp_path, "data", "models", "cache")
    shutil.copytree(ROOT / "models" / "expression", tmp_path / "models" / "expression")
    return drawn("expression", 70, into=tmp_path / "data")


@pytest.fixture
def confident(monkeypatch):
    """A made-up score, registered: the share of the faces named with more than 0.3."""
    score = scores.Score(
        "confident", "expression", "confident answers", "Share of the faces named with over 0.3.",
        lambda answers: float(np.mean(answers.confidence > 0.3)),
        unit="%", digits=1, remark="of all faces",
    )  # fmt: skip
    monkeypatch.setattr(scores, "SCORES", (*scores.SCORES, score))


def test_a_registered_score_appears_wherever_scores_are_shown(dataset, confident, capsys):
    assessment = assess(
        open_model(settings().models_dir, "expression"), dataset, Question("test"), settings()
    )
    share = float((assessment.probabilities.max(axis=1) > 0.3).mean())
    assert assessment.scores["confident"] == share
    figure = f"{100 * share:.1f} %"

    asked = ["evaluate", "expression", "--data", dataset.name, "--split", "test"]
    assert main(asked) == 0
    (line,) = (x for x in capsys.readouterr().out.splitlines() if "confident answers" in x)
    assert line.split() == ["confident", "answers", *figure.split(), "of", "all", "faces"]
    assert main([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["confident"] == share

    page = open_page("evaluate", model="expression", split="test")
    shown = {metric.label: metric for metric in page.metric}
    assert shown["confident answers"].value == figure
    assert "of all faces" in [caption.value for caption in page.caption]

    assert f"<span>confident answers</span><b>{figure}</b>" in write_report(assessment)

    head, _, row = scores_table({"test": assessment.scores}).strip().splitlines()
    assert head.endswith("| confident answers |")
    assert row.endswith(f"| {figure} |")


def test_kappa_stands_there_with_its_interval(dataset, capsys):
    assert main(["evaluate", "expression", "--data", dataset.name, "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    confusion = np.array(measured["confusion"])
    n, agreed = confusion.sum(), np.trace(confusion)
    chance = (confusion.sum(axis=0) @ confusion.sum(axis=1)) / n
    assert measured["cohens_kappa"] == pytest.approx((agreed - chance) / (n - chance))
    low, high = measured["cohens_kappa_ci"]
    assert low < measured["cohens_kappa"] < high
    page = open_page("evaluate", model="expression", split="test")
    assert "Cohen's kappa" in [metric.label for metric in page.metric]
