"""The pages that read in the browser as a folder for any file server: no Python behind it."""

import hashlib
import json
import shutil
from pathlib import Path

from emotion_ai.device.files import prepare
from emotion_ai.device.routes import PAGES
from emotion_ai.errors import ConfigError
from emotion_ai.settings import Settings
from emotion_ai.storage.files import write_bytes, write_json

_MANIFEST = "files.json"
#: What a browser keeps for use without a network (``static/device/service_worker.js``).
_OFFLINE = "offline.json"


def export_pages(settings: Settings, target: Path) -> int:
    """Write the pages, the runtime and the default models into the folder ``target``; returns the
    bytes written. An earlier export there is brought up to date, nothing else is touched.

    ConfigError for a folder that holds other things; ModelError when there is nothing to read with.
    """
    if target.exists() and not target.is_dir():
        raise ConfigError(f"{target}: expected a folder, got a file")
    if target.is_dir() and any(target.iterdir()) and not (target / _MANIFEST).is_file():
        raise ConfigError(f"{target}: expected a new folder or an earlier export, got other files")
    prepared = prepare(settings)
    manifest = prepared.manifest
    files = target / "files"
    files.mkdir(parents=True, exist_ok=True)
    named = {Path(path).name for path in _paths(manifest)}
    for name in named:
        shutil.copyfile(prepared.folder / name, files / name)
    pages = sorted(path for path in PAGES.iterdir() if path.is_file())
    version = hashlib.sha256(manifest["version"].encode())
    for page in pages:
        version.update(page.read_bytes())
    for page in pages:
        write_bytes(target / page.name, _alone(page, version.hexdigest()[:16]))
    # Most browsers need one kind of code; what another needs it fetches and keeps when it does.
    seldom = {
        Path(path).name
        for kind in ("compat", "threaded")
        for path in _paths(manifest["runtime"].get(kind))
    }
    kept = [page.name for page in pages] + [f"files/{name}" for name in sorted(named - seldom)]
    write_json(target / _OFFLINE, {"files": ["./", _MANIFEST, *kept]})
    write_bytes(target / _MANIFEST, json.dumps(manifest).encode())
    for stale in {path.name for path in files.iterdir()} - named:
        (files / stale).unlink()
    return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())


def _alone(page: Path, version: str) -> bytes:
    """A page or module as it is without the app around it. Browsers that kept an earlier export
    fetch all of it anew when its worker's ``version`` is another."""
    content = page.read_bytes()
    if page.suffix == ".html":
        return content.replace(b'<html lang="en">', b'<html lang="en" data-alone>', 1)
    if page.name == "service_worker.js":
        return content.replace(b'VERSION = ""', f'VERSION = "{version}"'.encode(), 1)
    return content


def _paths(part) -> list[str]:
    """Where the files named in a part of the list are."""
    if isinstance(part, dict):
        if isinstance(path := part.get("path"), str):
            return [path]
        return [path for value in part.values() for path in _paths(value)]
    return []
