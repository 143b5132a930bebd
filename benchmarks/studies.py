"""What the reviewers of Haith (2025) asked for, as four studies by simulation.

``python -m benchmarks.studies``. Writes ``benchmarks/results/studies.json`` and four pictures; what they show
stands in docs/explanation/studies.md.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from analysis.figures.style import FREE_OWN, FREE_PERSON, INK, PERSON, YOKED, new_figure, styled
from analysis.registry import build_learner
from analysis.simulate import simulate
from analysis.twin import Turn
from benchmarks.keep import keep
from protocols.reach import Reach
from protocols.skittles import Skittles
from protocols.task import Feedback, RewardRule, Task, Trial
from protocols.zone import ZoneRule

PICTURES = Path("docs/pictures")
COLOURS = (PERSON, YOKED, FREE_PERSON, FREE_OWN)
NO_ZONE = ZoneRule(False, math.nan, math.nan, 1, False, 0.0, 0, 0.0)
AHEAD = (0.0, 0.10)  # m, a target straight ahead


def zone(low: float, high: float) -> ZoneRule:
    """A fixed zone of hand directions, deg."""
    return ZoneRule(False, math.radians(low), math.radians(high), 1, False, 0.0, 0, 0.0)


def practise(
    task: Task, name: str, options: dict, values: dict, trials: Sequence[Trial], rules: Sequence[ZoneRule], learners: int, seed: int = 1
) -> Turn:
    """``learners`` of a kind on the same course."""
    learner = build_learner(name, options, task.action_names, task)
    targets = np.array(list(dict.fromkeys(trial.target for trial in trials)))
    return simulate(task, learner, learner.make_params(values), targets, trials, rules, seed, learners)


def spread() -> dict[str, Any]:
    """The variance falls and rises: by what was tried and how it went, and after the zone of rewarded directions has moved."""
    count, learners, moved = 600, 300, 300
    values = {"initial_mean": 0.0, "initial_sd": 5.0, "motor_sd": 1.0, "baseline_decay": 0.9}
    rules = [zone(-4, 4)] * moved + [zone(6, 14)] * (count - moved)
    found: dict[str, Any] = {}
    with styled():
        figure = new_figure(width=9.2, height=3.4)
        left, right = figure.subplots(1, 2)
        for place, rule in enumerate((RewardRule.GRADED, RewardRule.BINARY)):
            graded = rule == RewardRule.GRADED
            # The graded reward is minus the distance from the target, in m: a turn of the cursor moves where it is best.
            trials = [
                Trial(n, 1, n, 1, 0, AHEAD, rotation=-math.radians(10) * (n > moved) * graded, reward_rule=rule)
                for n in range(1, count + 1)
            ]
            rates = {"alpha_mean": 10.0, "alpha_log_var": 10.0} if graded else {"alpha_mean": 0.2, "alpha_log_var": 0.2}
            turn = practise(Reach(), "policy-gradient", {}, values | rates, trials, [NO_ZONE] * count if graded else rules, learners)
            name = "graded reward" if graded else "binary reward"
            log_var = np.asarray(turn.policy.log_var)[..., 0]
            left.plot(np.arange(1, count + 1), np.exp(log_var / 2).mean(axis=0), color=COLOURS[place], lw=1.6, label=name)
            found[name] = steps_of_variance(turn, log_var)
            draw_steps(right, found[name], place, name)
        left.axvline(moved + 0.5, color=INK, lw=0.8, ls=":")
        left.set(xlabel="trial", ylabel="SD of exploration (first: 1)", ylim=(0, None))
        left.legend()
        right.axhline(0, color=INK, lw=0.8)
        right.set(xticks=range(4), xticklabels=CASES, ylabel="step in log variance")
        right.legend()
        figure.savefig(PICTURES / "study-variance.png", dpi=130, facecolor="white")
    return found


CASES = ("far, better", "far, worse", "near, better", "near, worse")


def steps_of_variance(turn: Turn, log_var: np.ndarray) -> dict[str, float]:
    """Mean step of the log variance from one trial to the next, by how far was explored and whether the reward was above its baseline."""
    mean, baseline = np.asarray(turn.policy.mean)[..., 0], np.asarray(turn.policy.reward_baseline)
    explored = (np.asarray(turn.intended)[..., 0] - mean) / (5.0 * np.exp(log_var / 2))
    step, far, better = np.diff(log_var, axis=1), np.abs(explored[:, :-1]) > 1, np.asarray(turn.reward)[:, :-1] > baseline[:, :-1]
    known = np.isfinite(baseline[:, :-1])
    chosen = (far & better, far & ~better, ~far & better, ~far & ~better)
    return {case: round(float(step[rows & known].mean()), 5) for case, rows in zip(CASES, chosen, strict=True)}


def draw_steps(axes: Axes, steps: dict[str, float], place: int, label: str) -> None:
    axes.bar(np.arange(4) + 0.36 * (place - 0.5), list(steps.values()), width=0.34, color=COLOURS[place], label=label)


def generalisation() -> dict[str, Any]:
    """New targets half-way between old ones, after 480 trials; the cursor is turned by 20 degrees times the direction's cosine."""
    old, new, before, after, learners = np.arange(0, 360, 45), np.arange(22.5, 360, 45), 480, 160, 200
    random = np.random.default_rng(3)
    angles = np.radians(np.concatenate([random.choice(old, before), random.choice(new, after)]))
    targets = [(0.1 * math.cos(a), 0.1 * math.sin(a)) for a in angles]
    trials = [Trial(n, 1, n, 1, 0, target, rotation=math.radians(-200) * target[0]) for n, target in enumerate(targets, 1)]
    values = {"initial_mean": 0.0, "initial_sd": 6.0, "motor_sd": 1.0, "baseline_decay": 0.8, "alpha_mean": 20.0, "alpha_log_var": 0.0}
    kinds = {
        "one mean and average a target": {"context": "table"},
        "features, one average": {"context": "features"},
        "features, critic over features": {"context": "features", "critic": "features"},
    }
    found = {}
    with styled():
        figure = new_figure(width=9.2, height=3.4)
        left, right = figure.subplots(1, 2)
        for colour, (name, options) in zip(COLOURS, kinds.items(), strict=False):
            start = {"initial_baseline": -0.035} if "critic" in options else {}
            turn = practise(Reach(), "policy-gradient", options, values | start, trials, [NO_ZONE] * len(trials), learners)
            error = 100 * np.asarray(turn.outcome.error)
            guess = np.abs(np.asarray(turn.policy.reward_baseline) - np.asarray(turn.outcome.reward)) * 100
            for axes, measure in ((left, error), (right, guess)):
                axes.plot(np.arange(len(trials)).reshape(-1, 20).mean(axis=1), smooth(measure), color=colour, lw=1.5, label=name)
            found[name] = {
                "error_cm_last_40_old": round(float(error[:, before - 40 : before].mean()), 3),
                "error_cm_first_40_new": round(float(error[:, before : before + 40].mean()), 3),
                "expected_reward_off_cm_first_40_new": round(float(np.nanmean(guess[:, before : before + 40])), 3),
            }
        for axes, label in ((left, "error (cm)"), (right, "reward less what was expected (cm)")):
            axes.axvline(before, color=INK, lw=0.8, ls=":")
            axes.set(xlabel="trial", ylabel=label, ylim=(0, None))
        left.legend(fontsize=8)
        figure.savefig(PICTURES / "study-generalisation.png", dpi=130, facecolor="white")
    return found


def smooth(values: np.ndarray) -> np.ndarray:
    """Means of 20 trials over all learners."""
    return np.nanmean(values.reshape(len(values), -1, 20), axis=(0, 2))


def covariances() -> dict[str, Any]:
    """Skittles with the covariance by angle and log variances, by Cholesky factor, and without correlation."""
    task, count, learners = Skittles(), 1800, 200
    trials = [Trial(n, 1, n, 1, 0, (0.38, 0.43)) for n in range(1, count + 1)]
    values = {"initial_mean": [85.0, 3.5], "initial_sd": [8.0, 0.6], "motor_sd": 0.0}
    found = {}
    with styled():
        figure = new_figure(width=9.2, height=3.4)
        left, right = figure.subplots(1, 2)
        for colour, form in zip(COLOURS, ("angle", "cholesky", "diagonal"), strict=False):
            turn = practise(task, "policy-gradient", {"covariance": form}, values, trials, [NO_ZONE] * count, learners)
            error, covariance = 100 * np.asarray(turn.outcome.error), np.asarray(turn.policy.covariance)
            correlation = covariance[..., 0, 1] / np.sqrt(covariance[..., 0, 0] * covariance[..., 1, 1])
            left.plot(np.arange(count).reshape(-1, 20).mean(axis=1), smooth(error), color=colour, lw=1.5, label=form)
            right.plot(np.median(correlation, axis=0), color=colour, lw=1.5, label=form)
            found[form] = {
                "error_cm_last_300": round(float(error[:, -300:].mean()), 3),
                "median_correlation_at_the_end": round(float(np.median(correlation[:, -1])), 3),
            }
        left.set(xlabel="trial", ylabel="error (cm)", ylim=(0, None))
        right.set(xlabel="trial", ylabel="correlation of angle and speed")
        left.legend()
        figure.savefig(PICTURES / "study-covariance.png", dpi=130, facecolor="white")
    return found


def parting() -> dict[str, Any]:
    """The cursor is turned by 30 degrees, and yet the hand is rewarded for going straight: error and reward ask for different things."""
    count, learners = 240, 200
    trials = [
        Trial(n, 1, n, 1, 0, AHEAD, rotation=math.radians(30) * (n > 40), feedback=Feedback.ENDPOINT, reward_rule=RewardRule.BINARY)
        for n in range(1, count + 1)
    ]
    gradient = {"initial_mean": 0.0, "initial_sd": 4.0, "motor_sd": 1.0, "alpha_mean": 0.2, "alpha_log_var": 0.1, "baseline_decay": 0.9}
    kinds = {"policy-gradient": gradient, "error-based": {"initial_mean": 0.0, "initial_sd": 4.0}}
    found = {}
    with styled():
        figure = new_figure(width=7.2, height=3.4)
        axes = figure.subplots()
        for colour, (name, values) in zip((YOKED, PERSON), kinds.items(), strict=True):
            turn = practise(Reach(), name, {}, values, trials, [zone(-6, 6)] * count, learners)
            action, hit = np.asarray(turn.action)[..., 0], np.asarray(turn.outcome.hit)
            axes.plot(np.arange(1, count + 1), action.mean(axis=0), color=colour, lw=1.6, label=name)
            found[name] = {
                "mean_hand_angle_deg_last_40": round(float(action[:, -40:].mean()), 2),
                "share_rewarded_last_40": round(float(hit[:, -40:].mean()), 3),
            }
        axes.axhspan(-6, 6, color=FREE_PERSON, alpha=0.15, lw=0)
        axes.axhline(-30, color=INK, lw=0.8, ls=":")
        axes.set(xlabel="trial", ylabel="hand direction (deg)")
        axes.legend()
        figure.savefig(PICTURES / "study-parting.png", dpi=130, facecolor="white")
    return found


def main() -> None:
    keep("studies", {"variance": spread(), "generalisation": generalisation(), "covariance": covariances(), "parting": parting()})


if __name__ == "__main__":
    main()
