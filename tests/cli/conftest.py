"""What the tests of commands share."""

import pytest

from emotion_ai.settings import settings


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """An own data folder; the shipped models."""
    monkeypatch.setenv("EMOTION_AI_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("EMOTION_AI_RUNS", str(tmp_path / "runs"))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()
