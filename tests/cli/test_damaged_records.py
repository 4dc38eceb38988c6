"""One damaged file never hides its healthy neighbours from the command line."""

import json
import shutil

import pytest

from emotion_ai.cli.program import main
from emotion_ai.models.store import CARD, open_model
from emotion_ai.settings import ROOT, settings
from emotion_ai.training import queue, runs
from tests.support.damaged_records import CARDS, DESCRIPTIONS, RUNS, harm, make_run
from tests.support.second_model import noisy_copy


@pytest.fixture
def where(use_places, tmp_path):
    places = ("data", "models", "runs", "cache")
    for name in places:
        (tmp_path / name).mkdir()
    use_places(tmp_path, *places)
    return settings()


@pytest.fixture
def say(capsys, where):
    """Run a command that must not fail: what it prints."""

    def run(*words: str) -> str:
        assert main(list(words)) == 0
        out, err = capsys.readouterr()
        assert not err
        return out

    return run


def fail(capsys, *words: str) -> str:
    """Run a command that must fail with one line, which is returned."""
    assert main(list(words)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line


# Models


@pytest.fixture
def models(where):
    """``healthy`` and ``harmed``, copies of the shipped expression model."""
    for name in ("healthy", "harmed"):
        shutil.copytree(ROOT / "models" / "expression", where.models_dir / name)
    return where.models_dir


@pytest.mark.parametrize("case", CARDS)
def test_a_damaged_card_is_named_and_hides_no_other_model(models, say, capsys, case):
    change, words = CARDS[case]
    harm(models / "harmed" / CARD, change)
    out = say("models")
    parameters = open_model(models, "healthy").card["parameters"]
    assert f"healthy: expression, {parameters:,} parameters" in out
    (line,) = [line for line in out.splitlines() if "damaged" in line]
    assert line.startswith("model harmed is damaged: card.json: ")
    assert words in line
    assert words in fail(capsys, "models", "default", "harmed")
    assert open_model(models, "healthy")


@pytest.mark.parametrize("kind", ["folder", "text", "nothing"])
def test_a_card_that_is_no_record_is_named(models, say, capsys, kind):
    card = models / "harmed" / CARD
    card.unlink()
    if kind == "folder":
        card.mkdir()
    else:
        card.write_bytes(b"\xff\xfe card" if kind == "text" else b"")
    out = say("models")
    assert "model harmed is damaged: card.json" in out
    assert "healthy: expression" in out
    assert "is damaged: card.json" in fail(capsys, "models", "default", "harmed")
    assert "no model 'other': expected one of: healthy" in fail(
        capsys, "models", "default", "other"
    )


def test_fields_of_a_newer_version_are_left_alone(models, say):
    harm(models / "harmed" / CARD, lambda card: {**card, "colour": {"of": ["the", 1]}, "x": None})
    assert "damaged" not in say("models")
    assert open_model(models, "harmed").card["colour"] == {"of": ["the", 1]}


def test_the_shipped_cards_are_read_as_they_are():
    for path in sorted((ROOT / "models").glob(f"*/{CARD}")):
        assert open_model(ROOT / "models", path.parent.name).card == json.loads(path.read_text())


def test_strays_and_damage_among_earlier_versions_hide_no_other(where, say, capsys):
    shutil.copytree(ROOT / "models" / "expression", where.models_dir / "expression")
    model = open_model(where.models_dir, "expression")
    for _ in range(3):
        model = noisy_copy(model, where.models_dir, "expression")
    kept = where.models_dir / ".versions" / "expression"
    for stray in ("1.bak", "2 copy", "notes", "9" * 200):
        (kept / stray).mkdir()
    (kept / "3.txt").write_text("x")
    harm(kept / "2" / CARD, CARDS["no created"][0])
    out = say("models", "versions", "expression")
    assert [line[:9] for line in out.splitlines() if line.startswith("version")] == [
        "version 3", "version 1", "version 2",
    ]  # fmt: skip
    assert "created is missing" in out
    assert "created is missing" in fail(capsys, "models", "back", "expression", "--version", "2")
    say("models", "back", "expression")
    assert "version 4" in say("models", "versions", "expression")


# Datasets


@pytest.mark.parametrize("case", DESCRIPTIONS)
def test_a_damaged_description_is_named_and_hides_no_other_dataset(where, say, capsys, case, drawn):
    drawn("expression", 35, into=where.data_dir)
    shutil.copytree(drawn("expression", 35).folder, where.data_dir / "harmed")
    change, words = DESCRIPTIONS[case]
    harm(where.data_dir / "harmed" / "dataset.json", change)
    out = say("data", "list")
    (line,) = [line for line in out.splitlines() if "damaged" in line]
    assert line.startswith("dataset harmed is damaged: dataset.json: ")
    assert words in line
    assert "synthetic_expression  expression" in out
    assert words in fail(capsys, "data", "show", "harmed")


def test_only_a_damaged_dataset_is_still_told(where, say):
    (where.data_dir / "harmed").mkdir()
    (where.data_dir / "harmed" / "dataset.json").mkdir()
    assert "dataset harmed is damaged: dataset.json: expected a file" in say("data", "list")


# Runs


@pytest.mark.parametrize("case", RUNS)
def test_a_damaged_file_of_a_run_is_named_and_hides_no_other_run(where, say, capsys, case):
    file, change, words = RUNS[case]
    make_run(where.runs_dir, "healthy")
    folder = make_run(where.runs_dir, "harmed")
    waiting = make_run(where.runs_dir, "waiting")
    runs.write_status(waiting, "queued", ticket=5)
    harm(folder / file, change, 1 if file == runs.METRICS else None)
    lines = {line.partition(":")[0]: line for line in say("runs").splitlines()}
    assert lines["healthy"].startswith("healthy: finished  epoch 3/3: loss 1.700")
    assert lines["waiting"].startswith("waiting: queued, number 1")
    assert f"damaged: {file}" in lines["harmed"]
    assert words in lines["harmed"]
    fatal = file in (runs.CONFIG, runs.STATUS)
    assert runs.read_run(folder).state == ("damaged" if fatal else "finished")
    assert words in say("runs", "show", "harmed")
    assert {run["name"] for run in json.loads(say("runs", "list", "--json"))} == set(lines)
    assert queue.queued(where.runs_dir) == [waiting]
    if fatal:
        assert words in fail(capsys, "train", "expression", "--resume", "harmed")
    elif file == runs.METRICS:
        assert [epoch["epoch"] for epoch in runs.read_metrics(folder)] == [1, 3]
