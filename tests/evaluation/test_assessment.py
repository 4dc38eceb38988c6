"""A model on a split: which rows count, what flatters the score, faces of the other task."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from emotion_ai.datasets.store import Dataset, open_dataset
from emotion_ai.errors import ConfigError
from emotion_ai.evaluation.assessment import Question, assess, label_sets, left_out_text
from emotion_ai.evaluation.caveats import caveats, stands_in_train
from emotion_ai.evaluation.conditions import by_edges, by_fifths, light_tables, pose_tables
from emotion_ai.evaluation.keypoint_errors import (
    cumulative_errors,
    normalised_errors,
    point_table,
    side_table,
)
from emotion_ai.evaluation.predictions import predict_images, predictions
from emotion_ai.evaluation.scores import expression_scores, keypoint_scores
from emotion_ai.faces.cropping import FRAMINGS, crop_faces
from emotion_ai.faces.pose import nose_offset, roll_deg
from emotion_ai.faces.quality import is_turned_away
from emotion_ai.faces.reframing import points_back, reframe
from emotion_ai.labels import COURSE5, KEYPOINT_NAMES
from emotion_ai.models.store import SavedModel, open_model
from emotion_ai.results import FaceBox
from emotion_ai.settings import ROOT, Settings


@pytest.fixture(scope="module")
def where(tmp_path_factory, drawn):
    folder = tmp_path_factory.mktemp("assessed")
    settings = Settings(cache_dir=folder, data_dir=folder / "data")
    drawn("expression", 70, into=settings.data_dir)
    drawn("keypoints", 70, into=settings.data_dir)
    return settings


def case(where, task="expression"):
    model = open_model(ROOT / "models", task)
    return model, open_dataset(where.data_dir / f"synthetic_{task}"), where


@pytest.mark.parametrize("split", ["test", None])
def test_an_assessment_is_the_networks_answers_to_the_rows_of_the_split(where, split):
    model, dataset, _ = case(where)
    rows = dataset.rows(split)
    said = predict_images(model.network(), dataset.images[rows])["probabilities"]
    given = dataset.samples["expression"].iloc[rows].map(model.labels.index).to_numpy()
    found = assess(model, dataset, Question(split), where)
    assert found.rows.tolist() == rows.tolist()
    said /= said.sum(axis=1, keepdims=True)  # 8-bit outputs sum to 1 but roughly
    expected = expression_scores(said, given, model.labels)
    assert {key: found.scores[key] for key in expected} == expected
    assert (found.scores["split"], found.scores["labels_from"]) == (split or "all", "given")

    model, dataset, _ = case(where, "keypoints")
    rows = dataset.rows(split)
    said = predict_images(model.network(), dataset.images[rows])["keypoints"]
    expected = keypoint_scores(said, dataset.keypoints_px[rows])
    found = assess(model, dataset, Question(split), where).scores
    assert {key: found[key] for key in expected} == expected


def test_fewer_labels_leave_out_faces_and_share_the_probability_among_themselves(where):
    model, dataset, _ = case(where)
    assert [labels.name for labels in label_sets(model)] == ["fer7", "course5"]
    seven = assess(model, dataset, Question("test"), where)
    five = assess(model, dataset, Question("test", labels=COURSE5), where)
    given = dataset.samples["expression"].iloc[seven.rows]
    assert five.rows.tolist() == seven.rows[given.isin(COURSE5.expressions)].tolist()
    columns = [model.labels.index(name) for name in COURSE5.expressions]
    of_them = seven.probabilities[np.isin(seven.rows, five.rows)][:, columns]
    np.testing.assert_allclose(
        five.probabilities, of_them / of_them.sum(axis=1, keepdims=True), rtol=1e-6
    )
    assert five.scores["label_set"] == "course5"


def test_parts_of_a_dataset_are_scored_beside_the_whole(where):
    model, dataset, _ = case(where, "keypoints")
    dataset = Dataset(dataset.folder, dataset.description)
    names = np.where(np.arange(len(dataset)) % 3, "afw", "helen")
    dataset.__dict__["samples"] = dataset.samples.assign(subset=names)
    found = assess(model, dataset, Question("test"), where)
    parts = found.scores["per_subset"]
    assert list(parts) == ["afw", "helen"]
    assert sum(part["n"] for part in parts.values()) == found.scores["n"]
    squares = sum(part["n"] * part["rmse_px"] ** 2 for part in parts.values())
    assert squares == pytest.approx(found.scores["n"] * found.scores["rmse_px"] ** 2)


def test_people_are_counted_where_a_dataset_names_them(where):
    model, dataset, *_ = case(where)
    named = Dataset(dataset.folder, dataset.description)
    people = pd.Series(range(len(dataset))) % 4
    subjects = people.map({0: "ann", 1: "bob", 2: "cid"})  # of every fourth nobody knows who it is
    named.__dict__["samples"] = dataset.samples.assign(subject=subjects)
    scores, plain = (assess(model, d, Question("test"), where).scores for d in (named, dataset))
    unknown = int((subjects.isna() & (dataset.samples["split"] == "test")).sum())
    assert scores["subjects"] == 3 + unknown
    assert sum(one["n"] for one in scores["per_subject"].values()) == scores["n"] == plain["n"]
    assert scores["accuracy"] == plain["accuracy"]
    assert scores["accuracy_ci"] != plain["accuracy_ci"]
    assert "subjects" not in plain


def test_a_split_without_such_a_label_is_refused(where):
    model, dataset, _ = case(where)
    dataset = Dataset(dataset.folder, dataset.description)
    dataset.__dict__["samples"] = dataset.samples.assign(expression="neutral")
    with pytest.raises(ConfigError, match="expected faces of test with one of angry"):
        assess(model, dataset, Question("test", labels=COURSE5), where)


def test_expressions_without_a_face_are_named_and_do_not_lower_the_average(where):
    model, dataset, _ = case(where)
    dataset = Dataset(dataset.folder, dataset.description)
    names = np.where(np.arange(len(dataset)) % 2, "happy", "sad")
    dataset.__dict__["samples"] = dataset.samples.assign(expression=names)
    found = assess(model, dataset, Question("test"), where)
    assert left_out_text(found.scores) == (
        "No face here is labelled angry, disgust, fear, surprise, neutral."
    )
    perfect = replace(found, probabilities=np.eye(7)[found.targets])
    assert perfect.scores["macro_f1"] == 1


def test_tasks_that_do_not_fit_are_refused(where):
    model, dataset = case(where)[0], case(where, "keypoints")[1]
    with pytest.raises(ConfigError, match="is for expression"):
        assess(model, dataset, Question("test"), where)


def with_copies(dataset, tmp_path, copies=4):
    """The dataset with the first ``copies`` test rows being copies of training rows."""
    folder = tmp_path / "data" / "copied"
    shutil.copytree(dataset.folder, folder)
    samples = dataset.samples.copy()
    test, train = dataset.rows("test")[:copies], dataset.rows("train")[:copies]
    samples.loc[test, "digest"] = samples["digest"].to_numpy()[train]
    samples.to_parquet(folder / "samples.parquet", index=False)
    (folder / "dataset.json").write_text(json.dumps({**dataset.description, "digest": "c" * 64}))
    return open_dataset(folder)


def carded(model, dataset, **training):
    data = {"name": dataset.name, "digest": dataset.digest, "splits": dataset.description["splits"]}
    return SavedModel(model.folder, {**model.card, "data": [data], "training": training})


def test_caveats_name_what_was_trained_on(where):
    model, dataset, _ = case(where)
    known = carded(model, dataset)
    assert "trained on this split" in caveats(known, dataset, "train", where.data_dir)[0]
    assert "best epoch" in caveats(known, dataset, "validation", where.data_dir)[0]
    assert caveats(known, dataset, "test", where.data_dir) == []
    silent = SavedModel(model.folder, {**model.card, "data": []})
    assert "does not say" in caveats(silent, dataset, "test", where.data_dir)[0]
    renamed = json.loads(json.dumps(known.card))
    renamed["data"][0]["digest"] = "0" * 64
    other = SavedModel(model.folder, renamed)
    assert "with other content" in caveats(other, dataset, "test", where.data_dir)[0]


def test_copies_of_training_faces_are_counted_and_can_be_left_out(where, tmp_path):
    model, dataset, _ = case(where)
    copied = with_copies(dataset, tmp_path)
    assert stands_in_train(copied).sum() == 4
    (note,) = caveats(carded(model, copied), copied, "test", where.data_dir)
    assert note == "4 of the 14 faces have an exact copy in the training split."
    known = carded(model, copied, drop_duplicates=True)
    (note,) = caveats(known, copied, "test", where.data_dir)
    assert note.endswith("which training left out.")
    whole = assess(model, copied, Question("test"), where)
    fewer = assess(model, copied, Question("test", leave_out_copies=True), where)
    assert len(fewer.rows) == len(whole.rows) - 4
    # The same faces under another name, with the model trained on the original.
    notes = caveats(carded(model, dataset), copied, "test", where.data_dir)
    assert f"4 of these faces stand in {dataset.name}, which the model learnt" in notes[-1]


def test_reframed_faces_are_what_the_detector_would_have_cut():
    frame = np.random.default_rng(0).integers(0, 256, (300, 300), dtype=np.uint8)
    frame = np.repeat(np.repeat(frame[:30, :30], 10, axis=0), 10, axis=1)
    box = [FaceBox((90.0, 80.0, 190.0, 200.0), 1.0)]
    small = crop_faces(frame, box, FRAMINGS["expression"], 96)
    wanted = crop_faces(frame, box, FRAMINGS["keypoints"], 96)
    got = reframe(small.images, 0, "expression", "keypoints", 96)
    assert np.abs(got[0].astype(int) - wanted.images[0]).mean() < 12
    points = np.random.default_rng(1).uniform(20, 70, (1, 15, 2)).astype(np.float32)
    in_frame = wanted.to_frame(points)
    back = points_back(points, 96, "expression", "keypoints", 96)
    np.testing.assert_allclose(small.to_frame(back), in_frame, atol=1.2)


def test_reframing_uses_the_pixels_around_a_crop():
    wide = np.zeros((1, 96 + 64, 96 + 64), np.uint8)
    wide[:, 32:-32, 32:-32] = 200
    shown = reframe(wide, 32, "keypoints", "expression", 48)[0]
    assert shown[24, 24] == 200
    assert shown[24, 0] < 120  # an expression crop is wider: here it shows the border


def test_keypoints_of_expression_faces_are_in_their_own_pixels(where):
    points = open_model(ROOT / "models", "keypoints")
    dataset = case(where)[1]
    said = predictions(points, dataset, where, split="test")
    assert said.keypoints_px.shape == (14, 15, 2)
    assert 0 < said.keypoints_px.mean() < 48
    faces = case(where, "keypoints")[1]
    said = predictions(open_model(ROOT / "models", "expression"), faces, where, split="test")
    assert said.probabilities.shape == (14, 7)


def test_accuracy_by_condition_counts_every_face_once():
    rng = np.random.default_rng(0)
    images, correct = rng.integers(0, 256, (60, 48, 48), dtype=np.uint8), rng.random(60) < 0.5
    points = rng.uniform(0, 48, (60, 15, 2)).astype(np.float32)
    for table in (light_tables(images, correct) | pose_tables(points, correct)).values():
        assert table["faces"].sum() == 60
        assert (table["accuracy"] * table["faces"]).sum() == pytest.approx(correct.sum())
        assert ((table["low"] <= table["accuracy"]) & (table["accuracy"] <= table["high"])).all()
    assert len(by_fifths(np.zeros(9), correct[:9], 0)) == 1
    assert by_edges(np.array([np.nan, 1.0]), correct[:2], (0, 2), ("a",))["faces"].tolist() == [1]


def test_pose_of_a_turned_and_tilted_face():
    points = np.zeros((2, 15, 2), np.float32)
    for name, place in (("left_eye_outer_corner", (70, 30)), ("right_eye_outer_corner", (30, 30)),
                        ("nose_tip", (62, 50))):  # fmt: skip
        points[0, KEYPOINT_NAMES.index(name)] = place
        points[1, KEYPOINT_NAMES.index(name)] = (-place[1], place[0])  # a quarter clockwise
    np.testing.assert_allclose(nose_offset(points), 0.3, atol=1e-6)
    np.testing.assert_allclose(roll_deg(points), (0, 90))
    assert is_turned_away(points[0])


def test_keypoint_tables_agree_with_the_scores():
    rng = np.random.default_rng(0)
    truth = rng.uniform(10, 80, (40, 15, 2))
    truth[rng.random((40, 15)) < 0.2] = np.nan
    predicted = np.nan_to_num(truth, nan=40) + rng.normal(0, 2, truth.shape)
    scores = keypoint_scores(predicted, truth)
    table = point_table(predicted, truth)
    assert table["rmse_px"].tolist() == pytest.approx(list(scores["per_point_rmse_px"].values()))
    nme = normalised_errors(predicted, truth)
    assert np.nanmean(nme) == pytest.approx(scores["nme"])
    shares = cumulative_errors(nme, np.array([0, 0.05, np.inf]))
    assert shares[0] == 0
    assert shares[-1] == 1
    sides = side_table(predicted, truth)
    assert len(sides) == 6
    assert (sides["low_px"] < sides["high_px"]).all()


def test_a_worse_left_side_shows():
    truth = np.random.default_rng(0).uniform(20, 60, (30, 15, 2))
    predicted = truth.copy()
    left = [i for i, name in enumerate(KEYPOINT_NAMES) if "left" in name]
    predicted[:, left] += 3
    table = side_table(predicted, truth)
    assert (table["right_minus_left_px"] < -4).all()
