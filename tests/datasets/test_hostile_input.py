"""Bad input costs one clear line: it names the row or file, and leaves no half-written dataset."""

import io
import re
import resource
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

import emotion_ai
from emotion_ai.datasets import import_dataset
from emotion_ai.datasets.formats import archive
from emotion_ai.datasets.formats.image_files import decode_grey
from emotion_ai.errors import DatasetError, ImageError
from emotion_ai.labels import COORDINATE_COLUMNS
from emotion_ai.media.images import decode_image, png_is_whole
from tests.support.dataset_files import (
    coordinates,
    face,
    fer_csv,
    jpg,
    keypoints_csv,
    pixels,
    png,
    pts,
    write_csv,
    write_tree,
    write_zip,
)

GOOD = pixels(face(0))


def refusal(path, data_dir, lines=1, **options) -> str:
    """The message of a failing import, after checking that it left nothing behind."""
    with pytest.raises(DatasetError) as caught:
        import_dataset(path, data_dir, **options)
    assert not data_dir.exists() or list(data_dir.iterdir()) == []
    message = str(caught.value)
    assert len(message.splitlines()) <= lines
    assert max(map(len, message.splitlines())) < 500
    return message


BAD_ROWS = {
    "too few pixels": (f"3,{GOOD.rpartition(' ')[0]},Training", "expected 2,304 .* got 2,303"),
    "too many pixels": (f"3,{GOOD} 7,Training", "got 2,305"),
    "no pixels": ("3,,Training", "got 0"),
    "value over 255": (f"3,{GOOD.rpartition(' ')[0]} 256,Training", "0 to 255, got 256"),
    "value far over": (f"3,{GOOD.rpartition(' ')[0]} {'9' * 30},Training", "0 to 255, got"),
    "value below 0": (f"3,{GOOD.rpartition(' ')[0]} -1,Training", "got '-1'"),
    "not a number": (f"3,{GOOD.rpartition(' ')[0]} x,Training", "got 'x'"),
    "fraction": (f"3,{GOOD.rpartition(' ')[0]} 0.5,Training", "got '0.5'"),
    "expression number": (f"7,{GOOD},Training", "unknown expression '7'"),
    "expression name": (f"bored,{GOOD},Training", "unknown expression 'bored'"),
    "endless number": (f"{'1' * 9000},{GOOD},Training", "unknown expression"),
    "usage": (f"3,{GOOD},Sometime", "unknown Usage 'Sometime'"),
    "missing field": (f"3,{GOOD}", "expected 3 fields, got 2"),
    "stray quote": (f'3,"{GOOD},Training', "expected 3 fields, got 2"),
    "endless line": (f"3,{GOOD * 40},Training", "longer than 128 kB"),
    "bytes": ("\x01\x02\udc80", "expected 3 fields"),
}


@pytest.mark.parametrize(("row", "why"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_one_bad_row_is_reported_and_the_others_kept(tmp_path, data_dir, row, why):
    path = tmp_path / "fer.csv"
    good = f"3,{GOOD},Training"
    text = "\n".join(["emotion,pixels,Usage", good, row, good]) + "\n"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    report = import_dataset(path, data_dir)
    assert len(report.dataset) == 2
    assert len(report.skipped) == 1
    assert report.skipped[0].startswith("fer.csv row 2: ")
    assert re.search(why, report.skipped[0]), report.skipped[0]
    assert report.dataset.description["skipped"] == {"count": 1, "first": report.skipped}


def test_strict_raises_at_the_bad_row(tmp_path, data_dir):
    path = fer_csv(tmp_path / "fer.csv", [3, 8], ["Training"] * 2)
    assert "row 2: unknown expression '8'" in refusal(path, data_dir, strict=True)


def test_only_bad_rows_is_an_error_with_the_first(tmp_path, data_dir):
    path = fer_csv(tmp_path / "fer.csv", [8, 9], ["Training"] * 2)
    assert "none of its rows could be used: fer.csv row 1" in refusal(path, data_dir)


NOT_DATASETS = {
    "empty": (b"", "empty"),
    "header only": (b"emotion,pixels,Usage\n", "none of its rows"),
    "prose": (b"Dear reader,\nthis is a letter.\n", "expected a CSV with the columns .* 'Dear"),
    "binary": (bytes(range(256)) * 40, "not a CSV"),
    "image": (png(face(0)), "not a CSV"),
    "one endless line": (b"1" * 500_000, "not a CSV"),
    "emotion only": (b"emotion\n3\n", "expected a CSV .* got 'emotion'"),
    "votes alone": (
        b"neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n",
        "votes without images",
    ),
    "some coordinates": (
        f"{','.join(COORDINATE_COLUMNS[:10])},Image\n".encode(),
        "missing .* and 16 more",
    ),
    "truncated zip": (b"PK\3\4" + bytes(100), "truncated or damaged"),
}


@pytest.mark.parametrize(("content", "why"), NOT_DATASETS.values(), ids=NOT_DATASETS)
def test_a_file_that_is_no_dataset_says_what_was_expected(tmp_path, data_dir, content, why):
    path = tmp_path / "given.csv"
    path.write_bytes(content)
    assert re.search(why, refusal(path, data_dir))


def test_missing_path_and_empty_folder(tmp_path, data_dir):
    assert "no file or folder" in refusal(tmp_path / "nothing.csv", data_dir)
    (tmp_path / "hollow").mkdir()
    assert "hollow: nothing in it" in refusal(tmp_path / "hollow", data_dir, lines=30)


def test_folder_of_something_else_says_what_was_expected(tmp_path, data_dir):
    folder = write_tree(tmp_path / "cats", {"tabby/1.png": png(face(0))})
    message = refusal(folder, data_dir, lines=30)
    assert "folders named after expressions" in message
    assert "\n  RAF-DB: list_patition_label.txt" in message  # each format in a line of its own
    assert "tabby/1.png" in message


def test_a_zip_cut_off_is_refused(tmp_path, data_dir):
    path = write_zip(tmp_path / "faces.zip", {"happy/1.png": png(face(0))})
    path.write_bytes(path.read_bytes()[:-30])
    assert "faces.zip: the zip is truncated" in refusal(path, data_dir)


def test_a_damaged_member_costs_only_itself(tmp_path, data_dir):
    files = {"happy/1.png": png(face(0)), "happy/2.png": png(face(1))}
    path = tmp_path / "faces.zip"
    with zipfile.ZipFile(path, "w") as archive_file:  # stored, so that its bytes can be found
        for name, content in files.items():
            archive_file.writestr(name, content)
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 20] ^= 0xFF
    path.write_bytes(content)
    report = import_dataset(path, data_dir)
    assert report.dataset.samples["source"].tolist() == ["happy/2.png"]
    assert "happy/1.png: cannot be read (Bad CRC-32" in report.skipped[0]


def test_what_is_said_of_a_damaged_member_quotes_little_of_it(tmp_path, data_dir):
    """Python's own words hold the whole of a wrong name, each odd byte as four characters."""
    files = {f"happy/{'a' * 240}.png": png(face(0)), "sad/2.png": png(face(1))}
    path = write_zip(tmp_path / "faces.zip", files)
    path.write_bytes(path.read_bytes().replace(b"a" * 240, b"\xff" * 240, 1))
    (skipped,) = import_dataset(path, data_dir).skipped
    assert "cannot be read (File name in directory" in skipped
    assert len(skipped) < 600


@pytest.mark.parametrize("name", ["../happy/1.png", "/happy/1.png", "a/../../1.png", "C:/1.png"])
def test_members_that_lead_out_of_the_zip_are_refused(tmp_path, data_dir, name):
    path = write_zip(tmp_path / "faces.zip", {"sad/1.png": png(face(0)), name: png(face(1))})
    assert "points outside the zip" in refusal(path, data_dir)


def test_names_with_control_characters_are_refused(tmp_path, data_dir):
    path = write_zip(tmp_path / "faces.zip", {"happy/1\n\x1b[2J.png": png(face(0))})
    assert "control characters" in refusal(path, data_dir)


def test_members_without_a_name_are_refused(tmp_path, data_dir):
    """Python ends a name at its first zero byte."""
    path = write_zip(tmp_path / "faces.zip", {"happy/1.png": png(face(0)), "x.png": b""})
    path.write_bytes(path.read_bytes().replace(b"x.png", b"\0.png"))
    assert "has no name" in refusal(path, data_dir)


def test_zip_bomb_is_refused_before_it_is_read(tmp_path, data_dir):
    path = write_zip(tmp_path / "bomb.zip", {"happy/1.png": bytes(120 << 20)})
    assert "zip bomb" in refusal(path, data_dir)


def test_too_many_members_are_refused(tmp_path, data_dir, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    path = write_zip(tmp_path / "many.zip", {f"happy/{i}.png": b"" for i in range(4)})
    assert "at most 3" in refusal(path, data_dir)


def test_a_size_that_lies_does_not_make_it_read_on(tmp_path, data_dir):
    """The directory declares 10 bytes for a member of 100 MB: it is damaged, not a bomb."""
    path = write_zip(tmp_path / "liar.zip", {"happy/1.png": bytes(100 << 20)})
    content = bytearray(path.read_bytes())
    entry = content.rindex(b"PK\1\2")
    content[entry + 24 : entry + 28] = struct.pack("<I", 10)
    path.write_bytes(content)
    assert "happy/1.png: cannot be read" in refusal(path, data_dir)


def test_encrypted_zip_is_refused(tmp_path, data_dir):
    path = write_zip(tmp_path / "secret.zip", {"happy/1.png": png(face(0))})
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    assert "encrypted" in refusal(path, data_dir)


def huge_png() -> bytes:
    """A header that declares 60,000 × 60,000 pixels."""
    content = bytearray(png(face(0)))
    content[16:24] = struct.pack(">II", 60_000, 60_000)
    return bytes(content)


BAD_IMAGES = {
    "text": (b"hello", "not a JPEG or PNG"),
    "empty": (b"", "not a JPEG or PNG"),
    "half a JPEG": (jpg(face(0))[:700], "truncated"),
    "half a PNG": (png(face(0))[:700], "truncated"),
    "garbage after the header": (png(face(0))[:33] + b"x" * 99 + b"IEND", "cannot be decoded"),
    "decompression bomb": (huge_png(), "60000 × 60000 pixels"),
}


@pytest.mark.parametrize(("content", "why"), BAD_IMAGES.values(), ids=BAD_IMAGES)
def test_bad_image_files_are_named_and_left_out(tmp_path, data_dir, content, why):
    folder = write_tree(
        tmp_path / "faces", {"happy/bad.png": content, "happy/good.png": png(face(1))}
    )
    report = import_dataset(folder, data_dir)
    assert len(report.dataset) == 1
    assert report.skipped[0].startswith("happy/bad.png: ")
    assert why in report.skipped[0]


def test_files_without_split_or_class_are_left_out(tmp_path, data_dir):
    files = {
        "train/happy/1.png": png(face(0)),
        "train/1.png": png(face(1)),
        "sad/1.png": png(face(2)),
    }
    report = import_dataset(write_tree(tmp_path / "faces", files), data_dir)
    assert len(report.dataset) == 1
    assert any("in no folder named after" in message for message in report.skipped)
    assert any("in none of the folders" in message for message in report.skipped)


def test_bad_keypoint_rows_are_named(tmp_path, data_dir):
    points = [coordinates(), coordinates(1), coordinates(2), coordinates(3)]
    points[1][0], points[2][1], points[3][2] = "wide", 1e9, "inf"
    report = import_dataset(keypoints_csv(tmp_path / "training.csv", points), data_dir)
    assert len(report.dataset) == 1
    assert [message.split(":")[0] for message in report.skipped] == [
        "training.csv row 2", "training.csv row 3", "training.csv row 4",
    ]  # fmt: skip


BAD_ARRAYS = {
    "other size": (np.zeros((5, 5, 2), np.uint8), "expected numbers of shape"),
    "objects": (np.array([{}], dtype=object), "cannot be read"),
    "text": (np.full((2, 96, 96), "x"), "expected numbers"),
    "other number": (np.zeros((3, 96, 96), np.uint8), "each of 3 images, got 2"),
    "over 255": (np.full((2, 96, 96), 300.0), "0 to 255, got 300"),
    "not a number": (np.full((2, 96, 96), np.nan), "0 to 255, got nan"),
}


@pytest.mark.parametrize(("images", "why"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_bad_arrays_of_the_public_copy(tmp_path, data_dir, images, why):
    stored = io.BytesIO()
    np.savez(stored, face_images=images)
    row = ",".join(map(str, coordinates()))
    table = f"{','.join(COORDINATE_COLUMNS)}\n{row}\n{row}\n".encode()
    folder = write_tree(
        tmp_path / "public", {"face_images.npz": stored.getvalue(), "points.csv": table}
    )
    assert why in refusal(folder, data_dir)


BAD_PTS = {
    "67 points": (pts(np.full((67, 2), 9.0)), "expected 68 points between braces, got 67"),
    "no braces": (b"1 2\n3 4\n", "got 0"),
    "words": (b"{\n" + b"a b\n" * 68 + b"}", "not a number"),
    "nan": (pts(np.full((68, 2), np.nan)), "not a number"),
    "all in one place": (pts(np.full((68, 2), 9.0)), "do not fit"),
    "far outside": (pts(np.linspace(0, 1e7, 136).reshape(68, 2)), "do not fit"),
    "binary": (bytes(range(256)), "not a number"),
}


@pytest.mark.parametrize(("content", "why"), BAD_PTS.values(), ids=BAD_PTS)
def test_bad_pts_files_are_named(tmp_path, data_dir, content, why):
    folder = write_tree(
        tmp_path / "300w", {"afw/1_1.png": png(face(0, 120)), "afw/1_1.pts": content}
    )
    message = refusal(folder, data_dir)
    assert "afw/1_1.pts: " in message
    assert why in message


def test_pts_without_its_image_is_named(tmp_path, data_dir):
    folder = write_tree(tmp_path / "300w", {"afw/1_1.pts": pts(np.ones((68, 2)))})
    assert "afw/1_1.pts: no image afw/1_1.jpg" in refusal(folder, data_dir)


def test_votes_that_do_not_fit_are_refused(tmp_path, data_dir):
    header = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    table = fer_csv(tmp_path / "fer.csv", [0, 3], ["Training"] * 2)
    folder = write_tree(tmp_path / "faces", {"happy/1.png": png(face(0))})
    ten = "10,0,0,0,0,0,0,0,0,0"
    by_row = write_csv(tmp_path / "by_row.csv", header, [ten])
    by_file = write_csv(tmp_path / "by_file.csv", f"file,expression,{header}", [f"x,sad,{ten}"])

    assert "each of 2 rows, got 1" in refusal(table, data_dir, votes=by_row)
    assert "votes row by row fit a fer2013.csv" in refusal(folder, data_dir, votes=by_row)
    assert "names image files" in refusal(table, data_dir, votes=by_file)
    assert "none of its rows matches" in refusal(folder, data_dir, votes=by_file)
    assert "FER+ columns" in refusal(folder, data_dir, votes=table)
    assert "no file" in refusal(folder, data_dir, votes=tmp_path / "none.csv")


def test_bad_votes_are_reported(tmp_path, data_dir):
    header = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    table = fer_csv(tmp_path / "fer.csv", [0, 3], ["Training"] * 2)
    rows = ["many,0,0,0,0,0,0,0,0,0", "0,10,0,0,0,0,0,0,0,0"]
    votes = write_csv(tmp_path / "votes.csv", header, rows)
    report = import_dataset(table, data_dir, votes=votes)
    assert report.with_votes == 1
    assert report.skipped[0].startswith("votes.csv row 1: expected ten counts")


@pytest.mark.parametrize("name", ["../out", "a/b", ".hidden", "", "x" * 65])
def test_names_that_are_no_folder_names_are_refused(tmp_path, data_dir, name):
    path = fer_csv(tmp_path / "fer.csv", [0, 3], ["Training"] * 2)
    if name:
        assert "dataset name" in refusal(path, data_dir, name=name)
    else:
        assert import_dataset(path, data_dir, name=name).dataset.name == "fer"


def test_a_png_that_claims_more_than_it_holds_takes_no_memory():
    """OpenCV would take 2 GB for these few bytes."""
    greedy = png(face(0))[:33] + struct.pack(">I", (1 << 31) - 1) + b"IDAT" + bytes(20) + b"IEND"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ImageError, match="the PNG is damaged"):
        decode_image(greedy, "x.png")
    with pytest.raises(DatasetError, match="cannot be decoded"):
        decode_grey("x.png", greedy)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10  # kilobytes
    assert png_is_whole(png(face(0)))
    assert png_is_whole(png(face(0)) + b"what follows the end")


def test_nothing_in_the_package_runs_what_a_file_says():
    """Keras loads models in its safe mode unless told otherwise, NumPy no pickled objects."""
    package = Path(emotion_ai.__file__).parent
    forbidden = re.compile(
        r"safe_mode\s*=\s*False|allow_pickle\s*=\s*True|\bimport pickle|unsafe_load"
    )
    for path in package.rglob("*.py"):
        assert not forbidden.search(path.read_text()), path
    html = [path for path in package.rglob("*.py") if "unsafe_allow_html" in path.read_text()]
    assert html == []


def test_links_that_lead_round_and_hidden_folders_are_passed_over(tmp_path, data_dir):
    names = ("calm/1.png", "tense/2.png", ".trash/gone/3.png")
    folder = write_tree(tmp_path / "moods", {name: png(face(i)) for i, name in enumerate(names)})
    (folder / "calm" / "again").symlink_to(folder, target_is_directory=True)
    (folder / "tense" / "nowhere.png").symlink_to(folder / "none.png")
    dataset = import_dataset(folder, data_dir).dataset
    assert dataset.samples["source"].tolist() == ["calm/1.png", "tense/2.png"]
