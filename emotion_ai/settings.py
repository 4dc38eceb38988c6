"""Paths and switches, read once from the environment."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
#: Whether this is an installed package, not a checkout: then it holds what the repository has
#: beside it (``pyproject.toml`` puts it there).
INSTALLED = (_PACKAGE / "shipped").is_dir()
#: Where ``streamlit_app.py``, ``pages`` and the shipped ``models`` lie; only read.
ROOT = _PACKAGE / "shipped" if INSTALLED else _PACKAGE.parent
#: What is made here goes below: the repository, or a folder of the person who uses the package.
HOME = platformdirs.user_data_path("emotion-ai", appauthor=False) if INSTALLED else ROOT


@dataclass(frozen=True)
class Settings:
    """Where things are. Every path may be overridden by ``EMOTION_AI_<NAME>``."""

    data_dir: Path = HOME / "data"
    #: The drawn datasets that the app brings; only read.
    shipped_data_dir: Path = ROOT / "data"
    #: Of an installed package, the shipped models are copied there (``models.shipped``).
    models_dir: Path = HOME / "models"
    runs_dir: Path = HOME / "models" / "runs"
    #: Hyperparameter searches.
    searches_dir: Path = HOME / "models" / "searches"
    cache_dir: Path = Path.home() / ".cache" / "emotion_ai"
    #: Exported versions, as TensorFlow Serving reads them.
    serving_dir: Path = HOME / "serving"
    #: The model server that reads photos; None reads them here.
    serving_url: str | None = None
    #: A local copy of YuNet's weights; None downloads them once into ``cache_dir``.
    yunet: Path | None = None
    #: A local copy of the runtime that reads in browsers; None downloads it once, too.
    device: Path | None = None
    #: How many faces a network reads at a time, each on a thread of its own.
    threads: int = 2
    #: Who may change what is kept here: one of ``access.permissions.MODES``.
    access: str = "auto"

    @property
    def data_dirs(self) -> tuple[Path, ...]:
        """Where datasets are looked for; what was imported goes before what is shipped."""
        return tuple(dict.fromkeys((self.data_dir, self.shipped_data_dir)))

    @classmethod
    def from_environment(cls, environ: dict[str, str] | None = None) -> "Settings":
        environ = os.environ if environ is None else environ
        given = {
            field: Path(environ[variable]).expanduser().absolute()
            for field, variable in (
                ("data_dir", "EMOTION_AI_DATA"),
                ("shipped_data_dir", "EMOTION_AI_SHIPPED_DATA"),
                ("models_dir", "EMOTION_AI_MODELS"),
                ("runs_dir", "EMOTION_AI_RUNS"),
                ("searches_dir", "EMOTION_AI_SEARCHES"),
                ("cache_dir", "EMOTION_AI_CACHE"),
                ("serving_dir", "EMOTION_AI_SERVING"),
                ("yunet", "EMOTION_AI_YUNET"),
                ("device", "EMOTION_AI_DEVICE"),
            )
            if environ.get(variable)
        }
        if "models_dir" in given:
            given.setdefault("runs_dir", given["models_dir"] / "runs")
            given.setdefault("searches_dir", given["models_dir"] / "searches")
        threads = environ.get("EMOTION_AI_THREADS", "")
        if threads.isdigit() and int(threads) > 0:
            given["threads"] = int(threads)
        if url := environ.get("EMOTION_AI_SERVING_URL", "").strip():
            given["serving_url"] = url
        if mode := environ.get("EMOTION_AI_ACCESS", "").strip().lower():
            given["access"] = mode
        return cls(**given)


@cache
def settings() -> Settings:
    """The process's settings."""
    return Settings.from_environment()
