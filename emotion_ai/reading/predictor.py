"""From a frame to its readings: detect, crop, both networks side by side, map back.

LiteRT only; nothing here imports TensorFlow. Not thread-safe: one predictor per worker.
"""

import copy
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from emotion_ai.errors import ModelError
from emotion_ai.faces.cropping import FRAMINGS, crop_faces
from emotion_ai.faces.detection import DETECTION_SIDE_PX, FaceDetector, load_detector
from emotion_ai.faces.order import in_reading_order
from emotion_ai.models.store import DEFAULTS, SavedModel, open_model
from emotion_ai.models.taught import TaughtHead
from emotion_ai.results import Expression, FaceBox, FaceReading, OwnClass
from emotion_ai.settings import Settings


class Predictor:
    """Reads faces with an expression model, a keypoint model, or both.

    ``networks``, by task, are called with uint8 (N, S, S) faces and know their ``size_px``:
    LiteRT here, or a model server (``serving.network``). ``notes`` says, a line each, what is
    missing.
    """

    def __init__(
        self,
        detector: FaceDetector,
        expression: SavedModel | None = None,
        keypoints: SavedModel | None = None,
        threads: int = 2,
    ):
        self.detector = detector
        self.models = {model.task: model for model in (expression, keypoints) if model is not None}
        self.networks = {task: model.network(threads) for task, model in self.models.items()}
        self.notes = [detector.note] if detector.note else []
        #: Names classes of a visitor's own too, where one is given.
        self.taught: TaughtHead | None = None
        #: Reads expressions while the caller's thread reads keypoints; None does it one by one.
        self.helper = ThreadPoolExecutor(1, "expressions") if threads > 1 else None

    def answering(self, head: str) -> "Predictor":
        """The same predictor, its networks shared, that names expressions as another head of its
        expression model does; ModelError lists them."""
        if "expression" not in self.models:
            raise ModelError(f"named as {head}: expected an expression model, got none")
        other, model = copy.copy(self), self.models["expression"].with_head(head)
        network = self.networks["expression"].answering(model.heads.index(head))
        other.models = self.models | {"expression": model}
        other.networks = self.networks | {"expression": network}
        return other

    def naming(self, taught: TaughtHead) -> "Predictor":
        """The same predictor, its networks shared, that names the classes of a taught head too;
        ModelError where its features are not those of the expression network."""
        network = self.networks["expression"]
        found = network(np.zeros((1, network.size_px, network.size_px), np.uint8))
        if "embedding" not in found:
            raise ModelError("expected an expression network that gives features, got one without")
        taught.name(found["embedding"])
        other = copy.copy(self)
        other.taught = taught
        return other

    def warm_up(self) -> None:
        """Pay all first-time costs now."""
        blank = np.zeros((240, 320, 3), np.uint8)
        self.detector.detect(blank)
        self.warm_up_networks()

    def warm_up_networks(self) -> None:
        """Pay the first-time costs of the networks alone."""
        blank = np.zeros((240, 320, 3), np.uint8)
        self.read_faces(blank, [FaceBox((100.0, 50.0, 200.0, 170.0), 1.0)])

    def read(self, frame: np.ndarray, max_side_px: int = DETECTION_SIDE_PX) -> list[FaceReading]:
        """Every face of a uint8 (H, W, 3) BGR photo, in reading order: rows from the top, each
        from left to right."""
        return self.read_faces(frame, in_reading_order(self.detector.detect(frame, max_side_px)))

    def read_faces(self, frame: np.ndarray, faces: list[FaceBox]) -> list[FaceReading]:
        """Readings of known faces, in their order; each network is asked once, for all of them."""
        if not faces:
            return []
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        if self.helper and len(self.networks) > 1:
            others = self.helper.submit(self._expressions, grey, faces)
            keypoints, expressions = self._keypoints(grey, faces), others.result()
        else:
            keypoints, expressions = self._keypoints(grey, faces), self._expressions(grey, faces)
        return [
            FaceReading(face, points, said, own)
            for face, points, (said, own) in zip(faces, keypoints, expressions, strict=True)
        ]

    def _keypoints(self, grey: np.ndarray, faces: list[FaceBox]) -> list[np.ndarray | None]:
        network = self.networks.get("keypoints")
        if network is None:
            return [None] * len(faces)
        crops = crop_faces(grey, faces, FRAMINGS["keypoints"], network.size_px)
        return list(crops.to_frame(network(crops.images)["keypoints"]))

    def _expressions(
        self, grey: np.ndarray, faces: list[FaceBox]
    ) -> list[tuple[Expression | None, OwnClass | None]]:
        network = self.networks.get("expression")
        if network is None:
            return [(None, None)] * len(faces)
        model = self.models["expression"]
        labels = model.labels.expressions
        crops = crop_faces(grey, faces, FRAMINGS["expression"], network.size_px)
        found = network(crops.images)
        said = [Expression(labels, row, model.named_as) for row in found["probabilities"]]
        own = self.taught.name(found["embedding"]) if self.taught else [None] * len(faces)
        return list(zip(said, own, strict=True))


def load_predictor(settings: Settings, detector: FaceDetector | None = None) -> Predictor:
    """The default models and the best detector there is; what is missing becomes a note."""
    models: dict[str, SavedModel | None] = {}
    notes = []
    for task in DEFAULTS:
        try:
            models[task] = open_model(settings.models_dir, task)
            models[task].verified("model.tflite")
        except ModelError as error:
            models[task] = None
            notes.append(str(error))
    predictor = Predictor(detector or load_detector(settings), **models, threads=settings.threads)
    predictor.notes += notes
    return predictor
