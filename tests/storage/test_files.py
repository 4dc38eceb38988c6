import json

import pytest

from emotion_ai.storage.files import replace_folder, sibling_folder, write_bytes, write_json


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
