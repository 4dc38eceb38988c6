"""The folder that any file server serves."""

import json
import re
import shutil
from dataclasses import replace

import pytest

from emotion_ai.cli import program
from emotion_ai.device.export import export_pages
from emotion_ai.device.routes import PAGES
from emotion_ai.errors import ConfigError
from emotion_ai.settings import Settings
from tests.support.device_server import device_settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    return device_settings(tmp_path_factory.mktemp("device"))


@pytest.fixture(scope="module")
def folder(settings, tmp_path_factory):
    target = tmp_path_factory.mktemp("out") / "site"
    export_pages(settings, target)
    return target


def test_everything_that_is_named_is_there(folder):
    offline = json.loads((folder / "offline.json").read_text())["files"]
    for name in offline:
        assert (folder / name).exists(), name
    manifest = json.loads((folder / "files.json").read_text())
    paths = re.findall(r'"path": "([^"]+)"', json.dumps(manifest))
    assert len(paths) == 8
    for path in paths:
        assert (folder / path).is_file()


def test_modules_name_only_modules_that_are_there():
    for module in PAGES.glob("*.mjs"):
        for name in re.findall(r'from "\./([^"]+)"', module.read_text()):
            assert (PAGES / name).is_file(), f"{module.name} imports {name}"


def test_pages_know_that_they_are_alone(folder):
    assert "data-alone" in (folder / "live.html").read_text()
    assert "data-alone" not in (PAGES / "live.html").read_text()


def test_a_changed_page_reaches_those_who_kept_an_earlier_one(settings, tmp_path, monkeypatch):
    def version() -> str:
        export_pages(settings, tmp_path / "site")
        worker = (tmp_path / "site" / "service_worker.js").read_text()
        return re.search(r'VERSION = "(\w{16})"', worker)[1]

    first = version()
    assert version() == first
    pages = shutil.copytree(PAGES, tmp_path / "pages", ignore=shutil.ignore_patterns("vendor"))
    monkeypatch.setattr("emotion_ai.device.export.PAGES", pages)
    assert version() == first
    (pages / "live.mjs").write_text((pages / "live.mjs").read_text() + "// changed")
    assert version() != first


def test_an_earlier_export_is_brought_up_to_date(settings, folder):
    stale = folder / "files" / "0123456789abcdef.expression.tflite.gz"
    stale.write_bytes(b"old")
    own = folder / "robots.txt"
    own.write_text("mine")
    export_pages(settings, folder)
    assert not stale.exists()
    assert own.exists()


def test_a_folder_of_something_else_is_left_alone(settings, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match="got other files"):
        export_pages(settings, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_command_line_says_in_a_line_what_is_missing(settings, tmp_path, monkeypatch, capsys):
    broken = replace(settings, device=tmp_path / "none", cache_dir=tmp_path / "cache")
    monkeypatch.setattr("emotion_ai.cli.device.settings", lambda: broken)
    assert program.main(["device", "export", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: EMOTION_AI_DEVICE names a folder without index.js")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()
