"""The numbers behind the Learn chapters, against closed forms, OpenCV and finite differences."""

import itertools

import cv2
import numpy as np
import pytest

from emotion_ai.datasets.drawn.synthetic import draw_faces
from emotion_ai.errors import ConfigError
from emotion_ai.labels import FER7, KEYPOINT_SIDES
from emotion_ai.learn import (
    agreement,
    convolution,
    counting,
    depth,
    descent,
    leaks,
    measures,
    mirror,
    neuron,
    perceptron,
    transfer,
)
from emotion_ai.learn.texts import NUMBERS
from emotion_ai.ui.learn.descent import RATES


def slopes(function, place: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """The gradient of ``function`` at ``place`` by central differences."""
    moves = step * np.eye(place.size).reshape(place.size, *place.shape)
    return np.array([(function(place + m) - function(place - m)) / (2 * step) for m in moves])


# A neuron


def test_activations_and_their_derivatives():
    z = np.array([-30.0, -2.0, 0.0, 0.5, 30.0])
    assert neuron.sigmoid(z) == pytest.approx(1 / (1 + np.exp(-z)))
    assert neuron.sigmoid_derivative(0) == 0.25
    assert neuron.sigmoid(np.array([-1e4, 1e4])) == pytest.approx([0, 1])
    assert neuron.relu(z).tolist() == [0, 0, 0, 0.5, 30]
    for function, derivative in neuron.ACTIVATIONS.values():
        for place in (-1.3, 0.4, 2.0):
            measured = (function(place + 1e-6) - function(place - 1e-6)) / 2e-6
            assert derivative(place) == pytest.approx(measured, abs=1e-8)


def test_border_lies_where_the_sum_is_zero():
    weights, bias = np.array([2.0, -3.0]), 1.5
    ends = neuron.border(weights, bias, 5.0)
    assert ends @ weights + bias == pytest.approx([0, 0])
    assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(10)
    assert neuron.border((0, 0), 1.0, 5.0) is None


def test_gradient_of_the_neuron_and_learning_lowers_its_loss():
    rng = np.random.default_rng(0)
    inputs, targets = rng.standard_normal((20, 2)), rng.integers(0, 2, 20).astype(float)
    place = np.array([0.3, -0.7, 0.2])

    def at(p):
        z = 1.7 * (inputs @ p[:2] + p[2])
        return np.mean(np.logaddexp(0, z) - targets * z)  # cross entropy

    assert neuron.gradient(inputs, targets, place[:2], place[2], 1.7) == pytest.approx(
        slopes(at, place), abs=1e-7
    )
    path = neuron.learn(inputs, targets, place[:2], place[2], 1.7, rate=0.3)
    losses = [at(p) for p in path]
    assert all(after < before for before, after in itertools.pairwise(losses))


def test_gradients_vanish_through_sigmoids_and_not_through_relu():
    assert neuron.gradient_through("sigmoid", 0.0, 1.0)[-1] == pytest.approx(0.25**20)
    assert neuron.gradient_through("ReLU", 1.0, 1.0)[-1] == 1
    assert neuron.gradient_through("ReLU", -1.0, 1.0)[-1] == 0


def test_mouths_tell_surprise_from_the_rest():
    faces = draw_faces(70, 32, seed=1)
    values = measures.mouth_measures(faces.keypoints_px)
    surprised = np.array([name == "surprise" for name in faces.expressions])
    assert values[surprised, 1].mean() > values[~surprised, 1].mean() + 0.1
    # Distances in distances of the eyes: the size of the picture does not matter.
    twice = measures.mouth_measures(2 * faces.keypoints_px)
    assert twice == pytest.approx(values, rel=1e-5)
    z = measures.standardised(values)
    assert z.mean(axis=0) == pytest.approx([0, 0], abs=1e-6)
    assert z.std(axis=0) == pytest.approx([1, 1], abs=1e-5)


# Layers


@pytest.mark.parametrize("activation", ["tanh", "ReLU"])
def test_backpropagation_agrees_with_finite_differences(activation):
    inputs, targets = perceptron.draw_points("moons", 12, 0.1, seed=3)
    network = perceptron.fresh((4, 3), seed=2)
    flat, layout = perceptron._flatten(network)
    # With biases of exactly 0 a silent unit stands on ReLU's corner, which has no derivative.
    flat = flat + np.random.default_rng(0).normal(0, 0.1, flat.size)
    network = perceptron._unflatten(flat, layout)

    def at(place):
        return perceptron.loss(perceptron._unflatten(place, layout), inputs, targets, activation)

    found, now = perceptron.gradients(network, inputs, targets, activation)
    assert now == pytest.approx(at(flat))
    assert perceptron._flatten(found)[0] == pytest.approx(slopes(at, flat), abs=1e-7)


@pytest.mark.parametrize("shape", perceptron.SHAPES)
def test_hidden_units_separate_what_a_single_one_cannot(shape):
    inputs, targets = perceptron.draw_points(shape, 120, 0.05, seed=0)
    few = perceptron.train(inputs, targets, (1,), steps=300)
    many = perceptron.train(inputs, targets, (16, 16), steps=300)
    assert many.loss[-1] < few.loss[-1]
    assert many.loss[-1] < many.loss[0]
    assert len(many.networks) == len(many.steps) == len(many.loss)


def test_overfitting_shows_in_the_points_held_back():
    inputs, targets = perceptron.draw_points("moons", 60, 0.35, seed=0)
    held_back = perceptron.draw_points("moons", 200, 0.35, seed=1)
    film = perceptron.train(inputs, targets, (24, 24), steps=600, held_back=held_back)
    assert film.loss[-1] < 0.05
    assert film.held_back_loss[-1] > 1.5 * film.held_back_loss.min()


# Gradient descent


def test_gradient_and_curvature_of_the_line_fit():
    x, y = descent.draw_line()
    place = np.array([0.4, -1.1])
    measured = slopes(lambda p: descent.loss(p[0], p[1], x, y), place)
    assert descent.gradient(*place, x, y) == pytest.approx(measured, abs=1e-7)
    bend = slopes(lambda p: descent.gradient(p[0], p[1], x, y), place)
    assert descent.curvature(x) == pytest.approx(bend, abs=1e-6)


def test_best_line_is_where_the_gradient_is_zero():
    x, y = descent.draw_line()
    best = descent.best_line(x, y)
    assert descent.gradient(*best, x, y) == pytest.approx([0, 0], abs=1e-12)
    assert best == pytest.approx(descent.TRUTH, abs=0.4)


def test_bowl_is_the_loss_and_ends_level():
    x, y = descent.draw_line()
    b, m, height = descent.bowl(x, y, top=30)
    assert height[-1] == pytest.approx(30)
    assert height[0] == pytest.approx(descent.loss(*descent.best_line(x, y), x, y))
    assert height[7, 11] == pytest.approx(descent.loss(b[7, 11], m[7, 11], x, y))


@pytest.mark.parametrize("rule", descent.RULES)
def test_every_rule_finds_the_valley(rule):
    x, y = descent.draw_line()
    rates = {"plain": 0.2, "stochastic": 0.1, "momentum": 0.03, "adam": 0.3}
    path = descent.descend(x, y, rule, rates[rule], steps=150)
    assert path[-1] == pytest.approx(descent.best_line(x, y), abs=0.3)


def test_plain_descent_diverges_exactly_above_the_critical_rate():
    x, y = descent.draw_line()
    critical, best = descent.critical_rate(x), descent.best_line(x, y)
    below = descent.descend(x, y, rate=0.99 * critical, steps=800)
    above = descent.descend(x, y, rate=1.01 * critical, steps=800)
    assert np.linalg.norm(below[-1] - best) < 1e-2
    assert np.linalg.norm(above[-1] - best) > 10 * np.linalg.norm(above[0] - best)


def walk(rule: str, rate: float) -> tuple[np.ndarray, bool]:
    """From the lowest place, how far along the floor and across it, (steps + 1, 2); and whether
    the walk arrives, as the chapter says it."""
    x, y = descent.draw_line()
    best, (_, directions) = descent.best_line(x, y), np.linalg.eigh(descent.curvature(x))
    path = descent.descend(x, y, rule, rate, NUMBERS["descent"]["steps"])
    arrives = descent.loss(*path[-1], x, y) < 1.1 * descent.loss(*best, x, y)
    return (path - best) @ directions, bool(arrives)


def crossings(places: np.ndarray) -> int:
    return int((np.diff(np.sign(places)) != 0).sum())


def test_the_bowl_is_long_and_narrow():
    flat, steep = np.linalg.eigvalsh(descent.curvature(descent.draw_line()[0]))
    assert steep > 10 * flat


def test_plain_steps_crawl_arrive_zigzag_and_fly_off_at_the_rates_that_the_note_names():
    walks = [walk("plain", rate) for rate in (0.003, 0.4, 0.57, 0.6)]
    (crawls, _, zigzags, flies), arrived = zip(*walks, strict=True)
    assert arrived == (False, True, False, False)
    assert crossings(crawls[:, 1]) == 0
    assert crossings(zigzags[:, 1]) == NUMBERS["descent"]["steps"]
    assert abs(zigzags[-1, 1]) < abs(zigzags[0, 1])
    assert abs(flies[-1, 1]) > abs(flies[0, 1])


@pytest.mark.parametrize("rate", [rate for rate in RATES if rate >= 0.1])
def test_momentum_overshoots_along_the_floor_and_arrives(rate):
    places, arrives = walk("momentum", rate)
    assert arrives
    assert crossings(places[:, 0]) > 0
    assert crossings(places[:, 1]) > 1


def test_plain_steps_crawl_along_the_floor_at_a_rate_at_which_momentum_arrives():
    places, arrives = walk("plain", 0.1)
    assert not arrives
    assert crossings(places[:, 0]) == 0


# Splits


def test_people_stay_on_one_side_only_when_kept_together():
    apart = leaks.split_people(20, 5, "60/20/20", together=False)
    assert leaks.on_both_sides(apart) > 10
    assert leaks.on_both_sides(leaks.split_people(20, 5, "60/20/20", together=True)) == 0
    assert (apart == "train").mean() == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_leaked_images_raise_the_score_as_the_formula_says(share):
    measured = leaks.memoriser_accuracy(share)
    assert measured == pytest.approx(leaks.expected_accuracy(1 / 7, share), abs=0.04)


# Convolution


@pytest.mark.parametrize("kernel", convolution.KERNELS)
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_convolution_agrees_with_opencv(kernel, padding, stride):
    image = np.random.default_rng(0).integers(0, 256, (17, 20)).astype(float)
    weights = np.array(convolution.KERNELS[kernel], float)
    padded = np.pad(image, padding)
    expected = cv2.filter2D(padded, cv2.CV_64F, weights)[1:-1:stride, 1:-1:stride]
    found = convolution.convolve(image, weights, stride, padding)
    assert found == pytest.approx(expected)
    size = [convolution.output_size(side, 3, stride, padding) for side in image.shape]
    assert found.shape == tuple(size)


def test_pooling_takes_the_maximum_or_the_mean_of_squares():
    image = np.arange(20.0).reshape(4, 5)
    assert convolution.pool(image).tolist() == [[6, 8], [16, 18]]
    assert convolution.pool(image, kind="mean").tolist() == [[3, 5], [13, 15]]


def test_window_visits_the_first_and_the_last_position():
    corners = convolution.window_corners((5, 7), 1, 12)
    assert corners[0].tolist() == [0, 0]
    assert corners[-1].tolist() == [4, 6]
    assert len(convolution.window_corners((2, 2), 1, 50)) == 4


def test_kernel_larger_than_the_picture_is_refused():
    with pytest.raises(ConfigError, match="does not fit"):
        convolution.output_size(2, 3)


# Depth


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("activation", ["sigmoid", "ReLU"])
def test_gradients_of_the_deep_stack_agree_with_finite_differences(skip, activation):
    rng = np.random.default_rng(0)
    inputs, pull = rng.standard_normal((2, 3, 5))
    weights = depth.draw_weights(4, 5, 1.0)

    def at(place):
        return float((depth.forward(place, weights, activation, skip)[0][-1] * pull).sum())

    sums = depth.forward(inputs, weights, activation, skip)[1]
    found = depth.backward(pull, sums, weights, activation, skip)
    assert len(found) == 3
    assert found[0].ravel() == pytest.approx(slopes(at, inputs), abs=1e-6)


@pytest.mark.parametrize("layers", depth.DEPTHS)
def test_plain_stacks_lose_the_gradient_and_skips_keep_it(layers):
    plain = depth.gradient_sizes(layers, skip=False)
    skipping = depth.gradient_sizes(layers, skip=True)
    assert plain[-1] == skipping[-1] == 1
    # On average a plain block multiplies by size² · √½, one with a skip by √(1 + size⁴ / 2).
    blocks = layers / 2
    assert np.log(plain[0]) == pytest.approx(blocks * np.log(0.7**2 * 0.5**0.5), rel=0.1)
    assert np.log(skipping[0]) == pytest.approx(blocks / 2 * np.log(1 + 0.7**4 / 2), rel=0.3)


# Counting


def test_the_hundred_patients():
    patients = counting.HUNDRED_PATIENTS
    assert patients.n == 100
    assert patients.accuracy == 0.91
    assert patients.precision == 0.5
    assert round(patients.recall, 2) == 0.11
    assert patients.f1 == pytest.approx(2 * 0.5 * (1 / 9) / (0.5 + 1 / 9))


def test_never_finding_anything_is_accurate_where_it_matters_least():
    lazy = counting.always_no(0.01)
    assert lazy.accuracy == 0.99
    assert lazy.recall == 0
    assert lazy.precision is None


def test_precision_of_the_same_reader_falls_with_what_it_looks_for():
    common, rare = (counting.reader(share, 0.9, 0.1) for share in (0.5, 0.01))
    assert common.precision == 0.9
    # Bayes: 0.9 · 0.01 / (0.9 · 0.01 + 0.1 · 0.99)
    assert rare.precision == pytest.approx(0.009 / 0.108)
    assert common.recall == rare.recall == 0.9


def test_one_class_of_a_confusion_matrix():
    confusion = np.array([[5, 1, 0], [2, 3, 4], [0, 6, 7]])
    assert counting.one_against_rest(confusion, 1) == counting.Counts(3, 7, 6, 12)


def test_threshold_moves_from_finding_all_to_finding_none():
    scores = np.array([0.1, 0.4, 0.4, 0.9])
    positive = np.array([False, True, False, True])
    assert counting.at_threshold(scores, positive, 0) == counting.Counts(2, 2, 0, 0)
    assert counting.at_threshold(scores, positive, 0.5) == counting.Counts(1, 0, 1, 2)
    assert counting.at_threshold(scores, positive, 0.95).precision is None
    limits = counting.thresholds(scores, positive)
    assert (limits[0], limits[-1]) == (0, 0.9)


# Mirror, votes


def test_turning_ends_in_the_mirror_image():
    faces = draw_faces(1, 48, seed=2)
    image, points = faces.images[0], faces.keypoints_px[0]
    assert np.array_equal(mirror.turning(image, points, 0)[0], image)
    turned, moved = mirror.turning(image, points, 1)
    assert np.array_equal(turned, image[:, ::-1])
    assert moved[:, 0] == pytest.approx(47 - points[:, 0])
    assert mirror.turning(image, points, 0.5)[1][:, 0] == pytest.approx([23.5] * 15)


def test_forgotten_exchange_moves_every_name_that_has_a_side():
    faces = draw_faces(1, 96, seed=2)
    off = mirror.name_error_px(faces.images[0], faces.keypoints_px[0])
    sided = np.array([side != "middle" for side in KEYPOINT_SIDES])
    assert (off[sided] > 5).all()
    assert (off[~sided] == 0).all()


def test_agreement_counts_majorities_and_leaves_out_the_undecided():
    votes = np.zeros((4, 10), np.uint8)
    votes[0, 1] = 10  # happiness
    votes[1, 0], votes[1, 3] = 6, 4  # neutral before sadness
    votes[2, 0] = votes[2, 3] = 5  # undecided
    given = np.array([FER7.index(name) for name in ("happy", "sad", "neutral", "fear")])
    found = agreement.measure(given, votes)
    assert (found.n, found.decided) == (3, 2)
    assert found.share == 0.5
    assert agreement.split_ballots(votes).tolist() == [0, 1, 2]


def test_shipped_counts_are_about_two_thirds():
    found = agreement.shipped()
    assert found.n > 30_000
    assert 0.64 < found.share < 0.67


@pytest.mark.shared
def test_shipped_counts_are_those_of_the_data(shared_data, data_dir):
    from emotion_ai.settings import settings

    folder = settings().data_dir / "fer2013"
    if not folder.is_dir():
        pytest.skip("fer2013 is not imported here")
    from emotion_ai.datasets.store import open_dataset

    measured = agreement.of_dataset(open_dataset(folder))
    assert np.array_equal(measured.counts, agreement.shipped().counts)


def test_every_number_of_faces_was_learnt_from_both_starts():
    table = transfer.read_measured()
    told = table.groupby(["data", "faces_a_class"])["start"].agg(set)
    assert len(told) == 6
    assert all(starts == set(transfer.STARTS) for starts in told)
    assert ((table["low"] < table["accuracy"]) & (table["accuracy"] < table["high"])).all()
    assert (table["accuracy"] > 1 / table["classes"]).all()
