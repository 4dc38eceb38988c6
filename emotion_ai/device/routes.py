"""The addresses below ``/device``: the pages that read in the browser, and the files they need.

Nothing comes in here: there are GET requests alone. What goes out carries a policy by which the
browser itself refuses to send anything anywhere but to this server.
"""

import re
from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from emotion_ai.device.files import prepare
from emotion_ai.errors import ModelError
from emotion_ai.settings import ROOT, Settings

#: Where the pages and modules lie in the repository.
PAGES = ROOT / "static" / "device"
#: Scripts from here alone, networks compiled, answers fetched from here, pictures made here. The
#: pages say the same themselves, for file servers that send no headers.
POLICY = (
    "default-src 'none'; script-src 'self' blob: 'wasm-unsafe-eval'; worker-src 'self' blob:; "
    "connect-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; style-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY + "; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Isolated, a page in a tab of its own may read with several threads.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_NAME = re.compile(r"[0-9a-f]{16}\.[\w.]+")
#: Python's own table differs from system to system.
_TYPES = {
    ".mjs": "text/javascript",
    ".gz": "application/gzip",
    ".webmanifest": "application/manifest+json",
}


def device_routes(settings: Callable[[], Settings], base_path: str = "") -> list[BaseRoute]:
    """Routes for ``st.App``. ``settings`` is asked with every request: secrets become settings only
    once the app runs. ``base_path``: Streamlit's ``server.baseUrlPath``."""

    def manifest(request: Request) -> Response:
        try:
            content = prepare(settings()).manifest
        except ModelError as error:
            content = {"trouble": str(error)}
        return JSONResponse(content, headers=_HEADERS | {"Cache-Control": "no-cache"})

    def file(request: Request) -> Response:
        name = request.path_params["name"]
        path = settings().cache_dir / "device" / "files" / name
        if not _NAME.fullmatch(name) or not path.is_file():
            return PlainTextResponse("no such file", 404, _HEADERS)
        return FileResponse(
            path,
            headers=_HEADERS | {"Cache-Control": _FOR_EVER},
            media_type=_TYPES.get(path.suffix),
        )

    root = "/" + f"{base_path.strip('/')}/device".lstrip("/")
    return [
        Route(f"{root}/files.json", manifest),
        Route(f"{root}/files/{{name}}", file),
        Mount(root, _Pages(directory=PAGES, html=True)),
    ]


class _Pages(StaticFiles):
    """Pages and modules: asked for anew each time, sent only when they changed."""

    def file_response(self, full_path, *arguments, **options) -> Response:
        response = super().file_response(full_path, *arguments, **options)
        response.headers.update(_HEADERS | {"Cache-Control": "no-cache"})
        if kind := _TYPES.get(Path(full_path).suffix):
            response.headers["Content-Type"] = kind
        return response
