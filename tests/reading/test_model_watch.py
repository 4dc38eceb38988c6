"""Running streams go on with the default models as they are changed."""

import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.faces.detection import FaceDetector
from emotion_ai.live.session import LiveSession
from emotion_ai.models.store import CARD, TFLITE, open_model
from emotion_ai.models.versions import go_back, make_default
from emotion_ai.reading import model_watch
from emotion_ai.reading.model_watch import ModelWatch
from emotion_ai.reading.predictor import load_predictor
from emotion_ai.settings import Settings
from tests.support.second_model import noisy_copy

ROOT = Path(__file__).resolve().parents[2]
PHOTO = draw_photo(12, 1, (640, 480))[0]


@pytest.fixture
def where(tmp_path, monkeypatch) -> Settings:
    """A store of its own, and a watch that looks at every frame."""
    monkeypatch.setattr(model_watch, "LOOK_EVERY_S", 0.0)
    for task in ("expression", "keypoints"):
        shutil.copytree(ROOT / "models" / task, tmp_path / task)
    noisy_copy(open_model(tmp_path, "expression"), tmp_path, "rival", noise=60)
    return Settings(models_dir=tmp_path)


@pytest.fixture
def predictor(where):
    return load_predictor(where, FaceDetector())


def wait_for(watch: ModelWatch):
    """The first predictor that ``watch`` brings."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if newer := watch.newer():
            return newer
        time.sleep(0.01)
    pytest.fail("nothing newer came")


def test_nothing_newer_comes_while_nothing_changes(where, predictor, monkeypatch):
    watch = ModelWatch(where, predictor)
    monkeypatch.setattr(model_watch, "load_predictor", lambda *_: pytest.fail("loaded"))
    assert [watch.newer() for _ in range(50)] == [None] * 50


def test_a_running_stream_reads_with_a_new_default_and_with_the_old_one_again(where, predictor):
    watch = ModelWatch(where, predictor)
    session = LiveSession(predictor, newer=lambda: wait_for(watch) if changed else watch.newer())
    old, rival = (open_model(where.models_dir, name).digest for name in ("expression", "rival"))
    said = []
    for change in (None, lambda: make_default(where.models_dir, "rival"),
                   lambda: go_back(where.models_dir, "expression")):  # fmt: skip
        if changed := change:
            change()
        session.annotate(PHOTO.copy())
        changed = None
        model = session._follower.predictor.models["expression"]
        (reading,) = session._follower.predictor.read(PHOTO)
        said.append((model.digest, reading.expression.probabilities))
    assert [digest for digest, _ in said] == [old, rival, old]
    np.testing.assert_array_equal(said[0][1], said[2][1])
    assert np.abs(said[0][1] - said[1][1]).max() > 0.05
    assert session.status.failed == 0


def test_a_damaged_default_leaves_the_old_one_at_work_until_it_is_mended(where, predictor):
    watch = ModelWatch(where, predictor)
    folder = where.models_dir / "expression"
    whole = (folder / TFLITE).read_bytes()
    (folder / TFLITE).write_bytes(b"torn")
    (folder / CARD).touch()
    assert watch.newer() is None
    watch._loading.join()
    assert watch.newer() is None
    (folder / TFLITE).write_bytes(whole)
    (folder / CARD).touch()
    assert set(wait_for(watch).models) == {"expression", "keypoints"}
