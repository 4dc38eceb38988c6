"""What the whole way costs: frame → detector → crop → network, against the bare crop.

Faces of a dataset are pasted into frames at 80 to 300 px, found again and read. Prints, for each
detector, the share found, the accuracy (or RMSE, in pixels of the bare crop) on the faces found,
and the same from their bare crops; then which crop, in terms of the detector's box, the training
images are. The way must cost less than 4 points.

    python benchmarks/framing.py [--data fer2013] [--split validation] [--n 400]
"""

import argparse

import cv2
import numpy as np

from emotion_ai.datasets import load_any
from emotion_ai.faces import FRAMINGS, FaceDetector, Framing, crop_faces, load_detector
from emotion_ai.model_store import open_model
from emotion_ai.scoring import targets_of
from emotion_ai.settings import settings

FRAME_WH = (640, 480)


def paste(face: np.ndarray, side_px: int) -> tuple[np.ndarray, np.ndarray]:
    """A uint8 (H, W, 3) frame whose surroundings continue the face's edge, and where it is."""
    face = cv2.resize(face, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    left, top = (FRAME_WH[0] - side_px) // 2, (FRAME_WH[1] - side_px) // 2
    right, bottom = FRAME_WH[0] - side_px - left, FRAME_WH[1] - side_px - top
    blurred = cv2.copyMakeBorder(face, top, bottom, left, right, cv2.BORDER_REPLICATE)
    blurred = cv2.GaussianBlur(blurred, (0, 0), 8)
    blurred[top : top + side_px, left : left + side_px] = face
    return cv2.cvtColor(blurred, cv2.COLOR_GRAY2BGR), np.array([left, top], float)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="fer2013")
    parser.add_argument("--split", default="validation")
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--scales", type=float, nargs="*", help="crops to try instead of the app's")
    arguments = parser.parse_args()
    dataset = load_any(arguments.data, settings().data_dir)
    model = open_model(settings().models_dir, dataset.task)
    network = model.network(settings().threads)
    rng = np.random.default_rng(0)
    rows = dataset.rows(arguments.split)
    rows = np.sort(rng.choice(rows, min(arguments.n, len(rows)), replace=False))
    images = dataset.images[rows]
    sides = rng.integers(80, 301, len(rows))
    shift = FRAMINGS[dataset.task].shift_y
    framings = [Framing(s, shift) for s in arguments.scales or [FRAMINGS[dataset.task].scale]]

    if dataset.task == "expression":
        truth = targets_of(dataset, model.labels, "given")[rows]

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
            return f"{np.sqrt(np.nanmean((points - truth[some]) ** 2)):.2f} px"

    for detector in (load_detector(settings()), FaceDetector()):
        found, boxes, frames, origins = [], [], [], []
        for i, (image, side) in enumerate(zip(images, sides, strict=True)):
            frame, origin = paste(image, int(side))
            faces = detector.detect(frame)
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
