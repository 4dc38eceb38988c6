"""Saved models are renamed and deleted with their versions; what the app needs stays."""

import shutil
import tomllib

import pytest

from emotion_ai.access import permissions
from emotion_ai.access.permissions import NOBODY, OWNER
from emotion_ai.cli import program
from emotion_ai.errors import AccessError, ModelError
from emotion_ai.models.housekeeping import delete_model, rename_model
from emotion_ai.models.shipped import SHIPPED
from emotion_ai.models.store import (
    CARD,
    KERAS,
    TFLITE,
    list_models,
    open_model,
    versions_folder,
    write_model,
)
from emotion_ai.models.versions import versions
from emotion_ai.settings import ROOT


def write(models_dir, name: str, mark: str):
    """A model that only its ``mark`` tells apart; it does not run."""
    card = {"task": "expression", "label_set": "fer7", "scores": [], "run": mark, "parameters": 1,
            "created": "2026-01-01T00:00:00+00:00"}  # fmt: skip
    return write_model(models_dir / name, card, {KERAS: b"", TFLITE: mark.encode()})


@pytest.fixture
def shelf(tmp_path):
    """``mine`` with one earlier version, the app's own copy of it, and ``other``."""
    for name, mark in (("mine", "a"), ("mine", "b"), ("expression", "b"), ("other", "c")):
        write(tmp_path, name, mark)
    return tmp_path


def names(models_dir) -> list[str]:
    return [model.name for model in list_models(models_dir)]


def test_a_renamed_model_keeps_its_weights_and_its_versions(shelf):
    rename_model(shelf, "mine", "yours")
    assert names(shelf) == ["expression", "other", "yours"]
    assert open_model(shelf, "yours").verified(TFLITE) == b"b"
    assert [version.model.card["run"] for version in versions(shelf, "yours")] == ["a"]
    assert versions(shelf, "mine") == []


def test_a_deleted_model_is_gone_with_its_versions_and_nothing_else_is(shelf):
    delete_model(shelf, "mine")
    assert names(shelf) == ["expression", "other"]
    assert open_model(shelf, "expression").verified(TFLITE) == b"b"  # the app's own copy
    assert not versions_folder(shelf / "mine").exists()
    assert {path.name for path in shelf.iterdir()} == {".versions", "expression", "other"}
    write(shelf, "mine", "new")
    assert versions(shelf, "mine") == []


@pytest.mark.parametrize("name", SHIPPED)
def test_the_apps_own_and_the_shipped_models_stay(shelf, name):
    shutil.copytree(ROOT / "models" / name, shelf / name, dirs_exist_ok=True)
    for change in (
        lambda: delete_model(shelf, name),
        lambda: rename_model(shelf, name, "away"),
        lambda: rename_model(shelf, "mine", name),
    ):
        with pytest.raises(ModelError, match=r"the app reads with|comes with the program"):
            change()
    assert {name, "mine"} <= set(names(shelf))


def test_a_name_that_is_taken_or_no_name_changes_nothing(shelf):
    (shelf / "runs").mkdir()
    for new_name, why in (
        ("other", "there is a model other already"),
        ("runs", "is no model"),
        ("../mine", "expected 1 to 64 letters"),
        ("mine", "there is a model mine already"),
    ):
        with pytest.raises(ModelError, match=why):
            rename_model(shelf, "mine", new_name)
    for name in ("runs", "../mine", "nobody"):
        with pytest.raises(ModelError):
            delete_model(shelf, name)
    assert names(shelf) == ["expression", "mine", "other"]
    assert (shelf / "runs").is_dir()


def test_a_damaged_model_can_be_deleted_but_not_renamed(shelf):
    (shelf / "mine" / CARD).write_text("{")
    with pytest.raises(ModelError, match=CARD):
        rename_model(shelf, "mine", "yours")
    delete_model(shelf, "mine")
    assert not (shelf / "mine").exists()


def test_those_who_may_only_look_change_nothing(shelf):
    permissions.identify_by(lambda: NOBODY)
    try:
        with pytest.raises(AccessError, match="delete a model"):
            delete_model(shelf, "mine")
        with pytest.raises(AccessError, match="rename a model"):
            rename_model(shelf, "mine", "yours")
    finally:
        permissions.identify_by(lambda: OWNER)
    assert "mine" in names(shelf)


def test_the_command_line_renames_and_deletes(shelf, use_places, capsys):
    use_places(models=shelf)
    assert program.main(["models", "rename", "mine", "yours"]) == 0
    assert program.main(["models", "delete", "other"]) == 0
    assert names(shelf) == ["expression", "yours"]
    assert program.main(["models", "delete", "expression"]) == 1
    assert "the app reads with expression" in capsys.readouterr().err


def test_the_shipped_models_are_those_of_the_package():
    carried = tomllib.loads((ROOT / "pyproject.toml").read_text())
    paths = carried["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert {path[len("models/") :] for path in paths if path.startswith("models/")} == set(SHIPPED)
