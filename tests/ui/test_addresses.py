"""Addresses that people and machines make up: every query parameter of every page, with values
that nobody meant. Names are not listed here: they are what the pages ask for."""

import os
from pathlib import Path

import numpy as np
import pytest
from streamlit.runtime.state.query_params import QueryParams
from streamlit.runtime.state.query_params_proxy import QueryParamsProxy
from streamlit.testing.v1 import AppTest

from emotion_ai.datasets.drawn.synthetic import draw_faces
from emotion_ai.datasets.store import DatasetWriter
from emotion_ai.labels import FER7, VOTE_COLUMNS
from emotion_ai.learn.texts import CHAPTERS
from tests.support.app_pages import open_page

PAGES = ("home", "photo", "live", "datasets", "evaluate", "learn", "train", "models")
#: What a parameter may be given, also several times.
ODD = (
    "", ["", ""], ["Confusion", "Browse"], "9" * 5000, "-1", "x" * 5000, "²", "nan",
    "<script>*_`[]#|~$:&\u202e\0", "1e999", "None", ["given"] * 300,
)  # fmt: skip
#: Of the values, over the parameters of each part of a page; 12 try every one with each.
ROUNDS = int(os.environ.get("ADDRESS_ROUNDS", "1"))


@pytest.fixture(scope="module")
def workplace(tmp_path_factory, drawn) -> Path:
    """Drawn datasets, one with votes."""
    folder = tmp_path_factory.mktemp("addresses")
    faces = draw_faces(70, 48, 3)
    drawn("keypoints", 35, into=folder / "data")
    with DatasetWriter(folder / "data" / "a_voted", "expression", 48) as writer:
        for i, image in enumerate(faces.images):
            row = {"expression": faces.expressions[i], "group": str(i), "source": "x"}
            writer.add(image, row | {"split": "test"})
        votes = 10 * np.eye(len(VOTE_COLUMNS), dtype=np.uint8)[np.arange(70) % 7]
        votes = dict(zip(VOTE_COLUMNS, votes.T, strict=True))
        writer.commit(writer.table().assign(**votes), source={"name": "drawn"}, label_set=FER7.name)
    return folder


@pytest.fixture(autouse=True)
def there(workplace, use_places):
    use_places(workplace, "data", "runs")


@pytest.fixture
def asked(monkeypatch) -> set[str]:
    """Names of the query parameters that pages ask for from now on."""
    names: set[str] = set()
    bind = QueryParams.bind_widget

    def bound(self, param_key, **more):
        names.add(param_key)
        return bind(self, param_key=param_key, **more)

    monkeypatch.setattr(QueryParams, "bind_widget", bound)

    def noting(way):
        def noted(self, key, *rest):
            names.add(key)
            return way(self, key, *rest)

        return noted

    for way in ("get", "__getitem__", "__contains__"):
        monkeypatch.setattr(QueryParamsProxy, way, noting(getattr(QueryParamsProxy, way)))
    return names


def opened(page: str, address: dict | None = None) -> AppTest:
    return open_page(page, error=None, **(address or {}))


def places(page: str) -> list[dict]:
    """Sound addresses that lead to every part of a page."""
    if page == "learn":
        return [{}, *({"chapter": chapter} for chapter in CHAPTERS)]
    return [{}, *({"tab": tab.label} for tab in opened(page).tabs)]


@pytest.mark.parametrize("page", PAGES)
def test_no_value_of_a_query_parameter_ends_a_page(page, asked):
    for number, place in enumerate(places(page)):
        asked.clear()
        opened(page, place)
        names = sorted(asked - {*place})
        for first in range(5 * number, 5 * number + ROUNDS):
            opened(
                page, place | {name: ODD[(first + i) % len(ODD)] for i, name in enumerate(names)}
            )


@pytest.mark.parametrize("value", ODD, ids=lambda value: str(value)[:12])
def test_no_value_of_the_first_parameter_ends_a_page(value):
    """Those that say which part of a page is shown, and what it is about."""
    opened("learn", dict.fromkeys(("chapter", "lang"), value))
    opened("evaluate", dict.fromkeys(("tab", "model", "data", "split", "truth"), value))


def test_an_empty_parameter_counts_as_none():
    assert opened("photo", {"sample": ""}).segmented_control(key="sample").value == "Five people"
