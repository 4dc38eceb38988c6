"""What a browser needs to read faces itself: packed, named by their content, and the list of them.

Files lie in the cache folder as ``<first 16 digits of SHA-256>.<name>``: a name never changes its
meaning, so browsers and proxies may keep what they have for ever. The list changes when a default
model does. Models are served as they are stored; nothing is converted but the detector.
"""

import gzip
import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from emotion_ai.device import runtime
from emotion_ai.errors import ModelError
from emotion_ai.faces.cropping import FRAMINGS
from emotion_ai.faces.detection import DETECTION_SIDE_PX, find_yunet
from emotion_ai.faces.yunet_file import yunet_tflite
from emotion_ai.labels import (
    COORDINATE_COLUMNS,
    FER7,
    KEYPOINT_SIDES,
    SIDE_COLOURS,
    TRUTH_TITLES,
    colours,
)
from emotion_ai.models.store import DEFAULTS, TFLITE, SavedModel, open_model
from emotion_ai.reading.follower import BATCH
from emotion_ai.reading.group import FEWEST_FACES
from emotion_ai.reading.model_watch import Stamp, stamp
from emotion_ai.reading.pace import ONE_FACE, ROOM, Pace
from emotion_ai.reading.table import COLUMNS
from emotion_ai.settings import Settings
from emotion_ai.storage.files import write_bytes

#: What pages must understand (``static/device/files.mjs``).
FORMAT = 1
#: The runtime's own loader asks for a package by name and for a script tag, which a worker has
#: neither of; it gets ours (``static/device/runtime.mjs``).
_LOADER = 'import { createWasmLib } from "@litertjs/wasm-utils";'
_OUR_LOADER = "const createWasmLib = (library, path) => globalThis.emotionLiteRt(library, path);"
#: After a failure nothing is tried again for this long.
RETRY_S = 300.0
#: A page waits this long for a first preparation, which takes 4 s and a download.
PATIENCE_S = 8.0
_lock = threading.Lock()
_kept: "dict[Settings, tuple[Stamp, Prepared]]" = {}
_failed: dict[Settings, tuple[Stamp, float, str]] = {}
_background = ThreadPoolExecutor(1, "device-files")


@dataclass(frozen=True)
class Prepared:
    """``manifest``: what is served as ``files.json``; ``folder``: where its files lie."""

    manifest: dict
    folder: Path


def prepare(settings: Settings) -> Prepared:
    """The files for the default models as they are now, written where they are not there yet.

    Downloads the runtime the first time. ModelError says in a line what is missing.
    """
    with _lock:
        now = stamp(settings)
        kept = _kept.get(settings)
        if kept and kept[0] == now:
            return kept[1]
        failed = _failed.get(settings)
        if failed and failed[0] == now and time.monotonic() - failed[1] < RETRY_S:
            raise ModelError(failed[2])
        try:
            prepared = _prepare(settings)
        except ModelError as error:
            _failed[settings] = now, time.monotonic(), str(error)
            raise
        _kept[settings] = now, prepared
        return prepared


def lacking(settings: Settings) -> str:
    """Why browsers cannot read with what is here, in a line; empty where they can.

    Returns within ``PATIENCE_S``: a download goes on in a thread of its own.
    """
    try:
        _background.submit(prepare, settings).result(PATIENCE_S)
    except ModelError as error:
        return str(error)
    except TimeoutError:
        return "its files are still being fetched, look again in a minute"
    return ""


def _prepare(settings: Settings) -> Prepared:
    folder = settings.cache_dir / "device" / "files"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        detector = yunet_tflite(find_yunet(settings).read_bytes())
        files = _Files(folder)
        manifest = {
            "format": FORMAT,
            "runtime": _runtime(settings, files),
            "detector": files.add("yunet.tflite", detector),
            "models": {
                model.task: _model(model, files)
                for task in DEFAULTS
                if (model := _open(settings, task))
            },
            **_words(_open(settings, DEFAULTS[0])),
        }
    except OSError as error:
        if error.strerror is None:  # the detector's own words
            raise ModelError(str(error)) from None
        raise ModelError(f"what browsers need could not be kept: {error.strerror}") from None
    except ValueError as error:  # a detector's file that is none
        raise ModelError(str(error)) from None
    fetched = [
        *manifest["runtime"]["relaxed"].values(), manifest["runtime"]["api"], manifest["detector"],
        *(model["file"] for model in manifest["models"].values()),
    ]  # fmt: skip
    manifest["download_bytes"] = sum(
        (folder / Path(f["path"]).name).stat().st_size for f in fetched
    )
    manifest["version"] = hashlib.sha256(repr(manifest).encode()).hexdigest()[:16]
    return Prepared(manifest, folder)


@dataclass(frozen=True)
class _Files:
    folder: Path

    def add(self, name: str, content: bytes, packed: bool = True) -> dict:
        """Keep ``content``; its entry in the list: where it is, and its size unpacked."""
        digest = hashlib.sha256(content).hexdigest()[:16]
        path = self.folder / f"{digest}.{name}{'.gz' if packed else ''}"
        if not path.is_file():
            write_bytes(path, gzip.compress(content, 9, mtime=0) if packed else content)
        return {"path": f"files/{path.name}", "bytes": len(content)}


def _runtime(settings: Settings, files: _Files) -> dict:
    def content(file: runtime.RuntimeFile) -> bytes:
        return runtime.runtime_file(settings, file)

    api = content(runtime.API).decode()
    if _LOADER not in api:
        raise ModelError(f"{runtime.PACKAGE} loads its code in another way than expected")
    # Modules are imported by their address, so they stay unpacked; proxies pack them.
    made = {
        "api": files.add("litert.mjs", api.replace(_LOADER, _OUR_LOADER).encode(), packed=False)
    }
    kinds = {
        "relaxed": (runtime.RELAXED_GLUE, runtime.RELAXED_WASM),
        "compat": (runtime.COMPAT_GLUE, runtime.COMPAT_WASM),
    }
    if runtime.has_threads(settings):
        kinds["threaded"] = runtime.THREADED
    for kind, (glue, wasm) in kinds.items():
        module = content(glue) + b"\nexport default ModuleFactory;\n"
        made[kind] = {
            "glue": files.add(f"litert_{kind}.mjs", module, packed=False),
            "wasm": files.add(f"litert_{kind}.wasm", content(wasm)),
        }
    return made


def _open(settings: Settings, task: str) -> SavedModel | None:
    try:
        return open_model(settings.models_dir, task)
    except ModelError:
        return None


def _model(model: SavedModel, files: _Files) -> dict:
    record = {
        "file": files.add(f"{model.task}.tflite", model.verified(TFLITE)),
        "size_px": model.network(threads=1).size_px,
        "framing": asdict(FRAMINGS[model.task]),
    }
    if model.task == "expression":
        record["labels"] = model.labels.expressions
        record["heads"] = {truth: TRUTH_TITLES[truth] for truth in model.heads}
        # By which a visitor's own classes know whose features they name (``models/taught.py``).
        record["sha256"] = model.card["files"][TFLITE]["sha256"]
    return record


def _words(model: SavedModel | None) -> dict:
    """What both sides must agree on and neither repeats, for the model of expressions."""
    labels = model.labels.expressions if model else FER7.expressions
    place = COLUMNS.index(COORDINATE_COLUMNS[0])
    own = (f"p_{name}" for name in labels)
    columns = [*COLUMNS[:place], *(c for c in own if c not in COLUMNS), *COLUMNS[place:]]

    def pace(of: Pace) -> dict:
        return {"side_px": of.detection_side_px, "detect_s": of.detect_s}

    return {
        "labels": labels,
        "named_as": (model and model.named_as) or "",
        "colours": colours(labels),
        "sides": KEYPOINT_SIDES,
        "side_colours": SIDE_COLOURS,
        "coordinates": COORDINATE_COLUMNS,
        "columns": columns,
        "paces": {"one_face": pace(ONE_FACE), "room": pace(ROOM)},
        "batch": BATCH,
        "photo_side_px": DETECTION_SIDE_PX,
        "fewest_faces": FEWEST_FACES,
    }
