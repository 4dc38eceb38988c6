"""The report of an expression model."""

import cv2
import numpy as np

from emotion_ai.evaluation.assessment import ExpressionAssessment
from emotion_ai.evaluation.calibration import (
    calibration_error,
    cross_fitted_temperature,
    reliability,
)
from emotion_ai.evaluation.classification import classification_report
from emotion_ai.evaluation.conditions import light_tables
from emotion_ai.faces.quality import UNCERTAIN_BELOW
from emotion_ai.figures.expression import (
    condition_plot,
    confusion_plot,
    coverage_plot,
    precision_recall_plot,
    reliability_plot,
    roc_plot,
)
from emotion_ai.figures.faces import picture_url
from emotion_ai.labels import colours
from emotion_ai.report.parts import Section

EXAMPLES = 16


def sections(assessment: ExpressionAssessment) -> list[Section]:
    probabilities, targets, labels = (
        assessment.probabilities, assessment.targets, assessment.labels
    )  # fmt: skip
    correct, confidence, truth = (
        assessment.correct, assessment.confidence, assessment.question.truth
    )  # fmt: skip
    scaled, temperatures = cross_fitted_temperature(probabilities, targets, assessment.groups)
    after = scaled.max(axis=1)
    light = light_tables(assessment.images[assessment.rows], correct)
    mistakes = np.flatnonzero(~correct)
    hits = np.flatnonzero(correct)
    return [
        Section(
            "What is taken for what",
            f"Rows are the {truth} labels, columns what the model named; shares of each row.",
            plots=(confusion_plot(assessment.confusion, labels, truth=truth),),
        ),
        Section(
            "Expression by expression",
            "Precision: of the faces so named, how many are. Recall: of the faces so labelled, "
            "how many were found, with its 95 % interval.",
            table=classification_report(assessment.confusion, labels),
        ),
        Section(
            "The surest mistakes",
            f"Faces on which the model was most certain and differs from the {truth} label, which "
            "stands before the arrow.",
            faces=_faces(assessment, mistakes[np.argsort(-confidence[mistakes], kind="stable")]),
        ),
        Section(
            "The least certain hits",
            "Faces it named as labelled, but barely.",
            faces=_faces(assessment, hits[np.argsort(confidence[hits], kind="stable")]),
        ),
        Section(
            "Can its probabilities be believed?",
            "On the diagonal, of the faces named with 80 % four in five are right. The dotted "
            f"curve divides the network's last values by a temperature ({temperatures[0]:.2f} "
            f"and {temperatures[1]:.2f}, each fitted on one half of the faces and applied to the "
            f"other): calibration error {assessment.scores['calibration_error']:.3f} before, "
            f"{calibration_error(after, correct):.3f} after.",
            plots=(
                reliability_plot(reliability(confidence, correct), reliability(after, correct)),
            ),
        ),
        Section(
            "Saying uncertain",
            "The higher the probability that is asked for, the fewer faces get an answer, and "
            f"the more of those answers are right. The app asks for {UNCERTAIN_BELOW:.2f}.",
            plots=(coverage_plot(confidence, correct, UNCERTAIN_BELOW),),
        ),
        Section(
            "Each expression against the rest",
            "Precision over recall with the average precision, and ROC with the area under it.",
            plots=(
                precision_recall_plot(probabilities, targets, labels),
                roc_plot(probabilities, targets, labels),
            ),
        ),
        Section(
            "Light and sharpness",
            "Accuracy on fifths of the faces, from dark to bright and from blurred to sharp.",
            plots=tuple(condition_plot(table, name, name) for name, table in light.items()),
        ),
    ]


def _faces(assessment: ExpressionAssessment, order: np.ndarray) -> tuple:
    names = assessment.labels.expressions
    faces = []
    for i in order[:EXAMPLES]:
        face = np.asarray(assessment.images[assessment.rows[i]])
        picture = cv2.resize(face, (112, 112), interpolation=cv2.INTER_CUBIC)
        named = names[assessment.predicted[i]]
        label = names[assessment.targets[i]]
        words = f"{named} {assessment.confidence[i]:.2f}"
        if label != named:
            words = f"{label} → {words}"
        faces.append((picture_url(picture), words, colours(names)[named]))
    return tuple(faces)
