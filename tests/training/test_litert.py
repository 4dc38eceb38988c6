"""A converted network says what the Keras one says, float and integer."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from emotion_ai.datasets.drawn.synthetic import draw_faces
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.networks.architectures import build
from emotion_ai.training.litert import convert


@pytest.fixture(scope="module")
def faces():
    return draw_faces(60, 48, seed=2).images


@pytest.fixture(scope="module")
def integer(faces):
    """A network that is sure of something about every face, and its integer form."""
    model = build("expression", 7, "demo")
    kernel, bias = model.get_layer("logits").get_weights()
    model.get_layer("logits").set_weights([kernel * 8, bias])
    return model, convert(model, faces, quantise=True)[0]


def kinds_of(content: bytes) -> list[tuple[str, str]]:
    """Operator and type of its first result, in order, without what only changes types."""
    network = Interpreter(model_content=content)
    types = {t["index"]: t["dtype"].__name__ for t in network.get_tensor_details()}
    return [
        (operator["op_name"], types[operator["outputs"][0]])
        for operator in network._get_ops_details()
        if operator["op_name"] not in ("CAST", "QUANTIZE", "DEQUANTIZE", "DELEGATE")
    ]


def test_all_between_the_first_convolution_and_the_last_dense_layer_is_integer(integer):
    kinds = kinds_of(integer[1])
    first = 1 + next(i for i, (name, _) in enumerate(kinds) if name == "CONV_2D")
    last = max(i for i, (name, _) in enumerate(kinds) if name == "FULLY_CONNECTED")
    assert {kind for _, kind in kinds[:first] + kinds[last:]} == {"float32"}
    assert {kind for _, kind in kinds[first:last]} == {"int8"}
    assert ("CONV_2D", "int8") in kinds[first:last]


@pytest.mark.parametrize(("contrast", "offset"), [(1.0, 0), (0.15, 10), (0.15, 200)])
def test_integers_follow_a_face_into_dim_and_flat_light(integer, faces, contrast, offset):
    model, content = integer
    changed = (faces * contrast + offset).clip(0, 255).astype(np.uint8)
    expected = model.predict(changed[..., None], verbose=0)
    found = LiteNetwork(content)(changed)["probabilities"]
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert np.abs(found - expected).mean() < 0.02
    assert (found.argmax(1) == expected.argmax(1)).mean() > 0.8


def test_integers_say_in_the_mean_what_floats_do_with_both_heads(faces):
    rng = np.random.default_rng(0)
    model = build("expression", 7, "demo", heads=2)
    kernel, bias = model.get_layer("logits").get_weights()
    model.get_layer("logits").set_weights([kernel * 4, rng.normal(0, 1, bias.shape)])
    content, _ = convert(model, faces, quantise=True)
    expected = np.log(model.predict(faces[..., None], verbose=0))
    found = np.log(LiteNetwork(content, head=None)(faces)["probabilities"])
    assert found.shape == expected.shape == (60, 2, 7)
    apart = found - expected
    apart -= apart.mean(axis=-1, keepdims=True)
    assert 0 < np.abs(apart.mean(axis=0)).max() < 0.05 * np.abs(apart).mean() + 1e-4


@pytest.mark.parametrize("quantise", [False, True])
def test_keypoints_do_not_end_in_a_change_of_shape(quantise):
    """The browser's runtime says zeros of a network that does."""
    model = build("keypoints", 0, "demo")
    crops = draw_faces(8, 96, seed=2).images
    content, _ = convert(model, crops, quantise)
    assert kinds_of(content)[-1] == ("ADD", "float32")
    said = LiteNetwork(content)(crops)["keypoints"]
    np.testing.assert_allclose(said, model.predict(crops[..., None], verbose=0), atol=1.0)


@pytest.mark.parametrize("standardise", [True, False])
@pytest.mark.parametrize("task", ["expression", "keypoints"])
def test_a_float_network_answers_as_keras_does_under_the_same_names(task, standardise):
    model = build(task, 7, "demo", standardise=standardise)
    size = model.input.shape[1]
    some = draw_faces(5, size, seed=4).images
    content, difference = convert(model, some, quantise=False)
    assert difference < 1e-3
    names = {"expression": {"probabilities", "embedding"}, "keypoints": {"keypoints"}}
    assert set(LiteNetwork(content)(some)) == names[task]
