"""What the tests of work in other processes share."""

import sys
from types import ModuleType

import pytest


@pytest.fixture(autouse=True)
def a_program_of_its_own(monkeypatch):
    """Tests of pages leave their page behind as ``__main__``, which a spawned process would run."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
