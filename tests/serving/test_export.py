"""Exported versions: complete, numbered, equal to Keras, ready for TensorFlow Serving."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import prediction_log_pb2
from tensorflow_serving.config import model_server_config_pb2

from emotion_ai.access import permissions
from emotion_ai.datasets.drawn.synthetic import draw_faces
from emotion_ai.errors import AccessError, ConfigError, ModelError
from emotion_ai.jobs import background
from emotion_ai.models.store import KERAS, TFLITE, SavedModel, write_model
from emotion_ai.networks.architectures import output
from emotion_ai.networks.blocks import convolution
from emotion_ai.serving import versions
from emotion_ai.serving.export import Parity, check, export, faces_to_compare, parity_text
from emotion_ai.settings import Settings
from emotion_ai.training.litert import convert

SIZES_PX = {"expression": 48, "keypoints": 96}


@pytest.fixture(scope="module", params=SIZES_PX)
def model(request, tmp_path_factory) -> SavedModel:
    """A tiny network with random weights that matter, stored as models are."""
    task, folder = request.param, tmp_path_factory.mktemp("models")
    keras.utils.set_random_seed(1)
    size = SIZES_PX[task]
    given = keras.Input((size, size, 1), dtype="uint8", name="faces")
    x = convolution(keras.layers.Rescaling(1 / 127.5, -1)(given), 8, 5, stride=8)
    x = keras.layers.Flatten(name="embedding")(x)
    network = keras.Model(given, output(task, x, 7, size))
    rng = np.random.default_rng(0)
    last = network.get_layer("logits" if task == "expression" else "offsets")
    last.set_weights([rng.normal(0, 0.1, w.shape) for w in last.get_weights()])
    network.save(folder / "network.keras")
    content, _ = convert(network, draw_faces(4, SIZES_PX[task], seed=2).images, quantise=False)
    labels = {"label_set": "fer7"} if task == "expression" else {}
    card = {"task": task, **labels, "scores": [], "created": "2026-01-01T00:00:00+00:00",
            "parameters": network.count_params()}  # fmt: skip
    files = {KERAS: (folder / "network.keras").read_bytes(), TFLITE: content}
    return write_model(folder / task, card, files)


@pytest.fixture(scope="module")
def faces(model) -> np.ndarray:
    return draw_faces(6, SIZES_PX[model.task], seed=5).images


@pytest.fixture(scope="module")
def exported(model, faces, tmp_path_factory):
    folder = tmp_path_factory.mktemp("serving")
    return folder, export(model, ["savedmodel", "litert"], folder, faces, "drawn faces")


@pytest.fixture(scope="module")
def loaded(exported):
    return tf.saved_model.load(str(exported[1].paths["savedmodel"]))


def said_by_keras(model: SavedModel, faces: np.ndarray) -> np.ndarray:
    return keras.models.load_model(model.folder / KERAS)(faces[..., None]).numpy()


def output_of(model: SavedModel) -> str:
    return "keypoints" if model.task == "keypoints" else "probabilities"


def test_raw_signature_takes_grey_faces_and_names_its_output(model, faces, loaded):
    signature = loaded.signatures["serving_default"]
    size = SIZES_PX[model.task]
    (given,) = signature.structured_input_signature[1].values()
    assert (given.name, given.dtype, given.shape.as_list()) == (
        "faces", tf.uint8, [None, size, size, 1],
    )  # fmt: skip
    outputs = signature(faces=tf.constant(faces[..., None]))
    assert list(outputs) == [output_of(model)]
    values = outputs[output_of(model)].numpy()
    assert np.allclose(values, said_by_keras(model, faces), atol=1e-4)
    assert np.ptp(values, axis=0).max() > 0.01  # it looks at the faces


def test_encoded_signature_reads_png_jpeg_and_other_sizes(model, faces, loaded):
    signature = loaded.signatures["encoded"]
    expected = said_by_keras(model, faces[:4])
    large = tf.image.resize(faces[1][..., None], (192, 192), "nearest").numpy().astype(np.uint8)
    in_colour = np.repeat(faces[2][..., None], 3, axis=2)
    pictures = [
        tf.io.encode_png(faces[0][..., None]).numpy(),
        tf.io.encode_png(large).numpy(),
        tf.io.encode_png(in_colour).numpy(),
        tf.io.encode_jpeg(faces[3][..., None], quality=100).numpy(),
    ]
    values = signature(image_bytes=tf.constant(pictures))[output_of(model)].numpy()
    decoded = tf.io.decode_jpeg(pictures[3]).numpy()[..., 0]
    assert abs(decoded.astype(int) - faces[3]).mean() < 3
    expected[3] = said_by_keras(model, decoded[None])[0]
    assert np.allclose(values, expected, atol=1e-3)


def test_warm_up_requests_are_prediction_logs_that_the_model_answers(model, exported, loaded):
    path = exported[1].paths["savedmodel"] / "assets.extra" / "tf_serving_warmup_requests"
    sizes = []
    for record in tf.data.TFRecordDataset(str(path)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        request = log.predict_log.request
        assert request.model_spec.name == model.name
        inputs = {
            name: tf.constant(tf.make_ndarray(tensor)) for name, tensor in request.inputs.items()
        }
        outputs = loaded.signatures[request.model_spec.signature_name](**inputs)
        sizes.append(len(outputs[output_of(model)]))
    assert sizes == [1, 4, 16, 64, 1]


def test_configs_are_what_the_server_parses(model, exported):
    folder = exported[0]
    config = text_format.Parse(
        (folder / "models.config").read_text(), model_server_config_pb2.ModelServerConfig()
    )
    (one,) = config.model_config_list.config
    assert (one.name, one.base_path) == (model.name, f"/models/{model.name}")
    assert one.model_platform == "tensorflow"
    assert one.model_version_policy.latest.num_versions == 2
    batching = (folder / "batching.config").read_text()
    assert "max_batch_size { value: 64 }" in batching
    # TensorFlow Serving wants the largest allowed size to be the limit.
    allowed = [int(line.split()[1]) for line in batching.splitlines() if "allowed" in line]
    assert allowed == [1, 4, 16, 64]


def test_record_compares_every_format_with_keras(model, faces, exported):
    folder, made = exported
    assert [one["name"] for one in made.record["parity"]] == [
        "LiteRT as stored", "SavedModel, grey values", "SavedModel, PNG", "LiteRT",
    ]  # fmt: skip
    assert all(one["same"] == len(faces) for one in made.record["parity"])
    assert made.record["digest"] == model.card["files"][KERAS]["sha256"]
    (one,) = versions.list_exported(folder)
    record, damage = versions.read_export(versions.parity_path(folder, one.model))
    assert one.record == made.record == record
    assert not damage
    assert f"compared with Keras on {len(faces)} faces" in parity_text(made.record)[0]


def test_litert_file_runs_like_keras(model, faces, exported):
    from emotion_ai.models.runtime import LiteNetwork

    network = LiteNetwork(exported[1].paths["litert"].read_bytes())
    values = network(faces)[output_of(model)]
    assert np.allclose(values, said_by_keras(model, faces), atol=0.01)


def test_onnx_file_runs_like_keras(model, faces, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    made = export(model, ["onnx"], tmp_path, faces, "drawn faces")
    session = onnxruntime.InferenceSession(str(made.paths["onnx"]))
    assert [one.name for one in session.get_inputs()] == ["faces"]
    assert [one.name for one in session.get_outputs()] == [output_of(model)]
    (values,) = session.run(None, {"faces": faces[:2, ..., None]})
    assert np.allclose(values, said_by_keras(model, faces[:2]), atol=0.01)
    assert versions.list_exported(tmp_path) == []


def test_versions_count_up_past_gaps_and_strange_names(tmp_path):
    folder = tmp_path / "expression"
    for name in ("2", "9", "old", ".hidden"):
        (folder / name).mkdir(parents=True)
    for expected in (10, 11):
        staged = tmp_path / "staged"
        staged.mkdir()
        (staged / "saved_model.pb").write_bytes(b"x")
        assert versions.publish(staged, folder) == expected
    assert [one.version for one in versions.list_exported(tmp_path)] == [11, 10]


def test_tuned_batching_file_stays(tmp_path):
    versions.write_configs(tmp_path)
    (tmp_path / "batching.config").write_text("max_batch_size { value: 8 }")
    versions.write_configs(tmp_path)
    assert (tmp_path / "batching.config").read_text() == "max_batch_size { value: 8 }"


def test_network_that_differs_is_not_exported():
    check(Parity("ONNX", "float32", 0.0009, 5), 5, 1)
    check(Parity("ONNX", "float32", 0.09, 5), 5, 96)
    with pytest.raises(ModelError, match="differs from Keras"):
        check(Parity("ONNX", "float32", 0.002, 5), 5, 1)


def test_failed_export_leaves_nothing_behind(model, faces, tmp_path, monkeypatch):
    monkeypatch.setattr("emotion_ai.serving.export.PARITY", -1)
    with pytest.raises(ModelError, match="not exported"):
        export(model, ["savedmodel"], tmp_path, faces, "drawn faces")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert list((tmp_path / model.name).iterdir()) == []


def test_damaged_weights_are_not_exported(model, faces, tmp_path):
    copy = SavedModel(tmp_path / model.name, json.loads(json.dumps(model.card)))
    copy.folder.mkdir()
    (copy.folder / KERAS).write_bytes(b"something else")
    with pytest.raises(ModelError, match="damaged"):
        export(copy, ["savedmodel"], tmp_path / "serving", faces, "drawn faces")


def test_a_model_with_a_lambda_layer_is_refused_in_one_line(model, faces, tmp_path):
    given = keras.Input((SIZES_PX[model.task], SIZES_PX[model.task], 1))
    network = keras.Model(given, keras.layers.Lambda(lambda face: face * 2)(given))
    network.save(tmp_path / KERAS)
    files = {KERAS: (tmp_path / KERAS).read_bytes(), TFLITE: model.verified(TFLITE)}
    odd = write_model(tmp_path / "odd", model.card, files)
    with pytest.raises(
        ModelError, match=r"^model odd: model\.keras: it has a Lambda layer"
    ) as raised:
        export(odd, ["savedmodel"], tmp_path / "serving", faces, "drawn faces")
    assert "\n" not in str(raised.value)


def test_faces_to_compare_are_drawn_where_there_is_no_dataset(model, tmp_path):
    images, source = faces_to_compare(model, Settings(data_dir=tmp_path), n=3)
    assert images.shape == (3, SIZES_PX[model.task], SIZES_PX[model.task])
    assert source == "3 drawn faces"


def test_only_editors_export_from_the_app(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(background, "start", lambda *what: started.append(what))
    where = Settings(cache_dir=tmp_path, serving_dir=tmp_path / "serving")
    versions.start_export(where, "expression", "savedmodel")
    assert started[0][1:] == (
        "emotion_ai.serving.export",
        ["expression", "savedmodel", str(where.serving_dir), str(started[0][0])],
    )
    monkeypatch.setattr(permissions, "_identify", lambda: permissions.NOBODY)
    with pytest.raises(AccessError):
        versions.start_export(where, "expression", "savedmodel")
    assert len(started) == 1


def test_dataset_for_another_task_is_refused(model, tmp_path):
    from emotion_ai.datasets.drawn.synthetic import make_dataset

    other = {"expression": "keypoints", "keypoints": "expression"}[model.task]
    make_dataset(tmp_path, other, 35, 0)
    with pytest.raises(ConfigError, match="has none"):
        faces_to_compare(model, Settings(data_dir=tmp_path), f"synthetic_{other}")
