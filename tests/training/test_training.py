"""Networks, training, conversion and the model store on synthetic faces."""

import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest

from emotion_ai.datasets.marks import Mark, set_marks
from emotion_ai.datasets.store import SAMPLES, Dataset, open_dataset
from emotion_ai.errors import ConfigError, ModelError, RunError
from emotion_ai.evaluation.scores import keypoint_scores
from emotion_ai.labels import FER7, FERPLUS_EXPRESSIONS, VOTE_COLUMNS
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.models.store import list_models, open_model
from emotion_ai.networks.architectures import build
from emotion_ai.training import habits, loop, runs
from emotion_ai.training.batches import Batches
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.conversion import (
    calibration_faces,
    centre_keypoints,
    store_checkpoint,
)
from emotion_ai.training.examples import prepare, split_rows
from emotion_ai.training.litert import convert
from emotion_ai.training.losses import masked_wing_loss, with_mask
from emotion_ai.training.provenance import keep_data
from emotion_ai.training.score import score_run


@pytest.fixture(scope="module")
def faces(drawn):
    return drawn("expression", 900, seed=3)


@pytest.fixture(scope="module")
def few(drawn):
    return drawn("expression", 140, seed=5)


@pytest.fixture(scope="module")
def pointed(drawn):
    return drawn("keypoints", 300, seed=4)


#: Little augmentation, no averaging: what a few seconds of training on drawn faces can use.
GENTLE = {
    "preset": "demo", "epochs": 2, "batch_size": 16, "precision": "float32", "ema": 0.0,
    "learning_rate": 3e-3, "label_smoothing": 0.0, "rotation_deg": 3.0, "zoom": 0.03,
    "shift": 0.02, "erase": 0.0, "brightness": 10.0, "contrast": 0.1, "noise": 0.0,
}  # fmt: skip


def config(dataset, **changes):
    return TrainingConfig.for_task(dataset.task, (dataset.name,), **(GENTLE | changes))


@pytest.fixture(scope="module")
def trained(faces, tmp_path_factory):
    """A short training that the tests below look at."""
    asked = config(faces, epochs=8)
    folder = runs.create_run(tmp_path_factory.mktemp("runs"), asked.as_dict())
    return folder, loop.train(folder, [faces])


def test_masked_wing_loss_ignores_missing_points_and_is_right_by_hand():
    target = np.full((1, 15, 2), np.nan, np.float32)
    target[0, 0] = (10, 10)
    predicted = np.full((1, 15, 2), 50, np.float32)
    predicted[0, 0] = (11, 30)
    near = 5 * np.log(2)
    far = 20 + 5 - 5 * np.log(6)
    loss = keras.ops.convert_to_numpy(masked_wing_loss(with_mask(target), predicted))
    assert loss[0] == pytest.approx((near + far) / 2, rel=1e-5)


def test_a_short_training_learns_well_above_chance(trained):
    _, best = trained
    assert best["validation_accuracy"] > 0.45  # chance is 1/7


def test_keypoints_are_learned(pointed, tmp_path):
    folder = runs.create_run(tmp_path, config(pointed, epochs=8, batch_size=8).as_dict())
    best = loop.train(folder, [pointed])
    guess = pointed.keypoints_px.mean(axis=0)  # the best answer without looking at a face
    blind = keypoint_scores(np.broadcast_to(guess, (len(pointed), 15, 2)), pointed.keypoints_px)
    assert best["validation_rmse_px"] < 1.5 * blind["rmse_px"]
    metrics = runs.read_run(folder).metrics
    assert best["validation_rmse_px"] < metrics[0]["validation_rmse_px"] / 2


def test_a_finished_run_says_what_happened(trained):
    run = runs.read_run(trained[0])
    assert run.state == "finished"
    assert [record["epoch"] for record in run.metrics] == list(range(1, 9))
    assert (run.folder / runs.BEST).exists()


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(few, tiny, tmp_path):
    asked = config(few, preset=tiny, epochs=3, ema=0.9, erase=0.5).as_dict()
    whole, broken = runs.create_run(tmp_path, asked), runs.create_run(tmp_path, asked)
    loop.train(whole, [few])

    def pull_the_plug(record, epochs):
        if record["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(broken, [few], on_epoch=pull_the_plug)
    assert runs.read_run(broken).state == "cancelled"
    loop.train(broken, [few], resume=True)
    expected, got = (runs.read_run(folder).metrics for folder in (whole, broken))
    assert [record["epoch"] for record in got] == [1, 2, 3]
    assert got[-1]["validation_loss"] == pytest.approx(expected[-1]["validation_loss"], rel=1e-4)
    assert got[-1]["loss"] == pytest.approx(expected[-1]["loss"], rel=1e-4)


def test_keypoints_that_go_on_from_a_model_lose_their_habits_once(
    pointed, tiny, tmp_path, monkeypatch
):
    """Each subset is a source; a resumed run learns what it began with."""
    monkeypatch.setattr(habits, "FEWEST_FACES", 50)
    folder = shutil.copytree(pointed.folder, tmp_path / pointed.name)
    subset = np.where(pointed.samples.index % 2, "left", "right")
    pointed.samples.assign(subset=subset).to_parquet(folder / SAMPLES)
    pointed = open_dataset(folder)
    init = build("keypoints", 0, tiny)
    asked = config(pointed, preset=tiny, epochs=2)
    folder = runs.create_run(tmp_path, asked.as_dict())

    def pull_the_plug(record, epochs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(folder, [pointed], init=init, on_epoch=pull_the_plug)
    with np.load(folder / runs.HABITS) as kept:
        learned = kept["targets_px"]
    train_set, _ = prepare([pointed], asked, FER7)
    sources = [f"{pointed.name}/{name}" for name in ("left", "right")]
    assert set(train_set.sources) == set(sources)
    first, second = (learned[train_set.sources == source].mean(axis=0) for source in sources)
    np.testing.assert_allclose(first, second, atol=1e-3)  # where the network has them
    loop.train(folder, [pointed], init=build("expression", 7, tiny), resume=True)
    with np.load(folder / runs.HABITS) as kept:
        np.testing.assert_array_equal(kept["targets_px"], learned)


def test_a_run_begun_before_habits_were_taken_out_goes_on_with_its_labels(pointed, tiny, tmp_path):
    asked = config(pointed, preset=tiny, epochs=2)
    folder = runs.create_run(tmp_path, asked.as_dict())

    def pull_the_plug(record, epochs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(folder, [pointed], on_epoch=pull_the_plug)
    loop.train(folder, [pointed], init=build("keypoints", 0, tiny), resume=True)
    assert not (folder / runs.HABITS).exists()


def test_a_failing_run_says_why(faces, tmp_path):
    folder = runs.create_run(tmp_path, config(faces, preset="nonsense").as_dict())
    with pytest.raises(ConfigError):
        loop.train(folder, [faces])
    run = runs.read_run(folder)
    assert run.state == "failed"
    assert "nonsense" in run.status["message"]


def test_validation_faces_are_not_trained_on(faces):
    train, validation, _ = split_rows(faces, config(faces))
    assert set(faces.samples["split"].iloc[train]) == {"train"}
    assert set(faces.samples["split"].iloc[validation]) == {"validation"}


def test_calibration_faces_are_neither_trained_on_nor_validated_on(faces):
    asked = config(faces, calibration_faces=100)
    train, validation, calibration = split_rows(faces, asked)
    assert 80 <= len(calibration) <= 120
    assert not set(calibration) & (set(train) | set(validation))
    assert set(faces.samples["split"].iloc[calibration]) == {"train"}
    with pytest.raises(ConfigError, match="less than half"):
        split_rows(faces, config(faces, calibration_faces=600))


def test_rows_take_part_in_as_many_epochs_as_their_weight_says(pointed):
    asked = config(pointed, batch_size=10)
    examples, _ = prepare([pointed], asked, FER7)
    weights = np.where(np.arange(len(examples)) % 2, 0.25, 1).astype(np.float32)
    batches = Batches(replace(examples, weights=weights), asked)
    times = np.zeros(len(examples))
    for _ in range(200):
        times[batches._order] += 1
        assert len(batches._order) >= len(batches) * 10
        batches.on_epoch_end()
    assert (times[::2] == 200).all()
    assert times[1::2].mean() == pytest.approx(50, abs=1)
    assert times[1::2].max() < 90


def test_two_heads_learn_two_truths_and_are_stored_one_by_one_or_together(faces, tmp_path):
    votes = np.zeros((len(faces), 10), np.uint8)
    neutral, happy = (FERPLUS_EXPRESSIONS.index(name) for name in ("neutral", "happy"))
    votes[:, neutral], votes[:, happy] = 9, 1  # a crowd that calls everything neutral
    asked = config(faces, labels="both", epochs=4, calibration_faces=60)
    folder = runs.create_run(tmp_path / "runs", asked.as_dict())
    voted = Dataset(faces.folder, faces.description)
    voted.__dict__["samples"] = faces.samples.assign(
        **dict(zip(VOTE_COLUMNS, votes.T, strict=True))
    )
    record = loop.train(folder, [voted])
    assert record["validation_crowd_accuracy"] > 0.95
    crowd = store_checkpoint(folder, [voted], tmp_path / "crowd", quantise=False)
    given = store_checkpoint(folder, [voted], tmp_path / "given", quantise=False, head="given")
    assert (crowd.card["truth"], given.card["truth"]) == ("crowd", "given")
    said = [m.network()(faces.images[:200])["probabilities"].argmax(1) for m in (crowd, given)]
    names = [{FER7.expressions[i] for i in one} for one in said]
    assert names[0] == {"neutral"}
    assert len(names[1]) > 2
    assert [s["label_set"] for s in given.card["scores"][:3]] == ["fer7", "fer7", "course5"]

    both = store_checkpoint(folder, [voted], tmp_path / "either", quantise=False, head="both")
    assert (both.heads, both.truth, both.name) == (("crowd", "given"), "crowd", "either")
    other = open_model(tmp_path, "either@given")
    assert (other.truth, other.name) == ("given", "either@given")
    assert other.digest != both.digest
    for whole, alone in ((both, crowd), (other, given)):
        found, expected = (m.network()(faces.images[:50])["probabilities"] for m in (whole, alone))
        np.testing.assert_allclose(found, expected, atol=1e-4)
        measured = [{k: s[k] for k in ("split", "labels_from", "accuracy")} for s in whole.scores]
        assert measured == [{k: s[k] for k in measured[0]} for s in alone.scores]
    assert len(both.card["temperature"]) == 2
    with pytest.raises(ModelError, match="has no head 'mine': expected crowd, given"):
        open_model(tmp_path, "either@mine")


def test_another_seed_holds_out_the_same_faces_and_another_split_seed_others(faces):
    rows = {
        (seed, split_seed): split_rows(
            faces, config(faces, seed=seed, split_seed=split_seed, calibration_faces=60)
        )
        for seed, split_seed in ((0, 0), (1, 0), (0, 1))
    }
    for again, other, first in zip(rows[1, 0], rows[0, 1], rows[0, 0], strict=True):
        np.testing.assert_array_equal(again, first)
        assert set(other) != set(first) or first is rows[0, 0][1]  # validation is the dataset's


def test_gradients_are_clipped_to_the_norm_that_is_asked_for(faces):
    for clip_norm, expected in ((0.0, None), (1.5, 1.5)):
        model = build("expression", 7, "demo")
        loop.compile_model(model, config(faces, clip_norm=clip_norm), steps=1)
        assert model.optimizer.global_clipnorm == expected


def test_calibration_sets_faces_aside_that_marked_training_does_not_learn(tmp_path, drawn):
    dataset = drawn("expression", 140, into=tmp_path)
    set_marks(dataset, dataset.rows("train")[:1], Mark("drop"))
    asked = config(dataset, calibration_faces=30, honour_marks=True)
    learned, _ = prepare([dataset], asked, FER7)
    aside, _ = calibration_faces([dataset], asked, "given")
    assert len(aside) + len(learned) == len(dataset.rows("train")) - 1
    known = {image.tobytes() for image in learned.images}
    assert not any(image.tobytes() in known for image in aside)


def test_a_run_is_not_scored_on_data_that_changed_since(few, tmp_path):
    folder = runs.create_run(tmp_path, config(few).as_dict())
    keep_data(folder, [few], config(few), 1)
    (folder / runs.LAST).touch()
    changed = Dataset(few.folder, {**few.description, "digest": "another"})
    with pytest.raises(RunError, match="changed since run"):
        score_run(folder, [changed])


def test_datasets_of_another_task_are_explained(pointed, faces):
    with pytest.raises(ConfigError, match="expected one for expression"):
        prepare([pointed], config(faces), FER7)


def test_crowd_labels_without_votes_are_explained(faces):
    with pytest.raises(ConfigError, match="no votes"):
        prepare([faces], config(faces, labels="crowd"), FER7)


def test_a_float_network_on_litert_answers_as_keras_does(faces):
    model = build("expression", 7, "demo")
    some = np.asarray(faces.images[:40])
    content, difference = convert(model, some, quantise=False)
    assert difference < 1e-3
    network = LiteNetwork(content)
    together, alone = network(some), network(some[7:8])
    np.testing.assert_allclose(together["probabilities"][7], alone["probabilities"][0], atol=1e-5)
    assert together["embedding"].shape == (40, 64)


def test_a_promoted_model_keeps_the_accuracy_of_its_run(trained, faces, tmp_path):
    folder, best = trained
    model = store_checkpoint(folder, [faces], tmp_path / "models" / "mine")
    assert [saved.name for saved in list_models(tmp_path / "models")] == ["mine"]
    validation = next(s for s in model.card["scores"] if s["split"] == "validation")
    assert validation["accuracy"] == pytest.approx(best["validation_accuracy"], abs=0.06)
    assert {s["split"] for s in model.card["scores"]} == {"validation", "test"}
    test = next(s for s in model.card["scores"] if s["split"] == "test")
    assert test["n"] == len(faces.rows("test"))

    weights = model.folder / "model.tflite"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="wrong checksum"):
        open_model(tmp_path / "models", "mine").network()


def test_a_run_without_a_finished_epoch_cannot_be_promoted(faces, tmp_path):
    folder = runs.create_run(tmp_path, config(faces).as_dict())
    with pytest.raises(RunError, match="no finished epoch"):
        store_checkpoint(folder, [faces], tmp_path / "m")


def test_centring_takes_the_mean_error_of_every_keypoint_out(pointed):
    asked = config(pointed)
    examples, _ = prepare([pointed], asked, FER7)
    model = build("keypoints", 0, "demo")
    centre_keypoints(model, examples.images, examples)
    error = model.predict(examples.images[..., None], verbose=0) - examples.targets
    np.testing.assert_allclose(error.mean(axis=0), 0, atol=1e-2)
