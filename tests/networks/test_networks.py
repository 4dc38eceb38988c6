"""The networks: what is one entry of a table, what they answer, and networks made from others."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from scipy.special import softmax

from emotion_ai.cli import program
from emotion_ai.datasets.drawn.synthetic import draw_faces
from emotion_ai.errors import ConfigError
from emotion_ai.labels import INPUT_SIZE_PX
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.networks.architectures import build
from emotion_ai.networks.changes import in_float32, transfer, with_heads, with_mirror
from emotion_ai.networks.presets import PRESETS, Part, Preset
from emotion_ai.settings import ROOT
from emotion_ai.training.config import TrainingConfig, recipes
from emotion_ai.training.litert import convert


@pytest.fixture
def tiny(monkeypatch):
    """A network that nobody has heard of: one entry, and nothing else."""
    body = Part("residual", {"stem": 8, "stem_kernel": 3, "stages": ((8, 1),)})
    heads = {"expression": Part("pooled_head", {"dropout": 0.5}), "keypoints": Part("spatial_head")}
    preset = Preset("the least there is", dict.fromkeys(INPUT_SIZE_PX, body), heads)
    monkeypatch.setitem(PRESETS, "tiny", preset)
    return preset


@pytest.mark.parametrize(
    ("task", "shape"), [("expression", (None, 7)), ("keypoints", (None, 15, 2))]
)
def test_one_entry_makes_a_network_that_can_be_built_and_configured(tiny, task, shape):
    model = build(task, 7, "tiny")
    assert (model.name, model.output.shape) == (f"{task}_tiny", shape)
    assert TrainingConfig.for_task(task, ("faces",), preset="tiny").preset == "tiny"


def test_the_command_line_offers_every_entry(tiny, capsys):
    with pytest.raises(SystemExit):
        program.main(["train", "--help"])
    offered = " ".join(capsys.readouterr().out.split())
    assert "tiny: the least there is" in offered
    for name, purpose in recipes().items():
        assert f"{name}: {purpose}" in offered


def test_readme_names_every_network():
    text = (ROOT / "README.md").read_text()
    presets = text[text.index("Presets:") :].partition("\n\n")[0]
    assert [name for name in recipes() if f"`{name}`" not in presets] == []


def test_bodies_of_both_tasks_are_told_alike_or_not(tiny):
    alike = {name: preset.one_body for name, preset in PRESETS.items()}
    assert alike == {
        "residual": False, "deep": False, "course_resnet": True, "cnn4": True, "demo": False,
        "tiny": True,
    }  # fmt: skip


def test_the_table_of_networks_needs_no_keras():
    code = (
        "import sys; from emotion_ai.networks.presets import PRESETS; "
        "from emotion_ai.training import checks; "
        "print(len(PRESETS), 'keras' in sys.modules, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split() == [str(len(PRESETS)), "False", "False"]


@pytest.mark.parametrize("name", ["expression", "keypoints"])
def test_the_shipped_networks_load_and_are_what_their_preset_builds(name):
    """Files written before fit what is built today, layer by layer."""
    saved = keras.models.load_model(ROOT / "models" / name / "model.keras", compile=False)
    task = saved.name.partition("_")[0]
    built = transfer(saved, task, 7, saved.name.partition("_")[2])
    body = [layer for layer in saved.layers if layer.weights][:-1]
    now = [layer for layer in built.layers if layer.weights][:-1]
    assert len(body) == len(now) > 10
    for old, new in zip(body, now, strict=True):
        assert type(old) is type(new)
        for before, after in zip(old.get_weights(), new.get_weights(), strict=True):
            np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("task", "shape"), [("expression", (2, 7)), ("keypoints", (2, 15, 2))])
def test_every_preset_reads_raw_faces(preset, task, shape):
    model = build(task, 7, preset)
    size = INPUT_SIZE_PX[task]
    out = model(np.random.default_rng(0).integers(0, 256, (2, size, size, 1), dtype=np.uint8))
    out = keras.ops.convert_to_numpy(out)
    assert out.shape == shape
    if task == "expression":
        np.testing.assert_allclose(out.sum(axis=1), 1, rtol=1e-5)


def test_a_saved_network_answers_the_same(tmp_path):
    model = build("expression", 7, "demo")
    face = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 1), dtype=np.uint8)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(model.predict(face, verbose=0), again.predict(face, verbose=0))


def test_an_unknown_preset_lists_the_known_ones():
    with pytest.raises(ConfigError, match="residual, deep, course_resnet, cnn4, demo"):
        build("expression", 7, "resnet152")


def test_every_face_is_standardised_by_its_own_grey_values_in_float32():
    rng = np.random.default_rng(0)
    faces = rng.integers(40, 90, (3, 48, 48, 1), dtype=np.uint8)
    faces[1] = 200  # blank: its variance is 0
    faces[2] = faces[0] + 100  # the same face in more light
    expected = [(f - f.mean()) / np.sqrt(f.var() + 100) for f in faces.astype(np.float64)]
    with_bfloat16 = keras.dtype_policies.get("mixed_bfloat16")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(with_bfloat16)
    try:
        model = build("expression", 7, "demo")
    finally:
        keras.config.set_dtype_policy(before)
    found = keras.Model(model.inputs, model.layers[1].output).predict(faces, verbose=0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)
    said = build("expression", 7, "demo").predict(faces, verbose=0)
    np.testing.assert_allclose(said[2], said[0], atol=1e-5)


def test_networks_made_from_one_that_rescales_still_rescale():
    """Its weights mean nothing behind another input stage."""
    old = build("expression", 7, "demo", heads=2, standardise=False)
    faces = draw_faces(5, 48, seed=3).images[..., None]
    again = transfer(old, "expression", 7, "demo", heads=2)
    np.testing.assert_allclose(
        again.predict(faces, verbose=0), old.predict(faces, verbose=0), atol=1e-6
    )
    one, other = (np.log(old.predict(side, verbose=0)) for side in (faces, faces[:, :, ::-1]))
    mirrored = with_mirror(old, "demo").predict(faces, verbose=0)
    np.testing.assert_allclose(mirrored, softmax((one + other) / 2, axis=-1), atol=1e-5)


def test_transfer_takes_the_body_and_leaves_another_head_fresh():
    source = build("expression", 7, "demo")
    five = transfer(source, "expression", 5, "demo")
    stem, head = source.layers[2].get_weights()[0], five.layers[-2].get_weights()[0]
    np.testing.assert_array_equal(five.layers[2].get_weights()[0], stem)
    assert head.shape[1] == 5


@pytest.mark.parametrize(("task", "shape"), [("expression", (7,)), ("keypoints", (15, 2))])
def test_a_network_that_grows_starts_with_the_answers_of_the_smaller(task, shape):
    small = build(task, 7, PRESETS["deep"].grows_from)
    rng = np.random.default_rng(3)
    small.set_weights([w + rng.uniform(-0.1, 0.1, w.shape) for w in small.get_weights()])
    deep = transfer(small, task, 7, "deep")
    assert deep.count_params() > 1.3 * small.count_params()
    faces = draw_faces(5, INPUT_SIZE_PX[task], seed=3).images[..., None]
    before = small.predict(faces, verbose=0)
    assert before.shape[1:] == shape
    assert np.ptp(before, axis=0).max() > 1e-3
    np.testing.assert_allclose(deep.predict(faces, verbose=0), before, rtol=1e-3, atol=1e-5)


def test_heads_are_chosen_and_made_less_sure_each_by_its_own_temperature():
    model = build("expression", 7, "demo", heads=2)
    kernel, _ = model.get_layer("logits").get_weights()
    model.get_layer("logits").set_weights([kernel, np.arange(14.0)])
    faces = np.random.default_rng(0).integers(0, 256, (8, 48, 48, 1), dtype=np.uint8)
    both = model.predict(faces, verbose=0)
    one = with_heads(model, [1]).predict(faces, verbose=0)
    np.testing.assert_allclose(one, both[:, 1], atol=1e-5)
    scaled = with_heads(model, [0, 1], [2.0, 0.5]).predict(faces, verbose=0)
    assert scaled.shape == both.shape
    for head, factor in ((0, 1 / 2), (1, 2)):
        ratio = np.log(both[:, head, 0] / both[:, head, 1])
        found = np.log(scaled[:, head, 0] / scaled[:, head, 1])
        np.testing.assert_allclose(found, ratio * factor, rtol=1e-3)


def test_a_network_with_a_mirror_averages_both_sides(tmp_path):
    faces = draw_faces(5, 48, seed=3).images
    plain = build("expression", 7, "demo", heads=2)
    twin = with_mirror(plain, "demo")
    images = np.ascontiguousarray(faces[..., None])
    one, other = (np.log(plain.predict(side, verbose=0)) for side in (images, images[:, :, ::-1]))
    expected = softmax((one + other) / 2, axis=-1)
    np.testing.assert_allclose(twin.predict(images, verbose=0), expected, atol=1e-5)
    # Whole and on LiteRT, in batches too, and a start for further training.
    single = with_heads(twin, [1])
    content, _ = convert(single, faces, quantise=False)
    found = LiteNetwork(content)(faces)
    np.testing.assert_allclose(found["probabilities"], expected[:, 1], atol=1e-4)
    assert found["embedding"].shape == (5, 64)
    twin.save(tmp_path / "twin.keras")
    kept = in_float32(keras.models.load_model(tmp_path / "twin.keras"))  # as exports do
    np.testing.assert_allclose(kept.predict(images, verbose=0), expected, atol=1e-5)
    again = transfer(twin, "expression", 7, "demo", heads=2)
    np.testing.assert_array_equal(again.get_weights()[0], plain.get_weights()[0])
    assert len(again.get_weights()) == len(plain.get_weights())
