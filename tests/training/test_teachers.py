"""Learning from what saved models say."""

import json
import shutil

import cv2
import numpy as np
import pytest

from emotion_ai.errors import ConfigError, ModelError, RunError
from emotion_ai.models.store import open_model
from emotion_ai.settings import ROOT
from emotion_ai.training import runs
from emotion_ai.training.batches import Batches
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import Examples
from emotion_ai.training.provenance import keep_data
from emotion_ai.training.teachers import open_teachers, taught
from tests.support.second_model import noisy_copy

RNG = np.random.default_rng


class LeftHalf:
    """Says two shares: how bright the left half of a face is, times ``gain``, and the rest."""

    def __init__(self, gain: float = 1.0):
        self.gain, self.seen = gain, []

    def __call__(self, faces: np.ndarray) -> dict[str, np.ndarray]:
        self.seen.append(faces)
        left = faces[:, :, :24].mean(axis=(1, 2), keepdims=True)[..., 0] / 255 * self.gain
        return {"probabilities": np.hstack([left, 1 - left]).astype(np.float32)}


def test_a_share_of_each_target_is_theirs_and_all_of_an_unknown_one():
    faces = np.stack([np.full((48, 48), grey, np.uint8) for grey in (0, 255, 255)])
    targets = np.array([[1, 0], [0, 1], [0, 0]], np.float32)
    found = taught(faces, targets, [LeftHalf()], 0.6, RNG(0))
    np.testing.assert_allclose(found, [[0.4, 0.6], [0.6, 0.4], [1, 0]], atol=1e-6)


def test_on_average_the_mean_of_all_teachers_and_of_a_face_and_its_mirror_image_is_learned():
    faces = np.zeros((40, 48, 48), np.uint8)
    faces[:, :, :24] = 255  # bright on the left, dark when mirrored
    unknown = np.zeros((40, 2), np.float32)
    teachers = [LeftHalf(1.0), LeftHalf(0.5)]
    said = np.mean([taught(faces, unknown, teachers, 1, RNG(seed)) for seed in range(500)], axis=0)
    # 0.75 of a bright half, 0 of a dark one; a pixel to one side moves little of it.
    assert said[:, 0].mean() == pytest.approx(0.375, abs=0.03)


def test_batches_ask_of_the_very_faces_that_they_show():
    config = TrainingConfig.for_task(
        "expression", ("d",), batch_size=8, teacher_share=0.9, blend=1.0, label_smoothing=0.0
    )
    noise = RNG(1).integers(0, 256, (8, 48, 48), np.uint8)
    faces = np.stack([cv2.blur(one, (9, 9)) for one in noise])  # alike a pixel to one side
    examples = Examples(faces, np.eye(2, dtype=np.float32)[[0, 1] * 4], np.ones(8, np.float32))
    teacher = LeftHalf()
    shown, targets = Batches(examples, config, teachers=[teacher])[0]
    seen = teacher.seen[0].astype(float)
    for face, view in zip(shown[..., 0].astype(float), seen, strict=True):
        likeness = [np.corrcoef(face.ravel(), v.ravel())[0, 1] for v in (view, view[:, ::-1])]
        assert max(likeness) > 0.6 > 0.4 > min(likeness)
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-5)
    again = Batches(examples, config, teachers=[LeftHalf()])[0]
    np.testing.assert_array_equal(again[1], targets)


def test_a_teacher_that_is_missing_is_named():
    with pytest.raises(ModelError, match="no model 'nobody'"):
        open_teachers(["nobody"])


def test_a_run_does_not_go_on_with_another_teacher_of_that_name(tmp_path, drawn, use_places):
    shutil.copytree(ROOT / "models" / "expression", tmp_path / "models" / "a")
    use_places(models=tmp_path / "models")
    dataset = drawn("expression", 140)
    config = TrainingConfig.for_task("expression", (dataset.name,), teachers=("a",))
    folder = runs.create_run(tmp_path, config.as_dict())
    keep_data(folder, [dataset], config, 1)
    (folder / runs.LAST).touch()
    keep_data(folder, [dataset], config, 1)
    shutil.rmtree(tmp_path / "models" / "a")
    noisy_copy(open_model(ROOT / "models", "expression"), tmp_path / "models", "a")
    with pytest.raises(RunError, match="the teacher a is another model since run"):
        keep_data(folder, [dataset], config, 1)


def test_teachers_are_part_of_a_configuration_and_its_record():
    config = TrainingConfig.for_task("expression", ("d",), teachers=("a", "b"), teacher_share=0.5)
    assert TrainingConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config
    with pytest.raises(ConfigError, match=r"teacher_share: expected 0 to 1, got 1\.5"):
        TrainingConfig.for_task("expression", ("d",), teacher_share=1.5)
