"""What tests share: the places they work in, drawn datasets, and the development data."""

import os
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pylibsrtp  # noqa: F401  before TensorFlow, after which it crashes; only tests load both
import pytest

from emotion_ai.datasets.drawn import synthetic
from emotion_ai.datasets.store import Dataset, open_dataset
from emotion_ai.settings import ROOT, settings

#: Tests bring their own datasets; those that ship are looked for where a test asks for them.
os.environ["EMOTION_AI_SHIPPED_DATA"] = str(ROOT / "tests" / "no datasets")
#: Folders whose files take longest. They come first, so that workers of ``make test`` end together.
SLOW = ("browser", "training", "hosting", "serving", "cli", "ui")


def pytest_collection_modifyitems(items):
    def place(item) -> int:
        room, *_ = item.path.relative_to(ROOT).parts[1:]
        return SLOW.index(room) if room in SLOW else len(SLOW)

    items.sort(key=place)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The development data beside the repository; its tests skip on machines without it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no development data in {folder}")
    return folder


@pytest.fixture(autouse=True)
def full_precision_again():
    """A training chooses the precision of its process; here one process runs many tests."""
    yield
    if keras := sys.modules.get("keras"):
        keras.config.set_dtype_policy("float32")


@pytest.fixture
def data_dir(tmp_path) -> Path:
    """Where a test's datasets go; it does not exist yet, as on a fresh machine."""
    return tmp_path / "stored"


@pytest.fixture
def use_places():
    """``use_places(folder, "data", "runs")`` or ``use_places(data=…, access=…)``: what
    ``EMOTION_AI_DATA`` and so on are in this test; None for nothing. Settings are read anew."""
    with pytest.MonkeyPatch.context() as environment:

        def use(folder: Path | None = None, *names: str, **places: object) -> None:
            for name, place in ({name: folder / name for name in names} | places).items():
                variable = f"EMOTION_AI_{name.upper()}"
                if place is None:
                    environment.delenv(variable, raising=False)
                else:
                    environment.setenv(variable, str(place))
            settings.cache_clear()

        yield use
    settings.cache_clear()


@pytest.fixture
def forget_caches():
    """Streamlit's caches begin and end empty, for tests that change what they hold; call it to
    empty them in between. Their keys hold paths and digests: other tests need not care."""
    import streamlit as st

    def forget() -> None:
        st.cache_resource.clear()
        st.cache_data.clear()

    forget()
    yield forget
    forget()


@pytest.fixture(scope="session")
def drawn(tmp_path_factory) -> Callable[..., Dataset]:
    """``drawn("expression", n, seed=0)``: drawn faces, drawn once for all tests, which only read
    them; with ``into``, a copy in that data folder, to do anything with."""
    shelf = tmp_path_factory.mktemp("drawn")

    @cache
    def draw(task: str, n: int, seed: int) -> Path:
        return synthetic.make_dataset(shelf / f"{n}-{seed}", task, n=n, seed=seed).folder

    def dataset(task: str, n: int, seed: int = 0, into: Path | None = None) -> Dataset:
        folder = draw(task, n, seed)
        return open_dataset(shutil.copytree(folder, into / folder.name) if into else folder)

    return dataset
