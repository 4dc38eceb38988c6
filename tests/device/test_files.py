"""What is served for browsers: named by content, whole, and only what is right."""

import gzip
import hashlib
import io
import shutil
import urllib.error
from dataclasses import replace

import pytest

from emotion_ai.device import files, runtime
from emotion_ai.device.files import lacking, prepare
from emotion_ai.device.runtime import API, PACKAGE, RuntimeFile, runtime_file
from emotion_ai.errors import ModelError
from emotion_ai.models.store import open_model
from emotion_ai.models.versions import make_default
from emotion_ai.settings import ROOT, Settings
from tests.support.device_server import device_settings
from tests.support.second_model import noisy_copy

#: What a first visit may take over the wire.
FIRST_VISIT_BYTES = 10_000_000


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    folder = tmp_path_factory.mktemp("device")
    for name in ("expression", "keypoints"):
        shutil.copytree(ROOT / "models" / name, folder / "models" / name)
    noisy_copy(open_model(ROOT / "models", "expression"), folder / "models", "other")
    found = device_settings(folder / "cache")
    return replace(found, models_dir=folder / "models", cache_dir=folder / "cache")


def entries(part) -> list[dict]:
    """Every file named in a manifest."""
    if isinstance(part, dict) and {"path", "bytes"} <= set(part):
        return [part]
    values = part.values() if isinstance(part, dict) else ()
    return [entry for value in values for entry in entries(value)]


def content(prepared, entry) -> bytes:
    data = (prepared.folder / entry["path"].rpartition("/")[2]).read_bytes()
    return gzip.decompress(data) if entry["path"].endswith(".gz") else data


def test_files_are_named_by_what_they_hold(settings):
    prepared = prepare(settings)
    named = entries(prepared.manifest)
    assert len(named) == 8
    for entry in named:
        data = content(prepared, entry)
        assert len(data) == entry["bytes"]
        assert entry["path"].startswith("files/" + hashlib.sha256(data).hexdigest()[:16] + ".")


def test_models_are_served_as_they_are_stored(settings):
    prepared = prepare(settings)
    for task, record in prepared.manifest["models"].items():
        stored = (settings.models_dir / task / "model.tflite").read_bytes()
        assert content(prepared, record["file"]) == stored
    assert prepared.manifest["models"]["expression"]["size_px"] == 48
    heads = open_model(settings.models_dir, "expression").heads
    assert tuple(prepared.manifest["models"]["expression"]["heads"]) == heads
    assert prepared.manifest["named_as"] == heads[0]
    assert prepared.manifest["models"]["keypoints"]["framing"] == {"scale": 1.02, "shift_y": 0.02}


def test_a_first_visit_stays_small(settings):
    # Read from the files, not from the list: what pages show must be what they fetch.
    prepared = prepare(settings)
    wanted = [
        *prepared.manifest["runtime"]["relaxed"].values(),
        prepared.manifest["runtime"]["api"],
        prepared.manifest["detector"],
        *(record["file"] for record in prepared.manifest["models"].values()),
    ]
    total = sum((prepared.folder / e["path"].rpartition("/")[2]).stat().st_size for e in wanted)
    assert total == prepared.manifest["download_bytes"]
    assert total < FIRST_VISIT_BYTES


def test_a_new_default_is_noticed_and_the_old_file_stays(settings):
    before = prepare(settings)
    make_default(settings.models_dir, "other")
    after = prepare(settings)
    old, new = (p.manifest["models"]["expression"]["file"]["path"] for p in (before, after))
    assert old != new
    assert after.manifest["version"] != before.manifest["version"]
    assert content(before, before.manifest["models"]["expression"]["file"])  # for visitors who stay


def test_a_missing_model_leaves_the_rest(settings, tmp_path):

    shutil.copytree(settings.models_dir / "keypoints", tmp_path / "models" / "keypoints")
    found = prepare(replace(settings, models_dir=tmp_path / "models"))
    assert list(found.manifest["models"]) == ["keypoints"]


def test_without_the_detector_its_own_words_say_why(tmp_path):
    settings = Settings(yunet=tmp_path / "none.onnx", cache_dir=tmp_path)
    assert lacking(settings) == "EMOTION_AI_YUNET names no file: none.onnx"


def test_a_cache_that_cannot_be_written_is_said_in_a_line(tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    said = lacking(Settings(cache_dir=tmp_path / "cache"))
    assert said.startswith("what browsers need could not be kept: ")


PART = RuntimeFile("dist/part.js", 4, hashlib.sha256(b"true").hexdigest())


def answers(monkeypatch, data: bytes | None) -> list[str]:
    """What the mirror answers; the addresses that were asked."""
    asked = []

    def urlopen(url, timeout):
        asked.append(url)
        if data is None:
            raise urllib.error.URLError("no network")
        return io.BytesIO(data)

    monkeypatch.setattr(runtime.urllib.request, "urlopen", urlopen)
    return asked


def test_the_runtime_is_downloaded_once(monkeypatch, tmp_path):
    asked = answers(monkeypatch, b"true")
    settings = Settings(cache_dir=tmp_path)
    assert [runtime_file(settings, PART) for _ in range(2)] == [b"true"] * 2
    assert asked == [f"https://cdn.jsdelivr.net/npm/{PACKAGE}/dist/part.js"]


@pytest.mark.parametrize("data", [b"fake", b"", b"true and more"])
def test_a_download_of_something_else_is_refused_and_not_kept(monkeypatch, tmp_path, data):
    answers(monkeypatch, data)
    with pytest.raises(ModelError, match="wrong checksum"):
        runtime_file(Settings(cache_dir=tmp_path), PART)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_damaged_copy_in_the_cache_is_refused(monkeypatch, tmp_path):
    answers(monkeypatch, b"true")
    settings = Settings(cache_dir=tmp_path)
    runtime_file(settings, PART)
    next(tmp_path.rglob("part.js")).write_bytes(b"tru")
    with pytest.raises(ModelError, match="wrong checksum"):
        runtime_file(settings, PART)


def test_a_local_copy_is_used_instead_of_the_network(monkeypatch, tmp_path):
    asked = answers(monkeypatch, None)
    (tmp_path / "copy" / "litertjs").mkdir(parents=True)
    (tmp_path / "copy" / "litertjs" / "part.js").write_bytes(b"true")
    settings = Settings(cache_dir=tmp_path, device=tmp_path / "copy")
    assert runtime_file(settings, PART) == b"true"
    with pytest.raises(ModelError, match=f"a folder without {API.name}"):
        runtime_file(settings, API)
    assert asked == []


def test_without_the_runtime_a_line_says_why_and_it_is_not_asked_for_again(monkeypatch, tmp_path):
    asked = answers(monkeypatch, None)
    monkeypatch.setattr(files, "find_yunet", lambda settings: ROOT / "LICENSE")
    monkeypatch.setattr(files, "yunet_tflite", lambda onnx: b"network")
    settings = Settings(cache_dir=tmp_path)
    said = lacking(settings)
    assert said == f"index.js of {PACKAGE} could not be downloaded"
    assert lacking(settings) == said
    assert len(asked) == 1
    monkeypatch.setattr(files, "RETRY_S", 0)
    lacking(settings)
    assert len(asked) == 2
