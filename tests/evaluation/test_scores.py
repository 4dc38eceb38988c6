import json

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss, precision_recall_fscore_support

from emotion_ai.evaluation.scores import expression_scores, figures, headline, keypoint_scores
from emotion_ai.labels import COURSE5, FER7, KEYPOINT_NAMES
from emotion_ai.models.card import KeypointScore
from emotion_ai.storage.records import checked


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


def test_a_score_that_these_faces_cannot_give_is_left_out():
    truth = np.full((3, 15, 2), np.nan)
    truth[:, KEYPOINT_NAMES.index("nose_tip")] = (30, 30)
    scores = keypoint_scores(np.nan_to_num(truth) + 1, truth)
    assert scores["rmse_px"] == pytest.approx(1)
    assert not {"nme", "nme_ci", "share_nme_under_5_percent"} & set(scores)


def test_figures_are_ready_to_be_shown():
    accuracy, f1, loss = figures({
        "macro_f1": 0.71441, "accuracy": 0.84193, "accuracy_ci": [0.82923, 0.85386],
        "log_loss": 0.45, "n": 3372,
    })[:1] + figures({"macro_f1": 0.71441, "log_loss": 0.45})  # fmt: skip
    assert (accuracy.text, accuracy.limits(), accuracy.scaled) == ("84.2 %", "82.9 to 85.4", 84.193)
    assert accuracy.note == "95 %: 82.9 to 85.4 %"
    assert (f1.text, f1.limits(), f1.note) == ("0.714", "", "")
    assert (loss.text, loss.note) == ("0.450", "0 would be sure and right")
    rmse = headline({"nme": 0.0395, "rmse_px": 1.6077, "rmse_px_ci": (1.5753, 1.6431)})
    assert (rmse.text, rmse.note) == ("1.61 px", "95 %: 1.58 to 1.64 px")
    assert headline({"n": 3}) is None


def test_points_that_nobody_labelled_have_no_score():
    targets = np.zeros((2, 15, 2))
    targets[:, :10] = np.nan  # eyes and brows
    scores = keypoint_scores(targets + 1, targets)
    assert len(scores["per_point_rmse_px"]) == 5
    assert set(scores["per_point_rmse_px"].values()) == {1.0}
    assert "nme" not in scores
    json.dumps(scores, allow_nan=False)
    score = {"task": "keypoints", "data": "d", "split": "test", **scores}
    assert checked(score, KeypointScore, "card.json")["rmse_px"] == 1.0
