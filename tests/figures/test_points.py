"""Faces as points: who is where, in which look, and which rows a click or a lasso means."""

import numpy as np
import pytest

from emotion_ai.figures.points import (
    MOST_WORDS,
    Colouring,
    middles,
    point_plot,
    two_columns,
    valence_arousal,
)

WORDS = np.array(["b", "a", "b", "c", "b"], object)
PLACES = np.array([[0, 0], [1, 1], [2, 2], [np.nan, 0], [4, 4]], float)


def test_each_word_is_a_trace_most_faces_first_and_faces_without_a_place_are_not_shown():
    plot = point_plot(PLACES, Colouring("it", WORDS, colours={"a": "#123456"}))
    assert [trace.name for trace in plot.figure.data] == ["b (3)", "a (1)"]
    assert [rows.tolist() for rows in plot.rows] == [[0, 2, 4], [1]]
    assert plot.figure.data[1].marker.color == "#123456"
    assert plot.figure.data[0].x.tolist() == [0, 2, 4]


def test_what_is_selected_leads_to_rows_of_the_dataset():
    plot = point_plot(PLACES, Colouring("it", WORDS))
    points = [{"curve_number": 0, "point_index": 2}, {"curve_number": 1, "point_index": 0}]
    assert plot.chosen(points).tolist() == [1, 4]
    # The browser may still tell of the picture that stood there before.
    stale = [{"curve_number": 9, "point_index": 0}, {"curve_number": 0, "point_index": 99}]
    assert plot.chosen(stale) is None
    assert plot.chosen([]) is None


def test_thousands_of_words_become_the_commonest_and_others():
    words = np.array([f"w{i}" for i in range(3000)] + ["often"] * 5, object)
    plot = point_plot(np.zeros((3005, 2)), Colouring("it", words))
    assert len(plot.figure.data) == MOST_WORDS
    assert plot.figure.data[0].name == "often (5)"
    assert plot.figure.data[-1].name == f"{3001 - MOST_WORDS + 1:,} others (2,988)"
    assert sum(map(len, plot.rows)) == 3005


def test_no_two_words_look_alike():
    words = np.array([f"w{i}" for i in range(MOST_WORDS)], object)
    plot = point_plot(np.zeros((MOST_WORDS, 2)), Colouring("it", words))
    looks = {(trace.marker.symbol, trace.marker.color) for trace in plot.figure.data}
    assert len(looks) == MOST_WORDS


def test_numbers_colour_by_a_scale_that_outliers_do_not_squeeze():
    numbers = np.r_[np.linspace(0, 1, 998), 1e6, np.nan]
    plot = point_plot(np.zeros((1000, 2)), Colouring("it", numbers=numbers))
    first, lacking = plot.figure.data
    assert first.marker.cmax < 2
    assert lacking.name == "no value (1)"
    assert plot.rows[1].tolist() == [999]
    assert not point_plot(np.zeros((2, 2)), Colouring("it", numbers=np.full(2, np.nan))).rows[1:]


def test_names_are_shown_and_never_markup():
    words = np.array(["<b>x</b>", "a" * 80], object)
    plot = point_plot(np.zeros((2, 2)), Colouring("<i>t</i>", words))
    assert {trace.name for trace in plot.figure.data} == {
        "&lt;b&gt;x&lt;/b&gt; (1)", "a" * 27 + "… (1)"
    }  # fmt: skip
    axes = two_columns(np.ones((2, 2)), ("<i>x</i>", "y"), Colouring("t", words)).figure.layout
    assert axes.xaxis.title.text == "&lt;i&gt;x&lt;/i&gt;"
    bar = point_plot(np.zeros((2, 2)), Colouring("<i>t</i>", numbers=np.arange(2.0))).figure
    assert bar.data[0].marker.colorbar.title.text == "&lt;i&gt;t&lt;/i&gt;"
    feeling = valence_arousal(np.zeros((2, 2)), Colouring("t", words)).figure
    assert "<b>&lt;b&gt;x&lt;/b&gt;</b>" in [note.text for note in feeling.layout.annotations]


def test_columns_of_few_numbers_are_spread_but_stay_told_apart():
    values = np.stack([np.repeat([1.0, 2.0, 4.0], 50), np.linspace(0, 1, 150)], axis=1)
    drawn = two_columns(values, ("x", "y"), Colouring("t", np.full(150, "w", object))).figure
    x = drawn.data[0].x
    assert len(np.unique(x)) == 150
    assert np.abs(x - values[:, 0]).max() <= 0.3
    assert np.array_equal(drawn.data[0].y, values[:, 1])
    again = two_columns(values, ("x", "y"), Colouring("t", np.full(150, "w", object))).figure
    assert np.array_equal(again.data[0].x, x)


def test_valence_and_arousal_have_the_cross_at_zero_and_names_in_the_middle_of_their_faces():
    values = np.array([[1, 0.5], [0.5, 0.5], [-1, -1], [np.nan, 0]])
    words = np.array(["happy", "happy", "sad", "sad"], object)
    figure = valence_arousal(values, Colouring("label", words)).figure
    lines = [(s.x0, s.x1, s.y0, s.y1) for s in figure.layout.shapes if s.type == "line"]
    assert sorted(lines) == [(0, 0, 0, 1), (0, 1, 0, 0)]
    assert figure.layout.yaxis.scaleanchor == "x"
    assert figure.layout.xaxis.range == figure.layout.yaxis.range == (-1.12, 1.12)
    places = {note.text: (note.x, note.y) for note in figure.layout.annotations}
    assert places == {"<b>happy</b>": (0.75, 0.5), "<b>sad</b>": (-1, -1)}
    assert middles(values, words)["faces"].tolist() == [2, 1]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_faces_are_a_picture_too(n):
    by = Colouring("t", np.full(n, "w", object))
    for draw in (point_plot, valence_arousal, lambda v, b: two_columns(v, ("x", "y"), b)):
        assert sum(map(len, draw(np.zeros((n, 2)), by).rows)) == n
