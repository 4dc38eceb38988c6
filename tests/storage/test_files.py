import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emotion_ai.settings import ROOT
from emotion_ai.storage.files import (
    left_behind,
    replace_folder,
    sibling_folder,
    staged_folders,
    write_bytes,
    write_json,
)


@pytest.fixture
def full_disk(monkeypatch):
    """From now on no file can be begun; there are those there are."""

    def no_room(self, data):
        self.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return lambda: monkeypatch.setattr(Path, "write_bytes", no_room)


#: Begins a folder beside argument 1 and is killed.
BEGIN = """
import os, signal, sys
from pathlib import Path
from emotion_ai.storage.files import sibling_folder
folder = sibling_folder(Path(sys.argv[1]))
(folder / "half").write_bytes(bytes(1000))
os.kill(os.getpid(), signal.SIGKILL)
"""


def left_by_a_killed_process(target) -> None:
    done = subprocess.run([sys.executable, "-c", BEGIN, target], cwd=ROOT, check=False)
    assert done.returncode == -9


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "status.json"
    write_json(path, {"state": "running"})
    write_json(path, {"state": "finished"})
    assert json.loads(path.read_text()) == {"state": "finished"}
    assert [p.name for p in tmp_path.iterdir()] == ["status.json"]


def test_a_failed_write_leaves_the_old_content(tmp_path):
    path = tmp_path / "file"
    write_bytes(path, b"old")
    with pytest.raises(TypeError):
        write_json(path, {"not": object()})
    assert path.read_bytes() == b"old"


def test_a_folder_takes_the_place_of_another(tmp_path):
    target = tmp_path / "model"
    for content in ("first", "second"):
        temporary = sibling_folder(target)
        (temporary / "card").write_text(content)
        replace_folder(temporary, target)
    assert (target / "card").read_text() == "second"
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
    assert target.stat().st_mode & 0o777 == 0o755


def test_last_words_find_room_on_a_full_disk(tmp_path, full_disk):
    path = tmp_path / "status.json"
    write_json(path, {"state": "running", "about": "x" * 300}, 500)
    full_disk()
    for words in ("the disk is full", "so it is", "y" * 400):
        write_json(path, {"state": "failed", "message": words}, 500)
        assert json.loads(path.read_text()) == {"state": "failed", "message": words}
    assert path.stat().st_size == 500
    assert list(tmp_path.iterdir()) == [path]


def test_what_finds_no_room_on_a_full_disk_leaves_the_earlier_words(tmp_path, full_disk):
    path = tmp_path / "status.json"
    write_json(path, {"state": "running"}, 200)
    full_disk()
    with pytest.raises(OSError, match=r"No space.*status\.json"):
        write_json(path, {"state": "x" * 200}, 200)
    with pytest.raises(OSError, match=r"No space.*status\.json"):
        write_json(path, {"state": "failed"})  # nothing was reserved: never unsafe
    assert json.loads(path.read_text()) == {"state": "running"}


def test_a_pipe_is_written_to_not_replaced(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write_bytes(path, b"words")
    assert os.read(reader, 9) == b"words"
    assert path.is_fifo()
    os.close(reader)


def test_an_error_of_the_disk_names_the_file(tmp_path):
    with pytest.raises(OSError, match=r"status\.json") as error:
        write_bytes(tmp_path / "none" / "status.json", b"")
    assert error.value.filename == str(tmp_path / "none" / "status.json")


def test_what_a_killed_process_left_goes_when_the_next_begins(tmp_path):
    left_by_a_killed_process(tmp_path / "first.set")
    (left,) = left_behind(tmp_path)
    assert staged_folders(tmp_path) == {left: "first.set"}
    (tmp_path / ".hidden").mkdir()
    begun = sibling_folder(tmp_path / "second")
    assert not left.exists()
    assert {path.name for path in tmp_path.iterdir()} == {".hidden", begun.name}


def test_a_folder_that_is_being_filled_stays(tmp_path):
    begun = sibling_folder(tmp_path / "set")
    sibling_folder(tmp_path / "set")
    assert begun.exists()
    assert left_behind(tmp_path) == []
    code = "import sys; from pathlib import Path; from emotion_ai.storage.files import *; "
    code += "sibling_folder(Path(sys.argv[1])).rmdir()"
    subprocess.run([sys.executable, "-c", code, tmp_path / "set"], cwd=ROOT, check=True)
    assert begun.exists()


def test_a_process_number_that_was_given_anew_owns_nothing(tmp_path):
    begun = sibling_folder(tmp_path / "set")
    _, pid, start, rest = begun.name.split("-", 3)
    earlier = begun.with_name(f".set.staged-{pid}-{int(start) - 90}-{rest}")
    begun.rename(earlier)
    assert left_behind(tmp_path) == [earlier]


def test_a_folder_of_another_machine_stays_while_it_is_written_to(tmp_path):
    path = tmp_path / ".set.staged-1-1700000000-elsewhere-4026531836-abcd_123"
    path.mkdir()
    (path / "images.npy").touch()
    assert left_behind(tmp_path) == []
    hours_ago = time.time() - 7200
    for item in (path / "images.npy", path):
        os.utime(item, (hours_ago, hours_ago))
    assert left_behind(tmp_path) == [path]
