"""``python -m emotion_ai device``: reading in the browser, without a server or for an image."""

import argparse
from pathlib import Path

from emotion_ai.device.export import export_pages
from emotion_ai.device.runtime import RUNTIME, THREADED, runtime_file
from emotion_ai.settings import settings
from emotion_ai.storage.files import write_bytes


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add ``device`` to the program's commands."""
    device = subparsers.add_parser("device", help="pages that read in the visitor's own browser")
    actions = device.add_subparsers(required=True, metavar="ACTION")
    export = actions.add_parser("export", help="a folder for any file server, with all it needs")
    export.add_argument("folder", type=Path, metavar="DIR")
    export.set_defaults(handler=run_export)
    fetch = actions.add_parser("fetch", help="download the runtime that EMOTION_AI_DEVICE may name")
    fetch.add_argument("folder", type=Path, metavar="DIR")
    fetch.set_defaults(handler=run_fetch)


def run_export(arguments: argparse.Namespace) -> int:
    written = export_pages(settings(), arguments.folder)
    print(f"{arguments.folder}: {written / 1e6:.1f} MB")
    print(f"python -m http.server --directory {arguments.folder}    shows it at localhost:8000")
    return 0


def run_fetch(arguments: argparse.Namespace) -> int:
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for file in (*RUNTIME, *THREADED):
        write_bytes(arguments.folder / file.name, runtime_file(settings(), file))
        print(arguments.folder / file.name)
    return 0
