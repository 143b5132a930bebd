"""The arc task as published: six subgoals, followed by a wrist under a finite-horizon regulator with noise in every control step.

What differs from ours: only the outer edge counts as leaving the channel; the baseline moves before the advantage is taken
(docs/explanation/differences.md).
The initial SD (0.1 m) and the variances' rate (0.02) are those with which the published figures come out; the last commit wasn't at hand.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.linalg import expm

STEP, STEPS, SUBGOALS, HORIZON = 0.001, 130, 6, 280  # s; steps a subgoal; steps that the regulator plans ahead
CONTROL_SD, RADIUS, WIDTH = 1000.0, 0.25, 0.08
INITIAL_SD, RATE, VARIANCE_RATE, DECAY, CAP = 0.1, 0.1, 0.02, 0.95, 0.1
LEAST_VARIANCE = 1e-6
FIRST_TRIALS = 100


class Practice(NamedTuple):
    """(learner, trial)."""

    reward: np.ndarray
    inside_outer: np.ndarray  # whether the outer edge was kept, as published
    inside_both: np.ndarray  # whether both were


def practise(learners: int, trials: int, seed: int) -> Practice:
    """Let learners steer."""
    chance = np.random.default_rng(seed)
    mean = np.tile(first_subgoals().ravel() / INITIAL_SD, (learners, 1))
    log_var, rows = np.zeros_like(mean), []
    baseline = np.mean([steer(drawn(mean, log_var, chance), chance)[0] for _ in range(FIRST_TRIALS)], axis=0)
    for _ in range(trials):
        action = drawn(mean, log_var, chance)
        reward, outer, both = steer(action, chance)
        rows.append((reward, outer, both))
        baseline = DECAY * baseline + (1 - DECAY) * reward
        advantage, deviation = (reward - baseline)[:, None], action - mean
        score = deviation * np.exp(-log_var)
        mean = mean + capped(RATE * advantage * score, score)
        log_var = log_var + VARIANCE_RATE * advantage * (deviation**2 * np.exp(-log_var) - 1) / 2
        log_var = np.maximum(log_var, np.log(LEAST_VARIANCE))
    return Practice(*(np.stack(column, axis=1) for column in zip(*rows, strict=True)))


def first_subgoals() -> np.ndarray:
    """(2, subgoal), m: along the arc, the last two at its end."""
    angle = np.append(np.linspace(-np.pi / 2, np.pi / 2, SUBGOALS), np.pi / 2)[1:]
    return np.stack([RADIUS * (1 + np.sin(angle)), RADIUS * np.cos(angle)])


def drawn(mean: np.ndarray, log_var: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    return mean + np.exp(log_var / 2) * chance.standard_normal(mean.shape)


def capped(step: np.ndarray, score: np.ndarray) -> np.ndarray:
    """A step no longer than CAP over the score's length."""
    size, most = np.linalg.norm(step, axis=1), CAP / (np.linalg.norm(score, axis=1) + 1e-8)
    return step * np.minimum(1.0, most / (size + 1e-8))[:, None]


def steer(action: np.ndarray, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reward, and whether the outer and both edges were kept, of one movement of each learner."""
    to_goal, to_noise = responses()
    subgoals = (INITIAL_SD * action).reshape(-1, 2, SUBGOALS)
    noise = CONTROL_SD * chance.standard_normal((2, to_noise.shape[-1], len(action)))
    shaken = np.tensordot(to_noise, np.concatenate(noise, axis=1), 1)  # both axes together: what takes time is to read this matrix
    x, y = (np.tensordot(to_goal, subgoals[:, a].T, 1) + part for a, part in enumerate(np.split(shaken, 2, axis=-1)))
    off = np.hypot(RADIUS - x[:, 0], y[:, 0]) - RADIUS
    swerve = 500 * (np.hypot(x[:, 1], y[:, 1]) * off**2).sum(axis=0) * STEP
    end = 100 * ((x[-1, 0] - 2 * RADIUS) ** 2 + y[-1, 0] ** 2) + 0.5 * (x[-1, 1] ** 2 + y[-1, 1] ** 2)
    effort = 0.001 * (np.diff(x[:, 1], axis=0) ** 2 + np.diff(y[:, 1], axis=0) ** 2).sum(axis=0) / STEP
    return -(swerve + end + effort), off.max(axis=0) <= WIDTH / 2, np.abs(off).max(axis=0) <= WIDTH / 2


@cache
def responses() -> tuple[np.ndarray, np.ndarray]:
    """Position and velocity at each step by subgoal (step, 2, subgoal) and by each step's noise (step, 2, step): all of it is linear."""
    drift, push, gains = wrist()
    total = STEPS * SUBGOALS
    goal, noise = np.zeros((5, SUBGOALS)), np.zeros((5, total))
    to_goal, to_noise = np.zeros((total + 1, 2, SUBGOALS)), np.zeros((total + 1, 2, total))
    for step in range(total):
        if step % STEPS == 0:
            goal[4], noise[4] = np.eye(SUBGOALS)[step // STEPS], 0.0
        to_goal[step], to_noise[step] = goal[:2], noise[:2]
        closed = drift + push @ gains[step % STEPS]
        goal, noise = closed @ goal, closed @ noise
        noise[:, step] += push[:, 0]
    to_goal[total], to_noise[total] = goal[:2], noise[:2]
    return to_goal, to_noise


def wrist() -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """One axis: position, velocity, two muscle filters, goal; its discrete dynamics and the regulator's gains from the start on."""
    mass, viscosity, tau = 5.0, 100.0, 0.05
    flow = np.zeros((6, 6))
    flow[0, 1], flow[1, 1], flow[1, 2] = 1.0, -viscosity / mass, 1.0
    flow[2, 2:4] = -1 / tau, 1 / tau
    flow[3, 3], flow[3, 5] = -1 / tau, 1 / tau
    moved = expm(flow * STEP)
    drift, push = moved[:5, :5], moved[:5, 5:]
    value = np.zeros((5, 5))
    value[np.ix_([0, 4], [0, 4])] = [[1, -1], [-1, 1]]
    value[1, 1] = 0.01
    value *= 1e6
    gains = [np.zeros((1, 5))]
    for _ in range(HORIZON - 1):
        gain = -np.linalg.solve(STEP * np.eye(1) + push.T @ value @ push, push.T @ value @ drift)
        value = drift.T @ value @ (drift + push @ gain) + STEP * gain.T @ gain
        gains.append(gain)
    return drift, push, gains[::-1]
