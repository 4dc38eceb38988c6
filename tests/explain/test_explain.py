"""Why the model says what it says: each method on a network whose reasons are known."""

import numpy as np
import psutil
import pytest

from emotion_ai.datasets.drawn.synthetic import draw_faces
from emotion_ai.errors import ModelError
from emotion_ai.explain import gradcam
from emotion_ai.explain.gradcam import gradcam_map
from emotion_ai.explain.occlusion import nearest, occlusion_map, stability
from emotion_ai.explain.pooled import pooled_map
from emotion_ai.models.store import KERAS, TFLITE, open_model, write_model
from emotion_ai.settings import ROOT


def by_eye(faces):
    """Answers by the brightness of one corner alone: sure where it is white."""
    share = faces[:, :12, 36:].mean(axis=(1, 2)) / 255
    return {"probabilities": np.stack([share, 1 - share], axis=1).astype(np.float32)}


@pytest.fixture
def lit_corner():
    face = np.zeros((48, 48), np.uint8)
    face[:12, 36:] = 255
    return face


def test_occlusion_finds_the_only_place_that_matters(lit_corner):
    heat = occlusion_map(by_eye, lit_corner, 0)
    assert heat.shape == (48, 48)
    assert heat[:12, 38:].min() > 0.2
    assert np.abs(heat[24:, :24]).max() == 0
    assert occlusion_map(by_eye, lit_corner, 1)[2, 44] < -0.2


def test_stability_changes_one_thing_at_a_time(lit_corner):
    results = {result.name: result for result in stability(by_eye, lit_corner)}
    assert set(results) == {"brightness", "blur", "rotation", "mirror"}
    for result in results.values():
        same = abs(result.steps).argmin()
        np.testing.assert_array_equal(result.images[same], lit_corner)
        assert result.probabilities[same, 0] == 1
        assert len(result.images) == len(result.steps) == len(result.probabilities)
    assert results["mirror"].probabilities[1, 0] == 0
    assert results["rotation"].probabilities[0, 0] < 0.7
    assert results["brightness"].probabilities[0, 0] < 1


def test_nearest_are_the_most_alike_first():
    others = np.array([[1.0, 0], [0, 1], [1, 1], [-1, 0], [5, 0.1]])
    rows, similarity = nearest(np.array([2.0, 0]), others, 3)
    assert rows.tolist() == [0, 4, 2]
    assert similarity == pytest.approx([1, 5 / np.hypot(5, 0.1), np.sqrt(0.5)])
    assert len(nearest(np.array([1.0, 0]), others, 99)[0]) == 5


@pytest.fixture
def model():
    return open_model(ROOT / "models", "expression")


@pytest.fixture
def face():
    return draw_faces(1, 48, seed=1).images[0]


@pytest.fixture
def by_process(monkeypatch):
    """As for networks whose gradients have to be computed."""
    monkeypatch.setattr(gradcam, "pooled_map", lambda *a: None)


def test_the_map_without_gradients_is_the_one_with_them(face, model, tmp_path, monkeypatch):
    """A network in float32; it sees the mirrored face too."""
    from emotion_ai.networks.changes import with_mirror
    from emotion_ai.networks.files import load_network
    from emotion_ai.training.litert import convert

    network = load_network(model.folder / KERAS, "the shipped one")
    network = with_mirror(network, model.card["preset"])
    network.save(tmp_path / KERAS)
    content, _ = convert(network, face[None], quantise=False)
    files = {KERAS: (tmp_path / KERAS).read_bytes(), TFLITE: content}
    model = write_model(tmp_path / "mirrored", {**model.card, "mirror": True}, files)
    heat = gradcam_map(model, face, 3)
    monkeypatch.setattr(gradcam, "pooled_map", lambda *a: None)
    np.testing.assert_allclose(heat, gradcam_map(model, face, 3), atol=1e-4)


def test_the_map_of_a_network_in_8_bits_is_nearly_that_of_its_float_original(
    model, face, monkeypatch
):
    said = int(model.network()(face[None])["probabilities"].argmax())
    heat = gradcam_map(model, face, said)
    assert heat.shape == (48, 48)
    assert heat.min() >= 0
    assert heat.max() == pytest.approx(1, abs=0.05)
    monkeypatch.setattr(gradcam, "pooled_map", lambda *a: None)
    exact = gradcam_map(model, face, said)
    assert np.corrcoef(heat.ravel(), exact.ravel())[0, 1] > 0.9


def test_no_process_is_started_where_none_is_needed(model, face, monkeypatch):
    monkeypatch.setattr(gradcam, "_run", lambda *a: pytest.fail("started"))
    gradcam_map(model, face, 3)


def test_a_network_that_ends_otherwise_is_left_to_the_process(face):
    keypoints = open_model(ROOT / "models", "keypoints")
    assert pooled_map(keypoints.verified(TFLITE), np.resize(face, (96, 96)), 0) is None


def test_gradcam_that_takes_too_long_is_stopped(model, face, by_process):
    with pytest.raises(ModelError, match="longer than"):
        gradcam_map(model, face, 3, time_out_s=0.05)


def test_gradcam_that_is_cancelled_leaves_no_process(model, face, by_process):
    def cancel(waited_s):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gradcam_map(model, face, 3, waiting=cancel)
    assert not [
        child
        for child in psutil.Process().children()
        # Other tests' jobs may just have ended.
        if child.status() != psutil.STATUS_ZOMBIE
        and "emotion_ai.explain.gradients" in child.cmdline()
    ]


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (1, b"Traceback\nValueError: no layer", "could not be computed: ValueError: no layer"),
        (-9, b"", "ended with code -9"),
    ],
)
def test_gradcam_that_fails_says_so_in_a_line(
    model, face, monkeypatch, by_process, code, said, expected
):
    monkeypatch.setattr(gradcam, "_run", lambda *a: (code, b"", said))
    with pytest.raises(ModelError, match=expected):
        gradcam_map(model, face, 3)
