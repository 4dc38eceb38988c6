"""The addresses below /device: what is answered, and with which headers."""

from collections.abc import Callable, Iterator

import pytest
import requests

from emotion_ai.device.files import prepare
from emotion_ai.device.routes import PAGES, POLICY
from emotion_ai.settings import Settings
from tests.support.device_server import device_server, device_settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    return device_settings(tmp_path_factory.mktemp("device"))


Client = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def client(settings) -> Iterator[Client]:
    """Asks for a path below /device."""
    with device_server(settings) as url:
        yield lambda path, method="GET", **more: requests.request(
            method, f"{url}/device/{path}", timeout=20, **more
        )


def test_every_answer_forbids_to_send_anything_elsewhere(client, settings):
    manifest = prepare(settings).manifest
    for path in ("live.html", "worker.mjs", "files.json", manifest["detector"]["path"], "files/x"):
        policy = client(f"{path}").headers["content-security-policy"]
        assert "connect-src 'self'" in policy, path
        assert "default-src 'none'" in policy, path


def test_pages_and_code_are_isolated_so_that_threads_may_be_used(client):
    for path in ("live.html", "worker.mjs", "files.json"):
        headers = client(path).headers
        assert headers["cross-origin-opener-policy"] == "same-origin", path
        assert headers["cross-origin-embedder-policy"] == "require-corp", path


def test_files_may_be_kept_for_ever_and_pages_are_asked_for_anew(client, settings):
    path = prepare(settings).manifest["detector"]["path"]
    assert "immutable" in client(f"{path}").headers["cache-control"]
    page = client("live.html")
    assert page.headers["cache-control"] == "no-cache"
    again = client("live.html", headers={"If-None-Match": page.headers["etag"]})
    assert again.status_code == 304


def test_modules_and_networks_have_the_types_that_browsers_want(client, settings):
    manifest = prepare(settings).manifest
    api = manifest["runtime"]["api"]["path"]
    assert client("worker.mjs").headers["content-type"].startswith("text/javascript")
    assert client(f"{api}").headers["content-type"].startswith("text/javascript")
    # Not as an encoding: the page unpacks it itself, wherever it comes from.
    packed = client(f"{manifest['detector']['path']}")
    assert "content-encoding" not in packed.headers
    assert packed.content[:2] == b"\x1f\x8b"


@pytest.mark.parametrize(
    "path",
    ["files/../../../settings.py", "files/..%2f..%2fx", "files/0123456789abcdef.x", "nothing"],
)
def test_other_addresses_lead_nowhere(client, path):
    assert client(f"{path}").status_code == 404


def test_nothing_can_be_sent_here(client, settings):
    path = prepare(settings).manifest["detector"]["path"]
    for target in ("files.json", path, "live.html"):
        assert client(target, "POST", data=b"picture").status_code == 405


def test_what_is_missing_is_said_in_place_of_the_list(tmp_path):
    settings = Settings(device=tmp_path, yunet=tmp_path / "none.onnx", cache_dir=tmp_path / "cache")
    with device_server(settings) as url:
        answer = requests.get(f"{url}/device/files.json", timeout=20)
    assert answer.status_code == 200
    assert "EMOTION_AI_YUNET names no file" in answer.json()["trouble"]


def test_below_a_path_of_the_proxy(settings):
    with device_server(settings, "faces") as url:
        assert requests.get(f"{url}/faces/device/live.html", timeout=20).status_code == 200


def test_pages_carry_the_policy_themselves_for_servers_that_send_none():
    pages = sorted(PAGES.glob("*.html"))
    assert len(pages) >= 4
    for page in pages:
        text = page.read_text()
        assert f'http-equiv="Content-Security-Policy" content="{POLICY}"' in text, page.name
        assert "http://" not in text.replace("http-equiv", ""), page.name
        assert "https://" not in text, page.name
