import numpy as np
import pytest
from sklearn import metrics

from emotion_ai.evaluation.classification import (
    averages,
    classification_report,
    cohens_kappa,
    confusion_matrix,
    macro_f1,
    per_class_report,
)
from emotion_ai.figures.expression import recall_plot
from emotion_ai.labels import FER7


@pytest.fixture
def named():
    """Targets and answers, 6 of 10 right and more by chance."""
    rng = np.random.default_rng(1)
    targets, predicted = rng.integers(0, 7, 400), rng.integers(0, 7, 400)
    return targets, np.where(rng.random(400) < 0.6, targets, predicted)


def test_confusion_matrix_has_the_given_class_in_its_row():
    matrix = confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    assert matrix.tolist() == [[1, 1], [0, 1]]


def test_kappa_by_hand():
    # 20 + 15 of 50 agree: 0.7. By chance 25 / 50 · 30 / 50 + 25 / 50 · 20 / 50 = 0.5 would.
    assert cohens_kappa(np.array([[20, 5], [10, 15]])) == pytest.approx(0.4)
    # Always the other of two equally frequent classes: worse than chance.
    assert cohens_kappa(np.array([[0, 5], [5, 0]])) == -1


def test_kappa_agrees_with_scikit_learn(named):
    kappa = cohens_kappa(confusion_matrix(*named, 7))
    assert kappa == pytest.approx(metrics.cohen_kappa_score(*named))


def test_kappa_is_one_for_full_agreement_and_zero_where_chance_agrees_too():
    assert cohens_kappa(np.diag([3, 4, 5])) == 1
    assert cohens_kappa(np.array([[9, 0], [0, 0]])) == 0
    several = np.array([[[20, 5], [10, 15]], [[3, 0], [0, 4]]])
    np.testing.assert_allclose(cohens_kappa(several), (0.4, 1))


def test_macro_f1_averages_over_the_classes_that_are_given_or_predicted():
    right = np.array([[4, 0, 0], [0, 2, 0], [0, 0, 0]])
    astray = np.array([[4, 0, 0], [0, 2, 2], [0, 0, 0]])  # the third is predicted, never given
    assert macro_f1(right) == 1
    assert macro_f1(np.array([right, astray])) == pytest.approx([1, (1 + 2 / 3 + 0) / 3])
    assert macro_f1(np.zeros((3, 3))) == 0


def test_report_agrees_with_scikit_learn(named):
    targets, predicted = named
    confusion = confusion_matrix(targets, predicted, 7)
    rows = per_class_report(confusion, FER7) | averages(confusion, FER7)
    expected = metrics.classification_report(
        targets, predicted, target_names=FER7.expressions, output_dict=True
    )
    for name, row in rows.items():
        theirs = expected[name.replace("average", "avg")]
        assert list(row.values()) == pytest.approx(
            [theirs[key] for key in ("precision", "recall", "f1-score", "support")]
        )
    table = classification_report(confusion, FER7).set_index("expression")
    assert table.index.tolist() == list(rows)
    assert ((table["recall_low"] < table["recall"]) & (table["recall"] < table["recall_high"]))[
        list(FER7.expressions)
    ].all()


@pytest.mark.parametrize("predicted", [[3, 4, 0, 0], [3, 4, 6, 0]])
def test_averages_over_folders_of_three_expressions_are_those_of_scikit_learn(predicted):
    targets, predicted = np.array([3, 4, 0, 0]), np.array(predicted)
    confusion = confusion_matrix(targets, predicted, 7)
    expected = metrics.classification_report(targets, predicted, output_dict=True, zero_division=0)
    for name, row in averages(confusion, FER7).items():
        theirs = expected[name.replace("average", "avg")]
        assert list(row.values()) == pytest.approx(list(theirs.values()))
    assert macro_f1(confusion) == pytest.approx(expected["macro avg"]["f1-score"])


def test_recall_is_plotted_of_the_expressions_that_have_faces():
    table = classification_report(confusion_matrix(np.array([3, 3]), np.array([3, 6]), 7), FER7)
    assert recall_plot(table).data["expression"].tolist() == ["happy"]
