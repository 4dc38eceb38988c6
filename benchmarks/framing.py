"""What the whole way costs: frame → detector → crop → network, against the bare crop.

Faces of a dataset are pasted into frames at 80 to 300 px, found again and read. Prints, for each
detector, the share found, the accuracy (or RMSE, in pixels of the bare crop, and NME) on the faces
found, and the same from their bare crops; then which crop, in terms of the detector's box, the
training images are. The way must cost less than 4 points.

    PYTHONPATH=. python benchmarks/framing.py [--data fer2013] [--split validation] [--n 400]
    PYTHONPATH=. python benchmarks/framing.py --video webcam.mjpeg   (beside it webcam.json:
        {"segments": [{"start_frame": 0, "frames": 30, "expression": "angry"}, …]})
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np

from emotion_ai.datasets import load_any
from emotion_ai.datasets.truths import class_positions
from emotion_ai.errors import DatasetError
from emotion_ai.evaluation.keypoint_errors import normalised_errors
from emotion_ai.faces.cropping import FRAMINGS, Framing, crop_faces
from emotion_ai.faces.detection import FaceDetector, load_detector
from emotion_ai.models.store import open_model
from emotion_ai.reading.predictor import Predictor
from emotion_ai.settings import settings

FRAME_WH = (960, 720)


def paste(image: np.ndarray, side_px: int, border_px: int) -> tuple[np.ndarray, np.ndarray]:
    """A uint8 (H, W, 3) frame with a face of ``side_px`` and its real surroundings, beyond which
    the edge goes on; and where the face begins, x and y."""
    scale = side_px / (image.shape[0] - 2 * border_px)
    side = round(image.shape[0] * scale)
    image = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)
    left, top = (FRAME_WH[0] - side) // 2, (FRAME_WH[1] - side) // 2
    right, bottom = FRAME_WH[0] - side - left, FRAME_WH[1] - side - top
    blurred = cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_REPLICATE)
    blurred = cv2.GaussianBlur(blurred, (0, 0), 8)
    blurred[top : top + side, left : left + side] = image
    origin = np.array([left, top]) + border_px * scale
    return cv2.cvtColor(blurred, cv2.COLOR_GRAY2BGR), origin


def surrounds(box_xyxy, point) -> bool:
    (x0, y0, x1, y1), (x, y) = box_xyxy, point
    return x0 < x < x1 and y0 < y < y1


def read_video(path: Path) -> None:
    """The share of frames with a face, and of those named as their segment's label."""
    segments = json.loads(path.with_suffix(".json").read_text())["segments"]
    truth = {s["start_frame"] + i: s["expression"] for s in segments for i in range(s["frames"])}
    model = open_model(settings().models_dir, "expression")
    for detector in (load_detector(settings()), FaceDetector()):
        predictor = Predictor(detector, model, threads=settings().threads)
        video, said, frames = cv2.VideoCapture(str(path)), {}, 0
        while (frame := video.read()[1]) is not None:
            if readings := predictor.read(frame):
                said[frames] = readings[0].expression.label
            frames += 1
        right = [said[frame] == truth.get(frame) for frame in said if frame in truth]
        print(
            f"{detector.name}: {len(segments)} faces, found in {len(said)}/{frames} frames, "
            f"{np.mean(right):.1%} of them named as labelled"
        )
        for segment in segments:
            names = [said.get(segment["start_frame"] + i, "-") for i in range(segment["frames"])]
            shares = {name: names.count(name) for name in sorted(set(names), key=names.count)[::-1]}
            print(f"  {segment['expression']:9} read as {shares}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="fer2013")
    parser.add_argument("--split", default="validation")
    parser.add_argument(
        "--subsets", nargs="*", help="such as helen afw: the accurate part of 300-W"
    )
    parser.add_argument("--model", help="default: the app's for the task of the data")
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--video", type=Path, help="a labelled video instead of a dataset")
    parser.add_argument("--scales", type=float, nargs="*", help="crops to try instead of the app's")
    arguments = parser.parse_args()
    if arguments.video:
        return read_video(arguments.video)
    try:
        dataset = load_any(arguments.data, settings().data_dir)
    except DatasetError as error:
        sys.exit(str(error))
    model = open_model(settings().models_dir, arguments.model or dataset.task)
    network = model.network(settings().threads)
    rng = np.random.default_rng(0)
    rows = dataset.rows(arguments.split)
    if arguments.subsets:
        rows = rows[dataset.samples["subset"].iloc[rows].isin(arguments.subsets)]
    if dataset.task == "expression":
        truth = class_positions(dataset, model.labels, model.truth)
        rows = rows[truth[rows] >= 0]
    rows = np.sort(rng.choice(rows, min(arguments.n, len(rows)), replace=False))
    images = dataset.images[rows]
    sides = rng.integers(80, 301, len(rows))
    shift = FRAMINGS[dataset.task].shift_y
    framings = [Framing(s, shift) for s in arguments.scales or [FRAMINGS[dataset.task].scale]]

    if dataset.task == "expression":
        truth = truth[rows]

        def score(outputs, some, crops, origin, ratio):
            return f"{(outputs['probabilities'].argmax(1) == truth[some]).mean():.1%}"
    else:
        truth = dataset.keypoints_px[rows]

        def score(outputs, some, crops, origin, ratio):
            points = outputs["keypoints"]
            if crops is not None:  # frame pixels → pixels of the bare crop
                places = np.concatenate(
                    [c.to_frame(points[i : i + 1]) for i, c in enumerate(crops)]
                )
                points = (places + 0.5 - origin[:, None]) / ratio[:, None, None] - 0.5
            nme = np.nanmean(normalised_errors(points, truth[some]))
            return f"{np.sqrt(np.nanmean((points - truth[some]) ** 2)):.2f} px, NME {nme:.2%}"

    for detector in (load_detector(settings()), FaceDetector()):
        found, boxes, frames, origins = [], [], [], []
        for i, side in enumerate(sides):
            frame, origin = paste(dataset.wide_images[rows[i]], int(side), dataset.border_px)
            middle = origin + side / 2  # other people may stand around a face
            faces = [face for face in detector.detect(frame) if surrounds(face.box_xyxy, middle)]
            if faces:
                found.append(i)
                boxes.append(faces[0])
                frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))
                origins.append(origin)
        some, origin = np.array(found), np.array(origins)
        ratio = sides[some] / images.shape[1]
        bare = score(network(images[some]), some, None, None, None)
        print(f"{detector.name}: found {len(some)}/{len(rows)}, bare crop {bare}")
        for framing in framings:
            crops = [
                crop_faces(frame, [box], framing, images.shape[1])
                for frame, box in zip(frames, boxes, strict=True)
            ]
            outputs = network(np.concatenate([c.images for c in crops]))
            print(f"  scale {framing.scale:.2f}: {score(outputs, some, crops, origin, ratio)}")
        relative = [
            ((x0 + x1 - 2 * ox) / (2 * s), (y0 + y1 - 2 * oy) / (2 * s),
             np.sqrt((x1 - x0) * (y1 - y0)) / s)
            for (x0, y0, x1, y1), (ox, oy), s in zip(
                [box.box_xyxy for box in boxes], origins, sides[some], strict=True)
        ]  # fmt: skip
        _, cy, size = np.median(relative, axis=0)
        print(
            f"  training image: scale {1 / size:.2f}, its centre {(0.5 - cy):+.2f} below the box's"
        )


if __name__ == "__main__":
    main()
