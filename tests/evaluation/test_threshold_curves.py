"""Curves and scores agree with scikit-learn; nothing is tuned on the rows it is shown on."""

import numpy as np
import pytest
from sklearn import metrics

from emotion_ai.evaluation.scores import (
    averages,
    calibration_error,
    confusion_matrix,
    macro_f1_interval,
    per_class_report,
)
from emotion_ai.evaluation.threshold_curves import (
    apply_temperature,
    average_precision,
    coverage_curve,
    cross_fitted_temperature,
    fit_temperature,
    precision_recall_curve,
    reliability,
    roc_area,
    roc_curve,
)
from emotion_ai.labels import FER7


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


def test_report_agrees_with_scikit_learn():
    rng = np.random.default_rng(1)
    targets, predicted = rng.integers(0, 7, 400), rng.integers(0, 7, 400)
    predicted = np.where(rng.random(400) < 0.6, targets, predicted)
    report = per_class_report(confusion_matrix(targets, predicted, 7), FER7)
    rows = report | averages(report)
    expected = metrics.classification_report(
        targets, predicted, target_names=FER7.expressions, output_dict=True
    )
    for name, row in rows.items():
        theirs = expected[name.replace("average", "avg")]
        assert list(row.values()) == pytest.approx(
            [theirs[key] for key in ("precision", "recall", "f1-score", "support")]
        )


def test_macro_f1_interval_is_that_of_resampled_faces():
    rng = np.random.default_rng(2)
    targets = rng.integers(0, 7, 500)
    predicted = np.where(rng.random(500) < 0.7, targets, rng.integers(0, 7, 500))
    low, high = macro_f1_interval(confusion_matrix(targets, predicted, 7))
    draws = [
        metrics.f1_score(targets[rows], predicted[rows], average="macro")
        for rows in rng.integers(0, 500, (300, 500))
    ]
    assert (low, high) == pytest.approx(tuple(np.quantile(draws, (0.025, 0.975))), abs=0.01)


def test_reliability_bins_sum_to_the_calibration_error():
    rng = np.random.default_rng(3)
    confidence = rng.uniform(0.2, 1, 500)
    correct = rng.random(500) < confidence**2
    bins = reliability(confidence, correct)
    gap = np.abs(bins.confidence - bins.accuracy) @ bins.count / 500
    assert gap == pytest.approx(calibration_error(confidence, correct))
    assert bins.count.sum() == 500
    assert (bins.low <= bins.accuracy).all()
    assert (bins.accuracy <= bins.high).all()


def overconfident(n=3000, sharpness=2.0, seed=4):
    """Probabilities whose logits are ``sharpness`` times too large, and targets."""
    rng = np.random.default_rng(seed)
    honest = rng.dirichlet(np.full(7, 0.4), n)
    targets = (honest.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return apply_temperature(honest, 1 / sharpness), targets


def test_temperature_undoes_overconfidence():
    probabilities, targets = overconfident(sharpness=1.5)
    temperature = fit_temperature(probabilities, targets)
    losses = {
        t: metrics.log_loss(targets, apply_temperature(probabilities, t), labels=range(7))
        for t in (temperature * 0.97, temperature, temperature * 1.03)
    }
    assert min(losses, key=losses.get) == temperature
    assert 1.2 < temperature < 1.7
    unchanged = apply_temperature(probabilities, 1.0)
    assert (unchanged.argmax(axis=1) == probabilities.argmax(axis=1)).all()


def test_temperature_is_never_fitted_on_the_faces_it_scales():
    probabilities, targets = overconfident()
    groups = np.arange(len(targets)) // 2  # copies stay together
    scaled, temperatures = cross_fitted_temperature(probabilities, targets, groups)
    applied = [
        np.isclose(scaled, apply_temperature(probabilities, t)).all(axis=1) for t in temperatures
    ]
    assert (applied[0] ^ applied[1]).all()
    assert len({tuple(part) for part in applied[0].reshape(-1, 2)}) == 2  # no pair is split
    for half, temperature in zip(applied, temperatures, strict=True):
        assert fit_temperature(probabilities[~half], targets[~half]) == temperature
    correct = probabilities.argmax(axis=1) == targets
    before = calibration_error(probabilities.max(axis=1), correct)
    assert calibration_error(scaled.max(axis=1), correct) < before


def test_coverage_curve_by_hand():
    confidence = np.array([0.3, 0.5, 0.5, 0.9])
    correct = np.array([False, True, False, True])
    coverage, accuracy = coverage_curve(confidence, correct, np.array([0, 0.5, 0.6, 0.95]))
    assert coverage.tolist() == [1, 0.75, 0.25, 0]
    assert accuracy[:3].tolist() == [0.5, pytest.approx(2 / 3), 1]
    assert np.isnan(accuracy[3])
