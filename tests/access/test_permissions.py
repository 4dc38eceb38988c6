"""Who may change what is kept: decided from the request, enforced where the work is done."""

import json
import time

import numpy as np
import pytest

from emotion_ai.access import permissions
from emotion_ai.access.permissions import NOBODY, OWNER, Visitor, judge, require_editor
from emotion_ai.datasets import fetch, import_dataset
from emotion_ai.datasets.drawn import synthetic
from emotion_ai.datasets.marks import Mark, set_marks
from emotion_ai.datasets.store import DatasetWriter, delete_dataset
from emotion_ai.errors import AccessError
from emotion_ai.jobs import background
from emotion_ai.models.store import write_model
from emotion_ai.settings import Settings
from tests.support.dataset_files import fer_csv

ADA = {"is_logged_in": True, "email": "Ada@Example.org", "email_verified": True}
EDITORS = ["grace@example.org", "ada@example.org"]
HERE = {"Host": "localhost:8501", "Origin": "http://localhost:8501"}


def may_edit(mode="auto", address="localhost", headers=HERE, user=(), editors=None) -> bool:
    return judge(mode, address, headers, dict(user), editors).refusal is None


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501", "localhost"])
def test_on_ones_own_machine_everything_is_allowed(address, host):
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert judge("auto", address, headers, {}, None) == OWNER


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "192.168.1.7", "faces.example.org"])
def test_a_server_that_others_can_reach_is_read_only_without_sign_in(address):
    assert not may_edit(address=address)
    assert "no sign-in" in judge("auto", address, HERE, {}, None).refusal


SIGNS_OF_A_PROXY = [
    {"X-Forwarded-For": "203.0.113.9"},
    {"X-Forwarded-Proto": "https"},
    {"X-Real-Ip": "203.0.113.9"},
    {"Forwarded": "for=203.0.113.9"},
    {"Via": "1.1 caddy"},
    {"Host": "faces.example.org"},
    {"Origin": "https://faces.example.org"},
    {"Origin": "http://localhost.example.org"},
    {"Origin": "null"},
    {"Host": "[::1"},
]


@pytest.mark.parametrize("sign", SIGNS_OF_A_PROXY, ids=str)
def test_whoever_came_through_a_proxy_is_a_stranger_on_localhost_too(sign):
    assert not may_edit(headers=HERE | sign)
    assert may_edit(headers=HERE | sign, user=ADA, editors=EDITORS)


def test_only_those_on_the_list_may_edit_whatever_the_case_of_their_address():
    def served(user=(), editors=EDITORS):
        return judge("auto", None, HERE, dict(user), editors)

    assert served(ADA) == Visitor(name="Ada@Example.org")
    assert "sign in first" in served().refusal
    assert "sign in first" in served({**ADA, "is_logged_in": False}).refusal
    assert "not in this server's list" in served(ADA, ["grace@example.org"]).refusal
    assert "not in this server's list" in served(ADA, []).refusal
    assert "no sign-in" in served(ADA, None).refusal
    assert "verified" in served({**ADA, "email_verified": False}).refusal
    assert served({"is_logged_in": True, "sub": "4711"}, ["4711"]).refusal is None


def test_the_setting_decides_where_it_is_given():
    assert may_edit("open", address=None, headers={"X-Forwarded-For": "203.0.113.9"})
    assert not may_edit("editors")
    assert may_edit("editors", user=ADA, editors=EDITORS)
    assert not may_edit("read-only", user=ADA, editors=EDITORS)
    assert "expected one of auto" in judge("everyone", "localhost", HERE, {}, None).refusal
    assert Settings.from_environment({"EMOTION_AI_ACCESS": "Read-Only"}).access == "read-only"
    assert Settings.from_environment({}).access == "auto"


def test_at_the_shell_everything_is_allowed():
    assert permissions.visitor() == OWNER
    require_editor("train a network")


@pytest.fixture
def stranger(monkeypatch):
    """From here on whoever asks is somebody without a name."""
    return lambda: monkeypatch.setattr(permissions, "_identify", lambda: NOBODY)


def test_the_refusal_is_one_line_that_says_what_and_why(stranger):
    stranger()
    with pytest.raises(AccessError, match=r"^Only editors may train a network: the request .*\.$"):
        require_editor("train a network")


def everything(folder) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_that_is_kept_can_be_changed_by_a_stranger(tmp_path, stranger):
    data = tmp_path / "data"
    source = fer_csv(tmp_path / "fer.csv", [0, 3], ["Training"] * 2)
    dataset = import_dataset(source, data, name="kept").dataset
    job = tmp_path / "job.json"
    background.start(job, "emotion_ai", ["models"])
    while background.read_job(job).state == "running":
        time.sleep(0.1)
    stranger()
    before = everything(tmp_path)
    attempts = {
        "import": lambda: import_dataset(source, data, name="other"),
        "draw": lambda: synthetic.make_dataset(data, "expression", 35),
        "download": lambda: fetch.start("fer2013", data, tmp_path / "job.json"),
        "fetch": lambda: fetch.fetch("fer2013", data, download=str),
        "start": lambda: background.start(tmp_path / "new.json", "emotion_ai", ["models"]),
        "stop": lambda: background.stop(job),
        "mark": lambda: set_marks(dataset, [0], Mark("drop")),
        "delete": lambda: delete_dataset(dataset),
        "save": lambda: write_model(tmp_path / "model", {"task": "keypoints"}, {}),
    }
    for attempt in attempts.values():
        with pytest.raises(AccessError, match=r"^Only editors may "):
            attempt()
    assert everything(tmp_path) == before


def test_a_deletion_works_beside_what_an_interrupted_one_left(data_dir):
    for _ in range(2):
        with DatasetWriter(data_dir / "set", "expression", 48) as writer:
            writer.add(np.zeros((48, 48), np.uint8), {"split": "train", "expression": "happy"})
            dataset = writer.commit(writer.table())
        (data_dir / ".set.deleted" / "left").mkdir(parents=True, exist_ok=True)
        delete_dataset(dataset)
        assert [path.name for path in data_dir.iterdir()] == [".set.deleted"]
    assert json.dumps(dataset.description["splits"]) == '{"train": 1}'


def test_a_stranger_may_start_and_stop_what_changes_nothing(tmp_path, stranger):
    stranger()
    job = tmp_path / "job.json"
    background.start(
        job, "emotion_ai.audit.projection", ["none", "none", str(job)], for_everyone=True
    )
    background.stop(job)
    assert background.read_job(job).state in ("stopped", "failed")
