"""Skittles as published: no damping, no post, flights in steps of 10 ms.

What differs from ours (docs/explanation/differences.md): the release is not tangent to the lever; the angle's gradient has the transposed
rotation; the mean moves before the other gradients are taken.
"""

from typing import NamedTuple

import numpy as np

TARGET, PIVOT, LEVER = (0.25, 1.2), -1.3, 0.4  # m
OMEGA = np.sqrt(1.0 / 0.1)  # rad/s
TIME = np.arange(0.0, 2.01, 0.01)  # s
INITIAL_MEAN, INITIAL_SD = np.array([85.0, 3.5]), np.array([8.0, 0.6])  # deg, m/s
RATE, DECAY = 0.1, 0.99
FIRST_THROWS = 100  # that set the baseline


class Practice(NamedTuple):
    """What learners did; each field begins with (learner, trial)."""

    action: np.ndarray  # deg, m/s
    reward: np.ndarray
    mean: np.ndarray  # of the policy before the trial, deg, m/s
    covariance: np.ndarray  # likewise, normalised


class State(NamedTuple):
    """All learners' policies, normalised."""

    mean: np.ndarray
    log_var: np.ndarray
    angle: np.ndarray
    baseline: np.ndarray


def practise(learners: int, trials: int, seed: int) -> Practice:
    """Let learners throw."""
    chance = np.random.default_rng(seed)
    state = State(np.zeros((learners, 2)), np.zeros((learners, 2)), np.zeros(learners), np.zeros(learners))
    first = [reward_of(column_units(draw(state, chance))) for _ in range(FIRST_THROWS)]
    state = state._replace(baseline=np.mean(first, axis=0))
    rows = []
    for _ in range(trials):
        action = draw(state, chance)
        reward = reward_of(column_units(action))
        rows.append((column_units(action), reward, column_units(state.mean), covariance_of(state)))
        state = updated(state, action, reward)
    return Practice(*(np.stack(column, axis=1) for column in zip(*rows, strict=True)))


def rotation(angle: np.ndarray) -> np.ndarray:
    """(learner, 2, 2)."""
    return np.stack([np.stack([np.cos(angle), -np.sin(angle)], -1), np.stack([np.sin(angle), np.cos(angle)], -1)], -2)


def covariance_of(state: State) -> np.ndarray:
    turn = rotation(state.angle)
    return np.einsum("nij,nj,nkj->nik", turn, np.exp(state.log_var), turn)


def draw(state: State, chance: np.random.Generator) -> np.ndarray:
    white = np.exp(state.log_var / 2) * chance.standard_normal(state.mean.shape)
    return state.mean + np.einsum("nij,nj->ni", rotation(state.angle), white)


def column_units(action: np.ndarray) -> np.ndarray:
    return INITIAL_MEAN + INITIAL_SD * action


def reward_of(action: np.ndarray) -> np.ndarray:
    """Minus the least distance to the target over the steps of the flight."""
    angle, speed = np.radians(action[:, :1]), action[:, 1:]
    start = LEVER * np.cos(angle), PIVOT + LEVER * np.sin(angle)
    velocity = speed * np.sin(angle), speed * np.cos(angle)  # not tangent: (sin, -cos) would be
    gaps = [
        place * np.cos(OMEGA * TIME) + motion / OMEGA * np.sin(OMEGA * TIME) - at
        for place, motion, at in zip(start, velocity, TARGET, strict=True)
    ]
    return -np.sqrt((gaps[0] ** 2 + gaps[1] ** 2).min(axis=1))


def updated(state: State, action: np.ndarray, reward: np.ndarray) -> State:
    """One step; gradients in the published order and with the published rotation."""
    turn, variance, gain = rotation(state.angle), np.exp(state.log_var), RATE * (reward - state.baseline)
    along = np.einsum("nji,nj->ni", turn, action - state.mean)
    mean = state.mean + gain[:, None] * np.einsum("nij,nj->ni", turn, along / variance)
    left = np.einsum("nji,nj->ni", turn, action - mean)  # from the mean that has moved already
    slope = -np.einsum("nji,nj,nk->nik", turn, left, left / variance)  # Q^T where Q belongs
    by_angle = np.einsum("nij,nij->n", slope, rotation(state.angle + np.pi / 2))
    return State(
        mean=mean,
        log_var=state.log_var + gain[:, None] * (left**2 / variance - 1) / 2,
        angle=state.angle + gain * by_angle,
        baseline=DECAY * state.baseline + (1 - DECAY) * reward,
    )
