"""What the tests of commands share."""

import pytest


@pytest.fixture
def workplace(tmp_path, use_places):
    """An own data folder; the shipped models."""
    use_places(tmp_path, "data", "runs")
    return tmp_path
