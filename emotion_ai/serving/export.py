"""Saved models as SavedModel, LiteRT or ONNX, compared with Keras on real faces.

Imports TensorFlow: runs in a process of its own, ``emotion-ai export`` or, started by
the dashboard, ``python -m emotion_ai.serving.export MODEL FORMAT FOLDER STATUS.json``.
"""

import shutil
import signal
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from emotion_ai.datasets import load_any
from emotion_ai.datasets.drawn.synthetic import draw_faces
from emotion_ai.datasets.store import list_datasets
from emotion_ai.errors import ConfigError, EmotionAIError, ModelError
from emotion_ai.jobs.background import finish, report
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.models.store import KERAS, SavedModel, open_model
from emotion_ai.networks.changes import in_float32, with_heads
from emotion_ai.networks.files import load_network
from emotion_ai.optional import installing
from emotion_ai.progress import Progress
from emotion_ai.serving import versions, wire
from emotion_ai.settings import Settings, settings
from emotion_ai.storage.files import sibling_folder, write_bytes, write_json
from emotion_ai.training.litert import PARITY, convert

PARITY_FACES = 500


@dataclass(frozen=True)
class Parity:
    """How far a network's output is from Keras' on the same faces.

    ``largest`` difference of a probability, or of a coordinate in pixels of the crop; ``same``:
    faces with the same first choice, or with every point within half a pixel.
    """

    name: str
    precision: str
    largest: float
    same: int


@dataclass(frozen=True)
class Export:
    """``paths``: what was written, by format; ``record``: of which model, and the comparison."""

    paths: dict[str, Path]
    record: dict


def export(
    model: SavedModel,
    formats: list[str],
    folder: Path,
    faces: np.ndarray,
    source: str,
    progress: Progress = lambda done, total, unit: None,
) -> Export:
    """Write ``model`` in ``formats`` below ``folder``; all or nothing, checked before it appears.

    ``faces``: uint8 (N, S, S), from ``source``; every format, and the stored int8 LiteRT network,
    reads them and is compared with Keras. ModelError when a float32 format differs by more than
    rounding.
    """
    steps = len(formats) + 2
    model.verified(KERAS)
    network = in_float32(load_network(model.folder / KERAS, f"model {model.name}"))
    if len(model.heads) > 1:
        network = with_heads(network, [model.heads.index(model.truth)])
    output = "keypoints" if len(network.output.shape) == 3 else "probabilities"
    progress(1, steps, "steps")
    expected = network.predict(faces[..., None], batch_size=64, verbose=0)
    folder = Path(folder)
    staged = sibling_folder(folder / model.name / "version")
    try:
        parity = [compare("LiteRT as stored", "int8" if model.card.get("quantised") else "float32",
                          model.network()(faces)[output], expected)]  # fmt: skip
        files = {}
        for done, kind in enumerate(formats, 2):
            if kind == "savedmodel":
                write_saved_model(network, output, staged / "new")
                write_warm_up(staged / "new", model.name, faces)
                parity += check_saved_model(staged / "new", output, faces, expected)
            else:
                files[kind] = staged / f"{model.name}{versions.SUFFIXES[kind]}"
                read = write_lite if kind == "litert" else write_onnx
                values = read(network, output, faces, files[kind])
                name = {"litert": "LiteRT", "onnx": "ONNX"}[kind]
                parity.append(compare(name, "float32", values, expected))
            progress(done, steps, "steps")
        for one in parity[1:]:
            check(one, len(faces), faces.shape[1] if output == "keypoints" else 1)
        record = {
            "model": model.name,
            "task": model.task,
            **({"labels": list(model.labels.expressions)} if model.task == "expression" else {}),
            "digest": model.card["files"][KERAS]["sha256"],
            "trained": model.card["created"],
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "faces": len(faces),
            "source": source,
            "parity": [asdict(one) for one in parity],
        }
        return Export(_publish(staged, files, folder, model.name, record), record)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _publish(
    staged: Path, files: dict[str, Path], folder: Path, name: str, record: dict
) -> dict[str, Path]:
    paths = {}
    if (staged / "new").exists():
        write_json(staged / "new" / versions.EXTRA / versions.RECORD, record)
        version = versions.publish(staged / "new", folder / name)
        paths["savedmodel"] = folder / name / str(version)
        versions.write_configs(folder)
    for kind, path in files.items():
        paths[kind] = folder / path.name
        write_bytes(paths[kind], path.read_bytes())
    write_json(versions.parity_path(folder, name), record)
    return paths


def compare(name: str, precision: str, values: np.ndarray, expected: np.ndarray) -> Parity:
    """``values`` of another network beside Keras', both float (N, …)."""
    difference = np.abs(values - expected)
    if expected.ndim == 2:
        same = values.argmax(axis=1) == expected.argmax(axis=1)
    else:
        same = difference.max(axis=(1, 2)) < 0.5
    return Parity(name, precision, float(difference.max()), int(same.sum()))


def check(parity: Parity, n: int, scale: float) -> None:
    """ModelError when a float32 network differs by more than rounding."""
    if parity.largest > PARITY * scale:
        raise ModelError(
            f"{parity.name} differs from Keras by {parity.largest:.2g} on {n} faces: not exported"
        )


def write_saved_model(network: keras.Model, output: str, folder: Path) -> None:
    """A SavedModel with two signatures: grey values (N, S, S, 1), and encoded JPEG or PNG.

    Pictures are decoded to grey and, where they have another size, scaled to S × S.
    """
    size = network.inputs[0].shape[1]

    def read(faces):
        return {output: network(faces, training=False)}

    def decode(picture):
        grey = tf.io.decode_image(picture, channels=1, expand_animations=False)
        grey = tf.image.resize(tf.ensure_shape(grey, (None, None, 1)), (size, size), "area")
        return tf.cast(tf.round(grey), tf.uint8)

    def read_encoded(image_bytes):
        spec = tf.TensorSpec((size, size, 1), tf.uint8)
        return read(tf.map_fn(decode, image_bytes, fn_output_signature=spec))

    raw = tf.TensorSpec((None, size, size, 1), tf.uint8, name=wire.RAW_INPUT)
    encoded = tf.TensorSpec((None,), tf.string, name=wire.ENCODED_INPUT)
    module = tf.Module()
    # Keras' own ExportArchive writes every weight twice.
    module.weights = [variable.value for variable in network.variables]
    signatures = {
        wire.RAW: tf.function(read, input_signature=[raw]).get_concrete_function(),
        wire.ENCODED: tf.function(read_encoded, input_signature=[encoded]).get_concrete_function(),
    }
    tf.saved_model.save(module, str(folder), signatures=signatures)


def write_warm_up(folder: Path, name: str, faces: np.ndarray) -> None:
    """Requests that the server answers to itself while loading, so that nobody waits for what is
    set up at the first call: every batch size by grey values, one face as a picture."""
    try:
        from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
    except ImportError:
        raise ConfigError(
            "a SavedModel needs tensorflow-serving-api for its warm-up requests: "
            + installing("train")
        ) from None

    def log(signature: str, **inputs: tf.Tensor) -> bytes:
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = name, signature
        for key, value in inputs.items():
            request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
        predicted = prediction_log_pb2.PredictLog(request=request)
        return prediction_log_pb2.PredictionLog(predict_log=predicted).SerializeToString()

    path = folder / versions.EXTRA / versions.WARM_UP
    path.parent.mkdir()
    picture = tf.io.encode_png(faces[0][..., None]).numpy()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for size in versions.BATCH_SIZES:
            some = np.resize(faces, (size, *faces.shape[1:]))
            writer.write(log(wire.RAW, **{wire.RAW_INPUT: some[..., None]}))
        writer.write(log(wire.ENCODED, **{wire.ENCODED_INPUT: [picture]}))


def check_saved_model(
    folder: Path, output: str, faces: np.ndarray, expected: np.ndarray
) -> list[Parity]:
    """Both signatures, read back from disk, beside Keras."""
    signatures = tf.saved_model.load(str(folder)).signatures
    pictures = [tf.io.encode_png(face[..., None]).numpy() for face in faces]
    inputs = {
        "SavedModel, grey values": (wire.RAW, {wire.RAW_INPUT: tf.constant(faces[..., None])}),
        "SavedModel, PNG": (wire.ENCODED, {wire.ENCODED_INPUT: tf.constant(pictures)}),
    }
    return [
        compare(name, "float32", signatures[signature](**given)[output].numpy(), expected)
        for name, (signature, given) in inputs.items()
    ]


def write_lite(network: keras.Model, output: str, faces: np.ndarray, path: Path) -> np.ndarray:
    """A float32 LiteRT network; what it says of ``faces``."""
    content, _ = convert(network, faces[:8], quantise=False)
    path.write_bytes(content)
    return LiteNetwork(content)(faces)[output]


def write_onnx(network: keras.Model, output: str, faces: np.ndarray, path: Path) -> np.ndarray:
    """A float32 ONNX network; what ONNX Runtime says of ``faces``."""
    try:
        import onnxruntime
        import tf2onnx  # noqa: F401
    except ImportError:
        raise ConfigError(f"ONNX needs tf2onnx and onnxruntime: {installing('onnx')}") from None
    size = faces.shape[1]
    signature = [tf.TensorSpec((None, size, size, 1), tf.uint8, name=wire.RAW_INPUT)]
    whole = keras.Model(network.inputs, {output: network.output})
    whole.export(path, format="onnx", input_signature=signature, verbose=False)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run([output], {wire.RAW_INPUT: faces[..., None]})[0]


def faces_to_compare(
    model: SavedModel, where: Settings, data: str | None = None, n: int = PARITY_FACES
) -> tuple[np.ndarray, str]:
    """``n`` faces spread over a dataset, and what they are.

    Without ``data``: of the first dataset for the task and size, or drawn ones without any.
    """
    size = model.network(1).size_px
    if data:
        sets = [load_any(data, *where.data_dirs)]
        if sets[0].task != model.task or sets[0].images.shape[1] != size:
            raise ConfigError(
                f"{model.name} reads {model.task} faces of {size} px: {data} has none"
            )
    else:
        sets = [one for one in list_datasets(where.data_dir) if one.task == model.task]
        sets = [one for one in sets if one.images.shape[1] == size]
    if not sets:
        return draw_faces(n, size, seed=0).images, f"{n} drawn faces"
    held_out = [split for split in ("test", "validation") if split in sets[0].description["splits"]]
    rows = sets[0].rows(held_out[0] if held_out else None)
    rows = rows[np.linspace(0, len(rows) - 1, min(n, len(rows))).astype(int)]
    images = np.ascontiguousarray(sets[0].images[rows])
    return images, f"{sets[0].name}{', ' + held_out[0] if held_out else ''}"


def parity_text(record: dict) -> list[str]:
    """The comparison for people."""
    unit = "px" if record["task"] == "keypoints" else ""
    same = "all points within 0.5 px" if record["task"] == "keypoints" else "same first choice"
    lines = [f"compared with Keras on {record['faces']} faces ({record['source']})"]
    lines.append(f"  {'':24} {'':8} {'largest difference':>20}   {same}")
    for one in record["parity"]:
        lines.append(
            f"  {one['name']:24} {one['precision']:8} {one['largest']:17.2g} {unit:2}   "
            f"{one['same']} of {record['faces']}"
        )
    return lines


def main(name: str, kind: str, folder: str, status_path: str) -> None:
    status = Path(status_path)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a stop cleans up
    try:
        model = open_model(settings().models_dir, name)
        report(status, 0, 3, "steps")
        faces, source = faces_to_compare(model, settings())
        export(model, [kind], Path(folder), faces, source, lambda *step: report(status, *step))
    except EmotionAIError as error:
        sys.exit(str(error))
    finish(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
