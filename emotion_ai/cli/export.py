"""``emotion-ai export``. TensorFlow is imported only when an export begins."""

import argparse
from pathlib import Path

from emotion_ai.models.store import open_model
from emotion_ai.optional import require
from emotion_ai.progress import progress_bar
from emotion_ai.serving.versions import FORMATS
from emotion_ai.settings import settings


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add ``export`` to the program's commands."""
    export = subparsers.add_parser("export", help="write a model as SavedModel, LiteRT or ONNX")
    export.add_argument("model", metavar="MODEL", help="a saved model's name or folder")
    export.add_argument(
        "--format", nargs="+", choices=FORMATS, default=["savedmodel"], dest="formats",
        help="savedmodel writes the next version of the model for TensorFlow Serving",
    )  # fmt: skip
    export.add_argument("--to", type=Path, metavar="DIR", help="default: serving/")
    export.add_argument("--data", metavar="NAME_OR_PATH", help="faces to compare on")
    export.set_defaults(handler=run_export)


def run_export(arguments: argparse.Namespace) -> int:
    require("An export", "keras", "tensorflow")
    from emotion_ai.serving.export import export, faces_to_compare, parity_text

    model = open_model(settings().models_dir, arguments.model)
    faces, source = faces_to_compare(model, settings(), arguments.data)
    formats = list(dict.fromkeys(arguments.formats))
    with progress_bar(f"exporting {model.name}") as progress:
        made = export(
            model, formats, arguments.to or settings().serving_dir, faces, source, progress
        )
    for path in made.paths.values():
        print(path)
    print("\n".join(parity_text(made.record)))
    return 0
