"""The arc in closed form against a plain NumPy loop of the same work: learners that act, are scored with control noise, and update.

The loop is what the closed form stands for: each trial steps the wrist through 780 ms, filters the path, sums the parts of the reward, and
takes one policy-gradient step with a diagonal covariance. Its time for all learners is that of a few trials, times their number.

``python -m benchmarks.arc_speed`` prints the figures and keeps them in ``benchmarks/results/arc_speed.json``.
"""

import time
from typing import Any

import jax
import numpy as np

import protocols  # noqa: F401  (floats are 64-bit)
from analysis.registry import build_learner
from analysis.simulate import simulate
from benchmarks.keep import keep
from protocols.arc import COUNT, Arc
from protocols.arc_wrist import regulator_of, steps_of
from protocols.movement import RATE, deviation
from protocols.task import Trial
from protocols.zone import ZoneRule

TARGET = np.array([0.25, 0.0])  # m
LEARNERS, TRIALS, LOOPED = 1000, 1200, 30
ALPHA, DECAY, SD = 0.02, 0.95, 0.03  # slow enough that no uncapped step overflows


def main() -> None:
    compiled, seconds = closed_form(LEARNERS, TRIALS)
    plain = loop(LOOPED) / LOOPED * LEARNERS * TRIALS
    found = {"learners": LEARNERS, "trials": TRIALS, "seconds": round(seconds, 2), "seconds_with_compiling": round(compiled, 2)}
    keep("arc_speed", found | {"loop_seconds": round(plain), "looped_trials": LOOPED, "ratio": round(plain / seconds)})


def first_mean() -> np.ndarray:
    """Subgoals on the channel's middle, evenly spaced, the last two at the target."""
    angle = np.append(np.linspace(np.pi, 0, COUNT)[1:], 0.0)
    return TARGET[0] * np.column_stack([np.cos(angle), np.sin(angle)]).ravel()


def closed_form(learners: int, trials: int) -> tuple[float, float]:
    """Seconds of simulate, with compiling and without."""
    task = Arc()
    learner = build_learner("policy-gradient", {"covariance": "diagonal"}, task.action_names)
    values = {"initial_mean": first_mean(), "initial_sd": [SD] * 2 * COUNT, "motor_sd": 0.0, "baseline_decay": DECAY}
    values |= {"alpha_mean": ALPHA, "alpha_log_var": ALPHA}
    course = [Trial(number, 1, number, 1, 0, (TARGET[0], TARGET[1])) for number in range(1, trials + 1)]
    rules = [ZoneRule(False, np.nan, np.nan, 1, False, 0.0, 0, np.pi)] * trials
    params, took = learner.make_params(values), []
    for seed in (1, 2):
        began = time.perf_counter()
        jax.block_until_ready(simulate(task, learner, params, TARGET[None], course, rules, seed, learners))
        took.append(time.perf_counter() - began)
    return took[0], took[1]


def loop(trials: int) -> float:
    """Seconds of the plain loop."""
    task, random = Arc(), np.random.default_rng(1)
    mean, log_var, baseline = np.zeros(2 * COUNT), np.zeros(2 * COUNT), None
    regulator_of(task.wrist)
    began = time.perf_counter()
    for _ in range(trials):
        drawn = np.exp(log_var / 2) * random.standard_normal(2 * COUNT)
        action = first_mean() + SD * (mean + drawn)
        noise = task.control_noise * random.standard_normal((task.plan.duration, 2))
        reward = -plain_cost(task, low_passed(task, stepped(task, action, noise)))
        advantage = reward - (reward if baseline is None else baseline)
        mean = mean + ALPHA * advantage * drawn / np.exp(log_var)
        log_var = log_var + ALPHA * advantage * (drawn**2 / np.exp(log_var) - 1) / 2
        baseline = reward if baseline is None else DECAY * baseline + (1 - DECAY) * reward
    return time.perf_counter() - began


def stepped(task: Arc, action: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """The wrist's path (sample, 2), in steps of 1 ms, with noise (step, 2) added to the control."""
    (transition, entry), gains = steps_of(task.wrist), regulator_of(task.wrist).gains[:, 0]
    goals = action.reshape(COUNT, 2)
    each = task.plan.duration // COUNT
    state = np.zeros((4, 2))
    state[0] = -TARGET
    path = [state[0]]
    for step in range(task.plan.duration):
        from_goal = state.copy()
        from_goal[0] -= goals[step // each]
        control = noise[step] - gains[step % each] @ from_goal
        state = transition @ state + np.outer(entry, control)
        path.append(state[0])
    return np.array(path)


def low_passed(task: Arc, path: np.ndarray) -> np.ndarray:
    """The path behind the Gaussian low-pass of ``protocols.movement``."""
    width = deviation(task.filter_cutoff) * RATE
    reach = int(np.ceil(4 * width))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    still = np.concatenate([np.repeat(path[:1], 2 * reach, axis=0), path])
    padded = np.pad(still, ((0, reach), (0, 0)), mode="reflect", reflect_type="odd")
    return np.column_stack([np.convolve(column, kernel / kernel.sum(), mode="valid") for column in padded.T])


def plain_cost(task: Arc, path: np.ndarray) -> Any:
    """Minus the reward, straight from its formula."""
    velocity = np.gradient(path, axis=0) * RATE
    acceleration = np.diff(path, n=2, axis=0) * RATE**2
    off = np.hypot(*path.T) - task.radius
    return (
        task.channel_cost * np.sum((np.hypot(*velocity.T) * off**2)[1:-1]) / RATE
        + task.endpoint_cost * np.sum((path[-1] - TARGET) ** 2)
        + task.stop_cost * np.sum(velocity[-1] ** 2)
        + task.effort_cost * np.sum(acceleration**2) / RATE
    )


if __name__ == "__main__":
    main()
