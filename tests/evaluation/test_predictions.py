import numpy as np
import pytest

from emotion_ai.evaluation import predictions as module
from emotion_ai.evaluation.predictions import cached_path, predictions
from emotion_ai.models.store import open_model
from emotion_ai.settings import ROOT, Settings


@pytest.fixture
def case(tmp_path, drawn):
    dataset = drawn("expression", 70)
    return open_model(ROOT / "models", "expression"), dataset, Settings(cache_dir=tmp_path)


def test_predictions_are_computed_once(case, monkeypatch):
    first = predictions(*case)
    monkeypatch.setattr(module, "predict_images", lambda *a: pytest.fail("computed again"))
    again = predictions(*case)
    np.testing.assert_array_equal(first.probabilities, again.probabilities)
    assert first.probabilities.shape == (70, 7)
    assert len(first.embedding) == 70


def test_a_cancelled_computation_keeps_nothing(case):
    def cancel(done, total, unit):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predictions(*case, progress=cancel)
    assert not cached_path(*case, "train").exists()


@pytest.mark.parametrize("left", [0, 100])
def test_a_torn_cache_file_is_computed_again(case, left):
    first = predictions(*case)
    path = cached_path(*case, "train")
    path.write_bytes(path.read_bytes()[:left])
    np.testing.assert_array_equal(predictions(*case).probabilities, first.probabilities)


def test_one_split_is_computed_alone_and_serves_the_whole(case, monkeypatch):
    model, dataset, _ = case
    seen = []
    whole = module.predict_images

    def count(network, images, progress=None):
        seen.append(len(images))
        return whole(network, images, progress)

    monkeypatch.setattr(module, "predict_images", count)
    test = predictions(*case, split="test")
    rows = dataset.rows("test")
    assert seen == [len(rows)]
    steps = []
    everything = predictions(*case, lambda done, total, unit: steps.append((done, total)))
    assert sum(seen) == len(dataset)
    assert {total for _, total in steps} == {len(dataset)}
    np.testing.assert_array_equal(everything.probabilities[rows], test.probabilities)
    outputs = whole(model.network(1), dataset.images)
    np.testing.assert_allclose(everything.probabilities, outputs["probabilities"], atol=0.02)
