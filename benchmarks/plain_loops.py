"""The loops that ``benchmarks.simulate_speed`` is compared with: one learner after the other, one trial after the other, in plain NumPy.

They do the same work: act on known exploration, score, update as written out, and store what a simulated table says of a trial: policy,
action, outcome and log density. Each comes as a *script*, the way laboratories write one, which works everything out in every trial, and
*tuned*, with all that depends on no learner's state worked out beforehand. Seconds are the processor's, of one core.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import i0e

from protocols.bimanual import MAPPINGS, Bimanual
from protocols.skittles import Skittles

FINE = 1 / 40_000  # s: a ball at 8 m/s is then never more than 0.1 mm farther from its closest place
COARSE = 1 / 1000  # s

Flight = Callable[[Skittles, np.ndarray, np.ndarray, np.ndarray], tuple[float, bool]]  # start, velocity, target -> error (m), post hit


class Looped(NamedTuple):
    """What a loop did."""

    seconds: float  # the processor's
    actions: np.ndarray  # (learner, trial, action), column units
    errors: np.ndarray  # (learner, trial), m


def skittles_loop(flight: Flight, task: Skittles, params: Any, trials: Any, learners: int, seed: int) -> Looped:
    """Throws of learners with a covariance by angle; ``params`` and ``trials`` are those of the simulation, as NumPy arrays."""
    random, count = np.random.default_rng(seed), len(trials.number)
    actions, errors, others = np.empty((learners, count, 2)), np.empty((learners, count)), np.empty((learners, count, 14))
    began = time.process_time()
    for learner in range(learners):
        mean, log_var, angle, baseline = np.zeros(2), np.zeros(2), float(params.initial_angle), None
        for trial in range(count):
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            along = np.exp(log_var / 2) * random.standard_normal(2)
            drawn = turn @ along
            action = params.initial_mean + params.initial_sd * (mean + drawn) + params.motor_sd * random.standard_normal(2)
            release, speed = np.radians(action[0]), action[1]
            tip = np.array([-np.cos(release), np.sin(release)])
            start, velocity = task.pivot + task.lever_length * tip, speed * np.array([np.sin(release), np.cos(release)])
            error, post_hit = flight(task, start, velocity, trials.target[trial])
            hit, error = error < task.hit_distance and not post_hit, task.penalty if post_hit else error
            actions[learner, trial], errors[learner, trial] = action, error
            middle, spread = params.initial_mean + params.initial_sd * mean, turn @ np.diag(np.exp(log_var)) @ turn.T
            spread = spread * np.outer(params.initial_sd, params.initial_sd) + np.diag(params.motor_sd**2)
            off = action - middle
            density = -0.5 * off @ np.linalg.solve(spread, off) - 0.5 * np.log(np.linalg.det(spread)) - np.log(2 * np.pi)
            expected = np.nan if baseline is None else baseline
            others[learner, trial] = *middle, *spread.ravel(), *log_var, angle, expected, density, hit, post_hit, -error
            if not trials.reward_shown[trial]:
                continue
            baseline = -error if baseline is None else baseline
            advantage, narrow = -error - baseline, np.exp(-log_var)
            mean = mean + params.alpha_plus * advantage * (turn @ (narrow * along))
            angle = angle + params.alpha_angle * advantage * along[0] * along[1] * (narrow[1] - narrow[0])
            log_var = log_var + params.alpha_log_var * advantage * (along**2 * narrow - 1) / 2
            log_var = np.maximum(log_var, np.log(params.variance_floor))
            baseline = params.baseline_decay * baseline + (1 - params.baseline_decay) * -error
    return Looped(time.process_time() - began, actions, errors)


def even_flight(task: Skittles, start: np.ndarray, velocity: np.ndarray, target: np.ndarray) -> tuple[float, bool]:
    """As in Müller and Sternad (2004): two damped sines with phases, in even steps, all of them fine enough for 0.1 mm."""
    decay, omega = task.pendulum
    times = np.arange(0, task.flight_time + FINE, FINE)
    swing = (velocity + decay * start) / omega
    size, phase = np.hypot(start, swing), np.arctan2(start, swing)
    fade = np.exp(-decay * times)
    x, y = size[0] * fade * np.sin(omega * times + phase[0]), size[1] * fade * np.sin(omega * times + phase[1])
    distance = np.sqrt((x - target[0]) ** 2 + (y - target[1]) ** 2)
    nearest = np.argmin(distance)
    return distance[nearest], bool(np.min(x[: nearest + 1] ** 2 + y[: nearest + 1] ** 2) < task.contact_radius**2)


def tuned_flight(task: Skittles) -> Flight:
    """A script that somebody has made faster: steps of 1 ms whose functions of time are kept, and fine ones about the nearest place.

    For the post 1 ms will do: at 8 m/s it is 0.03 mm off.
    """
    decay, omega = task.pendulum

    def functions(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fade = np.exp(-decay * times)
        return fade * np.cos(omega * times), fade * np.sin(omega * times)

    coarse = functions(np.arange(0, task.flight_time + COARSE / 2, COARSE))
    around = np.arange(-COARSE, COARSE + FINE / 2, FINE)

    def flight(task: Skittles, start: np.ndarray, velocity: np.ndarray, target: np.ndarray) -> tuple[float, bool]:
        swing = (velocity + decay * start) / omega
        x, y = (start[axis] * coarse[0] + swing[axis] * coarse[1] for axis in (0, 1))
        nearest = np.argmin((x - target[0]) ** 2 + (y - target[1]) ** 2)
        cosine, sine = functions(np.clip(nearest * COARSE + around, 0, task.flight_time))
        near_x, near_y = (start[axis] * cosine + swing[axis] * sine for axis in (0, 1))
        error = np.sqrt(np.min((near_x - target[0]) ** 2 + (near_y - target[1]) ** 2))
        return error, bool(np.min(x[: nearest + 1] ** 2 + y[: nearest + 1] ** 2) < task.contact_radius**2)

    return flight


def bimanual_loop(
    task: Bimanual, params: Any, first: np.ndarray, cap: float, trials: Any, learners: int, seed: int, tuned: bool = False
) -> Looped:
    """Movements of learners with features and a diagonal covariance, from weights ``first`` (feature, action), steps capped."""
    random, count, sd, motor = np.random.default_rng(seed), len(trials.number), params.initial_sd, params.motor_sd
    actions, errors, others = np.empty((learners, count, 4)), np.empty((learners, count)), np.empty((learners, count, 17))
    centres, scale = np.arange(len(first)) * 2 * np.pi / len(first), 2 * np.pi * i0e(params.kappa)
    began = time.process_time()

    def seen(trial: int) -> tuple[np.ndarray, float, np.ndarray]:
        """Target, its direction and its features."""
        target = trials.target[trial]
        toward = np.arctan2(target[1], target[0])
        return target, toward, np.exp(params.kappa * (np.cos(toward - centres) - 1)) / scale

    known = [seen(trial) for trial in range(count)] if tuned else []
    for learner in range(learners):
        weights, log_var, values = first.copy(), np.zeros(4), None
        for trial in range(count):
            target, toward, features = known[trial] if tuned else seen(trial)
            drawn = np.exp(log_var / 2) * random.standard_normal(4)
            mean = features @ weights
            action = params.initial_mean + sd * (mean + drawn) + motor * random.standard_normal(4)
            place = MAPPINGS[trials.mapping[trial]] @ action
            error = np.sqrt(np.sum((place + task.cursor_noise * random.standard_normal(2) - target) ** 2))
            off = (np.arctan2(place[1], place[0]) - toward + np.pi) % (2 * np.pi) - np.pi
            spread = sd**2 * np.exp(log_var) + motor**2
            density = -0.5 * np.sum((action - params.initial_mean - sd * mean) ** 2 / spread + np.log(2 * np.pi * spread))
            middle, expected = params.initial_mean + sd * mean, np.nan if values is None else values @ features
            actions[learner, trial], errors[learner, trial] = action, error
            others[learner, trial] = *middle, *spread, *log_var, off, density, expected, error <= task.target_radius, -error
            if not trials.reward_shown[trial]:
                continue
            values = np.full(len(first), -error * 2 * np.pi / len(first)) if values is None else values
            surprise = -error - values @ features
            slope = drawn * np.exp(-log_var)
            step = params.alpha_plus * surprise * slope
            size = np.abs(step * slope)
            step = step * np.where(size > cap, cap / size, 1.0)
            weights = weights + np.outer(features, step)
            log_var = log_var + params.alpha_log_var * surprise * (drawn**2 * np.exp(-log_var) - 1) / 2
            log_var = np.maximum(log_var, np.log(params.variance_floor))
            values = values + (1 - params.baseline_decay) * surprise * features
    return Looped(time.process_time() - began, actions, errors)
