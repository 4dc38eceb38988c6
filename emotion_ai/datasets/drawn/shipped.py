"""The two drawn datasets that come with the app, for those who have no other yet.

Drawn from fixed seeds, files and all: whoever draws them again gets the same. The expression set
has what a dataset labelled by people has: faces on which people disagree, and wrong labels.
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from emotion_ai.access.permissions import require_editor
from emotion_ai.datasets.drawn.parameters import between, random_acting, random_face
from emotion_ai.datasets.drawn.synthetic import SPLIT_RULE, draw_face, draw_faces
from emotion_ai.datasets.splits import make_split
from emotion_ai.datasets.store import Dataset, DatasetWriter
from emotion_ai.labels import (
    COORDINATE_COLUMNS,
    FER7,
    FERPLUS_EXPRESSIONS,
    INPUT_SIZE_PX,
    VOTE_COLUMNS,
)
from emotion_ai.progress import Progress

EXPRESSION_FACES, KEYPOINT_FACES, WRONG_LABELS = 798, 400, 12
NAMES = ("drawn_expression", "drawn_keypoints")
_SEED = 48
#: The date on both, so that they stay the same.
_CREATED = "2026-11-21T00:00:00+00:00"
#: How many of the faces act something between two expressions.
_UNCERTAIN = 0.2
#: What each expression is most easily taken for.
_TAKEN_FOR = {
    "angry": "disgust", "disgust": "angry", "fear": "surprise", "surprise": "fear",
    "happy": "neutral", "neutral": "sad", "sad": "neutral",
}  # fmt: skip
#: Voters who see something else on a face that shows what it acts: what it is taken for, anything.
_TAKEN, _ANYTHING = 0.06, 0.03


def draw_expression_set(
    data_dir: Path, n: int = EXPRESSION_FACES, progress: Progress | None = None
) -> Dataset:
    """Store ``n`` faces of 48 px as ``drawn_expression``, with ten drawn votes each.

    A fifth of them act something between two expressions, and their votes are divided. The labels
    of the rows in ``wrong_labels`` of its description are wrong.
    """
    require_editor("draw a dataset")
    size_px = INPUT_SIZE_PX["expression"]
    rng = np.random.default_rng(_SEED)
    acted = rng.permutation(np.resize(FER7.expressions, n))
    own_share = np.where(rng.random(n) < _UNCERTAIN, rng.uniform(0.45, 0.7, n), 1.0)
    splits = make_split(np.arange(n), acted, SPLIT_RULE, _SEED)
    wrong = np.sort(rng.choice(np.flatnonzero(own_share == 1), WRONG_LABELS * n // EXPRESSION_FACES,
                               replace=False))  # fmt: skip
    given = acted.copy()
    for row in wrong:
        given[row] = rng.choice([name for name in FER7.expressions if name != acted[row]])
    folder = Path(data_dir) / NAMES[0]
    with DatasetWriter(folder, "expression", size_px) as writer:
        for i in range(n):
            hand = np.random.default_rng((_SEED, i))
            face = random_face(hand, acted[i])
            if own_share[i] < 1:
                other = random_acting(hand, _TAKEN_FOR[acted[i]])
                face = replace(face, acting=between(face.acting, other, own_share[i]))
            image, _ = draw_face(hand, face, size_px)
            votes = hand.multinomial(10, _vote_shares(acted[i], own_share[i]))
            source = f"face {i}"
            row = {"split": splits[i], "source": source, "group": source, "expression": given[i]}
            row |= zip(VOTE_COLUMNS, votes.astype(np.uint8), strict=True)
            writer.add(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), row)
            if progress:
                progress(i + 1, n, "faces")
        return writer.commit(
            writer.table(),
            about="Drawn faces, each with the votes of ten drawn people. About a fifth act "
            "something between two expressions, and their votes are divided; "
            f"{len(wrong)} labels are wrong on purpose, for you to find.",
            wrong_labels=wrong.tolist(),
            with_votes=n,
            label_set=FER7.name,
            **_origin(),
        )


def draw_keypoint_set(
    data_dir: Path, n: int = KEYPOINT_FACES, progress: Progress | None = None
) -> Dataset:
    """Store ``n`` faces of 96 px with all their keypoints as ``drawn_keypoints``."""
    require_editor("draw a dataset")
    size_px = INPUT_SIZE_PX["keypoints"]
    faces = draw_faces(n, size_px, _SEED, progress=progress)
    splits = make_split(np.arange(n), faces.expressions, SPLIT_RULE, _SEED)
    with DatasetWriter(Path(data_dir) / NAMES[1], "keypoints", size_px) as writer:
        for i, image in enumerate(faces.images):
            source = f"face {i}"
            coordinates = zip(COORDINATE_COLUMNS, faces.keypoints_px[i].ravel(), strict=True)
            writer.add(image, {"split": splits[i], "source": source, "group": source,
                               **dict(coordinates)})  # fmt: skip
        return writer.commit(
            writer.table(),
            about="Drawn faces, each with its 15 points exactly where they were drawn.",
            **_origin(),
        )


def _origin() -> dict:
    """What both descriptions say alike."""
    return {
        "format": "synthetic",
        "source": {"name": f"seed {_SEED}"},
        "split_rule": f"{SPLIT_RULE}, seed {_SEED}, stratified",
        "created": _CREATED,
        "shipped": True,
    }


def _vote_shares(acted: str, own_share: float) -> np.ndarray:
    """float (10,): how likely one voter chooses each of FER+'s ten; sums to 1."""
    shares = np.full(len(VOTE_COLUMNS), _ANYTHING / len(VOTE_COLUMNS))
    rest = 1 - _ANYTHING
    taken = _TAKEN if own_share == 1 else 1 - own_share
    shares[FERPLUS_EXPRESSIONS.index(acted)] += rest * (1 - taken)
    shares[FERPLUS_EXPRESSIONS.index(_TAKEN_FOR[acted])] += rest * taken
    return shares
