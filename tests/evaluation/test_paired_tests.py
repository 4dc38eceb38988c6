import numpy as np
import pytest
from scipy.stats import binom, binomtest

from emotion_ai.evaluation.paired_tests import class_changes, mcnemar, paired_difference
from emotion_ai.labels import COURSE5


def pairs(both, first, second, neither):
    cells = [(True, True)] * both + [(True, False)] * first
    cells += [(False, True)] * second + [(False, False)] * neither
    return np.array(cells).T


@pytest.mark.parametrize(
    "counts",
    [
        (10, 3, 9, 5),
        (0, 1, 0, 2),
        (40, 20, 20, 0),
        (5, 300, 220, 9),
        (9, 0, 7, 1),
        (0, 9000, 8800, 0),
    ],
)
def test_mcnemar_is_the_binomial_test_of_the_discordant_faces(counts):
    result = mcnemar(*pairs(*counts))
    _, first, second, _ = counts
    assert (result.both, result.only_first, result.only_second, result.neither) == counts
    assert result.p_exact == pytest.approx(binomtest(first, first + second).pvalue)
    point = binom.pmf(min(first, second), first + second, 0.5)
    middle = 2 * binom.cdf(min(first, second), first + second, 0.5) - point
    assert result.p == pytest.approx(middle)


def test_two_equal_models_differ_by_chance_alone():
    assert mcnemar(*pairs(7, 0, 0, 3)).p == 1


def test_class_changes_by_hand():
    targets = np.array([0, 0, 0, 0, 1])
    first, second = np.array([0, 0, 1, 1, 1]), np.array([0, 0, 0, 1, 0])
    rows = {row["expression"]: row for row in class_changes(targets, first, second, COURSE5)}
    assert rows["angry"]["first_recall"] == 0.5
    assert rows["angry"]["change"] == pytest.approx(0.25)
    assert rows["angry"]["low"] < 0 < rows["angry"]["high"]
    assert rows["disgust"]["change"] == -1
    assert np.isnan(rows["disgust"]["low"])  # one face tells nothing of others
    assert rows["sad"]["faces"] == 0
    assert np.isnan(rows["sad"]["change"])


def test_paired_difference_is_narrow_where_both_err_alike():
    errors = np.random.default_rng(0).uniform(0, 5, 200)
    mean, low, high = paired_difference(errors, errors + 0.1)
    assert (mean, low, high) == pytest.approx((0.1, 0.1, 0.1))
