"""YuNet as a .tflite: the same answers as OpenCV's detector and as ONNX Runtime's."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from emotion_ai.faces.detection import find_yunet
from emotion_ai.faces.onnx_file import read_onnx
from emotion_ai.faces.yunet_file import STRIDES, yunet_tflite
from emotion_ai.settings import Settings
from tests.support.device_server import YUNET


@pytest.fixture(scope="module")
def onnx() -> bytes:
    settings = Settings.from_environment()
    try:
        return (YUNET if YUNET.is_file() else find_yunet(settings)).read_bytes()
    except OSError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("size", [(96, 160), (256, 320)])
def test_converted_network_says_what_the_original_says(onnx, size):
    onnxruntime = pytest.importorskip("onnxruntime")
    height, width = size
    rgba = np.random.default_rng(5).integers(0, 256, (1, height, width, 4)).astype(np.uint8)
    session = onnxruntime.InferenceSession(onnx)
    bgr = rgba[..., 2::-1].transpose(0, 3, 1, 2).astype(np.float32)
    names = [output.name for output in session.get_outputs()]
    original = dict(zip(names, session.run(None, {"input": bgr}), strict=True))

    network = Interpreter(model_content=yunet_tflite(onnx), num_threads=1)
    given = network.get_input_details()[0]["index"]
    network.resize_tensor_input(given, rgba.shape)
    network.allocate_tensors()
    network.set_tensor(given, rgba)
    network.invoke()
    for stride, details in zip(STRIDES, network.get_output_details(), strict=True):
        cells = network.get_tensor(details["index"])
        assert cells.shape == (1, height // stride, width // stride, 6)
        rows = cells.reshape(-1, 6)
        scores = 1 / (1 + np.exp(-rows[:, :2]))
        np.testing.assert_allclose(scores[:, :1], original[f"cls_{stride}"][0], atol=1e-5)
        np.testing.assert_allclose(scores[:, 1:], original[f"obj_{stride}"][0], atol=1e-5)
        np.testing.assert_allclose(rows[:, 2:], original[f"bbox_{stride}"][0], atol=1e-4)


def test_the_format_is_read_as_its_own_package_reads_it(onnx):
    package = pytest.importorskip("onnx")
    graph, theirs = read_onnx(onnx), package.load_from_string(onnx).graph
    assert [node.kind for node in graph.nodes] == [node.op_type for node in theirs.node]
    assert graph.outputs == [output.name for output in theirs.output]
    for tensor in theirs.initializer:
        if tensor.data_type == package.TensorProto.FLOAT:
            array = package.numpy_helper.to_array(tensor)
            np.testing.assert_array_equal(graph.weights[tensor.name], array)


@pytest.mark.parametrize("content", [b"", b"not a network", bytes(range(256))])
def test_other_files_are_refused_in_a_line(content):
    with pytest.raises(ValueError, match=r"^expected [^\n]+$"):
        yunet_tflite(content)


def test_a_file_cut_off_is_refused_in_a_line(onnx):
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        yunet_tflite(onnx[: len(onnx) // 2])
