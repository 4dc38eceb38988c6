import numpy as np
import pytest
from sklearn import metrics

from emotion_ai.evaluation.classification import accuracy, confusion_matrix, macro_f1
from emotion_ai.evaluation.intervals import (
    bootstrap_interval,
    cluster_interval,
    confusion_interval,
    mean_interval,
    wilson_interval,
)


def test_wilson_interval_of_half_of_hundred():
    low, high = wilson_interval(50, 100)
    assert low == pytest.approx(0.4038, abs=1e-4)
    assert high == pytest.approx(0.5962, abs=1e-4)


def test_wilson_interval_stays_within_zero_and_one():
    assert wilson_interval(0, 5)[0] == pytest.approx(0)
    assert wilson_interval(5, 5)[1] == pytest.approx(1)
    assert wilson_interval(0, 0) == (0, 1)


def test_bootstrap_interval_is_seeded_and_brackets_the_mean():
    values = np.random.default_rng(0).normal(5, 1, 400)
    low, high = bootstrap_interval(values)
    assert (low, high) == bootstrap_interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.15)


def test_mean_interval_by_hand():
    # Mean 2, standard deviation √(4 / 3) of n - 1, root of four faces: 2 ± 1.96 / √3.
    mean, low, high = mean_interval(np.array([1.0, 3.0, 1.0, 3.0]))
    assert mean == 2
    assert (low, high) == pytest.approx((2 - 1.13158, 2 + 1.13158), abs=1e-5)
    assert np.isnan(mean_interval(np.array([]))).all()
    assert mean_interval(np.array([5.0])) == pytest.approx((5, np.nan, np.nan), nan_ok=True)


def test_confusion_interval_is_that_of_resampled_faces():
    rng = np.random.default_rng(2)
    targets = rng.integers(0, 7, 500)
    predicted = np.where(rng.random(500) < 0.7, targets, rng.integers(0, 7, 500))
    low, high = confusion_interval(confusion_matrix(targets, predicted, 7), macro_f1)
    draws = [
        metrics.f1_score(targets[rows], predicted[rows], average="macro")
        for rows in rng.integers(0, 500, (300, 500))
    ]
    assert (low, high) == pytest.approx(tuple(np.quantile(draws, (0.025, 0.975))), abs=0.01)


def test_people_are_drawn_not_faces():
    """Ten people, each always right or always wrong: a hundred faces each say no more than one."""
    always = np.zeros((10, 2, 2))
    always[:5, 0, 0] = 100
    always[5:, 0, 1] = 100
    low, high = cluster_interval(always, accuracy)
    assert low == pytest.approx(0.2, abs=0.11)  # the 2.5 % quantile of 10 fair coins
    assert high == pytest.approx(0.8, abs=0.11)
    alike = np.zeros((10, 2, 2))
    alike[:, 0] = 50
    assert cluster_interval(alike, accuracy) == (0.5, 0.5)
