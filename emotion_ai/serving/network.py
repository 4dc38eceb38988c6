"""A network on a model server, called like the local one, which steps in when nobody answers."""

import copy
import threading

import numpy as np

from emotion_ai.errors import ServingError
from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.models.store import SavedModel
from emotion_ai.reading.predictor import Predictor
from emotion_ai.serving.client import ServingClient


class ServedNetwork:
    """Called as ``LiteNetwork``: uint8 (N, S, S) to ``probabilities`` or ``keypoints``.

    Faces travel as PNG: exported versions take them, and as grey values 25 faces would make over a
    megabyte of text. Served versions give no embedding. After a call ``trouble`` says, for the
    calling thread, why the local network answered instead; empty when the server did. Thread-safe.
    """

    def __init__(self, client: ServingClient, model: SavedModel, local: LiteNetwork):
        self.client, self.model, self.local = client, model, local
        self.size_px = local.size_px
        self._said = threading.local()

    @property
    def trouble(self) -> str:
        return getattr(self._said, "trouble", "")

    def __call__(self, faces: np.ndarray) -> dict[str, np.ndarray]:
        self._said.trouble = ""
        if not len(faces):
            return self.local(faces)
        try:
            outputs = self.client.predict(self.model.name, faces, encoded=True)
            return named_output(outputs, self.model)
        except ServingError as error:
            self._said.trouble = str(error)
            return self.local(faces)


def named_output(outputs: dict[str, np.ndarray], model: SavedModel) -> dict[str, np.ndarray]:
    """The one output of ``model`` among those that came, under its name.

    ServingError when it is not there, or is not what such a model gives: so many probabilities
    that add up to one, or 15 points.
    """
    name = "keypoints" if model.task == "keypoints" else "probabilities"
    shape = (15, 2) if model.task == "keypoints" else (len(model.labels.expressions),)
    values = outputs.get(name, outputs.get(""))
    if values is None:
        raise ServingError(f"expected {name}, got {', '.join(sorted(outputs))[:100] or 'nothing'}")
    if values.shape[1:] != shape:
        raise ServingError(f"expected {name} of shape {shape} a face, got {values.shape[1:]}")
    if name == "probabilities" and not (
        (values > -0.01).all() and np.allclose(values.sum(axis=1), 1, atol=0.05)
    ):
        raise ServingError("expected probabilities that add up to 1, got other numbers")
    return {name: values}


def through(predictor: Predictor, client: ServingClient) -> Predictor:
    """``predictor`` with its networks on the server; detector and models are the same."""
    served = copy.copy(predictor)
    served.networks = {
        task: ServedNetwork(client, predictor.models[task], network)
        for task, network in predictor.networks.items()
    }
    served.helper = None  # a network tells of its trouble the thread that asked
    return served


def trouble(predictor: Predictor) -> str:
    """Why local networks made this thread's last reading although a server is set; empty when the
    server did, or none is set."""
    said = {
        network.trouble
        for network in predictor.networks.values()
        if isinstance(network, ServedNetwork) and network.trouble
    }
    return "; ".join(sorted(said))
