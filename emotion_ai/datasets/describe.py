"""What a dataset looks like in numbers and pictures: balance, light, mean faces, keypoints."""

from collections.abc import Sequence

import cv2
import numpy as np
import pandas as pd

from emotion_ai.datasets.store import SPLITS, Dataset
from emotion_ai.labels import COORDINATE_COLUMNS, FER7, KEYPOINT_NAMES, LabelSet

#: An image whose grey values spread (standard deviation) less than this shows nothing. Any limit
#: from 1 to 4 finds the same 13 images of FER2013's published part; the next has 4.1.
BLANK_BELOW = 2.0
#: Shares that differ by less are called alike.
_LEAST_APART = 0.01


def balance(samples: pd.DataFrame, labels: LabelSet = FER7) -> pd.DataFrame:
    """Faces by expression and split: one row each with ``split``, ``expression``, ``faces`` and
    ``share`` of the split (0 to 1), in the order of the splits and of ``labels``."""
    counts = pd.crosstab(samples["split"], samples["expression"])
    splits = [split for split in SPLITS if split in counts.index]
    names = [name for name in labels.expressions if name in counts]
    counts = counts.loc[splits, names]
    table = counts.stack().rename("faces").reset_index()
    table["share"] = table["faces"] / table.groupby("split")["faces"].transform("sum")
    return table


def balance_of(datasets: Sequence[Dataset]) -> pd.DataFrame:
    """Faces by class in several datasets, all splits together: ``dataset``, ``expression``,
    ``faces`` and ``share`` of its labelled faces, a row for every class of any of them, in the
    order of the first that has it."""
    names = list(dict.fromkeys(n for dataset in datasets for n in dataset.labels.expressions))
    rows = []
    for dataset in datasets:
        counts = dataset.samples["expression"].value_counts()
        total = max(int(counts.sum()), 1)
        for name in names:
            n = int(counts.get(name, 0))
            rows.append(
                {"dataset": dataset.name, "expression": name, "faces": n, "share": n / total}
            )
    return pd.DataFrame(rows)


def difference_in_words(table: pd.DataFrame) -> str:
    """What tells the balance of two datasets apart; ``table``: ``balance_of`` two."""
    wide = table.pivot(index="expression", columns="dataset", values=["faces", "share"])
    first, second = dict.fromkeys(table["dataset"])
    parts = []
    for one, other in ((first, second), (second, first)):
        alone = wide.index[(wide["faces", one] > 0) & (wide["faces", other] == 0)]
        if len(alone):
            more = f" and {len(alone) - 5} more" if len(alone) > 5 else ""
            parts.append(f"Only {one} has {', '.join(alone[:5])}{more}.")
    both = wide[(wide["faces"] > 0).all(axis=1)]["share"]
    if len(both):
        name = (both[first] - both[second]).abs().idxmax()
        shares = " and ".join(
            f"{100 * both.loc[name, one]:.0f} % of {one}" for one in (first, second)
        )
        apart = abs(both.loc[name, first] - both.loc[name, second])
        parts.append(
            f"They differ most in {name}: {shares}."
            if apart >= _LEAST_APART
            else "What both have is as frequent in one as in the other."
        )
    return " ".join(parts)


def facts(dataset: Dataset, pixels: pd.DataFrame) -> dict:
    """A dataset in a row to set beside others; ``pixels``: ``brightness`` and ``contrast`` of each
    image."""
    about = dataset.description
    row = {"dataset": dataset.name, "faces": len(dataset)}
    row |= {split: about["splits"].get(split, 0) for split in SPLITS}
    if dataset.task == "expression":
        row["classes"] = len(dataset.labels)
    else:
        row |= {"all 15 points": about["complete"], "no point": about["unlabelled"]}
    row["brightness"] = round(float(pixels["brightness"].mean()), 1)
    row["contrast"] = round(float(pixels["contrast"].mean()), 1)
    return row | {"blank": int((pixels["contrast"] < BLANK_BELOW).sum())}


def imbalance_in_words(table: pd.DataFrame) -> str:
    """The sentence that says how unequal a split's classes are; ``table``: ``balance``'s rows of
    one split."""
    most, fewest = table.loc[table["faces"].idxmax()], table.loc[table["faces"].idxmin()]
    if not fewest["faces"]:
        return f"There is no {fewest['expression']} face at all."
    ratio = most["faces"] / fewest["faces"]
    if ratio < 1.2:
        return "All expressions are about equally frequent."
    blind = most["share"]
    return (
        f"For each {fewest['expression']} face there are {ratio:.1f} {most['expression']} ones. "
        f"Answering {most['expression']} every time would already be right for "
        f"{100 * blind:.0f} % of the faces."
    )


def pixel_statistics(images: np.ndarray) -> pd.DataFrame:
    """``brightness`` (mean) and ``contrast`` (standard deviation) of each image in grey values,
    float32, from uint8 (N, H, W)."""
    values = np.empty((len(images), 2), np.float32)
    for i, image in enumerate(images):
        mean, deviation = cv2.meanStdDev(np.ascontiguousarray(image))
        values[i] = mean[0, 0], deviation[0, 0]
    return pd.DataFrame(values, columns=["brightness", "contrast"])


def blank_rows(contrast: np.ndarray) -> np.ndarray:
    """Positions of images that show nothing; ``contrast`` as in ``pixel_statistics``."""
    return np.flatnonzero(contrast < BLANK_BELOW)


def pixel_table(pixels: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Grey values by split: mean brightness, its spread, mean contrast, blank images."""
    grouped = pixels.assign(blank=pixels["contrast"] < BLANK_BELOW).groupby(
        samples["split"].to_numpy()
    )
    table = pd.DataFrame(
        {
            "brightness": grouped["brightness"].mean(),
            "its spread": grouped["brightness"].std(),
            "contrast": grouped["contrast"].mean(),
            "blank": grouped["blank"].sum(),
        }
    )
    return table.reindex([split for split in SPLITS if split in table.index]).rename_axis("split")


def mean_faces(images: np.ndarray, labels: np.ndarray, names: list[str]) -> np.ndarray:
    """The mean image of each label: uint8 (len(names), H, W); black where there is no image.

    ``images``: uint8 (N, H, W); ``labels``: (N,) with one of ``names`` or anything else.
    """
    means = np.zeros((len(names), *images.shape[1:]), np.uint8)
    for i, name in enumerate(names):
        rows = np.flatnonzero(labels == name)
        if len(rows):
            means[i] = np.rint(mean_face(images, rows))
    return means


def mean_face(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """float64 (H, W): the mean of some images, a block at a time so that memory stays small."""
    total = np.zeros(images.shape[1:], np.float64)
    for start in range(0, len(rows), 1024):
        total += images[rows[start : start + 1024]].sum(axis=0, dtype=np.uint32)
    return total / max(len(rows), 1)


def coordinate_table(samples: pd.DataFrame) -> pd.DataFrame:
    """The 30 coordinates: ``count``, ``missing``, mean, std, min, quartiles, max, in pixels."""
    coordinates = samples[list(COORDINATE_COLUMNS)]
    table = coordinates.describe().T
    table.insert(1, "missing", len(samples) - table["count"])
    table[["count", "missing"]] = table[["count", "missing"]].astype(int)
    return table.rename_axis("coordinate").reset_index()


def missing_by_point(keypoints_px: np.ndarray) -> pd.DataFrame:
    """How often each point is not labelled: ``point``, ``missing``, ``share``; (N, 15, 2)."""
    missing = np.isnan(keypoints_px).any(axis=2).sum(axis=0)
    share = missing / max(len(keypoints_px), 1)
    return pd.DataFrame({"point": KEYPOINT_NAMES, "missing": missing, "share": share})


def keypoint_density(keypoints_px: np.ndarray, size_px: int, blur_px: float = 0.8) -> np.ndarray:
    """Where keypoints lie: float32 (15, size, size), each point's share of faces per pixel, a
    little blurred. ``keypoints_px``: float (N, 15, 2); those outside the crop are not counted."""
    density = np.zeros((len(KEYPOINT_NAMES), size_px, size_px), np.float32)
    for i in range(len(KEYPOINT_NAMES)):
        points = keypoints_px[:, i]
        points = points[~np.isnan(points).any(axis=1)]
        counts, _, _ = np.histogram2d(
            points[:, 1], points[:, 0], bins=size_px, range=[[-0.5, size_px - 0.5]] * 2
        )
        share = counts.astype(np.float32) / max(len(points), 1)
        density[i] = cv2.GaussianBlur(share, (0, 0), blur_px)
    return density


def missing_points(dataset: Dataset) -> np.ndarray:
    """int64 (N,): how many of the 15 points of each image are not labelled."""
    return np.isnan(dataset.keypoints_px).any(axis=2).sum(axis=1)
