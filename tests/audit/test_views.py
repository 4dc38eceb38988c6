"""What the Datasets page shows, without the page: catalogue, filters, descriptions, montages,
maps and downloads."""

import io
import json
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emotion_ai.audit import projection
from emotion_ai.audit.catalogue import (
    catalogue,
    listing,
    with_expressions,
    with_keypoints,
    with_near_copies,
    with_suspects,
)
from emotion_ai.audit.suspects import find_suspects
from emotion_ai.cli import program
from emotion_ai.datasets import describe, fetch, list_datasets
from emotion_ai.datasets.marks import Mark
from emotion_ai.datasets.selection import Choice, known_orders, known_traits, select
from emotion_ai.errors import ConfigError, DatasetError
from emotion_ai.evaluation.predictions import Predictions
from emotion_ai.faces.montage import Layout, encode_webp, montage
from emotion_ai.jobs import background
from emotion_ai.labels import FER7, KEYPOINT_COUNT
from emotion_ai.settings import Settings
from emotion_ai.storage.arrays import load_arrays
from tests.support.dataset_files import png, write_tree


@pytest.fixture(scope="module")
def where(tmp_path_factory):
    return Settings(cache_dir=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def faces(drawn):
    return drawn("expression", 140, seed=2)


@pytest.fixture(scope="module")
def pointed(drawn):
    return drawn("keypoints", 70, seed=2)


@pytest.fixture(scope="module")
def told(faces):
    """Predictions of a model that is right about every second face."""
    truth = faces.samples["expression"].map(FER7.index).to_numpy()
    said = np.where(np.arange(140) % 2, truth, (truth + 1) % 7)
    probabilities = np.full((140, 7), 0.05, np.float32)
    probabilities[np.arange(140), said] = 0.7
    rng = np.random.default_rng(0)
    embedding = rng.normal(size=(140, 12)) + 3 * np.eye(12)[truth]
    return Predictions(probabilities, embedding.astype(np.float32))


@pytest.fixture(scope="module")
def table(faces, told, where):
    targets = faces.samples["expression"].map(FER7.index).to_numpy()
    suspects = find_suspects(told.embedding, targets, np.arange(140))
    return with_suspects(with_expressions(catalogue(faces, where), told, FER7), suspects, FER7)


def test_filters_hold_together(faces, table):
    rows = select(table, Choice(splits=["train"], expressions=["sad", "fear"]))
    assert set(faces.samples.iloc[rows]["split"]) == {"train"}
    assert set(faces.samples.iloc[rows]["expression"]) == {"sad", "fear"}
    wrong = select(table, Choice(traits=["named wrongly"]))
    assert wrong.tolist() == list(range(0, 140, 2))
    both = select(table, Choice(traits=["named wrongly", "named rightly"]))
    assert not len(both)
    predicted = select(table, Choice(predicted=["happy"]))
    assert set(table.iloc[predicted]["predicted"]) == {"happy"}


def test_nothing_chosen_is_everything_in_its_place(table):
    assert select(table, Choice()).tolist() == list(range(140))
    assert select(table, Choice(within=[5, 3])).tolist() == [3, 5]
    assert select(table, Choice(within=[])).tolist() == []


def test_marked_and_not_marked_share_the_dataset(table):
    marks = {3: Mark("drop"), 9: Mark("keep")}
    assert select(table, Choice(traits=["marked"]), marks).tolist() == [3, 9]
    assert len(select(table, Choice(traits=["not marked"]), marks)) == 138


def test_order_puts_rows_without_a_value_last():
    table = pd.DataFrame({"split": "train", "quality": [0.5, np.nan, 0.1]})
    assert select(table, Choice(order="label quality")).tolist() == [2, 0, 1]
    down = Choice(order="label quality", descending=True)
    assert select(table, down).tolist() == [0, 2, 1]


def test_only_what_is_known_can_be_asked_for(faces, table, where):
    bare = catalogue(faces, where)
    assert "named wrongly" not in known_traits(bare)
    assert "label quality" not in known_orders(bare)
    assert {"named wrongly", "suspect label"} <= set(known_traits(table))
    with pytest.raises(ConfigError, match="expected one of"):
        select(bare, Choice(traits=["named wrongly"]))
    with pytest.raises(ConfigError, match="expected one of"):
        select(bare, Choice(order="beauty"))


def test_a_filter_over_36000_rows_is_quick():
    rng = np.random.default_rng(0)
    n = 36_000
    table = pd.DataFrame(
        {
            "split": rng.choice(["train", "test"], n),
            "expression": rng.choice(FER7.expressions, n),
            "predicted": rng.choice(FER7.expressions, n),
            "confidence": rng.random(n),
        }
    )
    choice = Choice(["train"], ["sad"], [], ["named wrongly"], order="how sure the model is")
    began = time.thread_time()  # others may have the processor meanwhile
    rows = select(table, choice)
    assert time.thread_time() - began < 0.2
    assert np.all(np.diff(table["confidence"].to_numpy()[rows]) >= 0)


def test_keypoint_catalogue_counts_missing_points_and_measures_errors(pointed, where):
    table = catalogue(pointed, where)
    assert not table["missing"].any()
    shifted = pointed.keypoints_px + np.float32([3, 4])
    table = with_keypoints(table, Predictions(keypoints_px=shifted), pointed)
    assert table["error_px"].to_numpy() == pytest.approx(5, abs=1e-4)
    assert len(table["unusual"]) == 70
    assert "named wrongly" not in known_traits(table)


def test_a_list_of_faces_says_all_that_is_known_of_them_in_its_order(table):
    table = with_near_copies(table, np.where(np.arange(140) < 2, 0, -1))
    found = listing(table, np.array([9, 1]), {9: Mark("relabel", "sad")})
    assert found["row"].tolist() == [9, 1]
    assert found["digest"].tolist() == table["digest"].iloc[[9, 1]].tolist()
    assert found["p_of_expression"].tolist() == pytest.approx(table["own"].iloc[[9, 1]].tolist())
    assert found["near_group"].to_list() == [pd.NA, 0]
    assert found["mark"].fillna("").tolist() == ["relabel", ""]
    assert found["new_expression"].fillna("").tolist() == ["sad", ""]
    assert {"split", "source", "suggested", "unusual", "contrast"} <= set(found)
    again = pd.read_csv(io.StringIO(found.to_csv(index=False)))
    assert again["near_group"].isna().tolist() == [True, False]


def test_balance_counts_and_words():
    samples = pd.DataFrame(
        {"split": ["train"] * 11 + ["test"], "expression": ["happy"] * 10 + ["sad", "sad"]}
    )
    table = describe.balance(samples)
    train = table[table["split"] == "train"]
    assert train["faces"].tolist() == [10, 1]
    assert train["share"].sum() == pytest.approx(1)
    words = describe.imbalance_in_words(train)
    assert "10.0 happy" in words
    assert "91 %" in words
    assert "no happy face" in describe.imbalance_in_words(table[table["split"] == "test"])


def test_mean_faces_are_the_means(faces):
    labels = faces.samples["expression"].to_numpy()
    means = describe.mean_faces(faces.images, labels, ["sad", "nobody"])
    expected = faces.images[labels == "sad"].mean(axis=0)
    assert np.abs(means[0] - expected).max() <= 0.5
    assert not means[1].any()


def test_coordinate_table_and_missing_points(pointed):
    samples = pointed.samples.copy()
    samples.loc[:9, "nose_tip_x"] = np.nan
    table = describe.coordinate_table(samples).set_index("coordinate")
    assert len(table) == 30
    assert table.loc["nose_tip_x", "missing"] == 10
    assert table.loc["nose_tip_y", "max"] == pytest.approx(samples["nose_tip_y"].max())
    points = samples.filter(regex="_[xy]$").to_numpy(np.float32).reshape(-1, 15, 2)
    missing = describe.missing_by_point(points).set_index("point")["missing"]
    assert missing["nose_tip"] == 10
    assert missing.sum() == 10


def test_density_lies_where_the_points_are():
    points = np.full((20, KEYPOINT_COUNT, 2), np.nan)
    points[:, 0] = (70, 30)
    density = describe.keypoint_density(points, 96)
    assert np.unravel_index(density[0].argmax(), (96, 96)) == (30, 70)
    assert density[0].sum() == pytest.approx(1, abs=1e-3)
    assert not density[1:].any()


def test_montage_places_faces_captions_and_points():
    images = np.stack([np.full((48, 48), value, np.uint8) for value in (10, 120, 230)])
    layout = Layout(3, across=2, face_px=60, caption_px=16)
    points = np.full((3, 15, 2), np.nan)
    points[1, 0] = (23.5, 23.5)
    colours = ["#D55E00", None, None]
    picture = montage(
        images, layout, captions=["angry", "", "sad"], colours=colours, keypoints_px=points
    )
    assert picture.shape == (2 * 80, 2 * 64, 4)
    for i, value in enumerate((10, 120, 230)):
        x, y = layout.corner_px(i)
        assert picture[y + 5, x + 5].tolist() == [value, value, value, 255]
    x, y = layout.corner_px(0)
    assert picture[y + 62, x + 1].tolist() == [0x00, 0x5E, 0xD5, 255]
    x, y = layout.corner_px(1)
    assert picture[y + 30, x + 30, :3].tolist() != [120, 120, 120]
    assert not picture[-1, -1].any()  # no fourth face: transparent
    with Image.open(io.BytesIO(encode_webp(picture))) as sent:
        assert sent.size == layout.size_wh


def test_pca_finds_the_longest_direction_first_and_repeats():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 5)) * [1, 9, 1, 4, 1]
    points = projection.pca(features)
    assert points.shape == (200, 2)
    assert abs(np.corrcoef(points[:, 0], features[:, 1])[0, 1]) > 0.99
    assert np.array_equal(points, projection.pca(features))


def test_a_few_strong_answers_do_not_fill_the_map():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(1000, 8)) + 2 * np.eye(8)[np.arange(1000) % 2]
    features[:5, 2] *= 500
    points = projection.pca(projection.scaled(features))
    assert np.abs(np.linalg.norm(projection.scaled(features), axis=1) - 1).max() < 1e-6
    extents = points.max(axis=0) - points.min(axis=0)
    assert extents.max() < 3 * extents.min()  # a strip without scaling: 40 times as long


def test_the_view_leaves_out_few_far_points_and_keeps_the_rest_wide():
    values = np.r_[np.linspace(-1, 1, 999), 1000.0]
    low, high = projection.view_range(values)
    assert ((values >= low) & (values <= high)).sum() == 999
    assert -1.2 < low < -0.95
    assert 0.95 < high < 1.2
    low, high = projection.view_range(np.zeros(5))
    assert low < 0 < high


def wait(status, seconds=240) -> background.Job:
    until = time.monotonic() + seconds
    while (job := background.read_job(status)).state == "running" and time.monotonic() < until:
        time.sleep(0.1)
    return job


def test_tsne_in_its_own_process_keeps_neighbours_together(tmp_path):
    rng = np.random.default_rng(0)
    kinds = np.arange(90) % 3
    np.savez(tmp_path / "in.npz", embedding=rng.normal(size=(90, 6)) + 8 * np.eye(6)[kinds])
    status, result = tmp_path / "job.json", tmp_path / "out.npz"
    assert background.read_job(status).state == "none"
    words = [str(tmp_path / "in.npz"), str(result), str(status)]
    background.start(status, "emotion_ai.audit.projection", words)
    assert background.read_job(status).state == "running"
    assert wait(status).state == "finished"
    assert not (tmp_path / "in.npz").exists()
    done, total, unit = json.loads(status.read_text())["step"]
    assert (done, unit) == (total, "steps")
    points = load_arrays(result)["points"]
    distances = np.linalg.norm(points[:, None] - points[None], axis=2) + 1e9 * np.eye(90)
    assert (kinds[distances.argmin(axis=1)] == kinds).mean() > 0.95


def test_a_job_can_be_stopped_and_a_failed_one_says_why(tmp_path):
    status = tmp_path / "job.json"
    np.savez(tmp_path / "in.npz", embedding=np.random.default_rng(0).normal(size=(3000, 30)))
    words = [str(tmp_path / "in.npz"), str(tmp_path / "out.npz"), str(status)]
    background.start(status, "emotion_ai.audit.projection", words)
    background.stop(status)
    assert background.read_job(status).state == "stopped"
    background.start(status, "emotion_ai.audit.projection", ["missing.npz", "out.npz", str(status)])
    job = wait(status)
    assert job.state == "failed"
    assert "missing.npz" in job.error


def copy_of(folder, n: int) -> str:
    """A local stand-in for a download: the layout of the public copy, with few images."""
    rng = np.random.default_rng(0)
    return str(
        write_tree(
            folder,
            {
                f"{'train' if i % 3 else 'test'}/{FER7.expressions[i % 7]}/im{i}.png": png(
                    rng.integers(0, 255, (48, 48), np.uint8)
                )
                for i in range(n)
            },
        )
    )


def test_fetched_copy_is_imported_when_its_count_is_right(tmp_path, data_dir, monkeypatch):
    monkeypatch.setitem(fetch.SOURCES, "fer2013", fetch.Source("who/what", 42, "forty-two"))
    asked = []

    def download(handle):
        asked.append(handle)
        return copy_of(tmp_path / "copy", 42)

    steps = []
    report = fetch.fetch("fer2013", data_dir, lambda *step: steps.append(step), download)
    assert asked == ["who/what"]
    assert steps[-1][:2] == (42, 42)
    assert [d.name for d in list_datasets(data_dir)] == ["fer2013"]
    assert len(report.dataset) == 42
    assert [p.name for p in data_dir.iterdir()] == ["fer2013"]


def test_incomplete_copy_is_refused_and_leaves_what_was_there(tmp_path, data_dir, monkeypatch):
    monkeypatch.setitem(fetch.SOURCES, "fer2013", fetch.Source("who/what", 42, "forty-two"))
    first = fetch.fetch("fer2013", data_dir, download=lambda _: copy_of(tmp_path / "a", 42))
    with pytest.raises(DatasetError, match="expected 42 images, got 30"):
        fetch.fetch(
            "fer2013", data_dir, download=lambda _: copy_of(tmp_path / "b", 30), replace=True
        )
    (there,) = list_datasets(data_dir)
    assert there.digest == first.dataset.digest
    assert [p.name for p in data_dir.iterdir()] == ["fer2013"]


def test_no_way_out_is_one_plain_line(data_dir, monkeypatch):
    import kagglehub

    def refuse(handle):
        raise ConnectionError("no route")

    monkeypatch.setattr(kagglehub, "dataset_download", refuse)
    with pytest.raises(DatasetError, match="is there an internet connection"):
        fetch.fetch("keypoints", data_dir)
    with pytest.raises(DatasetError, match="fer2013, keypoints"):
        fetch.fetch("imagenet", data_dir)


def test_command_line_fetches_and_says_plainly_when_it_cannot(
    data_dir, use_places, monkeypatch, capsys
):
    import kagglehub

    def refuse(handle):
        raise ConnectionError("no route")

    monkeypatch.setattr(kagglehub, "dataset_download", refuse)
    use_places(data=data_dir)
    assert program.main(["data", "fetch", "fer2013"]) != 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "is there an internet connection" in line
