"""The client against a model server that we did not write, with our SavedModels behind it.

TensorFlow Serving comes as a container or from a package source of its own; KServe's Python server
speaks the same V1 protocol and installs with pip, into an environment of its own:

    python -m venv /tmp/kserve
    /tmp/kserve/bin/pip install -r benchmarks/kserve/requirements.txt
    PYTHONPATH=. python benchmarks/serving.py --kserve /tmp/kserve/bin/python

Or against a server that runs already: ``--url http://localhost:8501``. Prints what agrees, what a
request costs and how many bytes travel; then stops the server and shows who reads without it.
"""

import argparse
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from emotion_ai.datasets.drawn.synthetic import draw_faces, draw_photo
from emotion_ai.datasets.store import list_datasets
from emotion_ai.errors import ServingError
from emotion_ai.models.store import SavedModel, open_model
from emotion_ai.reading.predictor import load_predictor
from emotion_ai.results import FaceBox
from emotion_ai.serving import wire
from emotion_ai.serving.client import ServingClient
from emotion_ai.serving.load import PERCENTILES, measure
from emotion_ai.serving.network import named_output, through, trouble
from emotion_ai.settings import ROOT, settings

FACES = 100


def faces_for(model: SavedModel, n: int = FACES) -> np.ndarray:
    size = model.network().size_px
    for dataset in list_datasets(settings().data_dir):
        if dataset.task == model.task and dataset.images.shape[1] == size:
            rows = np.linspace(0, len(dataset) - 1, n).astype(int)
            return np.ascontiguousarray(dataset.images[rows])
    return draw_faces(n, size, seed=0).images


@contextmanager
def kserve(python: str):
    """KServe with fresh exports of both models; its address and its process."""
    with tempfile.TemporaryDirectory() as folder:
        for task in ("expression", "keypoints"):
            subprocess.run(
                [sys.executable, "-m", "emotion_ai", "export", task, "--to", folder],
                check=True, cwd=ROOT, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        script = Path(__file__).parent / "kserve" / "server.py"
        with open(Path(folder) / "server.log", "wb") as log:
            server = subprocess.Popen(
                [python, str(script), folder, str(port)], stdout=log, stderr=log
            )
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(url, server, Path(folder) / "server.log")
            yield url, server
        finally:
            server.kill()
            server.wait(60)


def wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if ServingClient(url).status("keypoints").ready:
                return
        except ServingError:
            time.sleep(1)
    sys.exit(f"the server did not start:\n{log.read_text()[-2000:]}")


def agreement(client: ServingClient, model: SavedModel) -> None:
    """Every form of request, beside the local int8 network."""
    faces = faces_for(model)
    local = named_output(model.network()(faces), model)
    (name,) = local
    for encoded in (False, True):
        for columns in (False, True):
            what = f"{model.name:11} {'column' if columns else 'row':7}"
            what += "PNG" if encoded else "grey values"
            try:
                outputs = client.predict(model.name, faces, columns=columns, encoded=encoded)
            except ServingError as error:
                print(f"{what:32} refused: {error}"[:110])
                continue
            values = named_output(outputs, model)[name]
            largest = np.abs(values - local[name]).max()
            if name == "probabilities":
                same = (values.argmax(1) == local[name].argmax(1)).sum()
                said = f"same first choice {same} of {len(faces)}"
            else:
                said = f"mean {np.abs(values - local[name]).mean():.3f} px"
            print(f"{what:32} largest difference from local int8 {largest:.3f}, {said}")


def latencies(client: ServingClient, model: SavedModel, calls: int) -> None:
    network, faces = model.network(), faces_for(model)
    ways = {"local int8": lambda some: network(some)}
    for name, encoded in (("grey values", False), ("PNG", True)):
        size = len(wire.request_body(faces[:1], encoded=encoded))
        ways[f"{name}, {size:,} bytes a face"] = lambda some, encoded=encoded: client.predict(
            model.name, some, encoded=encoded
        )
    for n, at_once in ((1, 1), (1, 8), (25, 1)):
        for name, ask in ways.items():
            load = measure(lambda ask=ask, n=n: ask(faces[:n]), calls, at_once)
            figures = "  ".join(f"{load.percentiles_ms.get(p, 0):7.1f}" for p in PERCENTILES)
            failed = f"  {sum(load.failures.values())} failed" if load.failures else ""
            print(f"{model.name:11} {name:32} {n:2d} faces, {at_once} at once  {figures}"
                  f"  {load.per_second:6.0f}/s{failed}")  # fmt: skip


def fall_back(client: ServingClient) -> None:
    """What a reading costs, and who makes it, while the server is away."""
    predictor = through(load_predictor(settings()), client)
    frame, boxes = draw_photo(7, 5, (1280, 800))
    faces = [FaceBox(box, 1.0) for box in boxes]
    for _ in range(4):
        started = time.perf_counter()
        readings = predictor.read_faces(frame, faces)
        ms = (time.perf_counter() - started) * 1e3
        print(f"{len(readings)} faces in {ms:5.0f} ms; {trouble(predictor) or 'by the server'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kserve", metavar="PYTHON", help="of the environment with KServe")
    parser.add_argument("--url", help="a server that runs already")
    parser.add_argument("--calls", type=int, default=200)
    arguments = parser.parse_args()
    models = [open_model(settings().models_dir, task) for task in ("expression", "keypoints")]

    def compare(client: ServingClient) -> None:
        for model in models:
            status = client.status(model.name)
            versions = ", ".join(f"{one.version} {one.state}" for one in status.versions)
            print(f"{model.name}: {'ready' if status.ready else 'not ready'} {versions}")
            agreement(client, model)
        print("milliseconds" + " " * 59 + "  ".join(f"{p:6d}%" for p in PERCENTILES))
        for model in models:
            latencies(client, model, arguments.calls)

    if arguments.url:
        compare(ServingClient(arguments.url, read_s=60, reply_s=60))
    elif arguments.kserve:
        with kserve(arguments.kserve) as (url, server):
            compare(ServingClient(url, read_s=60, reply_s=60))
            client = ServingClient(url)
            fall_back(client)
            print("the server is gone:")
            server.kill()
            server.wait(60)
            fall_back(client)
    else:
        print("no server to ask: see the head of benchmarks/serving.py")


if __name__ == "__main__":
    main()
