"""What annotators do by habit is taken out of the labels before training."""

from dataclasses import replace

import numpy as np
import pytest

from emotion_ai.errors import RunError
from emotion_ai.training import runs
from emotion_ai.training.examples import Examples
from emotion_ai.training.habits import without_habits

#: The same on both sides of a crop 96 pixels wide: mirrored, and named anew, it is itself.
EVEN_PX = np.full((15, 2), 47.5, np.float32)


class ToOneSide:
    output_shape = (None, 15, 2)

    """Puts every point three pixels right of the middle, in a face as in its mirror image."""

    def predict(self, faces, **_):
        return np.tile(EVEN_PX + np.array([3, 0]), (len(faces), 1, 1)).astype(np.float32)


def examples() -> Examples:
    """A hundred faces of each of two sources, labelled around (49, 47.5) and (47.5, 40), and one
    of a third."""
    centres = [(48, 47.5), (50, 47.5)] * 50 + [(47.5, 30), (47.5, 50)] * 50 + [(10, 10)]
    targets = np.repeat(np.array(centres, np.float32)[:, None], 15, axis=1)
    sources = np.array(["d/a"] * 100 + ["d/b"] * 100 + ["d/c"])
    n = len(centres)
    return Examples(np.zeros((n, 100, 100), np.uint8), targets, np.ones(n, np.float32), 2, sources)


def test_each_source_s_points_lie_on_average_where_an_even_handed_network_puts_them(tmp_path):
    found = without_habits(examples(), ToOneSide(), tmp_path).targets
    np.testing.assert_allclose(found[:2, 0], [(46.5, 47.5), (48.5, 47.5)])
    np.testing.assert_allclose(found[100:102, 0], [(47.5, 37.5), (47.5, 57.5)])
    np.testing.assert_allclose(found[:100].mean(axis=0), EVEN_PX)
    np.testing.assert_allclose(found[100:200].mean(axis=0), EVEN_PX)


def test_a_source_of_few_faces_keeps_its_labels(tmp_path):
    found = without_habits(examples(), ToOneSide(), tmp_path).targets
    np.testing.assert_array_equal(found[200], np.full((15, 2), 10))


def test_a_point_that_few_faces_of_a_source_have_keeps_its_labels(tmp_path):
    one = examples()
    one.targets[1:100, 6] = np.nan
    found = without_habits(one, ToOneSide(), tmp_path).targets
    np.testing.assert_array_equal(found[0, 6], (48, 47.5))
    np.testing.assert_allclose(found[100, 6], (47.5, 37.5))


def test_without_sources_all_faces_are_one(tmp_path):
    one = replace(examples(), sources=None)
    found = without_habits(one, ToOneSide(), tmp_path).targets
    np.testing.assert_allclose(found.mean(axis=0), EVEN_PX, rtol=1e-5)


@pytest.mark.parametrize("shape", [(None, 7), (None, 2, 7)])
def test_a_network_for_expressions_takes_nothing_out(tmp_path, shape):
    network = ToOneSide()
    network.output_shape = shape
    one = examples()
    assert without_habits(one, network, tmp_path) is one
    assert without_habits(one, None, tmp_path) is one


def test_points_without_a_label_stay_without_one_and_count_nowhere(tmp_path):
    one = examples()
    one.targets[200, 3] = np.nan
    one.targets[100:200, 4] = np.nan  # no face of the second source has this point
    found = without_habits(one, ToOneSide(), tmp_path).targets
    assert np.isnan(found[200, 3]).all()
    assert np.isnan(found[100:200, 4]).all()
    np.testing.assert_allclose(found[0, 4], (46.5, 47.5))


def test_the_labels_given_are_left_as_they_are(tmp_path):
    one = examples()
    before = one.targets.copy()
    without_habits(one, ToOneSide(), tmp_path)
    np.testing.assert_array_equal(one.targets, before)


def test_a_resumed_run_learns_the_same_points(tmp_path):
    first = without_habits(examples(), ToOneSide(), tmp_path)
    again = without_habits(examples(), None, tmp_path)  # deleted meanwhile
    np.testing.assert_array_equal(again.targets, first.targets)


def test_a_resumed_run_whose_points_are_damaged_is_one_line(tmp_path):
    without_habits(examples(), ToOneSide(), tmp_path)
    (tmp_path / runs.HABITS).write_bytes(b"torn")
    with pytest.raises(RunError, match=r"habits\.npz is damaged: start a new run"):
        without_habits(examples(), None, tmp_path)
