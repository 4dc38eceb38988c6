"""Damaged and hostile files against the readers: none may crash, hang or write elsewhere.

    PYTHONPATH=. python benchmarks/fuzz.py [--inputs 20000] [--targets image,video] [--seed 0]

Each input is a small sound file (or two) with random damage, made from its number alone, so that a
finding can be looked at again: ``--again image:1234 --save input.bin``. Inputs run in processes of
their own. A finding is an exception that is not one of the app's one-line errors, the end of the
process, more than 5 s or 400 MB for one input, or a file touched outside the folder given to the
reader.
"""

import argparse
import contextlib
import io
import json
import os
import random
import re
import resource
import selectors
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from emotion_ai.errors import EmotionAIError

ROOT = Path(__file__).resolve().parent.parent
SLOWEST_S = 5.0
#: More than any input of this size may need; beyond the second it ends the process.
MOST_BYTES, MEMORY_BYTES = 400 << 20, 6 << 30
_NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_WORDS = [
    b"nan", b"inf", b"-1", b"1e309", b"256", b"0x10", b'"', b",", b"\n", b"\r", b"\0", b"\xff\xfe",
    b"9" * 400, b"=cmd|' /C calc'!A0", b"<script>", b"../", b"/etc/passwd", b"PK\3\4", b"{", b"}",
    b"emotion", b"pixels", b"Usage", b"Image", b"%s%n", b"\xf0\x9f\x98\x80", b" " * 5000,
]  # fmt: skip
_NAMES = [
    "../../evil.png", "/tmp/evil.png", "C:/evil.png", "a\\..\\b.png", "happy/\x1b[2J.png",
    "x" * 300, "train/happy/<b>.png", "happy/1.png/2.png", "happy/.png", "__MACOSX/happy/1.png",
    "happy//1.png", "train/angry/1.png", "helen/1.pts", "helen/1.png", "training.csv",
    "face_images.npz", "\u202egnp.1",
]  # fmt: skip

Check = Callable[[bytes, Path], object]


def damage(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """``data`` after a few random changes; ``other`` lends pieces."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 8, 30))):
        at = rng.randrange(len(data) + 1)
        length = min(rng.choice((1, 2, 4, 16, 300)), len(data) - at)
        kind = rng.randrange(9)
        if kind == 0 and length:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at : at + length] = rng.randbytes(length)
        elif kind == 2:
            size = rng.choice((1, 2, 4, 8))
            number = rng.choice(_NUMBERS) & (256**size - 1)
            data[at : at + size] = number.to_bytes(size, rng.choice(("big", "little")))
        elif kind == 3:
            del data[at : at + length]
        elif kind == 4:
            data[at:at] = data[at : at + length] * rng.choice((1, 2, 50))
        elif kind == 5:
            start = rng.randrange(len(other) + 1)
            data[at : at + length] = other[start : start + rng.choice((4, 64, 1000))]
        elif kind == 6:
            data[at:at] = rng.choice(_WORDS)
        elif kind == 7 and rng.random() < 0.3:
            del data[at:]
        elif kind == 8 and rng.random() < 0.1:
            data += other  # two files in one
    return bytes(data)


def damaged_zip(members: dict[str, bytes], rng: random.Random) -> bytes:
    """A sound zip of damaged members under hostile names, or a zip that is damaged itself."""
    members = dict(members)
    inside = rng.random() < 0.6
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", rng.choice((zipfile.ZIP_STORED, 8))) as archive:
        for name, data in members.items():
            if inside and rng.random() < 0.4:
                data = damage(data, rng.choice(list(members.values())), rng)
            if inside and rng.random() < 0.1:
                name = rng.choice(_NAMES)
            with contextlib.suppress(ValueError, UnicodeEncodeError):
                archive.writestr(name, data)
    whole = content.getvalue()
    return whole if inside else damage(whole, whole, rng)


def pictures() -> list[bytes]:
    """The same face in every accepted format, with and without EXIF."""
    from PIL import Image

    from emotion_ai.datasets.drawn.synthetic import draw_photo

    frame, _ = draw_photo(3, 1, (96, 80))
    image = Image.fromarray(np.ascontiguousarray(frame[..., ::-1]))
    exif = Image.Exif()
    exif[0x0112] = 6
    encoded = []
    for kind, options in (
        ("JPEG", {}),
        ("JPEG", {"exif": exif, "progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
    ):
        content = io.BytesIO()
        image.save(content, kind, **options)
        encoded.append(content.getvalue())
    for converted in (image.convert("P"), image.convert("LA"), image.convert("I;16")):
        content = io.BytesIO()
        converted.save(content, "PNG")
        encoded.append(content.getvalue())
    content = io.BytesIO()
    Image.fromarray(frame[..., 0] / np.float32(255)).save(content, "TIFF")
    encoded.append(content.getvalue())
    for size_wh in ((4000, 1), (2, 3000), (1, 1)):
        content = io.BytesIO()
        image.resize(size_wh).save(content, "PNG")
        encoded.append(content.getvalue())
    return encoded


def thin_picture(rng: random.Random) -> bytes:
    """1 to 64 pixels by 1 to 9,000, lying or upright: a drawn face, noise, or both in turn."""
    import cv2

    from emotion_ai.datasets.drawn.synthetic import draw_photo
    from emotion_ai.media.images import encode_png

    short, long = (round(most ** rng.random()) for most in (64, 9000))
    size_wh = (long, short) if rng.random() < 0.5 else (short, long)
    numbers = np.random.default_rng(rng.randrange(1 << 32))
    noise = numbers.integers(0, 256, (*size_wh[::-1], 3), dtype=np.uint8)
    drawn = cv2.resize(draw_photo(rng.randrange(9), 1, (96, 96))[0], size_wh)
    blend = rng.choice((0.0, 0.0, 0.3, 1.0))
    return encode_png(cv2.addWeighted(noise, blend, drawn, 1 - blend, 0))


def films() -> list[bytes]:
    """Six frames as MP4, Matroska, AVI, GIF and concatenated JPEGs."""
    import av

    from emotion_ai.datasets.drawn.synthetic import draw_photo
    from emotion_ai.media.images import encode_jpeg

    frames = [draw_photo(i, 1, (64, 64))[0] for i in range(6)]
    encoded = [b"".join(encode_jpeg(frame) for frame in frames)]
    for kind, codec in (("mp4", "mpeg4"), ("matroska", "mpeg4"), ("avi", "mjpeg"), ("gif", "gif")):
        content = io.BytesIO()
        with av.open(content, "w", format=kind) as container:
            stream = container.add_stream(codec, rate=10)
            stream.width, stream.height = 64, 64
            stream.pix_fmt = {"mjpeg": "yuvj420p", "gif": "rgb8"}.get(codec, "yuv420p")
            for frame in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
            container.mux(stream.encode())
        encoded.append(content.getvalue())
    return encoded


def tables() -> list[bytes]:
    """FER2013's, the course's and Kaggle's CSV, and FER+ votes, two rows each."""
    from emotion_ai.labels import COORDINATE_COLUMNS

    rng = np.random.default_rng(0)
    small, large = (
        [" ".join(map(str, rng.integers(0, 256, size**2))) for _ in range(2)] for size in (48, 96)
    )
    points = [",".join(f"{v:.2f}" for v in rng.uniform(5, 90, 30)) for _ in range(2)]
    lines = (
        ["emotion,pixels,Usage", f"3,{small[0]},Training", f"4,{small[1]},PublicTest"],
        ["emotion, pixels", f"3,{small[0]}", f"4,{small[1]}"],
        [",".join([*COORDINATE_COLUMNS, "Image"]), *map(",".join, zip(points, large, strict=True))],
        ["neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"]
        + ["1,7,0,0,0,0,0,0,2,0"] * 2,
    )
    return ["\n".join([*rows, ""]).encode() for rows in lines]


def trees() -> list[dict[str, bytes]]:
    """Expression folders, 300-W, and the public copy of the keypoints, as members of a zip."""
    from emotion_ai.labels import COORDINATE_COLUMNS

    rng = np.random.default_rng(1)
    picture = dict(zip(("jpg", "jpg2", "png"), pictures()[:3], strict=True))
    lines = "\n".join(f"{x:.1f} {y:.1f}" for x, y in rng.uniform(20, 70, (68, 2)))
    pts = f"version: 1\nn_points: 68\n{{\n{lines}\n}}\n".encode()
    arrays = io.BytesIO()
    np.savez_compressed(arrays, face_images=rng.integers(0, 256, (96, 96, 2), dtype=np.uint8))
    points = ",".join(["9.5"] * 30)
    table = f"{','.join(COORDINATE_COLUMNS)}\n{points}\n{points}\n".encode()
    return [
        {"train/happy/1.jpg": picture["jpg"], "test/sad/2.png": picture["png"]},
        {"helen/1.jpg": picture["jpg"], "helen/1.pts": pts, "afw/2.png": picture["png"],
         "afw/2.pts": pts},
        {"face_images.npz": arrays.getvalue(), "facial_keypoints.csv": table},
        {"training.csv": tables()[2], "deep/fer2013.csv": tables()[0]},
    ]  # fmt: skip


#: What a field of a record may be instead.
_ODD = [
    None, True, -1, 0, 10**18, 10**200, 10**399, 1e308, -1e308, float("nan"), float("inf"), "", "x",
    "9" * 400, "\n\x1b[2J", "\ud800", "../../etc", "fer9", "keypoints", "expression", [], {}, [[]],
    [None], {"a": 1}, [1, 2], ["x"], "0" * 10_000,
]  # fmt: skip


def records() -> list[tuple[str, object]]:
    """A sound record of each kind: the file it stands in, and what it says."""
    from emotion_ai.datasets.drawn import synthetic
    from emotion_ai.training.config import TrainingConfig

    found = []
    for name in ("expression", "keypoints"):
        card = json.loads((ROOT / "models" / name / "card.json").read_text())
        found += [(f"models/{name}/card.json", card)]
        with tempfile.TemporaryDirectory() as folder:
            made = synthetic.make_dataset(Path(folder), name, n=35).folder
            found += [("data/harmed/dataset.json", json.loads((made / "dataset.json").read_text()))]
    config = TrainingConfig.for_task("expression", ("faces",)).as_dict()
    status = {"state": "running", "pid": 1, "pid_started": 1.5, "host": "x", "time": 2.5,
              "created": "2026-01-01", "updated": "2026-01", "ticket": 3, "epoch": 1}  # fmt: skip
    epoch = {"epoch": 1, "loss": 2.0, "validation_loss": 1.5, "seconds": 3.5, "averaged": True,
             "validation_accuracy": 0.5, "learning_rate": 1e-3}  # fmt: skip
    progress = {"phase": "training", "epoch": 1, "epochs": 3, "batch": 4, "batches": 9,
                "images_per_s": 3.5, "left_s": None, "memory_mb": 9.5, "time": 1.5}  # fmt: skip
    score = {"task": "expression", "data": "faces", "digest": "d", "split": "validation", "n": 14,
             "labels_from": "given", "label_set": "fer7", "accuracy": 0.5,
             "accuracy_ci": [0.27, 0.73]}  # fmt: skip
    parity = {"name": "LiteRT", "precision": "float32", "largest": 1e-6, "same": 5}
    return [
        *found,
        ("runs/harmed/config.json", config),
        ("runs/harmed/status.json", status),
        ("runs/harmed/metrics.jsonl", [epoch, {**epoch, "epoch": 2}, {**epoch, "epoch": 3}]),
        ("runs/harmed/progress.json", progress),
        ("runs/harmed/scores.json", {"scores": [score, score]}),
        ("runs/harmed/data.json", {"data": [{"name": "a", "n": 3, "digest": "d"}], "steps": 2}),
        ("searches/harmed/plan.json", {"config": config, "vary": ["erase"], "trials": 5}),
        ("job.json", {"pid": 1, "since": 1.5, "step": [1, 2, "faces"], "for_everyone": False}),
        ("model.parity.json", {"task": "expression", "digest": "d", "created": "2026", "faces": 5,
                               "source": "x", "parity": [parity]}),
        ("data/sound/marks.json", {"marks": [{"row": 1, "digest": "d", "mark": "drop"}]}),
    ]  # fmt: skip


def damaged_record(rng: random.Random) -> bytes:
    """The file, a line end, and what now stands in it."""
    file, record = rng.choice(_seeds("records"))
    record = json.loads(json.dumps(record))
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        inner, way = record, None
        while isinstance(inner, dict | list) and inner and (way is None or rng.random() < 0.7):
            way = inner, rng.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
            inner = inner[way[1]]
        if way is None:
            record = rng.choice(_ODD)
        elif rng.random() < 0.3:
            del way[0][way[1]]
        elif rng.random() < 0.1:
            way[0][way[1]] = deep = []
            for _ in range(rng.choice((5, 40, 400))):
                deep.append(deep := [])
        else:
            way[0][way[1]] = rng.choice(_ODD)
    lines = record if file.endswith(".jsonl") and isinstance(record, list) else [record]
    content = "\n".join(map(json.dumps, lines)).encode()
    if rng.random() < 0.2:
        content = damage(content, content, rng)
    return file.encode() + b"\n" + content


def read_records(data: bytes, folder: Path) -> None:
    """Everything that is listed, with a sound neighbour of each; all words must fit a terminal."""
    file, _, content = data.partition(b"\n")
    room = file.decode().partition("/")[0]
    beside = [(name, record) for name, record in _seeds("records") if name.startswith(room)]
    for name, record in beside:
        for path in (folder / name, folder / name.replace("harmed", "sound")):
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = record if name.endswith(".jsonl") else [record]
            path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    target = folder / file.decode()
    target.write_bytes(content)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        {"models": _list_models, "data": _list_datasets, "runs": _list_runs}.get(
            room, _list_others
        )(folder, target.parent.name)
    said.getvalue().encode()


def _list_models(folder: Path, harmed: str) -> None:
    from emotion_ai.cli.models import print_model
    from emotion_ai.models.store import survey
    from emotion_ai.ui.wording import headline_score, score_line

    sound, damaged = survey(folder / "models")
    assert {"expression", "keypoints"} - {harmed} <= {model.name for model in sound}
    for model in sound:
        print_model(model, model.name)
        print(*(score_line(score) for score in [headline_score(model)] if score))
    print(*damaged.values())


def _list_datasets(folder: Path, harmed: str) -> None:
    from emotion_ai.cli.data import summary
    from emotion_ai.datasets.marks import load_marks
    from emotion_ai.datasets.store import survey

    sound, damaged = survey(folder / "data")
    assert {"harmed", "sound"} - {harmed} <= {dataset.name for dataset in sound}
    for dataset in sound:
        print(*summary(dataset))
        dataset.__dict__["samples"] = pd.DataFrame({"digest": ["d"] * 5})  # its table
        with contextlib.suppress(EmotionAIError):
            print(load_marks(dataset))
    print(*damaged.values())


def _list_runs(folder: Path, harmed: str) -> None:
    from emotion_ai.cli.runs import _record
    from emotion_ai.figures.training import learning_curve_plot, overlay_plot, score_plot
    from emotion_ai.training import queue, runs
    from emotion_ai.training.describe import epoch_text, flat_settings
    from emotion_ai.training.provenance import refuse_changed_data
    from emotion_ai.training.records import read_scores
    from emotion_ai.ui.train import cards

    found = {run.name: run for run in runs.list_runs(folder / "runs")}
    assert found["sound"].state == "interrupted"
    for run in found.values():
        print(json.dumps(_record(run)), cards._picture(run, 1), flat_settings(run.config))
        for epoch in run.metrics:
            print(epoch_text(epoch, run.config.get("epochs", 0)))
    run = found[harmed]
    if run.metrics:
        learning_curve_plot(run.metrics, "loss", run.config.get("epochs", 1))
        overlay_plot({run.name: run.metrics}, "accuracy")
    print(queue.queued(folder / "runs"))
    with contextlib.suppress(EmotionAIError):
        for score in read_scores(run.folder / runs.SCORES):
            score_plot({"run": score})
    (run.folder / runs.LAST).touch()
    with contextlib.suppress(EmotionAIError):
        refuse_changed_data(run.folder, {"data": [], "steps": 2})


def _list_others(folder: Path, harmed: str) -> None:
    from emotion_ai.jobs.background import read_job
    from emotion_ai.serving.versions import read_export
    from emotion_ai.training.search.searches import read_plan

    if harmed == "harmed":
        with contextlib.suppress(EmotionAIError):
            print(read_plan(folder / "searches" / "harmed"))
    print(read_job(folder / "job.json"))
    record, damage_ = read_export(folder / "model.parity.json")
    print(record.get("created", "")[:10], damage_)


def replies() -> list[bytes]:
    """What model servers answer: plain, in chunks, after an interim answer, a redirect, errors."""
    version = {"version": "3", "state": "AVAILABLE", "status": {"error_message": ""}}
    body = json.dumps({"model_version_status": [version]}).encode()
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    chunks = b"%x\r\n%s\r\n0\r\nTrailer: x\r\n\r\n" % (len(body), body)
    ok = b"HTTP/1.1 200 OK\r\n"
    return [
        ok + length + body,
        ok + b"Transfer-Encoding: chunked\r\n\r\n" + chunks,
        b"HTTP/1.1 100 Continue\r\n\r\n" + ok + length + body,
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Encoding: gzip\r\n"
        + length
        + body,
        b"HTTP/1.1 503 No\r\nConnection: close\r\n\r\n" + body,
        b"HTTP/1.0 404 No\r\n\r\n" + b'{"error": "no"}',
    ]


def read_reply(data: bytes, folder: Path) -> None:
    """Over a pair of sockets: nothing is connected to."""
    import socket

    from emotion_ai.serving import transport
    from emotion_ai.serving.client import ServingClient

    class Pair(transport.Backend):
        def connect_tcp(self, *arguments, **options):
            ours, theirs = socket.socketpair()
            theirs.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                theirs.send(data)
            theirs.shutdown(socket.SHUT_WR)
            kept.append(theirs)  # open until the reply is read
            return transport._Stream(ours, self)

    kept: list = []
    client = ServingClient("http://models.example", reply_s=2.0)
    client._backend = client._pool._network_backend = Pair()
    try:
        client.status("expression")
    finally:
        for connection in kept:
            connection.close()
        client._pool.close()


def read_picture(data: bytes, folder: Path) -> None:
    from emotion_ai.media.images import decode_image, encode_jpeg, shrunk
    from emotion_ai.ui import photos

    frame = decode_image(data, "<b>name</b>")
    assert frame.ndim == 3
    assert frame.dtype == np.uint8
    encode_jpeg(photos._thumbnail(shrunk(frame, photos.PICTURE_SIDE_PX)))


def read_faces(data: bytes, folder: Path) -> None:
    from emotion_ai.ui.photos import Upload, read_photo

    read_photo(Upload("x", data), _reader())


def read_thin(data: bytes, folder: Path) -> None:
    """Also with other numbers in the memory that the detector is given: the same faces."""
    from emotion_ai.media.images import decode_image
    from emotion_ai.ui.photos import Upload, read_photo

    first = read_photo(Upload("x", data), _reader()).readings
    used = [np.full(1 << size, 1e20, np.float32) for size in range(6, 22) for _ in range(8)]
    del used
    frame = decode_image(data)
    again = _reader().read(frame)
    assert [one.as_row() for one in first] == [one.as_row() for one in again]
    for reading in first:
        x0, y0, x1, y1 = reading.face.box_xyxy
        assert max(abs(x0), abs(y0), abs(x1), abs(y1)) <= 4 * max(frame.shape), (x0, y0, x1, y1)


def read_film(data: bytes, folder: Path) -> None:
    from emotion_ai.media.videos import read_video

    for frame, _ in zip(read_video(data, "x"), range(60), strict=False):
        assert frame.image.dtype == np.uint8


def read_dataset(data: bytes, folder: Path) -> None:
    from emotion_ai.datasets import import_dataset

    path = folder / "upload"
    path.write_bytes(data)
    import_dataset(path, folder / "data")


def read_grey(data: bytes, folder: Path) -> None:
    from emotion_ai.datasets.formats.image_files import decode_grey

    assert decode_grey("x", data).ndim == 2


def read_votes_beside(data: bytes, folder: Path) -> None:
    from emotion_ai.datasets import import_dataset

    (folder / "votes").write_bytes(data)
    (folder / "upload").write_bytes(_seeds("csv")[0])
    import_dataset(folder / "upload", folder / "data", votes=folder / "votes")


_reader_kept: list = []


def _reader():
    if not _reader_kept:
        from emotion_ai.reading.predictor import load_predictor
        from emotion_ai.settings import settings
        from emotion_ai.ui.resources import Reader

        _reader_kept.append(Reader(load_predictor(settings()), "fuzz"))
    return _reader_kept[0]


#: What is damaged, what reads it, and its share of the inputs.
TARGETS: dict[str, tuple[Callable[[], list], Check, float]] = {
    "image": (pictures, read_picture, 0.3),
    "faces": (pictures, read_faces, 0.05),
    "thin": (list, read_thin, 0.02),
    "grey": (pictures, read_grey, 0.2),
    "video": (films, read_film, 0.15),
    "csv": (tables, read_dataset, 0.1),
    "votes": (lambda: tables()[3:], read_votes_beside, 0.05),
    "zip": (trees, read_dataset, 0.15),
    "records": (records, read_records, 0.2),
    "replies": (replies, read_reply, 0.1),
}
#: Inputs after which a process makes way for a fresh one: what lies in memory differs in each.
A_PROCESS = {"thin": 50}
_made: dict[str, list] = {}


def _seeds(target: str) -> list:
    if target not in _made:
        _made[target] = TARGETS[target][0]()
    return _made[target]


def hostile_input(target: str, number: int, seed: int = 0) -> bytes:
    """Input ``number`` of a target, always the same."""
    rng = random.Random(f"{seed} {target} {number}")
    if target == "thin":
        return thin_picture(rng)
    if target == "records":
        return damaged_record(rng)
    seeds = _seeds(target)
    chosen = rng.choice(seeds)
    if isinstance(chosen, dict):
        return damaged_zip(chosen, rng)
    data = damage(chosen, rng.choice(seeds), rng)
    if rng.random() < 0.3:  # what checks its sums reads no further, so make them right
        data = _with_right_sums(data)
    return data


def _with_right_sums(data: bytes) -> bytes:
    """A PNG with the checksums of its chunks made right."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    whole, at = bytearray(data), 8
    while at + 12 <= len(whole):
        end = at + 8 + int.from_bytes(whole[at : at + 4])
        if end + 4 > len(whole):
            break
        whole[end : end + 4] = zlib.crc32(whole[at + 4 : end]).to_bytes(4)
        at = end + 4
    return bytes(whole)


def short(message: str) -> bool:
    """Whether a refusal is one line, or one and a list of what is known, a line each."""
    first, *known = message.split("\n")
    return len(first) <= 600 and all(re.fullmatch(r"  \S.{0,120}", line) for line in known)


def check(target: str, data: bytes) -> str | None:
    """What is wrong with how this input was met, None when nothing is."""
    with tempfile.TemporaryDirectory(prefix="fuzz_") as folder:
        _guard.folder = folder
        try:
            TARGETS[target][1](data, Path(folder))
        except EmotionAIError as error:
            if not short(str(error)):
                return f"not a line: {str(error)[:300]!r}"
        except Exception as error:
            return f"{type(error).__name__}: {str(error)[:300]}"
        finally:
            _guard.folder = None
            found, _guard.found = _guard.found, []
        return f"touched {found[0]}" if found else None


class _Guard:
    """Notes what is written, moved or removed outside the folder while an input is read."""

    folder: str | None = None
    found: list[str]

    def __init__(self):
        self.found = []

    def __call__(self, event: str, arguments: tuple) -> None:
        if self.folder is None:
            return
        if event == "open" and isinstance(arguments[0], str | bytes):
            mode, flags = arguments[1] or "", arguments[2] or 0
            if not (set(mode) & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
                return
            paths = arguments[:1]
        elif event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink"):
            paths = [path for path in arguments[:2] if isinstance(path, str | bytes)]
        elif event in ("subprocess.Popen", "os.system", "os.exec", "socket.connect"):
            self.found.append(event)
            return
        else:
            return
        for path in map(os.fsdecode, paths):
            whole = os.path.realpath(path)
            if not whole.startswith((self.folder, "/dev/null", "/proc/self")) and os.path.isabs(
                path
            ):
                self.found.append(f"{event} {path[:200]}")


_guard = _Guard()


def worker(target: str, numbers: range, seed: int) -> None:
    """Read inputs one after the other, telling the parent before each and what was found."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # libraries print what they think of the files
    os.dup2(1, 2)
    check(target, hostile_input(target, -1, seed))  # imports
    sys.addaudithook(_guard)
    for number in numbers:
        data = hostile_input(target, number, seed)
        print(json.dumps({"at": number}), file=out)
        before, started = _most_memory(), time.perf_counter() - _queued_s("self")
        wrong = check(target, data)
        spent = time.perf_counter() - _queued_s("self") - started
        if (took := _most_memory() - before) > MOST_BYTES:
            wrong = wrong or f"took {took >> 20} MB"
        print(json.dumps({"spent": spent, "wrong": wrong, "bytes": len(data)}), file=out)


def _most_memory() -> int:
    """The most memory this process has had so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _queued_s(process: int | str) -> float:
    """How long a process has waited for a core so far: no input is to blame for that."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def hunt(target: str, numbers: range, seed: int) -> dict:
    """Run a worker over ``numbers``, beginning again after each input that ends it."""
    found, slowest, at = [], 0.0, numbers.start
    while at < numbers.stop:
        command = [sys.executable, __file__, "--worker", target]
        stop = min(numbers.stop, at + A_PROCESS.get(target, numbers.stop))
        command += ["--numbers", f"{at}:{stop}", "--seed", str(seed)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        selector = selectors.DefaultSelector()
        selector.register(process.stdout, selectors.EVENT_READ)
        current, rest = None, b""
        since = time.monotonic(), 0.0
        while True:
            patience = SLOWEST_S if current is not None else 120
            if not selector.select(0.5):
                spent = time.monotonic() - since[0] - (_queued_s(process.pid) - since[1])
                if spent < patience:
                    continue
                process.kill()
                process.wait()
                found.append((current, f"longer than {patience:.0f} s"))
                break
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                if process.wait() != 0:
                    found.append((current, f"the process ended with {process.returncode}"))
                break
            *lines, rest = (rest + chunk).split(b"\n")
            for record in map(json.loads, lines):
                if "at" in record:
                    current = record["at"]
                    since = time.monotonic(), _queued_s(process.pid)
                else:
                    slowest = max(slowest, record["spent"])
                    if record["wrong"]:
                        found.append((current, record["wrong"]))
        if current is None:
            raise SystemExit(f"{target}: the worker did not start")
        at = current + 1
    return {"target": target, "inputs": len(numbers), "found": found, "slowest_s": slowest}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=2000, help="in all (default 2000)")
    parser.add_argument("--targets", default=",".join(TARGETS), help=", ".join(TARGETS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", metavar="TARGET:NUMBER", help="read one input here")
    parser.add_argument("--save", type=Path, help="with --again: write the input")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--numbers", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        first, last = map(int, arguments.numbers.split(":"))
        worker(arguments.worker, range(first, last), arguments.seed)
        return 0
    if arguments.again:
        target, number = arguments.again.split(":")
        data = hostile_input(target, int(number), arguments.seed)
        if arguments.save:
            arguments.save.write_bytes(data)
        sys.addaudithook(_guard)
        TARGETS[target][1](data, Path(tempfile.mkdtemp(prefix="fuzz_")))
        return 0
    targets = arguments.targets.split(",")
    shares = sum(TARGETS[target][2] for target in targets)
    print(f"{'target':8} {'inputs':>8} {'s':>6} {'slowest s':>10} {'findings':>9}")
    findings = 0
    for target in targets:
        started = time.monotonic()
        inputs = max(1, round(arguments.inputs * TARGETS[target][2] / shares))
        result = hunt(target, range(inputs), arguments.seed)
        passed_s = time.monotonic() - started
        findings += len(result["found"])
        print(
            f"{target:8} {inputs:8,} {passed_s:6.0f} {result['slowest_s']:10.2f} "
            f"{len(result['found']):9}",
            flush=True,
        )
        for number, wrong in result["found"][:20]:
            print(f"    --again {target}:{number}: {wrong}", flush=True)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
