"""What the tests of pages share."""

from pathlib import Path

import numpy as np
import pytest

from emotion_ai.datasets.store import DatasetWriter
from emotion_ai.labels import VOTE_COLUMNS


@pytest.fixture(scope="session")
def flawed_shelf(tmp_path_factory, drawn) -> Path:
    """``data`` with drawn faces for both tasks (70 and 35) and ``flawed``, in which something of
    each kind is wrong: those 70, a copy of the first in another split with another label, and two
    blanks. Only read it; what models say of it may be kept in its ``cache``."""
    folder = tmp_path_factory.mktemp("flawed")
    drawn("expression", 70, into=folder / "data")
    drawn("keypoints", 35, into=folder / "data")
    faces = drawn("expression", 70)
    black = np.zeros((48, 48), np.uint8)
    with DatasetWriter(folder / "data" / "flawed", "expression", 48) as writer:
        rows = faces.samples[["split", "source", "group", "expression"]].to_dict("records")
        other = "fear" if rows[0]["expression"] != "fear" else "sad"
        split = "train" if rows[0]["split"] != "train" else "test"
        rows.append({**rows[0], "split": split, "expression": other})
        rows += [{"split": "train", "source": "b", "group": "b", "expression": "sad"}] * 2
        images = [*faces.images, faces.images[0], black, black + 1]
        for image, row in zip(images, rows, strict=True):
            votes = dict.fromkeys(VOTE_COLUMNS, 0) | {VOTE_COLUMNS[0]: 10}
            writer.add(np.asarray(image), {**row, **votes})
        writer.commit(writer.table().astype(dict.fromkeys(VOTE_COLUMNS, np.uint8)))
    return folder
