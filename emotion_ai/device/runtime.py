"""The runtime that reads in browsers: LiteRT.js (Google, Apache-2.0), downloaded once.

It runs the same ``.tflite`` files as the server does, so that no network is converted for browsers.
Visitors' browsers never ask the address below: they get the files from the app.
"""

import hashlib
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from emotion_ai.errors import ModelError
from emotion_ai.settings import Settings
from emotion_ai.storage.files import write_bytes

PACKAGE = "@litertjs/core@2.5.3"
#: A public mirror of npm's packages, file by file.
URL = f"https://cdn.jsdelivr.net/npm/{PACKAGE}/"
#: Long enough for 10 MB on a slow line; a page may wait for it once.
PATIENCE_S = 60


@dataclass(frozen=True)
class RuntimeFile:
    """A file of the package, and what it must be."""

    path: str
    bytes: int
    sha256: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


#: Loaders and code that may use threads, for pages that are cross-origin isolated. A local copy of
#: the package may lack them: one thread reads then.
THREADED_GLUE, THREADED_WASM = THREADED = (
    RuntimeFile(
        "wasm/litert_wasm_threaded_internal.js",
        317_475,
        "92fe7a720c6deedaa1194c011c79a005ea4f6fc98f533b661cf7900760ab4849",
    ),
    RuntimeFile(
        "wasm/litert_wasm_threaded_internal.wasm",
        9_445_834,
        "b5e54eca10f043497edf9a02186332707cae260c550d7ea22b2cae55669596cf",
    ),
)
#: The interface; loaders and code for browsers with relaxed SIMD and for those without.
API, RELAXED_GLUE, RELAXED_WASM, COMPAT_GLUE, COMPAT_WASM = RUNTIME = (
    RuntimeFile(
        "dist/index.js",
        53_482,
        "e7daccc3a31eef890848a737ccb863ded5f046a6b40c3fdc0556495adeb5d9b3",
    ),
    RuntimeFile(
        "wasm/litert_wasm_internal.js",
        273_035,
        "68efb69f770e3f76aff36a377de629ca496c131b86ac0f0f4b592a1543a898eb",
    ),
    RuntimeFile(
        "wasm/litert_wasm_internal.wasm",
        9_367_934,
        "7280cf4471774867e385e6c3cd53e2b45e2975b80fea338fff4ef359b0865614",
    ),
    RuntimeFile(
        "wasm/litert_wasm_compat_internal.js",
        273_246,
        "4d8f894b7883654fd6e8439730aa41e79ceaab7d19184fc4f1f0b0f1a2a2c8a5",
    ),
    RuntimeFile(
        "wasm/litert_wasm_compat_internal.wasm",
        9_334_181,
        "5255c8ad06eabdbd2522cdebf6b22fc10faf74625c23a49b9e072570cd1fa41c",
    ),
)


def runtime_file(settings: Settings, file: RuntimeFile) -> bytes:
    """A file's verified content: of the local copy that is set, of the cache, of one download.

    ModelError says in a line why there is none.
    """
    if settings.device:
        if local := _local(settings.device, file):
            return _verified(local.read_bytes(), file)
        raise ModelError(f"EMOTION_AI_DEVICE names a folder without {file.name}")
    cached = _cached(settings, file)
    if cached.is_file():
        return _verified(cached.read_bytes(), file)
    try:
        with urllib.request.urlopen(URL + file.path, timeout=PATIENCE_S) as response:
            content = response.read(2 * file.bytes)
    except (urllib.error.URLError, OSError):
        raise ModelError(f"{file.name} of {PACKAGE} could not be downloaded") from None
    _verified(content, file)
    cached.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(cached, content)
    return content


def has_threads(settings: Settings) -> bool:
    """Whether the files for threads can be had: all but some local copies have them."""
    return not settings.device or all(_local(settings.device, file) for file in THREADED)


def _local(folder: Path, file: RuntimeFile) -> Path | None:
    paths = (folder / file.name, folder / "litertjs" / file.name)
    return next((path for path in paths if path.is_file()), None)


def _cached(settings: Settings, file: RuntimeFile) -> Path:
    version = PACKAGE.rpartition("@")[2]
    return settings.cache_dir / "device" / f"litert-{version}" / file.name


def _verified(content: bytes, file: RuntimeFile) -> bytes:
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ModelError(f"{file.name} is not the expected file of {PACKAGE} (wrong checksum)")
    return content
