"""A run with classes of its own begins with our body and a last layer that fits it."""

import numpy as np
import pytest

from emotion_ai.labels import set_of
from emotion_ai.models.store import open_model
from emotion_ai.networks.architectures import build
from emotion_ai.settings import ROOT
from emotion_ai.training.checks import usual_start
from emotion_ai.training.config import TrainingConfig
from emotion_ai.training.examples import Examples
from emotion_ai.training.head import fit_head


@pytest.mark.parametrize("classes", [2, 3])
def test_the_last_layer_learns_and_the_body_stays(classes):
    rng = np.random.default_rng(0)
    kinds = np.arange(60) % classes
    images = rng.integers(0, 40, (60, 48, 48)).astype(np.uint8)
    for i, kind in enumerate(kinds):  # a bright bar: at another height for each class
        images[i, 16 * kind : 16 * kind + 12] += 200
    examples = Examples(images, np.eye(classes, dtype=np.float32)[kinds], np.ones(60, np.float32))
    model = build("expression", classes, "demo")
    body = [w.copy() for layer in model.layers if layer.name != "logits"
            for w in layer.get_weights()]  # fmt: skip
    fit_head(model, examples)
    said = model.predict(images[..., None], verbose=0)
    assert (said.argmax(axis=1) == kinds).mean() > 0.9
    after = [w for layer in model.layers if layer.name != "logits" for w in layer.get_weights()]
    assert all(np.array_equal(a, b) for a, b in zip(body, after, strict=True))


def test_own_classes_start_from_ours_where_it_is_the_same_network(tmp_path):
    first = open_model(ROOT / "models", "expression").card["preset"]
    usual = TrainingConfig.for_task("expression", ("d",), preset=first)
    own = usual.naming(set_of(["bored", "thinking"]))
    assert usual_start(own, ROOT / "models") == "expression"
    assert usual_start(usual, ROOT / "models") is None  # FER2013's classes: as it always was
    demo = TrainingConfig.for_task("expression", ("d",), preset="demo").naming(own.expressions)
    assert usual_start(demo, ROOT / "models") is None
    assert usual_start(own, tmp_path) is None


def test_a_head_for_each_truth_is_fitted_to_its_own_shares():
    """Two heads that are told opposite classes of the same faces, one of them not of all."""
    kinds = np.arange(600) % 2
    images = np.zeros((600, 48, 48), np.uint8)
    images[kinds == 0, :24], images[kinds == 1, 24:] = 220, 220
    shares = np.where(np.eye(2)[kinds] > 0, 0.8, 0.2)
    targets = np.stack([shares, shares[:, ::-1]], axis=1).astype(np.float32)
    targets[:10, 0] = 0
    model = build("expression", 2, "demo", heads=2)
    fit_head(model, Examples(images, targets, np.ones(600, np.float32)))
    said = model.predict(images[..., None], verbose=0)
    expected = np.stack([shares, shares[:, ::-1]], axis=1)
    np.testing.assert_allclose(said, expected, atol=0.07)  # its ridge pulls to even
