"""Networks on LiteRT: the same answer however the faces are shared out."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from emotion_ai.models.runtime import LiteNetwork
from emotion_ai.models.store import TFLITE, open_model
from emotion_ai.settings import ROOT


@pytest.fixture(scope="module")
def content() -> bytes:
    return open_model(ROOT / "models", "expression").verified(TFLITE)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 48, 48), np.uint8)


@pytest.mark.parametrize("threads", [1, 2, 4, 16])
def test_a_face_gets_the_same_answer_alone_and_among_others(content, faces, threads):
    together = LiteNetwork(content, threads)(faces)
    alone = LiteNetwork(content, threads)
    for i in range(len(faces)):
        for name, said in alone(faces[i : i + 1]).items():
            np.testing.assert_array_equal(said[0], together[name][i], err_msg=name)


def test_several_threads_may_ask_at_once(content, faces):
    network = LiteNetwork(content, threads=2)
    expected = network(faces)["probabilities"]
    with ThreadPoolExecutor(4) as askers:
        orders = [np.roll(np.arange(len(faces)), i) for i in range(12)]
        said = askers.map(lambda order: network(faces[order])["probabilities"], orders)
        for order, answer in zip(orders, said, strict=True):
            np.testing.assert_array_equal(answer, expected[order])


def test_of_no_faces_nothing_is_said(content, faces):
    said = LiteNetwork(content, head=None)(faces[:0])
    assert {name: array.shape for name, array in said.items()} == {
        "probabilities": (0, 2, 7),
        "embedding": (0, 192),
    }
