"""A small model server for tests: what it answers, and how badly, is up to the test.

It stands in where a fault must come at a known moment; that the client gets on with a server that
we did not write is measured by ``benchmarks/serving.py``.
"""

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

from emotion_ai.models.store import SavedModel
from emotion_ai.serving import wire


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.server.connections.append(self.request)
        super().setup()

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers["Content-Length"])))

    def _serve(self, body: bytes) -> None:
        self.server.asked.append((self.path, body))
        try:
            self.server.answer(self, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client has seen enough

    def reply(self, content: object, status: int = 200, headers: dict | None = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": len(data), **(headers or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args) -> None:
        pass


@contextmanager
def model_server(answer: Callable[[Handler, bytes], None]) -> Iterator[ThreadingHTTPServer]:
    """A server on a free port; ``url`` is its address, ``asked`` the (path, body) it was sent.

    ``answer`` may be exchanged while it runs.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.answer, server.asked, server.connections = answer, [], []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        for connection in server.connections:  # kept open for the next request
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def serving(models: list[SavedModel], version: int = 3) -> Callable[[Handler, bytes], None]:
    """Answers as TensorFlow Serving does with one version of each model, on LiteRT."""
    networks = {model.name: (model, model.network()) for model in models}

    def answer(handler: Handler, body: bytes) -> None:
        name = handler.path.removeprefix("/v1/models/").split("/")[0].split(":")[0]
        if name not in networks:
            handler.reply({"error": f"Servable not found for request: Latest({name})"}, 404)
            return
        model, network = networks[name]
        output = "keypoints" if model.task == "keypoints" else "probabilities"
        if handler.path.endswith(":predict"):
            values = network(_faces(json.loads(body), network.size_px))[output]
            key = "outputs" if b'"inputs"' in body else "predictions"
            handler.reply({key: values.astype(float).tolist()})
        elif handler.path.endswith("/metadata"):
            handler.reply(metadata(name, version, network.size_px, output, values_shape(model)))
        else:
            handler.reply(status(version))

    return answer


def _faces(request: dict, size_px: int) -> np.ndarray:
    values = request.get("instances") or request["inputs"]
    if request.get("signature_name") == wire.ENCODED:
        pictures = [np.frombuffer(base64.b64decode(one["b64"]), np.uint8) for one in values]
        return np.stack([cv2.imdecode(one, cv2.IMREAD_GRAYSCALE) for one in pictures])
    return np.array(values, np.uint8).reshape(-1, size_px, size_px)


def values_shape(model: SavedModel) -> tuple[int, ...]:
    return (15, 2) if model.task == "keypoints" else (len(model.labels.expressions),)


def status(version: int, state: str = "AVAILABLE") -> dict:
    return {
        "model_version_status": [
            {
                "version": str(version),
                "state": state,
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }


def metadata(name: str, version: int, size_px: int, output: str, shape: tuple[int, ...]) -> dict:
    def tensor(dtype: str, *sizes: int) -> dict:
        dims = [{"size": str(size), "name": ""} for size in sizes]
        return {"dtype": dtype, "tensor_shape": {"dim": dims, "unknown_rank": False}, "name": ""}

    def signature(**inputs: dict) -> dict:
        outputs = {output: tensor("DT_FLOAT", -1, *shape)}
        return {
            "inputs": inputs,
            "outputs": outputs,
            "method_name": "tensorflow/serving/predict",
            "defaults": {},
        }

    signatures = {
        wire.RAW: signature(faces=tensor("DT_UINT8", -1, size_px, size_px, 1)),
        wire.ENCODED: signature(image_bytes=tensor("DT_STRING", -1)),
    }
    return {
        "model_spec": {"name": name, "signature_name": "", "version": str(version)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }
