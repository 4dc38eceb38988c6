"""A saved network read without Keras is the network that Keras saved."""

import io
import zipfile

import numpy as np
import pytest

from emotion_ai.errors import ModelError
from emotion_ai.learn import inside
from emotion_ai.networks.presets import PRESETS


@pytest.fixture(scope="module", params=PRESETS)
def saved(request, tmp_path_factory):
    """A network of each preset with uneven statistics, and its file; one reads faces as networks
    used to."""
    import keras

    from emotion_ai.networks.architectures import build

    task = "keypoints" if request.param == "demo" else "expression"
    model = build(task, 7, request.param, standardise=request.param != "cnn4")
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    model.save(path)
    return model, inside.read_layers(path.read_bytes())


def test_layers_have_the_names_shapes_and_numbers_that_keras_saved(saved):
    model, layers = saved
    layers = [layer for layer in layers if layer.kind != "Cast"]  # Keras counts it as none
    assert [layer.name for layer in layers] == [layer.name for layer in model.layers]
    for ours, theirs in zip(layers, model.layers, strict=True):
        assert ours.shape == tuple(theirs.output.shape[1:])
        assert ours.parameters == theirs.count_params()
        for mine, keras_own in zip(ours.weights, theirs.get_weights(), strict=True):
            assert np.array_equal(mine, keras_own)


def test_feature_maps_are_those_of_keras(saved):
    import keras

    model, layers = saved
    size = model.input.shape[1]
    face = np.random.default_rng(1).integers(0, 256, (size, size), dtype=np.uint8)
    relu = next(one for one in model.layers if isinstance(one, keras.layers.Activation))
    expected = np.asarray(keras.Model(model.input, relu.output)(face[None, :, :, None]))[0]
    found = inside.feature_maps(inside.first_convolution(layers), face)
    assert found == pytest.approx(expected.transpose(2, 0, 1), abs=1e-5)


def test_blocks_hold_every_layer_once_and_skips_are_the_additions(saved):
    model, layers = saved
    blocks = inside.blocks(layers)
    assert [layer for block in blocks for layer in block.layers] == layers
    assert sum(block.parameters for block in blocks) == model.count_params()
    additions = sum(layer.kind == "Add" for layer in layers)
    assert sum(block.skips for block in blocks) == additions
    assert all(sum(one.kind == "Add" for one in block.layers) <= 1 for block in blocks)
    assert not blocks[0].skips
    assert not blocks[-1].skips


@pytest.mark.parametrize("content", [b"no zip", b""])
def test_what_is_no_saved_network_is_refused(content):
    with pytest.raises(ModelError, match="cannot be read"):
        inside.read_layers(content)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(ModelError, match="cannot be read"):
        inside.read_layers(stream.getvalue())
