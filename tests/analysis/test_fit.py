"""Fits against closed forms: coordinates, derivatives, optimum, standard errors, and what a record can't tell."""

import jax
import numpy as np
import pytest

from analysis.fit.certainty import certainties, curvature, spreads
from analysis.fit.fit import Plan, doubts, fit, pose
from analysis.fit.hops import SAME, hopped
from analysis.fit.ladder import LAST, followed, rungs, scattered
from analysis.fit.likelihood import Problem
from analysis.fit.ml import first_points, maximise
from analysis.fit.polish import Polished, Search, _learned, polish, searches
from analysis.fit.soundness import CLOSE, soundness
from analysis.fit.space import Scale, first_trials, make_space, scale_of, values_of
from analysis.learner import Context
from analysis.predict import log_likelihood
from analysis.registry import LEARNERS, build_learner
from analysis.twin import Seen
from protocols.errors import BadInput
from protocols.task import Outcome

REACH = ("reach_angle_deg",)
TRIALS = 90


def record(actions, rewards) -> Seen:
    """Reaches with their rewards; nothing else is known of them."""
    rewards = np.asarray(rewards, dtype=float)
    blank = np.full(len(rewards), np.nan)
    outcome = Outcome(rewards, *[blank] * 7)
    return Seen(
        Context(np.zeros(len(rewards), int), np.tile([0.1, 0.0], (len(rewards), 1))), np.asarray(actions, dtype=float), rewards, outcome
    )  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def walk():
    """A walk of known steps, and the floor that it is fitted with: its best step SD is the root mean square of the steps."""
    steps = np.random.default_rng(1).normal(0, 2.0, TRIALS)
    seen = record(np.cumsum(steps)[:, None], np.full(TRIALS, np.nan))
    learner = build_learner("random-walk", {}, REACH)
    plan = Plan(learner, 1, {"initial_mean": 0.0, "initial_sd": 3.0}, starts=4)
    return np.diff(np.cumsum(steps)), seen, plan


@pytest.fixture(scope="module")
def walk_fit(walk):
    return fit(walk[2], walk[1])


@pytest.fixture(scope="module")
def gradient_learner():
    """A policy gradient of reaches with five free parameters, and reaches that wander with a reward that follows them."""
    random = np.random.default_rng(4)
    actions = np.cumsum(random.normal(0, 0.3, TRIALS)) + random.normal(0, 4, TRIALS)
    actions[7] = np.nan
    rewards = -np.abs(actions - 6) / 10
    rewards[11] = np.nan
    fixed = {"initial_mean": 0.0, "motor_sd": 1.0, "initial_baseline": -0.5}
    return Plan(build_learner("policy-gradient", {}, REACH), 1, fixed, starts=4), record(actions[:, None], rewards)


@pytest.fixture(scope="module")
def throws():
    """A policy gradient of throws, whose walk is written out, and throws whose reward falls with their distance from one that is best."""
    actions = np.random.default_rng(5).normal((85.0, 3.5), (4.0, 0.3), (TRIALS, 2))
    rewards = -np.hypot((actions[:, 0] - 88) / 10, actions[:, 1] - 3.6)
    fixed = {"initial_mean": (85.0, 3.5), "motor_sd": (2.0, 0.15), "initial_baseline": -0.5}
    return Plan(build_learner("policy-gradient", {}, ("release_angle_deg", "release_speed")), 1, fixed, starts=4), record(actions, rewards)


@pytest.mark.parametrize(("name", "actions"), [("policy-gradient", 2), ("task-outcome", 1), ("two-rate", 1), ("local-level", 1)])
def test_coordinates_go_there_and_back(name, actions):
    names = REACH if actions == 1 else ("release_angle_deg", "release_speed")
    learner = build_learner(name, {}, names)
    space = make_space(learner, {}, scale_of(np.random.default_rng(0).normal(5, 2, (30, actions)), np.linspace(-1, 0, 30)))
    x = space.search.mean(axis=1) + 0.1
    np.testing.assert_allclose(space.unbounded(space.natural(x)), x, rtol=1e-9)
    moved = (space.natural(x + 1e-6) - space.natural(x - 1e-6)) / 2e-6
    slopes = [c.slope(value) for c, value in zip(space.coordinates, space.natural(x), strict=True)]
    np.testing.assert_allclose(moved, slopes, rtol=1e-6)
    low, high = space.natural(space.held[:, 0]), space.natural(space.held[:, 1])
    bounds = {p.name: (p.low, p.high) for p in learner.parameters}
    for c, least, most in zip(space.coordinates, low, high, strict=True):
        assert bounds[c.parameter][0] <= least < most <= bounds[c.parameter][1]


def test_a_part_of_a_parameter_can_be_fixed_and_one_that_rests_be_freed():
    learner = build_learner("policy-gradient", {}, ("release_angle_deg", "release_speed"))
    scale = scale_of(np.random.default_rng(0).normal(5, 2, (30, 2)), np.linspace(-1, 0, 30))
    space = make_space(learner, {"initial_sd.release_speed": 0.5}, scale, free=("retention",))
    assert "initial_sd.release_angle_deg" in space.names and "initial_sd.release_speed" not in space.names
    assert "retention" in space.names and "variance_floor" not in space.names
    assert space.values(space.search.mean(axis=1))["initial_sd"][1] == 0.5
    for fixed, free, words in (({}, ("speed",), "no parameter"), ({"retention": 1.0}, ("retention",), "fixed and fitted")):
        with pytest.raises(BadInput, match=words):
            make_space(learner, fixed, scale, free)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_usual_value_is_looked_for(name):
    learner = build_learner(name, {}, REACH)
    space = make_space(learner, {}, Scale(np.zeros(1), np.ones(1), -0.5, 0.5))
    usual = {p.name: p.default for p in learner.parameters}
    for c, (low, high) in zip(space.coordinates, space.search, strict=True):
        value = np.nan if usual[c.parameter] is None else c.unbounded(float(np.ravel(usual[c.parameter])[0]))
        assert not np.isfinite(value) or low < value < high, c.name


def test_slopes_are_those_of_the_likelihood_and_padding_changes_nothing(gradient_learner):
    plan, seen = gradient_learner
    problem = pose(plan, seen)
    x = problem.space.search.mean(axis=1)

    def plain(at):
        values = values_of(problem.space.coordinates, problem.space.held, problem.space.fixed, at)
        return log_likelihood(plan.learner, plan.learner.assemble(values), 1, seen)

    at = jax.jit(plain)
    value = at(x)
    gradient = [(at(x + step) - at(x - step)) / 2e-5 for step in 1e-5 * np.eye(len(x))]
    slopes = problem.slopes(np.stack([x, x + 0.1]))
    np.testing.assert_allclose(slopes.value[0], value, rtol=1e-10)
    np.testing.assert_allclose(slopes.gradient[0], gradient, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(problem.log_likelihoods(x[None]), value, rtol=1e-10)
    assert np.all(np.linalg.eigvalsh(slopes.information[0]) > -1e-9)


def test_optimum_and_standard_error_are_the_closed_form(walk, walk_fit):
    steps, _, _ = walk
    (name,) = walk_fit.problem.space.names
    best = np.sqrt(np.mean(steps**2))
    assert walk_fit.estimates[name] == pytest.approx(best, rel=2e-3)  # the first action says a little of it too
    (known,) = walk_fit.certainty
    assert known.se == pytest.approx(best / np.sqrt(2 * len(steps)), rel=0.01)
    assert known.low < best < known.high and known.identifiable
    assert walk_fit.optimum.at_best == len(walk_fit.optimum.searches) == 8  # four from the sweep, four from between their ends
    assert walk_fit.bic == pytest.approx(np.log(TRIALS) - 2 * walk_fit.optimum.log_likelihood)
    assert doubts(walk_fit) == []


def test_the_truth_as_a_start_finds_nothing_better_and_the_seed_decides(gradient_learner):
    plan, seen = gradient_learner
    problem = pose(plan, seen)
    one, again = maximise(problem, 4, 3), maximise(problem, 4, 3)
    np.testing.assert_array_equal(one.x, again.x)
    helped = maximise(problem, 4, 3, also=one.x[None] + 0.05)
    assert helped.log_likelihood < one.log_likelihood + 0.01


def test_constant_reward_says_nothing_of_the_rates(gradient_learner):
    plan, seen = gradient_learner
    constant = record(seen.action, np.full(TRIALS, -0.5))
    fitted = fit(plan, constant)
    told = dict(zip(fitted.problem.space.names, fitted.certainty, strict=True))
    assert not told["alpha_mean"].identifiable and not told["alpha_log_var"].identifiable and not told["baseline_decay"].identifiable
    assert "open" in told["alpha_mean"].why
    assert any("alpha_mean" in doubt for doubt in doubts(fitted))


def test_a_flat_direction_has_no_standard_error():
    hessian = np.diag([4.0, 0.0, 1.0])
    np.testing.assert_allclose(spreads(hessian), [0.5, np.nan, 1.0])


def test_curvature_is_that_of_the_closed_form(walk, walk_fit):
    assert curvature(walk_fit.problem, walk_fit.optimum.x)[0, 0] == pytest.approx(2 * (TRIALS - 1), rel=5e-3)  # in log SD


def test_differences_are_the_exact_slopes_to_search_by(gradient_learner):
    problem = pose(*gradient_learner)
    x = problem.space.search.mean(axis=1)[None]
    x = np.concatenate([x, np.where(np.arange(x.shape[1]) == 0, problem.space.held[:, 1], x)])  # at the end of a range, too
    near, exact = problem.differences(x), problem.slopes(x[:1])
    np.testing.assert_allclose(near.gradient[0], exact.gradient[0], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(near.information[0], exact.information[0], rtol=1e-3, atol=1e-3)
    assert np.isfinite(near.gradient).all()


def test_single_precision_serves_to_search_by(throws):
    problem = pose(*throws)
    rough, x = problem.in_single_precision(), problem.space.search.mean(axis=1)[None]
    assert rough is not problem
    np.testing.assert_allclose(rough.log_likelihoods(x), problem.log_likelihoods(x), atol=0.01)
    near, exact = rough.differences(x), problem.slopes(x)
    error = np.sqrt(np.diagonal(exact.information[0]))
    np.testing.assert_allclose(near.gradient[0] / error, exact.gradient[0] / error, rtol=0.03, atol=0.1)
    np.testing.assert_allclose(near.information[0] / np.outer(error, error), exact.information[0] / np.outer(error, error), atol=0.05)


def test_what_is_found_is_exact(throws, walk_fit):
    problem = pose(*throws)
    best = maximise(problem, 4, 0)
    assert best.log_likelihood == problem.log_likelihoods(best.x[None])[0]
    (again,) = polish(problem, searches(best.x[None]))
    assert again.log_likelihood < best.log_likelihood + SAME
    assert walk_fit.problem.in_single_precision() is walk_fit.problem  # no code for it


def test_an_interval_holds_its_estimate_and_nothing_that_is_only_said_to_be_likely(walk_fit):
    x, value = walk_fit.optimum.x, walk_fit.optimum.log_likelihood
    said = Polished(x + 1.0, value - 0.5, True, 3)
    (known,) = certainties(walk_fit.problem, walk_fit.optimum._replace(searches=(*walk_fit.optimum.searches, said)))
    (estimate,) = walk_fit.problem.space.natural(x)
    half = 1.96 / np.sqrt(2 * (TRIALS - 1))  # in log SD; a small record's distribution leans to the right
    assert np.log([known.low / estimate, known.high / estimate]) == pytest.approx([-half, half], abs=0.15 * half)


def test_where_too_few_draws_count_walkers_find_the_interval(walk_fit, monkeypatch):
    (usual,) = certainties(walk_fit.problem, walk_fit.optimum)
    monkeypatch.setattr("analysis.fit.certainty.WORTH", np.inf)
    (known,) = certainties(walk_fit.problem, walk_fit.optimum)
    width = usual.high - usual.low
    assert [known.low, known.middle, known.high] == pytest.approx([usual.low, usual.middle, usual.high], abs=0.1 * width)
    assert known != usual


def test_a_search_stays_where_its_moves_allow(gradient_learner):
    problem = pose(*gradient_learner)
    start = problem.space.search.mean(axis=1)
    (end,) = polish(problem, [Search(start, np.arange(len(start)) != 1)], 3)
    assert end.x[1] == start[1] and end.log_likelihood > problem.log_likelihoods(start[None])[0] + 1


def test_a_few_searches_know_the_slopes_with_the_values_and_go_the_same_way(gradient_learner, monkeypatch):
    problem = pose(*gradient_learner)
    asked = searches(problem.space.search.mean(axis=1)[None])
    monkeypatch.setattr("analysis.fit.polish._AT_ONCE", 0)
    (apart,) = polish(problem, asked, 3)
    monkeypatch.setattr("analysis.fit.polish._AT_ONCE", 2)
    monkeypatch.delattr(Problem, "log_likelihoods")
    (together,) = polish(problem, asked, 3)
    np.testing.assert_allclose(together.x, apart.x, rtol=1e-9)
    assert together.log_likelihood == pytest.approx(apart.log_likelihood, rel=1e-12) and together.steps == apart.steps == 3


def test_a_long_record_is_searched_by_its_beginning(walk, monkeypatch):
    plan = walk[2]
    monkeypatch.setattr("analysis.fit.ladder.BEGINNING", 100)
    steps = np.random.default_rng(2).normal(0, 2.0, 160)
    problem = pose(plan, record(np.cumsum(steps)[:, None], np.full(160, np.nan)))
    found = maximise(problem, 4, 0)
    assert problem.beginning(100).count == 100
    assert found.at_best == len(found.searches) > 4
    assert problem.space.natural(found.x)[0] == pytest.approx(np.sqrt(np.mean(steps[1:] ** 2)), rel=0.01)


def test_rungs_grow_evenly_from_a_beginning_that_is_long_enough(walk, monkeypatch):
    _, seen, plan = walk
    monkeypatch.setattr("analysis.fit.ladder.BEGINNING", 40)
    problem = pose(plan, seen)
    assert [(one.length, one.count) for one in rungs(problem)] == [(40, 40), (TRIALS, TRIALS)]
    monkeypatch.setattr("analysis.fit.ladder.BEGINNING", 30)
    assert [one.length for one in rungs(problem)] == [30, 52, TRIALS]
    monkeypatch.setattr("analysis.fit.ladder.BEGINNING", TRIALS)
    assert rungs(problem) == [problem]


def test_where_few_searches_agree_all_is_searched_once_more(gradient_learner, monkeypatch):
    problem = pose(*gradient_learner)
    monkeypatch.setattr("analysis.fit.ml._FEW", 0.0)
    once, other = maximise(problem, 4, 3), maximise(problem, 4, 4)
    monkeypatch.setattr("analysis.fit.ml._FEW", once.at_best / 4)
    twice = maximise(problem, 4, 3)
    assert len(twice.searches) == len(once.searches) + len(other.searches)
    assert twice.log_likelihood == max(once.log_likelihood, other.log_likelihood)
    monkeypatch.setattr("analysis.fit.ml._FEW", (once.at_best - 1) / 4)
    assert len(maximise(problem, 4, 3).searches) == len(once.searches)


def test_what_the_first_trials_leave_open_is_tried_anew_on_the_rest(gradient_learner):
    """Without a reward the first trials say nothing of the rates."""
    plan, seen = gradient_learner
    problem = pose(plan, seen._replace(reward=np.where(np.arange(TRIALS) < TRIALS // 2, np.nan, seen.reward)))
    beginning = problem.beginning(TRIALS // 2)
    best = maximise(beginning, 4, 0)
    found = scattered(beginning, problem, best.searches, 0)
    heights = np.array([one.log_likelihood for one in found])
    points = np.stack([one.x for one in found])
    assert heights[0] > problem.log_likelihoods(best.x[None])[0] + 1 and np.all(np.diff(heights) <= 0)
    assert np.all((points >= problem.space.search[:, 0]) & (points <= problem.space.search[:, 1]))
    np.testing.assert_array_equal(points, [one.x for one in scattered(beginning, problem, best.searches, 0)])


@pytest.mark.parametrize(("name", "end", "lost"), [("initial_sd.reach_angle_deg", 0, 400), ("alpha_mean", 1, 20)])
def test_hops_lead_out_of_where_no_step_does(gradient_learner, name, end, lost):
    """An SD that has gone to 0, by whose log the surface is flat; a rate that was too high."""
    problem = pose(*gradient_learner)
    best = maximise(problem, 4, 3)
    place = problem.space.names.index(name)
    x = np.where(np.arange(len(best.x)) == place, problem.space.held[:, end], best.x)
    (stuck,) = polish(problem, searches(x[None]))
    assert stuck.log_likelihood < best.log_likelihood - lost
    (freed,) = hopped(problem, [stuck])
    assert freed.log_likelihood > best.log_likelihood - SAME and freed.steps > stuck.steps


def test_an_sd_that_was_0_for_the_first_trials_needs_not_stay_so(gradient_learner):
    problem = pose(*gradient_learner)
    x = problem.space.search.mean(axis=1)
    place = problem.space.names.index("initial_sd.reach_angle_deg")
    x[place] = problem.space.held[place, 0]
    (end,) = followed(problem, [Polished(x, -np.inf, True, 3)], LAST)
    assert end.x[place] > problem.space.search[place, 0] and end.log_likelihood > problem.log_likelihoods(x[None])[0] + 400


def test_threads_change_no_digit(gradient_learner, monkeypatch):
    problem = pose(*gradient_learner)
    points = np.random.default_rng(0).uniform(*problem.space.search.T, (30, len(problem.space.names)))
    monkeypatch.setattr("analysis.compiled._THREADS", 1)
    alone = problem.differences(points)
    monkeypatch.setattr("analysis.compiled._THREADS", 3)
    for one, other in zip(alone, problem.differences(points), strict=True):
        np.testing.assert_array_equal(one, other)


def test_too_few_trials_and_impossible_values_are_refused(walk):
    _, seen, plan = walk
    few = jax.tree.map(lambda column: column[:1], seen)
    with pytest.raises(BadInput, match="1 trials have an action, and learner 'random-walk' has 1 free"):
        fit(plan, few)
    with pytest.raises(BadInput, match="lie in"):
        fit(plan._replace(fixed={"step_sd": -1.0}), seen)


def test_where_no_likelihood_is_finite_the_trial_is_named(gradient_learner):
    plan, seen = gradient_learner
    problem = pose(plan, seen)
    fixed = {**problem.space.fixed, "initial_mean": np.full_like(problem.space.fixed["initial_mean"], np.inf)}
    with pytest.raises(BadInput, match=r"no finite likelihood anywhere.*trial 1: the policy's mean is not finite: correct the parameters"):
        first_points(problem._replace(space=problem.space._replace(fixed=fixed)), 4, 0)


def test_a_fault_is_named_by_the_trials_own_number_and_is_a_doubt(walk, walk_fit):
    _, seen, plan = walk
    assert walk_fit.sound.fault is None
    numbers = np.arange(101, 101 + TRIALS)
    rewards = np.where(numbers == 106, np.inf, np.nan)
    found = fit(plan, seen._replace(reward=rewards, outcome=seen.outcome._replace(reward=rewards)), numbers=numbers)
    assert str(found.sound.fault) == "trial 106: the reward is infinite, and taught nothing"
    assert str(found.sound.fault) in doubts(found)


def test_particles_that_disagree_with_the_matched_likelihood_are_a_doubt(gradient_learner):
    plan, seen = gradient_learner
    slow = {"alpha_mean": 0.01, "alpha_log_var": 0.01}
    params = plan.learner.make_params({"initial_mean": 0.0, "initial_sd": 4.0, "motor_sd": 1.0, **slow})
    found = soundness(plan.learner, params, 1, seen)
    assert 0 < abs(found.matching_error) < CLOSE and found.doubts() == []
    fast = soundness(plan.learner, params._replace(alpha_log_var=np.float64(3.0)), 1, seen)
    assert abs(fast.matching_error) > CLOSE
    assert any(f"differ by {abs(fast.matching_error):.2g} nat a trial" in doubt for doubt in fast.doubts())


def test_nobody_asks_particles_where_nothing_is_hidden_or_nobody_wants_to_know(gradient_learner):
    plan, seen = gradient_learner
    params = plan.learner.make_params({"initial_mean": 0.0, "initial_sd": 4.0, "motor_sd": 1.0})
    assert soundness(plan.learner, params, 1, seen, thorough=False).matching_error is None
    assert soundness(plan.learner, params._replace(motor_sd=np.zeros(1)), 1, seen).matching_error is None


def test_a_trial_without_an_action_is_none_of_the_particles_business(gradient_learner):
    plan, seen = gradient_learner
    slow = {"alpha_mean": 0.01, "alpha_log_var": 0.01}
    params = plan.learner.make_params({"initial_mean": 0.0, "initial_sd": 4.0, "motor_sd": 1.0, **slow})
    actions = np.where(np.arange(len(seen.reward))[:, None] % 7 == 3, np.nan, seen.action)
    assert abs(soundness(plan.learner, params, 1, seen._replace(action=actions)).matching_error) < CLOSE


def test_first_trials_give_mean_and_sd():
    learner = build_learner("policy-gradient", {}, REACH)
    actions = np.array([[1.0], [np.nan], [3.0], [50.0]])
    assert first_trials(learner, actions, 2) == {"initial_mean": [2.0], "initial_sd": [pytest.approx(np.sqrt(2))]}
    with pytest.raises(BadInput, match="at least 2"):
        first_trials(learner, actions[:1], 5)


def test_a_search_learns_the_curvature_that_its_gradient_shows():
    true = np.array([[[3.0, 1.0], [1.0, 2.0]]])
    curved = np.eye(2)[None]
    for shift in np.array([[[1.0, 0.0]], [[0.0, 1.0]], [[1.0, 1.0]], [[1.0, -2.0]]]):
        curved = _learned(curved, shift, np.einsum("sij,sj->si", true, shift))
        np.testing.assert_allclose(np.einsum("sij,sj->si", curved - true, shift), 0.0, atol=1e-12)
    bent = _learned(curved, np.array([[1.0, 0.0]]), np.array([[-5.0, 0.0]]))  # uphill the wrong way round
    assert np.linalg.eigvalsh(bent[0]).min() > 0
    np.testing.assert_array_equal(_learned(np.zeros((1, 2, 2)), np.ones((1, 2)), np.zeros((1, 2))), np.zeros((1, 2, 2)))
