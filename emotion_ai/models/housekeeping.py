"""Saved models get another name, or go for good, each with its earlier versions. No Keras.

What the app reads with is a copy (see ``versions.make_default``), so that neither touches it. Its
own models and those that come with the program stay as they are.
"""

import shutil
from pathlib import Path

from filelock import FileLock

from emotion_ai.access.permissions import require_editor
from emotion_ai.errors import ModelError
from emotion_ai.models.shipped import SHIPPED
from emotion_ai.models.store import CARD, DEFAULTS, check_model_name, open_model, versions_folder
from emotion_ai.storage.files import sibling_folder


def why_it_stays(name: str) -> str:
    """Why the model ``name`` may be neither renamed nor deleted; "" when it may."""
    if name in DEFAULTS:
        return f"the app reads with {name}: make another model the default instead"
    if name in SHIPPED:
        return f"{name} comes with the program"
    return ""


def rename_model(models_dir: Path, name: str, new_name: str) -> None:
    """Call the model ``name`` ``new_name``. What was exported or scored under the old name stays.

    ModelError when it may not be renamed, there is no such model, or the new name is taken.
    """
    require_editor("rename a model")
    folder = _own_folder(models_dir, name)
    open_model(folder.parent, name)  # a damaged one can only be deleted
    target = folder.with_name(check_model_name(folder.parent, new_name))
    if reason := why_it_stays(new_name):
        raise ModelError(f"the name {new_name} is taken: {reason}")
    kept, kept_target = versions_folder(folder), versions_folder(target)
    try:
        with _nobody_else(folder):
            if target.exists() or kept_target.exists():
                raise ModelError(f"there is a model {new_name} already: choose another name")
            if kept.exists():
                kept.rename(kept_target)
            folder.rename(target)
    except OSError as error:
        raise ModelError(f"model {name} cannot be renamed ({error.strerror or error})") from error


def delete_model(models_dir: Path, name: str) -> None:
    """Remove the model ``name``, damaged or not, and its earlier versions.

    ModelError when it may not be deleted, or there is no such model.
    """
    require_editor("delete a model")
    folder = _own_folder(models_dir, name)
    try:
        # Gone at once for everybody, then cleared away; what is cut short goes with the next.
        retired = sibling_folder(folder)
        with _nobody_else(folder):
            folder.rename(retired / "model")
            if (kept := versions_folder(folder)).exists():
                kept.rename(retired / "versions")
        shutil.rmtree(retired)
    except OSError as error:
        raise ModelError(f"model {name} cannot be deleted ({error.strerror or error})") from error


def _own_folder(models_dir: Path, name: str) -> Path:
    """The folder of a model that somebody saved here."""
    check_model_name(models_dir, name)
    if reason := why_it_stays(name):
        raise ModelError(f"model {name} stays: {reason}")
    folder = Path(models_dir) / name
    if not (folder / CARD).exists():
        open_model(models_dir, name)  # says which ones there are
    return folder


def _nobody_else(folder: Path) -> FileLock:
    """The lock under which models take each other's place."""
    versions = versions_folder(folder).parent
    versions.mkdir(parents=True, exist_ok=True)
    return FileLock(versions / ".lock")
