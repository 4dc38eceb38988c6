"""Learning from what saved models say."""

import json

import keras
import numpy as np
import pytest

from emotion_ai.errors import ConfigError
from emotion_ai.training import runs
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import Examples
from emotion_ai.training.teachers import mean_answer, taught


def brightness_teacher(gain: float) -> keras.Model:
    """Says two shares: how bright the left half of a face is, and the rest."""
    faces = keras.Input((48, 48, 1), dtype="uint8")
    left = keras.ops.mean(keras.ops.cast(faces, "float32")[:, :, :24], axis=(1, 2)) / 255 * gain
    return keras.Model(faces, keras.ops.concatenate([left, 1 - left], axis=-1))


def examples() -> Examples:
    images = np.zeros((3, 52, 52), np.uint8)  # two pixels of surroundings
    images[1, :, :26] = 255
    images[2] = 255
    targets = np.array([[1, 0], [0, 1], [0, 0]], np.float32)
    return Examples(images, targets, np.ones(3, np.float32), border_px=2)


def test_teachers_answer_for_a_face_and_its_mirror_image_to_either_side():
    said = mean_answer(examples(), [brightness_teacher(1.0), brightness_teacher(0.5)])
    # Left and right half: 0 and 0, 1 and 0, 1 and 1; times the mean gain of 0.75.
    np.testing.assert_allclose(said[:, 0], [0, 0.375, 0.75], atol=1e-6)


def test_a_shifted_view_shows_what_lies_around_the_face():
    seen = []

    class Watching(keras.Model):
        def predict(self, faces, **_):
            seen.append(faces[0, :, :, 0])
            return np.zeros((len(faces), 2), np.float32)

    wide = np.zeros((1, 52, 52), np.uint8)
    wide[0, 4, 0] = 9  # two pixels left of the face, and two below its upper edge
    shown = Examples(wide, np.zeros((1, 2), np.float32), np.ones(1, np.float32), border_px=2)
    mean_answer(shown, [Watching()])
    right_and_up, its_mirror_image, left_and_down, _ = seen
    assert right_and_up[0, 0] == its_mirror_image[0, 47] == 9
    assert right_and_up.sum() == 9
    assert left_and_down.sum() == 0


def test_a_share_of_each_target_is_theirs_and_all_of_an_unknown_one(tmp_path):
    found = taught(examples(), [brightness_teacher(1.0)], 0.6, tmp_path)
    np.testing.assert_allclose(found.targets, [[0.4, 0.6], [0.3, 0.7], [1, 0]], atol=1e-6)


def test_a_resumed_run_learns_from_the_same_answers(tmp_path):
    first = taught(examples(), [brightness_teacher(1.0)], 0.6, tmp_path)
    assert (tmp_path / runs.TEACHERS).exists()
    again = taught(examples(), [brightness_teacher(0.1)], 0.6, tmp_path)  # replaced meanwhile
    np.testing.assert_array_equal(again.targets, first.targets)


def test_teachers_are_part_of_a_configuration_and_its_record():
    config = TrainingConfig.for_task("expression", ("d",), teachers=("a", "b"), teacher_share=0.5)
    assert TrainingConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config
    with pytest.raises(ConfigError, match=r"teacher_share: expected 0 to 1, got 1\.5"):
        TrainingConfig.for_task("expression", ("d",), teacher_share=1.5)
