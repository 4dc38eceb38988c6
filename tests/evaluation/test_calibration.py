"""Nothing is tuned on the faces it is shown on."""

import numpy as np
import pytest
from sklearn import metrics

from emotion_ai.evaluation.calibration import (
    NEARLY_ZERO,
    apply_temperature,
    calibration_error,
    cross_fitted_temperature,
    fit_temperature,
    reliability,
)


def test_calibration_error_by_hand():
    # One bin holds 0.9 and 0.92 of which one is right: |0.91 - 0.5|; the other 0.6, right: 0.4.
    error = calibration_error(np.array([0.9, 0.92, 0.6]), np.array([True, False, True]), bins=10)
    assert error == pytest.approx((abs(0.9 + 0.92 - 1) + 0.4) / 3)


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


def test_a_temperature_makes_the_confidence_of_a_boaster_right():
    rng = np.random.default_rng(0)
    truth = rng.dirichlet(np.ones(7), 20_000)
    targets = (truth.cumsum(1) > rng.random((len(truth), 1))).argmax(1)
    boasting = truth**2 / (truth**2).sum(1, keepdims=True)  # all logits doubled
    assert fit_temperature(boasting, targets, NEARLY_ZERO) == pytest.approx(2, abs=0.05)
    assert fit_temperature(truth, targets, NEARLY_ZERO) == pytest.approx(1, abs=0.03)
