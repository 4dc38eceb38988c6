import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss, precision_recall_fscore_support

from emotion_ai.evaluation.scores import (
    bootstrap_interval,
    calibration_error,
    confusion_matrix,
    crowd_majority,
    expression_scores,
    keypoint_scores,
    vote_shares,
    wilson_interval,
)
from emotion_ai.labels import COURSE5, FER7, FERPLUS_COLUMNS, KEYPOINT_NAMES


def votes(**counts):
    return [counts.get(column, 0) for column in FERPLUS_COLUMNS]


def test_wilson_interval_of_half_of_hundred():
    low, high = wilson_interval(50, 100)
    assert low == pytest.approx(0.4038, abs=1e-4)
    assert high == pytest.approx(0.5962, abs=1e-4)


def test_wilson_interval_stays_within_zero_and_one():
    assert wilson_interval(0, 5)[0] == pytest.approx(0)
    assert wilson_interval(5, 5)[1] == pytest.approx(1)
    assert wilson_interval(0, 0) == (0, 1)


def test_confusion_matrix_has_the_given_class_in_its_row():
    matrix = confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    assert matrix.tolist() == [[1, 1], [0, 1]]


def test_calibration_error_by_hand():
    # One bin holds 0.9 and 0.92 of which one is right: |0.91 - 0.5|; the other 0.6, right: 0.4.
    error = calibration_error(np.array([0.9, 0.92, 0.6]), np.array([True, False, True]), bins=10)
    assert error == pytest.approx((abs(0.9 + 0.92 - 1) + 0.4) / 3)


def test_expression_scores_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(7), 500)
    targets = rng.integers(0, 7, 500)
    scores = expression_scores(probabilities, targets, FER7)
    predicted = probabilities.argmax(axis=1)
    assert scores["accuracy"] == pytest.approx((predicted == targets).mean())
    assert scores["macro_f1"] == pytest.approx(f1_score(targets, predicted, average="macro"))
    assert scores["log_loss"] == pytest.approx(log_loss(targets, probabilities), abs=1e-6)
    expected = precision_recall_fscore_support(targets, predicted, labels=range(7))
    for i, name in enumerate(FER7.expressions):
        row = scores["per_class"][name]
        assert tuple(row.values()) == pytest.approx([values[i] for values in expected])


def test_a_class_without_faces_scores_zero_not_nan():
    scores = expression_scores(np.eye(5)[[0, 1]], np.array([0, 1]), COURSE5)
    assert scores["per_class"]["surprise"] == {
        "precision": 0, "recall": 0, "f1": 0, "support": 0,
    }  # fmt: skip
    assert scores["accuracy"] == 1


def test_keypoint_scores_by_hand():
    truth = np.zeros((2, 15, 2))
    truth[:, KEYPOINT_NAMES.index("left_eye_outer_corner")] = (50, 0)
    predicted = truth.copy()
    predicted[0, :] += (3, 4)  # every point 5 px off
    scores = keypoint_scores(predicted, truth)
    assert scores["n"] == 2
    assert scores["rmse_px"] == pytest.approx(np.sqrt((9 + 16) / 2 / 2))
    assert scores["nme"] == pytest.approx((5 / 50 + 0) / 2)
    assert scores["share_nme_under_5_percent"] == 0.5
    assert scores["per_point_rmse_px"]["nose_tip"] == pytest.approx(np.sqrt(25 / 4))
    low, high = scores["rmse_px_ci"]
    assert low <= scores["rmse_px"] <= high


def test_missing_keypoints_are_not_counted():
    truth = np.full((3, 15, 2), np.nan)
    truth[0, KEYPOINT_NAMES.index("left_eye_outer_corner")] = (40, 10)
    truth[0, KEYPOINT_NAMES.index("right_eye_outer_corner")] = (20, 10)
    truth[1, KEYPOINT_NAMES.index("nose_tip")] = (30, 30)  # no corners: no NME
    predicted = np.nan_to_num(truth) + 1
    scores = keypoint_scores(predicted, truth)
    assert scores["n"] == 2  # the third face has no label at all
    assert scores["rmse_px"] == pytest.approx(1)
    assert scores["nme"] == pytest.approx(np.sqrt(2) / 20)


def test_bootstrap_interval_is_seeded_and_brackets_the_mean():
    values = np.random.default_rng(0).normal(5, 1, 400)
    low, high = bootstrap_interval(values)
    assert (low, high) == bootstrap_interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.15)


def test_crowd_majority_needs_a_single_winner_that_is_an_expression():
    table = np.array(
        [
            votes(happiness=8, neutral=2),
            votes(happiness=5, neutral=5),
            votes(contempt=9, anger=1),
            votes(),
            votes(fear=6, surprise=4),
        ],
        np.uint8,
    )
    assert crowd_majority(table, FER7).tolist() == [FER7.index("happy"), -1, -1, -1, 2]
    assert crowd_majority(table, COURSE5)[4] == -1  # fear is none of the five


def test_vote_shares_leave_other_votes_out():
    shares = vote_shares(np.array([votes(anger=3, sadness=1, NF=6), votes(unknown=10)]), FER7)
    assert shares[0, FER7.index("angry")] == pytest.approx(0.75)
    assert shares[0].sum() == pytest.approx(1)
    assert shares[1].sum() == 0
