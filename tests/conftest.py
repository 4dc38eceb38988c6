"""What tests share: the package on the path, and the development data where it is."""

import sys
from pathlib import Path

import pylibsrtp  # noqa: F401  before TensorFlow, after which it crashes; only tests load both
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


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
