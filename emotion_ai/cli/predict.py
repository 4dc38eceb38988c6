"""``emotion-ai predict``: the faces of photos and films, printed, tabled, drawn."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from emotion_ai.cli.archive import add_options, run_archive
from emotion_ai.errors import ImageError, ModelError, VideoError
from emotion_ai.labels import HEADS
from emotion_ai.progress import progress_bar
from emotion_ai.results import FaceReading
from emotion_ai.settings import settings
from emotion_ai.storage.files import printable, write_bytes

if TYPE_CHECKING:  # what reads is imported when something is read: other commands start sooner
    from emotion_ai.reading.films import VideoReading
    from emotion_ai.reading.predictor import Predictor


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    predict = subparsers.add_parser("predict", help="read the faces of photos and films")
    predict.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="photos, films or folders of photos; with --on also globs and addresses like s3://…",
    )
    predict.add_argument("--json", action="store_true", help="print a list with every face")
    predict.add_argument("--csv", type=Path, metavar="FILE", help="write a table, one row a face")
    predict.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write annotated photos and films; with --on the table",
    )
    predict.add_argument(
        "--head", type=Path, metavar="FILE", help="name classes of your own too (see Teach it)"
    )
    predict.add_argument(
        "--named-as",
        choices=HEADS,
        help="which truth a model that has learned both answers with; default: its first",
    )
    add_options(predict)
    predict.set_defaults(handler=run_predict)


@dataclass
class _Findings:
    """What the files held, a line for each that could not be read, and why the models here read
    although a model server is set."""

    photos: list[tuple[Path, tuple[int, int], list[FaceReading]]] = field(default_factory=list)
    films: list[tuple[Path, "VideoReading"]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    troubles: set[str] = field(default_factory=set)
    #: Of a taught head.
    own_classes: tuple[str, ...] = ()
    #: Files written by this run.
    annotated: set[Path] = field(default_factory=set)


def run_predict(arguments: argparse.Namespace) -> int:
    if arguments.on:
        return run_archive(arguments)
    from emotion_ai.media.files import is_film, photo_paths
    from emotion_ai.reading.predictor import load_predictor
    from emotion_ai.serving.client import client_for
    from emotion_ai.serving.network import through

    paths = [Path(path) for path in arguments.paths]
    films = [path for path in paths if is_film(path)]
    photos = list(photo_paths([path for path in paths if path not in films]))
    predictor = load_predictor(settings())
    for note in predictor.notes:
        print(f"note: {note}", file=sys.stderr)
    if arguments.named_as:
        predictor = predictor.answering(arguments.named_as)
    if arguments.head:
        predictor = _naming(arguments.head, predictor)
        if settings().serving_url:
            print("note: read by the models here: servers give no features", file=sys.stderr)
    elif settings().serving_url:
        predictor = through(predictor, client_for(settings().serving_url))
    found = _Findings(own_classes=predictor.taught.classes if predictor.taught else ())
    _read_photos(photos, predictor, arguments.out, found)
    _read_films(films, predictor, arguments.out, found)
    for reason in sorted(found.troubles - {""}):
        print(f"note: read by the models here: {reason}", file=sys.stderr)
    if arguments.csv:
        _write_table(arguments.csv, found)
    for line in [_as_json(found)] if arguments.json else _as_text(found):
        print(printable(line))
    for failure in found.failures:
        print(f"error: {printable(failure)}", file=sys.stderr)
    return 1 if found.failures else 0


def _naming(path: Path, predictor: "Predictor") -> "Predictor":
    from emotion_ai.models.taught import read_head

    if "expression" not in predictor.models:
        raise ModelError("--head: expected an expression model to read features with, got none")
    return predictor.naming(read_head(path, predictor.models["expression"]))


def _read_photos(
    paths: list[Path], predictor: "Predictor", out: Path | None, found: _Findings
) -> None:
    from emotion_ai.faces.drawing import draw_readings
    from emotion_ai.media.images import encode_jpeg, read_image
    from emotion_ai.serving.network import trouble

    with progress_bar("reading faces") as progress:
        for done, path in enumerate(paths, 1):
            try:
                frame = read_image(path)
            except ImageError as error:
                found.failures.append(str(error))
                continue
            readings = predictor.read(frame)
            found.troubles.add(trouble(predictor))
            found.photos.append((path, frame.shape[1::-1], readings))
            if out:
                picture = encode_jpeg(draw_readings(frame, readings))
                write_bytes(_annotated_path(out, path, ".jpg", found), picture)
            progress(done, len(paths), "photos")


def _read_films(
    paths: list[Path], predictor: "Predictor", out: Path | None, found: _Findings
) -> None:
    from emotion_ai.reading.films import read_faces_of_video
    from emotion_ai.serving.network import trouble

    for path in paths:
        annotated = _annotated_path(out, path, ".mp4", found) if out else None
        try:
            with progress_bar(f"reading {path.name}") as progress:
                film = read_faces_of_video(path, predictor, annotated=annotated, progress=progress)
            found.films.append((path, film))
        except VideoError as error:
            found.failures.append(str(error))
        found.troubles.add(trouble(predictor))


def _annotated_path(out: Path, source: Path, suffix: str, found: _Findings) -> Path:
    """A file in ``out`` for the annotated ``source`` that no other of this run has. Two files may
    share a name: ``a/x.jpg`` and ``b/x.jpg``."""
    out.mkdir(parents=True, exist_ok=True)
    path, number = out / f"{source.stem}_faces{suffix}", 1
    while path in found.annotated:
        number += 1
        path = out / f"{source.stem}_faces_{number}{suffix}"
    found.annotated.add(path)
    return path


def _write_table(path: Path, found: _Findings) -> None:
    from emotion_ai.reading.table import readings_table

    photos = ((printable(str(photo)), readings) for photo, _, readings in found.photos)
    films = ((printable(str(film)), reading.sightings) for film, reading in found.films)
    table = readings_table(photos, films, found.own_classes)
    write_bytes(path, table.to_csv(index=False).encode())


def _as_json(found: _Findings) -> str:
    from emotion_ai.reading.table import film_record, photo_record

    photos = [photo_record(printable(str(path)), *photo) for path, *photo in found.photos]
    films = [
        film_record(
            printable(str(path)), film.size_wh, film.duration_s, film.frames, film.sightings
        )
        for path, film in found.films
    ]
    return json.dumps(photos + films)


def _as_text(found: _Findings) -> Iterator[str]:
    for path, _, readings in found.photos:
        yield f"{path}: {_faces(len(readings))}"
        for number, reading in enumerate(readings, 1):
            x0, y0, x1, y1 = map(round, reading.face.box_xyxy)
            said = filter(None, (reading.expression, reading.own))
            text = ", ".join(f"{one.label} {one.confidence:.2f}" for one in said)
            yield f"  {number:2d}  ({x0}, {y0}) to ({x1}, {y1})  {text}".rstrip()
    for path, film in found.films:
        yield from _film_text(path, film)


def _film_text(path: Path, film: "VideoReading") -> Iterator[str]:
    """How long each face was seen, and what it looked like most of the time."""
    yield f"{path}: {film.duration_s:.1f} s, {film.frames} frames, {_faces(len(film.tracks))}"
    for track in film.tracks:
        seen = [sighting for sighting in film.sightings if sighting.track == track]
        text = f"  {track:2d}  {seen[0].time_s:.1f} s to {seen[-1].time_s:.1f} s"
        expressions = _most_said(sighting.reading.expression for sighting in seen)
        own = _most_said(sighting.reading.own for sighting in seen)
        yield f"{text}  {'; '.join(filter(None, (expressions, own)))}".rstrip()
    if len(film.tracks) > 1 and (totals := film.of_group().totals):
        yield f"  everyone, second by second  {_first_three(totals)}"


def _most_said(named: Iterable) -> str:
    said = Counter(name.label for name in named if name)
    return _first_three({name: n / said.total() for name, n in said.items()})


def _first_three(shares: dict[str, float]) -> str:
    largest = sorted(shares.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{name} {share:.0%}" for name, share in largest if share)


def _faces(n: int) -> str:
    return f"{n} face{'s' * (n != 1)}"
