"""Networks from files: what cannot be opened is one line, and no code in a file is run."""

import keras
import pytest

from emotion_ai.errors import ModelError
from emotion_ai.networks.files import load_network


def double(faces):
    return 2 * faces


class Odd(keras.layers.Layer):
    def call(self, faces):
        return faces


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.keras"


def save(path, layer) -> None:
    faces = keras.Input((4,))
    keras.Model(faces, layer(faces)).save(path)


def refusal(path) -> str:
    with pytest.raises(ModelError) as raised:
        load_network(path, "model odd")
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("code", [lambda faces: faces * 2, double])
def test_a_lambda_layer_is_named(path, code):
    save(path, keras.layers.Lambda(code))
    assert refusal(path).startswith("model odd: model.keras: it has a Lambda layer")


def test_another_unknown_layer_and_a_torn_file_are_one_line(path):
    save(path, Odd())
    assert refusal(path) == "model odd: model.keras: Keras cannot open it (TypeError)"
    path.write_bytes(path.read_bytes()[:500])
    assert refusal(path) == "model odd: model.keras: Keras cannot open it (ValueError)"
    path.unlink()
    assert "model odd: model.keras" in refusal(path)


def test_a_network_comes_back_as_it_was(path):
    save(path, keras.layers.Dense(3))
    assert load_network(path, "model odd").output.shape == (None, 3)
