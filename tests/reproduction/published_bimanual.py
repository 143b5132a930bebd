"""Bimanual cursor control as published: a policy over von Mises features of the target's direction, and a critic over the same.

What differs from ours (docs/explanation/differences.md): ``log_sd`` is a log SD, a log variance in the other two tasks; the directional
error leaves out the execution noise that the reward includes. The reward is minus the error in m, and first weights have SD 0.03 m: with
these the published curve comes out.
"""

import numpy as np

FEATURES, KAPPA = 16, 5.0
DISTANCE, INITIAL_SD, WEIGHT_SD, EXECUTION_SD = 0.12, 0.05, 0.03, 0.075  # m
RATE, CAP, DECAY = 0.1, 0.4, 0.95
FIRST_TRIALS = 100  # on which the critic is fitted


def features_of(direction: np.ndarray) -> np.ndarray:
    """(learner, feature)."""
    centres = np.arange(FEATURES) * 2 * np.pi / FEATURES
    return np.exp(KAPPA * np.cos(direction[:, None] - centres)) / (2 * np.pi * np.i0(KAPPA))


def practise(learners: int, trials: int, seed: int) -> np.ndarray:
    """Absolute directional error (deg), (learner, trial)."""
    chance = np.random.default_rng(seed)
    weights = chance.normal(scale=WEIGHT_SD / INITIAL_SD, size=(learners, 4, FEATURES))
    log_sd, errors = np.zeros((learners, 4)), np.empty((learners, trials))
    critic = first_critic(weights, log_sd, chance)
    for trial in range(trials):
        features, deviation, reward, errors[:, trial] = one_trial(weights, log_sd, chance)
        advantage = reward - (critic * features).sum(axis=1)
        critic = critic + (1 - DECAY) * advantage[:, None] * features
        score = deviation / np.exp(2 * log_sd)
        moved = np.abs(RATE * advantage[:, None] * score * (features**2).sum(axis=1)[:, None])
        share = np.minimum(1.0, CAP / np.maximum(np.abs(score), 1e-12) / np.maximum(moved, 1e-300))
        weights = weights + (RATE * advantage[:, None] * score * share)[:, :, None] * features[:, None, :]
        log_sd = log_sd + RATE * advantage[:, None] * (deviation**2 / np.exp(2 * log_sd) - 1)
    return errors


def one_trial(weights: np.ndarray, log_sd: np.ndarray, chance: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Features, deviation from the mean (normalised), reward, and absolute directional error (deg) of one trial of all learners."""
    direction = chance.uniform(0, 2 * np.pi, len(weights))
    features = features_of(direction)
    deviation = np.exp(log_sd) * chance.standard_normal(log_sd.shape)
    hands = INITIAL_SD * (np.einsum("naf,nf->na", weights, features) + deviation)
    meant = hands[:, [1, 2]]  # the left hand's y, the right hand's x
    cursor = meant + EXECUTION_SD * chance.standard_normal(meant.shape)
    target = DISTANCE * np.stack([np.cos(direction), np.sin(direction)], axis=1)
    off = np.arctan2(meant[:, 1], meant[:, 0]) - direction
    return features, deviation, -np.linalg.norm(cursor - target, axis=1), np.degrees(np.abs((off + np.pi) % (2 * np.pi) - np.pi))


def first_critic(weights: np.ndarray, log_sd: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """The critic's weights by least squares on the first trials."""
    seen = [one_trial(weights, log_sd, chance) for _ in range(FIRST_TRIALS)]
    features, rewards = (np.stack([trial[place] for trial in seen], axis=1) for place in (0, 2))
    return np.stack([np.linalg.lstsq(f, r, rcond=None)[0] for f, r in zip(features, rewards, strict=True)])
