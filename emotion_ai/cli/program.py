"""``python -m emotion_ai``: datasets, training, evaluation, reading photos.

Exit codes: 0; 1 for bad input, with one line on standard error; 2 for wrong usage.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from emotion_ai import model_commands
from emotion_ai.datasets import commands as dataset_commands
from emotion_ai.datasets import load_any
from emotion_ai.errors import EmotionAIError, ImageError
from emotion_ai.labels import LABEL_SETS, label_set
from emotion_ai.model_store import open_model
from emotion_ai.progress import progress_bar
from emotion_ai.report import commands as report_commands
from emotion_ai.serving import commands as serving_commands
from emotion_ai.settings import settings
from emotion_ai.training import commands as training_commands

#: FER2013's own names of the splits.
SPLIT_NAMES = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emotion_ai",
        description="Facial keypoints and expressions: datasets, training, evaluation, photos.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    dataset_commands.add_parser(commands)
    training_commands.add_parser(commands)
    model_commands.add_parser(commands)
    report_commands.add_parser(commands)
    serving_commands.add_parser(commands)

    evaluate = commands.add_parser("evaluate", help="score a saved model on a dataset")
    evaluate.add_argument("model", metavar="MODEL", help="a saved model's name or folder")
    evaluate.add_argument(
        "--data", required=True, metavar="NAME_OR_PATH", help="a dataset, or a CSV, zip or folder"
    )
    evaluate.add_argument("--split", help="train, validation or test (default: every labelled row)")
    evaluate.add_argument("--label-set", choices=LABEL_SETS, help="score on these expressions")
    evaluate.add_argument("--labels", choices=("given", "crowd"), default="given")
    evaluate.add_argument("--votes", type=Path, metavar="FILE", help="FER+ votes, for a path")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    evaluate.set_defaults(handler=run_evaluate)

    predict = commands.add_parser("predict", help="read the faces of photos and videos")
    predict.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="photos, videos or folders"
    )
    predict.add_argument("--json", action="store_true", help="print a list with every face")
    predict.add_argument("--csv", type=Path, metavar="FILE", help="write one row a face")
    predict.add_argument("--out", type=Path, metavar="DIR", help="write annotated pictures")
    predict.set_defaults(handler=run_predict)

    return parser


def main(argv: list[str] | None = None) -> int:
    arguments = build_parser().parse_args(argv)
    try:
        return arguments.handler(arguments)
    except EmotionAIError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as head, has seen enough
        sys.stdout = None
        return 0
    except OSError as error:
        print(f"error: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cancelled", file=sys.stderr)
        return 130


def run_evaluate(arguments: argparse.Namespace) -> int:
    from emotion_ai.scoring import score_model

    model = open_model(settings().models_dir, arguments.model)
    options = {"votes": arguments.votes} if arguments.votes else {}
    with progress_bar(f"reading {Path(arguments.data).name}") as progress:
        dataset = load_any(arguments.data, settings().data_dir, progress=progress, **options)
    with progress_bar(f"scoring {model.name}") as progress:
        scores = score_model(
            model,
            dataset,
            split=SPLIT_NAMES.get(arguments.split, arguments.split),
            labels=label_set(arguments.label_set) if arguments.label_set else None,
            truth=arguments.labels,
            threads=settings().threads,
            progress=progress,
        )
    print(json.dumps(scores) if arguments.json else "\n".join(scores_text(scores)))
    return 0


def scores_text(scores: dict) -> list[str]:
    """Scores for people: the figure, its interval, what it was measured on."""
    lines = [
        f"{scores['model']} on {scores['data']}, split {scores['split']}, {scores['n']:,} faces"
    ]
    if scores["task"] == "keypoints":
        low, high = scores["rmse_px_ci"]
        lines += [
            f"RMSE {scores['rmse_px']:.2f} px (95 %: {low:.2f} to {high:.2f}) on 96 × 96",
            f"NME {scores['nme']:.2%} of the eye distance, "
            f"under 5 %: {scores['share_nme_under_5_percent']:.1%} of the faces",
            *(f"  {name:26} {rmse:5.2f} px" for name, rmse in scores["per_point_rmse_px"].items()),
            *(
                f"  {name:10} RMSE {part['rmse_px']:.2f} px, NME {part['nme']:.2%}, "
                f"{part['n']:,} faces"
                for name, part in scores.get("per_subset", {}).items()
            ),
        ]
        return lines
    low, high = scores["accuracy_ci"]
    lines += [
        f"accuracy {scores['accuracy']:.1%} (95 %: {low:.1%} to {high:.1%}), "
        f"{scores['label_set']}, {scores['labels_from']} labels",
        f"macro F1 {scores['macro_f1']:.3f}, log loss {scores['log_loss']:.3f}, "
        f"calibration error {scores['calibration_error']:.3f}",
        f"{'':10}{'precision':>10}{'recall':>8}{'F1':>7}{'faces':>7}   taken for",
    ]
    names = scores["labels"]
    for name, counts in zip(names, scores["confusion"], strict=True):
        row = scores["per_class"][name]
        wrong = sorted(
            ((n, other) for n, other in zip(counts, names, strict=True) if other != name and n),
            reverse=True,
        )
        lines.append(
            f"{name:10}{row['precision']:10.3f}{row['recall']:8.3f}{row['f1']:7.3f}"
            f"{row['support']:7d}   " + ", ".join(f"{other} {n}" for n, other in wrong[:3])
        )
    return lines


def run_predict(arguments: argparse.Namespace) -> int:
    from emotion_ai.drawing import draw_readings
    from emotion_ai.images import encode_jpeg, read_image
    from emotion_ai.predictor import load_predictor
    from emotion_ai.serving.client import client_for
    from emotion_ai.serving.network import through, trouble
    from emotion_ai.table import readings_table
    from emotion_ai.video_commands import (
        annotated_path,
        is_video,
        read_videos,
        video_record,
        video_text,
        with_films,
    )

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
    from emotion_ai.images import EXTENSIONS

    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower()[1:] in EXTENSIONS)
            if not inside:
                raise ImageError(f"{path}: expected pictures in this folder, found none")
            yield from inside
        else:
            yield path


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before any command imports TensorFlow
