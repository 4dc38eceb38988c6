"""Models on several datasets in one table."""

import json
from functools import partial

import numpy as np
import pytest

from emotion_ai.cli import program
from emotion_ai.datasets.describe import balance_of, difference_in_words
from emotion_ai.datasets.store import DatasetWriter
from emotion_ai.evaluation.across import cross_table, fair_questions
from emotion_ai.evaluation.assessment import Question, assess
from emotion_ai.labels import VOTE_COLUMNS
from emotion_ai.models.store import open_model
from emotion_ai.settings import ROOT, Settings


def written(folder, faces, names, splits, votes=False):
    """A dataset of the first ``faces``, named and split as told."""
    with DatasetWriter(folder, "expression", 48) as writer:
        for i, (name, split) in enumerate(zip(names, splits, strict=True)):
            row = {"split": split, "source": str(i), "group": str(i), "expression": name}
            if votes:
                row |= dict.fromkeys(VOTE_COLUMNS, 0) | {VOTE_COLUMNS[0]: 10}
            writer.add(np.asarray(faces.images[i]), row)
        table = writer.table()
        own = set(names) - {"happy", "sad", "fear", "angry", "neutral", "surprise", "disgust"}
        labels = {"label_set": "own", "classes": list(dict.fromkeys(names))} if own else {}
        types = dict.fromkeys(VOTE_COLUMNS, np.uint8) if votes else {}
        return writer.commit(table.astype(types), **labels)


@pytest.fixture
def faces(drawn):
    return drawn("expression", 70)


def test_each_model_on_each_dataset_says_split_faces_and_interval(faces, tmp_path):
    where = Settings(cache_dir=tmp_path, data_dir=tmp_path / "data")
    names = faces.samples["expression"].tolist()
    one = written(tmp_path / "one", faces, names[:40], ["train"] * 20 + ["test"] * 20)
    two = written(tmp_path / "two", faces, names[:30], ["validation"] * 30)
    model = open_model(ROOT / "models", "expression@given")
    ask = partial(assess, settings=where)
    table = cross_table([model], [one, two], ask, where.data_dir)
    assert table["data"].tolist() == ["one", "two"]
    assert table["split"].tolist() == ["test", "validation"]
    assert table["faces"].tolist() == [20, 30]
    for row, dataset in zip(table.itertuples(), (one, two), strict=True):
        alone = assess(model, dataset, Question(row.split), where).scores
        assert table.loc[row.Index, "accuracy %"] == pytest.approx(100 * alone["accuracy"])
        assert (row.to, table.loc[row.Index, "from"]) == pytest.approx(
            (100 * alone["accuracy_ci"][1], 100 * alone["accuracy_ci"][0])
        )


def test_a_dataset_that_shares_no_classes_stands_in_the_table_with_the_reason(faces, tmp_path):
    where = Settings(cache_dir=tmp_path, data_dir=tmp_path / "data")
    moods = written(tmp_path / "moods", faces, ["calm", "tense"] * 5, ["test"] * 10)
    some = written(tmp_path / "some", faces, ["happy", "sad", "proud"] * 4, ["test"] * 12)
    model = open_model(ROOT / "models", "expression@given")
    ask = partial(assess, settings=where)
    table = cross_table([model], [moods, some], ask, where.data_dir)
    assert table["faces"].tolist() == [0, 8]
    assert "expected two classes or more in common" in table["remark"].iloc[0]
    assert "the dataset's proud (4 faces)" in table["remark"].iloc[1]
    assert np.isnan(table["accuracy %"].iloc[0])
    assert len(cross_table([], [moods, some], ask)) == 0


def test_all_are_asked_for_the_same_truth(faces, tmp_path):
    names = ["happy", "sad"] * 5
    crowd = written(tmp_path / "crowd", faces, names, ["train"] * 5 + ["validation"] * 5, True)
    plain = written(tmp_path / "plain", faces, names, ["train"] * 10)
    model = open_model(ROOT / "models", "expression")
    assert model.truth == "crowd"
    assert fair_questions(model, [crowd]) == [Question("validation", "crowd")]
    where = Settings(cache_dir=tmp_path, data_dir=tmp_path / "data")
    table = cross_table([model], [plain], partial(assess, settings=where), where.data_dir)
    assert "learnt the crowd labels and is measured by the given ones" in table["remark"].iloc[0]
    both = fair_questions(model, [crowd, plain])
    assert both == [Question("validation", "given"), Question("train", "given")]


def test_balance_of_two_counts_every_class_of_either(faces, tmp_path):
    one = written(tmp_path / "one", faces, ["happy"] * 6 + ["sad"] * 2, ["train"] * 8)
    two = written(tmp_path / "two", faces, ["happy", "proud", "sad", "sad"], ["test"] * 4)
    table = balance_of([one, two])
    assert set(table["expression"]) >= {"happy", "sad", "proud"}
    shares = table.set_index(["dataset", "expression"])["share"]
    assert (shares["one", "happy"], shares["two", "sad"]) == (0.75, 0.5)
    assert (shares["one", "proud"], shares["two", "proud"]) == (0, 0.25)
    assert difference_in_words(table) == (
        "Only two has proud. They differ most in happy: 75 % of one and 25 % of two."
    )


def test_compare_prints_balance_shared_images_and_scores(use_places, faces, tmp_path, capsys):
    use_places(tmp_path, "data", "cache")
    names = faces.samples["expression"].tolist()
    written(tmp_path / "data" / "one", faces, names[:30], ["test"] * 30)
    written(tmp_path / "data" / "two", faces, names[:20], ["train"] * 10 + ["test"] * 10)
    command = ["data", "compare", "one", "two"]
    assert program.main([*command, "--model", "expression@given"]) == 0
    told = capsys.readouterr().out
    assert "images of one also stand in two" in told
    assert "They differ most in" in told
    assert "accuracy %" in told
    assert program.main([*command, "--json", "--model", "expression@given"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["faces"] for row in found["scores"]] == [30, 10]
    assert sum(row["exact"] for row in found["shared"]) >= 20
    assert program.main([*command, "--pairs"]) == 0
    assert capsys.readouterr().out.startswith("row,split,source,label,other_row")


@pytest.mark.parametrize(
    ("names", "words"),
    [(("one", "one"), "expected two datasets"), (("one", "nobody"), "no dataset 'nobody'"),
     (("one", "points"), "one is for expression, points for keypoints")],
)  # fmt: skip
def test_compare_of_what_cannot_be_compared_is_one_line(
    names, words, use_places, faces, drawn, tmp_path, capsys
):
    use_places(tmp_path, "data", "cache")
    written(tmp_path / "data" / "one", faces, ["happy"] * 3, ["test"] * 3)
    drawn("keypoints", 35, into=tmp_path / "data").folder.rename(tmp_path / "data" / "points")
    assert program.main(["data", "compare", *names]) == 1
    assert words in capsys.readouterr().err
