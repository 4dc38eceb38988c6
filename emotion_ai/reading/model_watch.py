"""Notices that the default models were changed while work goes on, and brings the new ones."""

import logging
import threading
import time

from emotion_ai.models.store import CARD, DEFAULTS
from emotion_ai.reading.predictor import Predictor, load_predictor
from emotion_ai.settings import Settings

log = logging.getLogger(__name__)

#: A look at the disk: two calls of some microseconds.
LOOK_EVERY_S = 1.0

Stamp = tuple[tuple[int, int, int] | None, ...]


class ModelWatch:
    """Watches the default models for one stream, which reads with ``predictor`` until told.

    Ask for ``newer`` before every frame. Not thread-safe: one watch per stream.
    """

    def __init__(self, settings: Settings, predictor: Predictor):
        self._settings, self._detector = settings, predictor.detector
        self._tasks = set(predictor.models)
        self._stamp = stamp(settings)
        self._looked_s = time.monotonic()
        self._loading: threading.Thread | None = None
        self._loaded: Predictor | None = None

    def newer(self) -> Predictor | None:
        """A warm predictor of changed models, once for each change; None nearly always.

        Returns at once: models are loaded in a thread of their own while the old ones go on.
        """
        if self._loading:
            if self._loading.is_alive():
                return None
            self._loading = None
            loaded, self._loaded = self._loaded, None
            return loaded
        now_s = time.monotonic()
        if now_s - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = now_s
            if (found := stamp(self._settings)) != self._stamp:
                self._stamp = found
                self._loading = threading.Thread(target=self._load, daemon=True)
                self._loading.start()
        return None

    def _load(self) -> None:
        try:
            predictor = load_predictor(self._settings, self._detector)
            predictor.warm_up_networks()  # the detector is warm, and at work on another thread
        except (OSError, RuntimeError, ValueError):  # what LiteRT raises for a broken file, too
            log.exception("the new models could not be loaded; the old ones go on")
            return
        if self._tasks <= set(predictor.models):  # a damaged or missing one replaces nothing
            self._tasks, self._loaded = set(predictor.models), predictor


def stamp(settings: Settings) -> Stamp:
    """Changes when a default model does: time, size and number of each card's file."""
    found = []
    for name in DEFAULTS:
        try:
            status = (settings.models_dir / name / CARD).stat()
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        except OSError:
            found.append(None)
    return tuple(found)
