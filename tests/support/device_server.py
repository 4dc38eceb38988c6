"""The pages that read in the browser, served as the app serves them, without the app itself."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from emotion_ai.device.files import prepare
from emotion_ai.device.routes import device_routes
from emotion_ai.errors import ModelError
from emotion_ai.settings import ROOT, Settings

SHARED = ROOT.parent / "shared"
YUNET = SHARED / "models" / "face_detection_yunet_2026may.onnx"


def device_settings(cache_dir: Path) -> Settings:
    """Settings with the runtime and the detector at hand; skips on machines without them."""
    settings = Settings.from_environment()
    if not settings.device and (SHARED / "device").is_dir():
        settings = replace(settings, device=SHARED / "device", cache_dir=cache_dir)
    if not settings.yunet and YUNET.is_file():
        settings = replace(settings, yunet=YUNET)
    try:
        prepare(settings)
    except ModelError as error:
        pytest.skip(f"nothing to read with in a browser: {error}")
    return settings


def environment(settings: Settings) -> dict[str, str]:
    """The same for a process of its own."""
    given = {
        "EMOTION_AI_DEVICE": settings.device,
        "EMOTION_AI_YUNET": settings.yunet,
        "EMOTION_AI_CACHE": settings.cache_dir,
    }
    return {name: str(path) for name, path in given.items() if path}


@contextmanager
def serving(app) -> Iterator[str]:
    """The address of an ASGI app that ends with the context."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.02)
    try:
        yield f"http://localhost:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


def device_server(settings: Settings, base_path: str = ""):
    """The address of the routes below ``/device`` alone, as a context."""
    return serving(Starlette(routes=device_routes(lambda: settings, base_path)))
