"""The models that an installed package brings, in the folder of the person who uses it.

A package may not change itself: models are saved, made the default and taken back in a folder of
one's own, so the shipped ones are copied there. A checkout has them in ``models`` already.
"""

import json
import shutil
from functools import cache
from pathlib import Path

from filelock import FileLock

from emotion_ai import __version__
from emotion_ai.models.store import CARD
from emotion_ai.settings import INSTALLED, ROOT, Settings
from emotion_ai.storage.files import replace_folder, sibling_folder, write_json

#: The models that come with the program (``pyproject.toml`` puts them into the package).
SHIPPED = ("expression", "keypoints")


@cache
def bring_shipped_models(settings: Settings) -> None:
    """Have the shipped models in the person's folder; nothing for a checkout, or a folder that
    ``EMOTION_AI_MODELS`` names."""
    if INSTALLED and settings.models_dir == Settings.models_dir:
        copy_models(ROOT / "models", settings.models_dir, __version__)


def copy_models(shipped: Path, models_dir: Path, version: str) -> None:
    """Copy each model of ``shipped`` that ``models_dir`` lacks, or has from another ``version``.

    Models that somebody saved or made the default under such a name stay. Each appears whole.
    """
    if all(_stays(models_dir / card.parent.name, version) for card in shipped.glob(f"*/{CARD}")):
        return
    models_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(models_dir / ".shipped.lock"):
        for card in sorted(shipped.glob(f"*/{CARD}")):
            folder = models_dir / card.parent.name
            if _stays(folder, version):
                continue
            staged = sibling_folder(folder)
            try:
                shutil.copytree(card.parent, staged, dirs_exist_ok=True)
                write_json(staged / CARD, {**json.loads(card.read_text()), "shipped": version})
                replace_folder(staged, folder)
            finally:
                shutil.rmtree(staged, ignore_errors=True)


def _stays(folder: Path, version: str) -> bool:
    """Whether a model in ``folder`` is of this version, or is somebody's own."""
    try:
        card = json.loads((folder / CARD).read_text())
    except FileNotFoundError:
        return False
    except (OSError, ValueError):  # damaged, but theirs: the app says so
        return True
    own = "shipped" not in card or "copy_of" in card
    return own or card["shipped"] == version
