"""Earlier versions of saved models, and which one the app reads with."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emotion_ai.errors import ModelError
from emotion_ai.models import store
from emotion_ai.models.store import CARD, KERAS, TFLITE, list_models, open_model, write_model
from emotion_ai.models.versions import (
    change_back,
    change_default,
    go_back,
    is_default,
    make_default,
    versions,
)
from emotion_ai.storage import files
from tests.support.second_model import noisy_copy

ROOT = Path(__file__).resolve().parents[2]


def write(models_dir: Path, name: str, mark: str, task: str = "keypoints"):
    """A model that only its ``mark`` tells apart; it does not run."""
    card = {"task": task, "label_set": "fer7", "scores": [], "run": mark, "parameters": 1,
            "created": "2026-01-01T00:00:00+00:00"}  # fmt: skip
    return write_model(models_dir / name, card, {KERAS: b"", TFLITE: mark.encode()})


@pytest.fixture
def shelf(tmp_path) -> Path:
    """The shipped models, and ``rival``: the expression model with noise in its last layer."""
    for task in ("expression", "keypoints"):
        shutil.copytree(ROOT / "models" / task, tmp_path / task)
    noisy_copy(open_model(tmp_path, "expression"), tmp_path, "rival")
    return tmp_path


def kept(models_dir: Path, name: str) -> list[str]:
    return [version.model.card["run"] for version in versions(models_dir, name)]


def test_a_replaced_model_stays_as_a_version(tmp_path):
    for mark in ("a", "b", "c"):
        model = write(tmp_path, "mine", mark)
    assert model.card["run"] == "c"
    assert kept(tmp_path, "mine") == ["b", "a"]
    assert [model.name for model in list_models(tmp_path)] == ["mine"]


@pytest.mark.parametrize("in_one_step", [True, False])
def test_going_back_twice_changes_nothing_and_an_older_version_can_be_asked_for(
    tmp_path, monkeypatch, in_one_step
):
    if not in_one_step:
        monkeypatch.setattr(store, "exchange", lambda first, second: False)
    for mark in ("a", "b", "c"):
        write(tmp_path, "mine", mark)
    change = go_back(tmp_path, "mine")
    assert (change.old.card["run"], change.new.card["run"]) == ("c", "b")
    assert open_model(tmp_path, "mine").verified(TFLITE) == b"b"
    go_back(tmp_path, "mine")
    assert open_model(tmp_path, "mine").verified(TFLITE) == b"c"
    oldest = versions(tmp_path, "mine")[-1]
    go_back(tmp_path, "mine", oldest.number)
    assert open_model(tmp_path, "mine").verified(TFLITE) == b"a"
    assert kept(tmp_path, "mine") == ["c", "b"]  # the newest is what made way last


@pytest.fixture(autouse=True)
def small_models_count(monkeypatch, request):
    """The models of ``write`` do not run; those of ``shelf`` do."""
    if "shelf" not in request.fixturenames:
        monkeypatch.setattr(store.SavedModel, "network", lambda model: _Points())


class _Points:
    size_px = 4

    def __call__(self, faces):
        return {"keypoints": faces}


def test_the_file_system_here_exchanges_folders_in_one_step(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not files.exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("no renameat2 here")
    assert (tmp_path / "a" / "b").exists()
    assert (tmp_path / "b" / "a").exists()
    assert not files.exchange(tmp_path / "a", tmp_path / "missing")


def test_a_reader_finds_a_whole_model_at_every_moment_of_a_hundred_changes(tmp_path):
    """Also when the changing process is killed in the middle of one."""
    first, second = (write(tmp_path, "mine", mark).digest for mark in "ab")
    if not files.exchange(tmp_path / ".versions" / "mine" / "1", tmp_path / "mine"):
        pytest.skip("no renameat2 here")
    code = (
        "import sys; from pathlib import Path\n"
        "from emotion_ai.models.store import put_in_place, version_numbers, versions_folder\n"
        "folder = Path(sys.argv[1])\n"
        "while True:\n"
        "    put_in_place(versions_folder(folder) / str(version_numbers(folder)[-1]), folder)\n"
        "    print(flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "mine")], cwd=ROOT, stdout=subprocess.PIPE
    )
    seen = set()
    for _ in range(100):
        process.stdout.readline()
        for _ in range(10):
            seen.add(open_model(tmp_path, "mine").digest)
    process.kill()
    process.communicate()
    assert seen == {first, second}
    others = {version.model.digest for version in versions(tmp_path, "mine")}
    assert {open_model(tmp_path, "mine").digest} | others == {first, second}


def test_a_missing_model_comes_back(tmp_path):
    write(tmp_path, "mine", "a")
    write(tmp_path, "mine", "b")
    shutil.rmtree(tmp_path / "mine")
    assert go_back(tmp_path, "mine").old is None
    assert open_model(tmp_path, "mine").verified(TFLITE) == b"a"
    assert not versions(tmp_path, "mine")


def test_without_an_earlier_version_there_is_no_way_back(tmp_path):
    write(tmp_path, "mine", "a")
    with pytest.raises(ModelError, match="mine has no earlier version"):
        go_back(tmp_path, "mine")
    write(tmp_path, "mine", "b")
    with pytest.raises(ModelError, match="no version 7: expected one of: 1"):
        go_back(tmp_path, "mine", 7)
    with pytest.raises(ModelError, match="name of a saved model"):
        go_back(tmp_path, "../mine")


def test_a_damaged_version_is_refused_and_nothing_happens(tmp_path):
    old = write(tmp_path, "mine", "a")
    write(tmp_path, "mine", "b")
    (tmp_path / ".versions" / "mine" / "1" / TFLITE).write_bytes(b"x")
    with pytest.raises(ModelError, match="wrong checksum"):
        go_back(tmp_path, "mine")
    assert open_model(tmp_path, "mine").digest != old.digest
    (tmp_path / ".versions" / "mine" / "1" / CARD).write_text("{")
    assert versions(tmp_path, "mine") == []


def test_a_name_belongs_to_one_task(tmp_path):
    write(tmp_path, "mine", "a")
    for name in ("mine", "keypoints"):
        with pytest.raises(ModelError, match="is a model for keypoints, this one is for expr"):
            write(tmp_path, name, "b", task="expression")
    assert kept(tmp_path, "mine") == []


def test_making_a_default_keeps_the_one_before_and_can_be_taken_back(shelf):
    before = open_model(shelf, "expression")
    rival = open_model(shelf, "rival")
    assert is_default(shelf, before)
    assert not is_default(shelf, rival)
    change = make_default(shelf, "rival")
    assert (change.name, change.old.digest, change.new.digest) == (
        "expression", before.digest, rival.digest,
    )  # fmt: skip
    now = open_model(shelf, "expression")
    assert now.digest == rival.digest
    assert now.card["copy_of"] == "rival"
    assert is_default(shelf, rival)
    with pytest.raises(ModelError, match="default for expression already"):
        make_default(shelf, "rival")
    assert change_back(shelf, "expression").new.digest == before.digest
    go_back(shelf, "expression")
    assert open_model(shelf, "expression").digest == before.digest
    assert open_model(shelf, "rival").digest == rival.digest


def test_scores_stand_side_by_side_only_where_they_were_measured_alike(shelf):
    card = open_model(shelf, "rival").card
    scores = [dict(score) for score in card["scores"]]
    files = {name: (shelf / "rival" / name).read_bytes() for name in (KERAS, TFLITE)}
    scores[0]["accuracy"] = 0.5
    elsewhere = [{**score, "n": score["n"] - 1} for score in scores]
    write_model(shelf / "rival", {**card, "scores": [scores[0], *elsewhere]}, files)
    change = change_default(shelf, "rival")
    assert [(old["split"], new["accuracy"]) for old, new in change.scores] == [
        (scores[0]["split"], 0.5)
    ]
    assert change.scores[0][0] == change.old.card["scores"][0]


def test_a_network_of_another_task_is_refused_whatever_its_card_says(shelf):
    points = open_model(shelf, "keypoints")
    files = {name: points.verified(name) for name in (KERAS, TFLITE)}
    card = {**points.card, "task": "expression", "label_set": "fer7", "scores": []}
    write_model(shelf / "disguised", card, files)
    before = open_model(shelf, "expression").digest
    with pytest.raises(ModelError, match="gives probabilities, found one that gives keypoints"):
        make_default(shelf, "disguised")
    write_model(shelf / "broken", card, {KERAS: b"", TFLITE: b"not a network"})
    with pytest.raises(ModelError, match="does not run"):
        make_default(shelf, "broken")
    assert open_model(shelf, "expression").digest == before
    assert versions(shelf, "expression") == []
