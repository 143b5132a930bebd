"""Figures: they draw what they are given, are one SVG element without outside references, and the same data give the same text."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from analysis.figures import action, learning, paths, timing
from analysis.figures.fits import Found, forest
from analysis.figures.style import Span, band_of, svg, within_spans
from analysis.measures.practice import block_means, past_surprise, running_mean, running_sd
from protocols.scene import RED, Circle, Line, Scene, Text

N = 60
TRIAL = np.arange(1, N + 1)
BLOCK = (TRIAL - 1) // 20 + 1
SPANS = [Span("baseline", 1, 20), Span("training", 21, 60)]
LABELS = ["release angle (deg)", "release speed (m/s)"]


@pytest.fixture
def random():
    return np.random.default_rng(1)


@pytest.fixture
def actions(random):
    return np.array([85.0, 3.5]) + random.standard_normal((N, 2)) * (8, 0.5)


def checked(figure) -> str:
    """The SVG, well-formed, with nothing that would be fetched."""
    text = svg(figure)
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert not re.search(r'(?:href|src)="(?!#|data:)', text)
    assert "url(http" not in text
    return text


def test_learning_curve_shows_person_yoked_and_free(random):
    error = random.random(N)
    error[7] = np.nan
    free = {"free-person": band_of(random.random((30, N))), "free-own": band_of(random.random((30, N)))}
    text = checked(learning.learning_curve(TRIAL, BLOCK, error, "error (cm)", SPANS, error, free, error < 0.3))
    for words in ("person, hit", "block mean", "expectation", "the person's trials", "their own trials", "training", "error (cm)"):
        assert words in text
    alone = checked(learning.learning_curve(TRIAL, BLOCK, error, "error (cm)"))
    assert "free learners" not in alone and "expectation" not in alone


def test_all_missing_is_drawn_empty():
    nothing = np.full(N, np.nan)
    checked(learning.learning_curve(TRIAL, BLOCK, nothing, "error (cm)", SPANS, nothing))
    checked(learning.surprise_curve(TRIAL, nothing, nothing, SPANS))
    checked(timing.timing_course(TRIAL, [timing.TimingSeries("rate", nothing, 1.0)], np.zeros(N, bool)))


def test_action_course_shows_prediction_and_ideal(actions):
    ideal = np.where(TRIAL > 20, 70.0, np.nan)[:, None] * [1, np.nan]
    figure = learning.action_course(TRIAL, actions, LABELS, SPANS, actions, np.ones_like(actions), ideal, "cancels the rotation")
    text = checked(figure)
    assert "cancels the rotation" in text and "prediction (mean ± SD)" in text and "release speed (m/s)" in text


def test_ellipse_holds_95_percent(random):
    """The drawn ellipse's axes are those of the covariance: about 95 % of draws lie within."""
    covariance = np.array([[64.0, 3.0], [3.0, 0.36]])
    draws = random.multivariate_normal([85, 3.5], covariance, 20_000)
    gap = draws - [85, 3.5]
    inside = np.einsum("ni,ij,nj->n", gap, np.linalg.inv(covariance), gap) < action.CHI2_95_TWO
    assert inside.mean() == pytest.approx(0.95, abs=0.005)


def test_action_space_outlines_the_manifold(actions):
    x, y = np.linspace(60, 110, 40), np.linspace(1, 6, 30)
    error = np.abs(x[None] - 85) / 100 + 0 * y[:, None]
    grid = action.ErrorMap(x, y, error, (error < 0.05).astype(float))
    ellipse = action.PolicyEllipse("trial 1", np.array([85.0, 3.5]), np.diag([64.0, 0.36]))
    text = checked(action.action_space(grid, TRIAL, actions, LABELS, [ellipse]))
    assert "solution manifold" in text and "yoked learner, trial 1" in text
    without = action.ErrorMap(x, y, error, np.zeros_like(error))
    assert "solution manifold" not in checked(action.action_space(without, TRIAL, actions, LABELS))


def test_paths_speeds_and_scenes(random):
    time = np.arange(300) / 1000
    straight = np.column_stack([time, 0.4 * time, np.zeros(300)])
    checked(paths.hand_paths(TRIAL[:2], [straight[:, 1:], straight[:, 1:]], np.array([[0.1, 0.0]])))
    assert paths._speed(straight)[:, 1] == pytest.approx(0.4)
    checked(paths.speed_profiles(TRIAL[:1], [straight]))
    pixels = straight.copy()
    pixels[:, 1] = np.round(straight[:, 1] / 0.00025 / 4) * 0.00025 * 4  # a coarse mouse
    assert paths._speed(pixels)[40:-40, 1] == pytest.approx(0.4, rel=0.1)
    scene = Scene((Circle("target", (0, 0), 0.1), Line("trace", ((0, 0), (0.1, 0.1)), RED), Text("words", "hello", (0, 0), 0.02)))
    checked(paths.scenes([("first", scene)], (-1, -1, 1, 1)))


def test_a_short_session_counts_its_trials_in_whole_numbers(actions):
    figure = paths.speed_profiles(np.array([1, 2, 3]), [np.column_stack([np.arange(300) / 1000, *np.zeros((2, 300))])] * 3)
    checked(figure)
    assert [tick for tick in figure.axes[1].get_yticks() if tick % 1] == []


def test_same_data_same_text(actions):
    one, two = (svg(learning.spread_curve(TRIAL, actions, LABELS, SPANS, actions)) for _ in range(2))
    assert one == two


def test_smoothing_keeps_the_step_between_phases():
    values = np.where(TRIAL > 20, 1.0, 0.0)
    assert np.array_equal(within_spans(TRIAL, values, SPANS, lambda part: running_mean(part, 9)), values)
    assert 0 < running_mean(values, 9)[19] < 1


def test_no_course_is_drawn_where_there_is_nothing_yet():
    late = np.array([np.nan, np.nan, 1.0, np.nan, 3.0, np.nan])
    np.testing.assert_allclose(running_mean(late, 5), [np.nan, np.nan, 2.0, 2.0, 2.0, np.nan])
    assert np.isnan(running_mean(np.full(4, np.nan), 3)).all()


def test_block_means_leave_out_missing():
    value = np.where(TRIAL % 2, 1.0, 3.0)
    value[0] = np.nan
    means = block_means(TRIAL, BLOCK, value)
    assert means.count.tolist() == [19, 20, 20]
    assert means.mean[1:] == pytest.approx([2, 2]) and means.mean[0] == pytest.approx((9 + 30) / 19)
    assert np.isnan(block_means(TRIAL[:1], BLOCK[:1], np.array([np.nan])).mean).all()


def test_running_sd_finds_the_spread(random):
    assert running_sd(random.standard_normal(4000), 1000)[2000] == pytest.approx(1, abs=0.1)


def test_past_surprise_is_the_entropy_of_a_steady_gaussian(random):
    """For white actions the mean surprise tends to the entropy, ln(2 pi e s1 s2), plus the price of estimation (about 3 per cent here)."""
    actions = random.standard_normal((4000, 2)) * (8, 0.5)
    actions[100] = np.nan
    surprise = past_surprise(actions, window=400)
    assert np.isnan(surprise[:10]).all() and np.isnan(surprise[100])
    assert np.nanmean(surprise[500:]) == pytest.approx(np.log(2 * np.pi * np.e * 4), abs=0.1)


def test_band_of_ignores_missing_learners():
    band = band_of(np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]]))
    assert band.middle[0] == 2 and np.isnan(band.middle[1])


@pytest.mark.parametrize("log", [False, True])
def test_open_intervals_reach_the_frame(log):
    low, high = np.array([np.nan, 0.2, np.nan]), np.array([0.9, np.nan, np.nan])
    (axes,) = forest([Found("rate", log, np.full(3, 0.5), low, high, np.ones(3, bool), None)], ["A1", "B2", "C3"]).axes
    left, right = axes.get_xlim()
    reached = np.array([segment[:, 0] for lines in axes.collections for segment in lines.get_segments()])
    heights = np.array([segment[0, 1] for lines in axes.collections for segment in lines.get_segments()])
    ends = np.array([(reached[heights == lane].min(), reached[heights == lane].max()) for lane in (2, 1, 0)])
    np.testing.assert_allclose(ends, [(left, 0.9), (0.2, right), (left, right)])
    assert left < 0.2 and right > 0.9
