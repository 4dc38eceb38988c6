"""Curves agree with scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics

from emotion_ai.evaluation.threshold_curves import (
    average_precision,
    coverage_curve,
    precision_recall_curve,
    roc_area,
    roc_curve,
)


@pytest.fixture
def scored():
    """Scores with many ties, as full-integer networks give them."""
    rng = np.random.default_rng(0)
    positive = rng.random(600) < 0.3
    scores = np.clip(rng.normal(0.4 + 0.2 * positive, 0.2), 0, 1).round(2)
    return positive, scores


def test_precision_recall_agrees_with_scikit_learn(scored):
    precision, recall, threshold = precision_recall_curve(*scored)
    expected = metrics.precision_recall_curve(*scored)
    np.testing.assert_allclose(precision, expected[0][:-1][::-1])
    np.testing.assert_allclose(recall, expected[1][:-1][::-1])
    np.testing.assert_allclose(threshold, expected[2][::-1])
    assert average_precision(*scored) == pytest.approx(metrics.average_precision_score(*scored))


def test_roc_agrees_with_scikit_learn(scored):
    expected = metrics.roc_curve(*scored, drop_intermediate=False)
    for ours, theirs in zip(roc_curve(*scored), expected, strict=True):
        np.testing.assert_allclose(ours, theirs)
    assert roc_area(*scored) == pytest.approx(metrics.roc_auc_score(*scored))


def test_coverage_curve_by_hand():
    confidence = np.array([0.3, 0.5, 0.5, 0.9])
    correct = np.array([False, True, False, True])
    coverage, accuracy = coverage_curve(confidence, correct, np.array([0, 0.5, 0.6, 0.95]))
    assert coverage.tolist() == [1, 0.75, 0.25, 0]
    assert accuracy[:3].tolist() == [0.5, pytest.approx(2 / 3), 1]
    assert np.isnan(accuracy[3])
