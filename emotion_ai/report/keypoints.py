"""The report of a keypoint model."""

import numpy as np

from emotion_ai.evaluation.assessment import KeypointAssessment
from emotion_ai.evaluation.keypoint_errors import (
    UNMEASURED,
    normalised_errors,
    point_table,
    side_table,
    worst_faces,
)
from emotion_ai.figures.base import SECOND
from emotion_ai.figures.faces import (
    cumulative_plot,
    joined_points,
    picture_url,
    point_error_plot,
    side_plot,
)
from emotion_ai.report.parts import Section

EXAMPLES = 16


def sections(assessment: KeypointAssessment) -> list[Section]:
    predicted, truth = assessment.predicted_px, assessment.targets_px
    errors = normalised_errors(predicted, truth)
    table = point_table(predicted, truth)
    mean_face = assessment.images[assessment.rows].mean(axis=0).round().astype(np.uint8)
    worst = worst_faces(errors, EXAMPLES)
    faces = tuple(
        (
            picture_url(joined_points(np.asarray(assessment.images[row]), truth[i], predicted[i])),
            f"{100 * errors[i]:.0f} % of the eye distance",
            SECOND,
        )
        for i, row in zip(worst, assessment.rows[worst], strict=True)
    )
    points = Section(
        "Each point",
        "A ring is as wide as the mean distance; the red line shows where predictions lie on "
        "average, five times as long. Left and right are the subject's.",
        plots=(point_error_plot(table, mean_face),),
        table=table.drop(columns=["x_px", "y_px"]),
    )
    within = "How many faces are within an error"
    sides = Section(
        "Left against right",
        "A difference whose interval leaves out 0 is hardly chance.",
        plots=(side_plot(side_table(predicted, truth)),),
    )
    if not len(worst):
        return [points, Section(within, UNMEASURED), sides]
    return [
        points,
        Section(
            within,
            "Mean distance of a face's points over the distance of its outer eye corners (NME).",
            plots=(cumulative_plot({assessment.model.name: errors}),),
        ),
        sides,
        Section(
            "The worst faces",
            "White squares are the labels, dots the predictions.",
            faces=faces,
        ),
    ]
