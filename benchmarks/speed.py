"""What reading a frame costs, part by part, for 1, 5 and 25 faces; medians, milliseconds.

Then one face through both networks in four ways, as ratios within this run: Keras'
``model.predict``, ``model(x)``, a traced ``tf.function`` (these import TensorFlow) and LiteRT.

    PYTHONPATH=. python benchmarks/speed.py [--no-tensorflow]
"""

import argparse
import statistics
import time

import cv2
import numpy as np

from emotion_ai.datasets.drawn.synthetic import draw_photo
from emotion_ai.faces.cropping import FRAMINGS, crop_faces
from emotion_ai.faces.drawing import draw_readings
from emotion_ai.models.store import KERAS
from emotion_ai.reading.predictor import load_predictor
from emotion_ai.results import FaceBox
from emotion_ai.settings import settings


def median_ms(call, repeats: int = 30) -> float:
    call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-tensorflow", action="store_true")
    arguments = parser.parse_args()
    predictor = load_predictor(settings())
    predictor.warm_up()
    networks = {task: model.network(settings().threads) for task, model in predictor.models.items()}
    print(f"{predictor.detector.name}, {settings().threads} threads; median ms of 30")
    print("faces   detect   crop   expression   keypoints   draw   total")
    for faces, size in ((1, (640, 480)), (5, (960, 640)), (25, (1280, 720))):
        frame, boxes = draw_photo(seed=1, faces=faces, size_wh=size)
        found = [FaceBox(box, 1.0) for box in boxes]
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        crops = {t: crop_faces(grey, found, FRAMINGS[t], n.size_px) for t, n in networks.items()}
        readings = predictor.read_faces(frame, found)
        parts = (
            median_ms(lambda f=frame: predictor.detector.detect(f, 640)),
            median_ms(
                lambda g=grey, b=found: [crop_faces(g, b, FRAMINGS[t], n.size_px)
                                         for t, n in networks.items()]
            ),
            median_ms(lambda c=crops: networks["expression"](c["expression"].images)),
            median_ms(lambda c=crops: networks["keypoints"](c["keypoints"].images)),
            median_ms(lambda f=frame, r=readings: draw_readings(f.copy(), r)),
            median_ms(lambda f=frame: draw_readings(f.copy(), predictor.read(f, 640))),
        )  # fmt: skip
        print(f"{faces:5d} {parts[0]:8.2f} {parts[1]:6.2f} {parts[2]:12.2f} {parts[3]:11.2f} "
              f"{parts[4]:6.2f} {parts[5]:7.2f}")  # fmt: skip
    if not arguments.no_tensorflow:
        compare(predictor, networks)


def compare(predictor, networks) -> None:
    import tensorflow as tf

    print("\none face, both networks     ms    times LiteRT")
    keras_models = {
        task: tf.keras.models.load_model(model.folder / KERAS, compile=False)
        for task, model in predictor.models.items()
    }
    faces = {t: np.zeros((1, n.size_px, n.size_px), np.uint8) for t, n in networks.items()}
    batches = {task: face[..., None] for task, face in faces.items()}
    traced = {
        task: tf.function(model, reduce_retracing=True) for task, model in keras_models.items()
    }
    ways = {
        "LiteRT": lambda: [networks[t](faces[t]) for t in networks],
        "model.predict": lambda: [
            m.predict(batches[t], verbose=0) for t, m in keras_models.items()
        ],
        "model(x)": lambda: [m(batches[t]) for t, m in keras_models.items()],
        "tf.function": lambda: [f(tf.constant(batches[t])) for t, f in traced.items()],
    }
    times = {name: median_ms(call, 15) for name, call in ways.items()}
    for name, ms in times.items():
        print(f"{name:24} {ms:7.2f} {ms / times['LiteRT']:10.1f}")


if __name__ == "__main__":
    main()
