"""The likelihood of the policy gradient on throws as a laboratory's own script has it: a loop over trials in NumPy, and nothing else.

It is the model of ``analysis.hidden_noise``, whose reasons stand there, with matrices over the 13 learners that a belief stands for.
Nothing of twinrig is imported, so that an environment that has only an optimiser can run it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

GOLDEN = (1 + np.sqrt(5)) / 2
CORNERS = np.array([np.roll([0, a, b], by) for a in (1, -1) for b in (GOLDEN, -GOLDEN) for by in range(3)])  # of an icosahedron
PLACES = np.concatenate([np.zeros((1, 3)), np.sqrt(5 / (1 + GOLDEN**2)) * CORNERS])  # in SDs of the spread: two log variances, an angle
WEIGHTS = np.append(0.4, np.full(12, 0.05))
LEAST = 1e-14 * np.eye(3)


def log_likelihood(parameters: Mapping[str, Any], actions: np.ndarray, rewards: np.ndarray) -> float:
    """Sum over throws of the log density one step ahead; each has an action, not each a reward. No forgetting, no process noise."""
    p = parameters
    scale = np.asarray(p["initial_sd"])
    motor = np.diag((np.asarray(p["motor_sd"]) / scale) ** 2)
    mean, spread = np.zeros(2), np.array([0.0, 0.0, p["initial_angle"]])
    of_mean, of_spread, tie = np.zeros((2, 2)), np.zeros((3, 3)), np.zeros((2, 3))
    baseline, total = p["initial_baseline"], 0.0
    for action, reward in zip((actions - p["initial_mean"]) / scale, rewards, strict=True):
        factor = np.linalg.cholesky(of_spread + LEAST)
        slope = tie @ np.linalg.inv(of_spread + LEAST)
        left = of_mean - slope @ tie.T
        shifts = PLACES @ factor.T
        spreads, means = spread + shifts, mean + shifts @ slope.T
        cos, sin = np.cos(spreads[:, 2]), np.sin(spreads[:, 2])
        axes = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
        back, widths = axes.transpose(0, 2, 1), np.exp(spreads[:, None, :2])
        explored, precision, noise = axes * widths @ back, axes / widths @ back, motor + left
        seen = action - means
        inverse = np.linalg.inv(explored + noise)
        distances = np.einsum("ci,cij,cj->c", seen, inverse, seen)
        densities = -0.5 * (distances + np.log(np.linalg.det(explored + noise))) - np.log(2 * np.pi)
        densities = densities + np.log(WEIGHTS)
        density = np.logaddexp.reduce(densities)
        total += density - np.log(scale).sum()
        shares = np.exp(densities - density)

        advantage = 0.0 if np.isnan(reward) else reward - baseline
        baseline = baseline + (1 - p["baseline_decay"]) * advantage
        share = noise @ inverse
        exploration = seen - (share @ seen[..., None])[..., 0]
        hidden = noise - share @ noise
        gain = p["alpha_mean"] * advantage * precision
        own, stepped = left @ inverse, gain @ explored @ inverse
        kalman, missed = own + stepped, gain - stepped - own
        means = means + (gain @ exploration[..., None] + own @ seen[..., None])[..., 0]
        still = np.eye(2) - kalman
        of_means = still @ left @ still.transpose(0, 2, 1)
        of_means = of_means + missed @ explored @ missed.transpose(0, 2, 1) + kalman @ motor @ kalman.transpose(0, 2, 1)
        spreads, of_spreads, first = _turned(p, advantage, axes, spreads, exploration, hidden)
        ties = (gain @ hidden - own @ explored) @ first.transpose(0, 2, 1)

        away = spreads[:, 2] - spread[2]
        common = 0.5 * np.angle(shares @ np.exp(2j * away))
        spreads[:, 2] -= np.pi * np.round((away - common) / np.pi)  # an ellipse is the same after half a turn

        mean, spread = shares @ means, shares @ spreads
        away, off = means - mean, spreads - spread
        of_mean = np.einsum("c,cij->ij", shares, of_means + away[:, :, None] * away[:, None])
        of_spread = np.einsum("c,cij->ij", shares, of_spreads + off[:, :, None] * off[:, None])
        tie = np.einsum("c,cij->ij", shares, ties + away[:, :, None] * off[:, None])
    return float(total)


def _turned(
    p: Mapping[str, Any], advantage: float, axes: np.ndarray, spreads: np.ndarray, exploration: np.ndarray, hidden: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The spreads after their step, what is unknown of it, and its slope by exploration."""
    back, narrow = axes.transpose(0, 2, 1), np.exp(-spreads[:, :2])
    along, hidden_along = (back @ exploration[..., None])[..., 0], back @ hidden @ axes
    bent = np.zeros((len(spreads), 3, 2, 2))  # second derivative of the step, along the axes of exploration
    bent[:, 0, 0, 0], bent[:, 1, 1, 1] = (p["alpha_log_var"] * advantage * narrow).T
    bent[:, 2, 0, 1] = bent[:, 2, 1, 0] = p["alpha_angle"] * advantage * (narrow[:, 1] - narrow[:, 0])
    first = np.einsum("ckij,cj->cki", bent, along)
    square = along[:, :, None] * along[:, None] + hidden_along
    step = 0.5 * np.einsum("ckij,cij->ck", bent, square)
    step[:, :2] -= 0.5 * p["alpha_log_var"] * advantage
    after = spreads + step
    after[:, :2] = np.maximum(after[:, :2], np.log(p["variance_floor"]))
    turned = bent @ hidden_along[:, None]
    unknown = first @ hidden_along @ first.transpose(0, 2, 1) + 0.5 * np.einsum("ckij,clji->ckl", turned, turned)
    return after, unknown, first @ back
