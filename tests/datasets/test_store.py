"""The on-disk store: what goes in comes out, and it changes in one step or not at all."""

import argparse
import hashlib
import io
import json
import subprocess
import sys

import numpy as np
import pytest

from emotion_ai.cli import data
from emotion_ai.datasets import fetch, import_dataset, list_datasets, open_dataset
from emotion_ai.datasets.store import DatasetWriter
from emotion_ai.errors import DatasetError
from emotion_ai.progress import progress_bar
from emotion_ai.settings import ROOT, Settings
from tests.support.dataset_files import face, fer_csv


def stored_faces(folder, seeds=(0, 1, 2)):
    with DatasetWriter(folder, "expression", 48) as writer:
        for seed in seeds:
            writer.add(face(seed), {"expression": "happy", "source": f"row {seed}"})
        samples = writer.table()
        samples["split"] = "train"
        return writer.commit(samples, format="test")


def test_what_goes_in_comes_out(data_dir):
    dataset = open_dataset(stored_faces(data_dir / "faces").folder)
    assert len(dataset) == 3
    assert np.array_equal(dataset.images, [face(0), face(1), face(2)])
    assert dataset.images.dtype == np.uint8
    assert dataset.samples["source"].tolist() == ["row 0", "row 1", "row 2"]
    assert dataset.votes is None
    with pytest.raises(ValueError, match="read-only"):
        dataset.images[0, 0, 0] = 1


def test_checksums_are_those_of_pixels_and_table(data_dir):
    dataset = stored_faces(data_dir / "faces")
    recorded = dataset.description["sha256"]
    pixels = np.ascontiguousarray(dataset.wide_images).tobytes()
    assert recorded["images.npy"] == hashlib.sha256(pixels).hexdigest()
    table = (dataset.folder / "samples.parquet").read_bytes()
    assert recorded["samples.parquet"] == hashlib.sha256(table).hexdigest()


def test_the_digest_follows_the_content(data_dir):
    first = stored_faces(data_dir / "a").digest
    assert stored_faces(data_dir / "b").digest == first
    assert stored_faces(data_dir / "c", seeds=(0, 1, 3)).digest != first


def test_the_border_lies_around_the_crop(data_dir):
    wide = face(0, 160)
    with DatasetWriter(data_dir / "wide", "expression", 96, border_px=32) as writer:
        writer.add(wide, {"expression": "sad", "split": "train"})
        dataset = writer.commit(writer.table())
    assert np.array_equal(dataset.images[0], wide[32:128, 32:128])
    assert np.array_equal(dataset.wide_images[0], wide)


def test_leaving_without_commit_leaves_nothing(data_dir):
    with DatasetWriter(data_dir / "faces", "expression", 48) as writer:
        writer.add(face(0), {"expression": "happy"})
    assert list(data_dir.iterdir()) == []
    assert list_datasets(data_dir) == []


def test_a_failing_import_leaves_the_previous_dataset(tmp_path, data_dir):
    good = fer_csv(tmp_path / "fer.csv", [0, 3], ["Training"] * 2)
    before = import_dataset(good, data_dir).dataset
    bad = fer_csv(tmp_path / "bad.csv", [0, 9], ["Training"] * 2)
    with pytest.raises(DatasetError):
        import_dataset(bad, data_dir, name="fer", strict=True, replace=True)
    assert [path.name for path in data_dir.iterdir()] == ["fer"]
    assert open_dataset(data_dir / "fer").digest == before.digest
    assert np.array_equal(open_dataset(data_dir / "fer").images, [face(0), face(1)])


def test_an_interrupted_import_leaves_the_previous_dataset(tmp_path, data_dir):
    path = fer_csv(tmp_path / "fer.csv", [0] * 80, ["Training"] * 80)
    before = import_dataset(path, data_dir).dataset

    def interrupt(done, total, unit):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_dataset(path, data_dir, replace=True, progress=interrupt)
    assert [path.name for path in data_dir.iterdir()] == ["fer"]
    assert open_dataset(data_dir / "fer").digest == before.digest


#: Imports argument 1 into argument 2, in a process of its own.
IMPORT = """
import os, resource, signal, sys
from pathlib import Path
from emotion_ai.datasets import import_dataset
from emotion_ai.errors import DatasetError
def killed(done, *step):
    if done:
        os.kill(os.getpid(), signal.SIGKILL)
most = int(sys.argv[3])
if most:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
try:
    import_dataset(Path(sys.argv[1]), Path(sys.argv[2]), progress=None if most else killed)
except DatasetError as error:
    print(error)
"""


@pytest.mark.parametrize("most_bytes", [1, 100, 9000, 184_000])
def test_an_import_for_which_there_is_no_room_leaves_nothing(tmp_path, data_dir, most_bytes):
    """The images take 184,448 bytes, of which the last are written when all has been read."""
    path = fer_csv(tmp_path / "fer.csv", [0, 3] * 40, ["Training"] * 80)
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, path, data_dir, str(most_bytes)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "dataset 'fer' cannot be written (File too large)\n"
    assert list(data_dir.iterdir()) == []


def test_what_a_killed_import_left_is_listed_and_goes_with_the_next(
    tmp_path, data_dir, monkeypatch, capsys
):
    path = fer_csv(tmp_path / "fer.csv", [0, 3] * 40, ["Training"] * 80)
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, path, data_dir, "0"], cwd=ROOT, check=False
    )
    assert done.returncode == -9
    monkeypatch.setattr(
        data, "settings", lambda: Settings(data_dir=data_dir, shipped_data_dir=data_dir)
    )
    data.run_list(argparse.Namespace())
    assert "fer: 0.1 MB, left by an import that was stopped" in capsys.readouterr().out
    import_dataset(path, data_dir)
    assert [path.name for path in data_dir.iterdir()] == ["fer"]
    data.run_list(argparse.Namespace())
    assert "left by" not in capsys.readouterr().out


def test_a_dataset_of_the_same_name_is_replaced_only_when_told_to(tmp_path, data_dir):
    path = fer_csv(tmp_path / "fer.csv", [0, 3], ["Training"] * 2)
    before = import_dataset(path, data_dir).dataset
    more = fer_csv(tmp_path / "more.csv", [0, 3, 4], ["Training"] * 3)
    attempts = (
        lambda: import_dataset(more, data_dir, name="fer"),
        lambda: fetch.fetch("fer2013", data_dir, save_as="fer", download=pytest.fail),
    )
    for attempt in attempts:
        with pytest.raises(DatasetError, match=r"a dataset 'fer' already: .* \(--replace"):
            attempt()
    assert open_dataset(data_dir / "fer").digest == before.digest
    assert len(import_dataset(more, data_dir, name="fer", replace=True).dataset) == 3


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    path = fer_csv(tmp_path / "fer.csv", [0, 3], ["Training"] * 2)
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(DatasetError, match="dataset 'fer' cannot be written"):
        import_dataset(path, tmp_path / "taken")


def test_a_dataset_of_the_same_name_is_replaced(data_dir):
    old = stored_faces(data_dir / "faces")
    still_mapped = old.images
    stored_faces(data_dir / "faces", seeds=(7,))
    assert len(open_dataset(data_dir / "faces")) == 1
    assert [path.name for path in data_dir.iterdir()] == ["faces"]
    # Whoever had it open keeps what they saw.
    assert np.array_equal(still_mapped[0], face(0))


def test_unknown_names_and_splits_list_the_known(data_dir):
    dataset = stored_faces(data_dir / "faces")
    with pytest.raises(DatasetError, match="no dataset 'face': expected one of: faces"):
        open_dataset(data_dir / "face")
    with pytest.raises(DatasetError, match=r"no split 'test'.*train \(3\)"):
        dataset.rows("test")
    assert dataset.rows("train").tolist() == [0, 1, 2]


def test_a_damaged_description_is_not_listed(data_dir):
    stored_faces(data_dir / "faces")
    (stored_faces(data_dir / "broken").folder / "dataset.json").write_text("{")
    assert [dataset.name for dataset in list_datasets(data_dir)] == ["faces"]


def test_the_description_names_no_folder_of_the_machine(tmp_path, data_dir):
    path = fer_csv(tmp_path / "fer.csv", [0, 3], ["Training"] * 2)
    dataset = import_dataset(path, data_dir).dataset
    assert str(tmp_path) not in json.dumps(dataset.description)
    assert dataset.description["source"] == {
        "name": "fer.csv",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def run_command(monkeypatch, data_dir, *arguments) -> int:
    monkeypatch.setattr(
        data, "settings", lambda: Settings(data_dir=data_dir, shipped_data_dir=data_dir)
    )
    parser = argparse.ArgumentParser()
    data.add_parser(parser.add_subparsers(required=True))
    parsed = parser.parse_args(["data", *map(str, arguments)])
    return parsed.handler(parsed)


def test_commands_import_list_and_show(tmp_path, data_dir, monkeypatch, capsys):
    assert run_command(monkeypatch, data_dir, "list") == 0
    assert "no datasets yet" in capsys.readouterr().out

    path = fer_csv(tmp_path / "fer.csv", [0, 3, 9], ["Training", "PublicTest", "Training"])
    assert run_command(monkeypatch, data_dir, "import", path, "--name", "mine") == 0
    printed = capsys.readouterr()
    assert "fer.csv row 3: unknown expression '9'" in printed.out
    assert printed.err == ""  # no bar where nobody watches

    run_command(monkeypatch, data_dir, "list")
    assert "mine  expression       2      1           1" in capsys.readouterr().out
    run_command(monkeypatch, data_dir, "show", "mine")
    shown = capsys.readouterr().out
    assert "happy           0           1" in shown
    assert "left out: 1" in shown
    run_command(monkeypatch, data_dir, "show", "mine", "--json")
    assert json.loads(capsys.readouterr().out)["n"] == 2


def test_the_progress_bar_draws_on_terminals_only():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        with progress_bar("importing", stream) as progress:
            progress(5, 10, "rows")
            progress(10, 10, "rows")
    assert pipe.getvalue() == ""
    assert "importing" in terminal.getvalue()
    assert " 50%  5/10 rows" in terminal.getvalue()
    assert "100%  10/10 rows" in terminal.getvalue()


@pytest.mark.parametrize("file", ["images.npy", "samples.parquet"])
def test_a_truncated_file_is_named(data_dir, file):
    dataset = stored_faces(data_dir / "faces")
    path = dataset.folder / file
    path.write_bytes(path.read_bytes()[:-100])
    again = open_dataset(dataset.folder)
    with pytest.raises(DatasetError, match=f"faces is damaged: {file}: .*import it again"):
        _ = again.images, again.samples
