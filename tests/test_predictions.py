import numpy as np
import pytest

from emotion_ai import predictions as module
from emotion_ai.datasets import synthetic
from emotion_ai.model_store import open_model
from emotion_ai.predictions import cached_path, predictions
from emotion_ai.settings import ROOT, Settings


@pytest.fixture
def case(tmp_path):
    dataset = synthetic.make_dataset(tmp_path / "data", "expression", n=70)
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
    assert not cached_path(*case).exists()


def test_a_torn_cache_file_is_computed_again(case):
    first = predictions(*case)
    path = cached_path(*case)
    path.write_bytes(path.read_bytes()[:100])
    np.testing.assert_array_equal(predictions(*case).probabilities, first.probabilities)
