"""The shipped models in a person's own folder: copied once, renewed by an upgrade, never taking
somebody's own model away."""

import json
import shutil

import pytest

from emotion_ai.models import shipped
from emotion_ai.models.shipped import bring_shipped_models, copy_models
from emotion_ai.models.store import CARD, TFLITE, list_models, open_model
from emotion_ai.models.versions import go_back, make_default
from emotion_ai.settings import ROOT, Settings
from tests.support.second_model import noisy_copy


@pytest.fixture
def package(tmp_path):
    """The models of an installed package: ``expression`` and a better one."""
    folder = tmp_path / "package"
    shutil.copytree(ROOT / "models" / "expression", folder / "expression")
    noisy_copy(open_model(ROOT / "models", "expression"), folder, "better")
    return folder


@pytest.fixture
def own(tmp_path):
    return tmp_path / "home" / "models"


def age(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_copies_are_whole_models_and_made_once(package, own):
    copy_models(package, own, "1.0")
    assert [model.name for model in list_models(own)] == ["better", "expression"]
    for model in list_models(own):
        assert model.digest == open_model(package, model.name).digest
        assert model.verified(TFLITE)
    before = age(own / "expression")
    copy_models(package, own, "1.0")
    assert age(own / "expression") == before
    assert not [path for path in own.iterdir() if path.name.startswith(".expression")]


def test_upgrade_renews_what_was_shipped_and_nothing_else(package, own):
    copy_models(package, own, "1.0")
    make_default(own, "better")  # now somebody's own choice
    chosen = open_model(own, "expression").digest
    card = json.loads((package / "better" / CARD).read_text())
    (package / "better" / CARD).write_text(json.dumps({**card, "note": "retrained"}))
    copy_models(package, own, "1.1")
    assert open_model(own, "better").card["note"] == "retrained"
    assert open_model(own, "expression").digest == chosen
    go_back(own, "expression")
    assert open_model(own, "expression").digest == open_model(package, "expression").digest


def test_own_model_under_a_shipped_name_stays(package, own):
    shutil.copytree(package / "better", own / "expression")
    copy_models(package, own, "1.0")
    assert "shipped" not in open_model(own, "expression").card
    assert open_model(own, "expression").digest == open_model(package, "better").digest


def test_damaged_card_is_left_to_be_reported(package, own):
    (own / "expression").mkdir(parents=True)
    (own / "expression" / CARD).write_text("{")
    copy_models(package, own, "1.0")
    assert (own / "expression" / CARD).read_text() == "{"


def test_interrupted_copy_leaves_nothing_behind(package, own, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shipped, "write_json", full)
    with pytest.raises(OSError, match="No space"):
        copy_models(package, own, "1.0")
    assert [path.name for path in own.iterdir()] == [".shipped.lock"]


def test_checkout_and_chosen_folders_are_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "copy_models", lambda *a: pytest.fail("models were copied"))
    bring_shipped_models(Settings(cache_dir=tmp_path))  # a checkout
    monkeypatch.setattr(shipped, "INSTALLED", True)
    bring_shipped_models(Settings(models_dir=tmp_path / "chosen"))
