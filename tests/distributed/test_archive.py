"""Archives into tables: every file once, nothing half-written, whatever breaks or is stopped."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import psutil
import pytest

from emotion_ai.cli import program
from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.distributed import archive
from emotion_ai.distributed.archive import Outcome, read_archive
from emotion_ai.distributed.identity import check_worker, package, reads_with
from emotion_ai.distributed.local import read_in_processes
from emotion_ai.distributed.reader import Reader, batches, faces_schema
from emotion_ai.distributed.sources import key, list_files
from emotion_ai.errors import ArchiveError, ClusterError
from emotion_ai.labels import FER7
from emotion_ai.media.videos import film
from emotion_ai.reading.predictor import load_predictor
from emotion_ai.reading.table import COLUMNS
from emotion_ai.settings import settings

MODELS = {"expression": "a" * 64, "keypoints": "b" * 64, "detector": "Haar"}


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """Five photos in two folders, a short film, a broken file, and files that are not meant."""
    folder = tmp_path_factory.mktemp("archive")
    (folder / "below").mkdir()
    for number in range(5):
        picture, _ = draw_photo(number, 1 + number % 2, (320, 240))
        cv2.imwrite(str(folder / ("below" if number > 2 else ".") / f"{number}.png"), picture)
    with film(folder / "clip.mp4") as writer:
        for i in range(6):
            writer.add(picture, i / 10)
    (folder / "broken.jpg").write_text("no picture")
    (folder / "notes.txt").write_text("no photo either")
    (folder / ".hidden.png").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def reader() -> Reader:
    predictor = load_predictor(settings())
    return Reader(settings(), package() | reads_with(predictor), f"test-{os.getpid()}")


@pytest.fixture
def read(photos, reader, tmp_path, monkeypatch):
    """``read()``: the photos into ``table``, in this process, a file at a time."""
    monkeypatch.setattr("emotion_ai.distributed.reader.PHOTOS_AT_A_TIME", 1)

    def archive_of(engine=lambda each: map(reader.read, each), **options) -> Outcome:
        return read_archive([str(photos)], tmp_path / "table", MODELS, engine, **options)

    return archive_of


def rows(table: Path) -> pd.DataFrame:
    found = pd.read_parquet(table / "faces").sort_values(["file", "time_s", "face"])
    return found.reset_index(drop=True)


def test_an_archive_is_the_table_of_predict_with_digests_and_failures(
    read, photos, tmp_path, capsys
):
    outcome = read()
    assert (outcome.read, outcome.failed) == (7, 1)
    found = rows(tmp_path / "table")
    files = [*sorted(map(str, photos.rglob("*.png"))), str(photos / "clip.mp4")]
    files = [file for file in files if ".hidden" not in file]
    assert program.main(["predict", *files, "--csv", str(tmp_path / "faces.csv")]) == 0
    capsys.readouterr()
    expected = pd.read_csv(tmp_path / "faces.csv").sort_values(["file", "time_s", "face"])
    pd.testing.assert_frame_equal(
        found[[*COLUMNS]], expected.reset_index(drop=True), check_dtype=False, rtol=1e-3, atol=0.02
    )
    assert len(found) == outcome.faces > 0
    by_file = pd.read_parquet(tmp_path / "table" / "files").set_index("file")
    assert set(found["sha256"]) <= set(by_file["sha256"])
    assert by_file["faces"].sum() == len(found)
    clip = by_file.loc[str(photos / "clip.mp4")]
    assert (clip["kind"], clip["frames"], clip["width"]) == ("film", 6, 320)
    (failure,) = pd.read_parquet(tmp_path / "table" / "failures.parquet").itertuples()
    assert failure.file == str(photos / "broken.jpg")
    assert "expected a picture" in failure.error


def test_a_photo_without_a_face_has_the_columns_of_a_model_of_further_classes(
    reader, tmp_path, monkeypatch
):
    monkeypatch.setattr(reader, "_schema", faces_schema((*FER7.expressions, "contempt")))
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((120, 160, 3), 90, np.uint8))
    faces = reader.read([str(tmp_path / "wall.png")]).faces
    assert (faces.num_rows, "p_contempt" in faces.column_names) == (0, True)


def test_an_interrupted_archive_goes_on_where_it_was(read, reader, tmp_path):
    def stopped(each):
        for number, batch in enumerate(each):
            if number == 3:
                raise KeyboardInterrupt
            yield reader.read(batch)

    with pytest.raises(KeyboardInterrupt):
        read(stopped)
    half = rows(tmp_path / "table")
    outcome = read()
    assert (outcome.before, outcome.read) == (3, 4)
    assert read().read == 0
    whole = rows(tmp_path / "table")
    assert len(half) < len(whole)
    assert not whole.duplicated(["file", "time_s", "face"]).any()
    assert pd.read_parquet(tmp_path / "table" / "files")["file"].is_unique


def test_a_part_whose_run_was_killed_before_it_counted_is_read_again(read, tmp_path):
    read()
    whole = rows(tmp_path / "table")
    (part,) = (tmp_path / "table" / "files").iterdir()
    part.unlink()
    assert read().read == 7
    pd.testing.assert_frame_equal(rows(tmp_path / "table"), whole)


def test_failures_are_read_again_only_when_asked_for(read, photos, tmp_path):
    read()
    assert read().read == 0
    assert read(retry_failures=True).read == 1
    assert len(pd.read_parquet(tmp_path / "table" / "files")) == 7
    assert len(pd.read_parquet(tmp_path / "table" / "failures.parquet")) == 1


def test_progress_tells_files_the_pace_and_what_is_left(read):
    told = []
    read(progress=lambda *step: told.append(step))
    assert [step[:2] for step in told] == [(number, 7) for number in range(1, 8)]
    assert told[0][2].startswith("files, ")
    assert told[-1][2].endswith("/s, 0 s left")


def test_a_table_of_another_job_is_refused_and_stays(read, photos, tmp_path):
    read()
    before = rows(tmp_path / "table")
    unused = lambda each: pytest.fail("nothing is to be read")  # noqa: E731
    with pytest.raises(ArchiveError, match=r"the table of another job, of .*: expected .*below"):
        read_archive([str(photos / "below")], tmp_path / "table", MODELS, unused)
    other = {**MODELS, "expression": "c" * 64}
    with pytest.raises(ArchiveError, match="expression aaaaaaaaaaaa expected, got cccccccccccc"):
        read_archive([str(photos)], tmp_path / "table", other, unused)
    with pytest.raises(ArchiveError, match=r"found no archive\.json"):
        read_archive([str(photos)], photos, MODELS, unused)
    with pytest.raises(ArchiveError, match="expected a folder for the table, got a file"):
        read_archive([str(photos)], photos / "0.png", MODELS, unused)
    earlier = tmp_path / "table" / "archive.json"
    earlier.write_text(earlier.read_text().replace('"format": 2', '"format": 1'))
    with pytest.raises(ArchiveError, match="in form 1: expected 2"):
        read_archive([str(photos)], tmp_path / "table", MODELS, unused)
    pd.testing.assert_frame_equal(rows(tmp_path / "table"), before)


def test_a_source_that_means_nothing_leaves_no_table(tmp_path, reader):
    with pytest.raises(ArchiveError, match="nowhere: expected photos or films, found none"):
        read_archive([str(tmp_path / "nowhere")], tmp_path / "table", MODELS, iter)
    with pytest.raises(ArchiveError, match="nothing://x: "):
        read_archive(["nothing://x"], tmp_path / "table", MODELS, iter)
    assert not (tmp_path / "table").exists()


def test_two_processes_do_not_write_one_table(read, photos, tmp_path):
    read()
    with (
        archive.ArchiveTable(tmp_path / "table", [str(photos)], MODELS),
        pytest.raises(ArchiveError, match="another process is writing this table"),
    ):
        read()


def test_folders_globs_and_object_stores_are_listed_once(photos):
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    listed = [os.path.relpath(path, photos) for path in list_files([str(photos)])]
    pictures = ["0.png", "1.png", "2.png", "broken.jpg", "clip.mp4"]
    assert listed == [*pictures, "below/3.png", "below/4.png"]
    assert len(list(list_files([str(photos / "**" / "*.png")]))) == 5
    store = fsspec.filesystem("memory")
    store.pipe("/bucket/a/photo.png", (photos / "0.png").read_bytes())
    store.pipe("/bucket/a/notes.txt", b"")
    assert list(list_files(["memory://bucket/a"])) == ["memory:///bucket/a/photo.png"]


def test_photos_and_films_of_an_object_store_are_read(photos, reader):
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    store = fsspec.filesystem("memory")
    for name in ("0.png", "clip.mp4"):
        store.pipe(f"/store/{name}", (photos / name).read_bytes())
    there, here = (
        reader.read((f"{place}/0.png", f"{place}/clip.mp4")).faces.to_pandas()
        for place in ("memory:///store", photos)
    )
    pd.testing.assert_frame_equal(there.drop(columns="file"), here.drop(columns="file"))
    lost = reader.read(("memory:///store/lost.png",)).files.to_pylist()[0]
    assert lost["error"].startswith("memory:///store/lost.png: ")


def test_a_file_that_ended_its_process_twice_is_given_up(photos, reader):
    address = str(photos / "0.png")
    note = reader._deaths / key(address).hex()
    note.write_bytes(b".")  # once
    assert reader.read((address,)).files["error"][0].as_py() is None
    note.write_bytes(b"..")
    (said,) = reader.read((address,)).files["error"].to_pylist()
    assert said.endswith("the process that read it ended without a word, twice")


def test_films_go_alone_and_photos_in_handfuls():
    names = [f"{number}.jpg" for number in range(40)]
    handed = list(batches([*names[:3], "x.mp4", *names[3:]]))
    assert [len(batch) for batch in handed] == [1, 32, 8]
    assert handed[0] == ("x.mp4",)


def test_a_worker_that_differs_is_refused_with_both_digests():
    check_worker({"package": "1" * 64}, {"package": "1" * 64, "expression": "2"}, "m")
    with pytest.raises(ClusterError, match=r"worker m .*: package 111111111111 expected, got 3333"):
        check_worker({"package": "1" * 64}, {"package": "3" * 64}, "m")


def spawned() -> set[psutil.Process]:
    """Processes that work for this one; other tests may have left some."""
    found = set()
    for child in psutil.Process().children():
        with suppress(psutil.Error):  # it has ended
            if "spawn_main" in " ".join(child.cmdline()):
                found.add(child)
    return found


def test_a_process_that_is_killed_costs_nothing(photos, monkeypatch):
    monkeypatch.setattr("emotion_ai.distributed.reader.PHOTOS_AT_A_TIME", 1)
    expected = package() | reads_with(load_predictor(settings()))
    asked = list(batches(list_files([str(photos)])))
    before = spawned()
    found = read_in_processes(iter(asked), settings(), expected, workers=1)
    names = next(found).files["file"].to_pylist()
    (child,) = spawned() - before
    child.send_signal(signal.SIGKILL)
    for each in found:
        names += each.files["file"].to_pylist()
    assert sorted(names) == sorted(name for batch in asked for name in batch)


def test_the_command_writes_the_table_and_says_what_it_did(photos, tmp_path, capsys):
    words = ["predict", str(photos / "0.png"), str(photos / "broken.jpg"), "--on", "local"]
    words += ["--workers", "1", "--out", str(tmp_path / "table")]
    assert program.main(words) == 0
    said = capsys.readouterr().out
    assert "2 files read, 1 of them not: " in said
    assert len(pd.read_parquet(tmp_path / "table" / "files")) == 2
    assert program.main([*words, "--json"]) == 1
    assert "expected --out TABLE and no other form" in capsys.readouterr().err
    assert program.main([*words[:-2], "--out", str(photos)]) == 1
    assert "found no archive.json" in capsys.readouterr().err


def test_ray_is_not_imported_by_commands_that_do_without():
    code = "import sys; from emotion_ai.cli import program; program.build_parser(); "
    code += "import emotion_ai.distributed.local; assert 'ray' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
