"""``emotion-ai predict``: the faces of photos and videos, printed, tabled, drawn."""

import argparse
import json
import sys
from pathlib import Path

from emotion_ai.errors import ImageError
from emotion_ai.progress import progress_bar
from emotion_ai.settings import settings


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    predict = subparsers.add_parser("predict", help="read the faces of photos and videos")
    predict.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="photos, videos or folders"
    )
    predict.add_argument("--json", action="store_true", help="print a list with every face")
    predict.add_argument("--csv", type=Path, metavar="FILE", help="write one row a face")
    predict.add_argument("--out", type=Path, metavar="DIR", help="write annotated pictures")
    predict.set_defaults(handler=run_predict)


def run_predict(arguments: argparse.Namespace) -> int:
    from emotion_ai.cli.films import (
        annotated_path,
        is_video,
        read_videos,
        video_record,
        video_text,
        with_films,
    )
    from emotion_ai.faces.drawing import draw_readings
    from emotion_ai.media.images import encode_jpeg, read_image
    from emotion_ai.reading.predictor import load_predictor
    from emotion_ai.reading.table import readings_table
    from emotion_ai.serving.client import client_for
    from emotion_ai.serving.network import through, trouble

    videos = [path for path in arguments.paths if is_video(path)]
    paths = list(picture_paths([path for path in arguments.paths if not is_video(path)]))
    predictor = load_predictor(settings())
    for note in predictor.notes:
        print(f"note: {note}", file=sys.stderr)
    if settings().serving_url:
        predictor = through(predictor, client_for(settings().serving_url))
    results, failures, taken, troubles = [], [], set(), set()
    with progress_bar("reading faces") as progress:
        for done, path in enumerate(paths, 1):
            try:
                frame = read_image(path)
            except ImageError as error:
                failures.append(str(error))
                continue
            readings = predictor.read(frame)
            troubles.add(trouble(predictor))
            height, width = frame.shape[:2]
            results.append((path, width, height, readings))
            if arguments.out:
                picture = encode_jpeg(draw_readings(frame, readings))
                annotated_path(arguments.out, path, ".jpg", taken).write_bytes(picture)
            progress(done, len(paths), "photos")
    films, unread = read_videos(videos, predictor, arguments.out, taken)
    failures += unread
    for reason in sorted((troubles | {trouble(predictor)}) - {""}):
        print(f"note: read by the models here: {reason}", file=sys.stderr)
    if arguments.csv:
        table = readings_table((str(path), readings) for path, _, _, readings in results)
        with_films(table, films).to_csv(arguments.csv, index=False)
    if arguments.json:
        records = [
            {
                "file": str(path),
                "width": width,
                "height": height,
                "faces": [reading.as_dict() for reading in readings],
            }
            for path, width, height, readings in results
        ]
        print(json.dumps(records + [video_record(*film) for film in films]))
    else:
        for path, _, _, readings in results:
            print(f"{path}: {len(readings)} face{'s' * (len(readings) != 1)}")
            for number, reading in enumerate(readings, 1):
                x0, y0, x1, y1 = map(round, reading.face.box_xyxy)
                said = reading.expression
                text = f"{said.label} {said.confidence:.2f}" if said else ""
                print(f"  {number:2d}  ({x0}, {y0}) to ({x1}, {y1})  {text}")
        for film in films:
            print("\n".join(video_text(*film)))
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    return 1 if failures else 0


def picture_paths(paths: list[Path]):
    """The files meant by files and folders; of a folder, the pictures in it."""
    from emotion_ai.media.images import EXTENSIONS

    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower()[1:] in EXTENSIONS)
            if not inside:
                raise ImageError(f"{path}: expected pictures in this folder, found none")
            yield from inside
        else:
            yield path
