"""Which server reads photos: ``EMOTION_AI_SERVING_URL``, or what an editor chose in the app."""

from pathlib import Path
from typing import TypedDict

from emotion_ai.access.permissions import require_editor
from emotion_ai.errors import RecordError, ServingError
from emotion_ai.models.store import DEFAULTS
from emotion_ai.serving.client import ModelUnknown, ServingClient, check_url
from emotion_ai.settings import Settings
from emotion_ai.storage.files import write_json
from emotion_ai.storage.records import Line, read_record


class _Record(TypedDict):
    url: Line


def serving_url(settings: Settings) -> str | None:
    """The address of the server that reads photos; None where they are read locally.

    The environment wins. ServingError when it holds no address.
    """
    if settings.serving_url:
        return check_url(settings.serving_url)
    try:
        return check_url(read_record(_kept(settings), _Record)["url"])
    except (FileNotFoundError, RecordError, ServingError):
        return None


def choose_server(settings: Settings, url: str) -> None:
    """Let photos be read by the server at ``url`` from now on; locally when it is empty.

    ServingError unless a model server answers there, whatever models it has. For editors alone:
    the app itself will send requests there.
    """
    require_editor("choose the server that reads photos")
    if settings.serving_url:
        raise ServingError("the server is set by EMOTION_AI_SERVING_URL: change it there")
    kept = _kept(settings)
    if url.strip():
        url = check_url(url)
        try:
            ServingClient(url).status(DEFAULTS[0])
        except ModelUnknown:
            pass  # it may come
        except ServingError as error:
            raise ServingError(f"no model server is there: {error}") from None
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_json(kept, {"url": url})
    else:
        kept.unlink(missing_ok=True)


def _kept(settings: Settings) -> Path:
    return settings.cache_dir / "serving.json"
