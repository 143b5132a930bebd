"""The arc in closed form against plain NumPy loops of the same work: learners that act, are scored with control noise, and update.

Each trial takes one policy-gradient step with a diagonal covariance. The *script* does what the closed form stands for: it steps the wrist
through 780 ms, filters the path, and sums the parts of the reward. The *tuned* loop has the closed form's own matrices. Their time for all
learners is that of a few trials, times their number. Loops aren't compiled whole, as ``twinrig simulate`` has it. Ratios are of the
processor's time, that of ``simulate`` shared by the cores it has.

``python -m benchmarks.arc_speed`` prints the figures and keeps them in ``benchmarks/results/arc_speed.json``.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import protocols  # noqa: F401  (floats are 64-bit)
from analysis.registry import build_learner
from analysis.simulate import CORES, compile_batches, in_batches, stack_course
from benchmarks.keep import keep
from protocols.arc import COUNT, Arc
from protocols.arc_response import filtered, noise_modes
from protocols.arc_wrist import regulator_of, steps_of
from protocols.movement import RATE, deviation
from protocols.task import Trial
from protocols.zone import ZoneRule

Path = Callable[[Arc, np.ndarray, np.random.Generator], np.ndarray]

TARGET = np.array([0.25, 0.0])  # m
LEARNERS, TRIALS, LOOPED = 128, 1200, {"usual": 30, "tuned": 500}  # any further batch of learners takes as long
SEED = 1
ALPHA, DECAY, SD = 0.02, 0.95, 0.03  # slow enough that no uncapped step overflows


def main() -> None:
    found = closed_form(LEARNERS, TRIALS)
    loops = {"usual": loop(stepped_path, LOOPED["usual"]), "tuned": loop(path_by_matrices(), LOOPED["tuned"])}
    scaled = {name: took / LOOPED[name] * LEARNERS * TRIALS for name, took in loops.items()}
    ratio = {name: round(took / found["processor_seconds"]) for name, took in scaled.items()}
    seconds = {name: round(took) for name, took in scaled.items()}
    keep("arc_speed", found | {"loop_seconds": seconds, "looped_trials": LOOPED, "ratio": ratio})


def first_mean() -> np.ndarray:
    """Subgoals on the channel's middle, evenly spaced, the last two at the target."""
    angle = np.append(np.linspace(np.pi, 0, COUNT)[1:], 0.0)
    return TARGET[0] * np.column_stack([np.cos(angle), np.sin(angle)]).ravel()


def closed_form(learners: int, trials: int) -> dict[str, Any]:
    """Seconds of a simulation: of compiling, of arithmetic, and those that each core worked in that. Batches are let go as they come."""
    task = Arc()
    learner = build_learner("policy-gradient", {"covariance": "diagonal"}, task.action_names)
    values = {"initial_mean": first_mean(), "initial_sd": [SD] * 2 * COUNT, "motor_sd": 0.0, "baseline_decay": DECAY}
    values |= {"alpha_mean": ALPHA, "alpha_log_var": ALPHA}
    course = [Trial(number, 1, number, 1, 0, (TARGET[0], TARGET[1])) for number in range(1, trials + 1)]
    rules = [ZoneRule(False, np.nan, np.nan, 1, False, 0.0, 0, np.pi)] * trials
    began = time.perf_counter()
    run = compile_batches(task, learner, learner.make_params(values), TARGET[None], stack_course(course, rules), SEED)
    compiled, begun = time.perf_counter(), time.process_time()
    errors = [turn.outcome.error for turn in in_batches(run, learners)]
    took, worked = time.perf_counter() - compiled, (time.process_time() - begun) / CORES
    return {
        "learners": learners,
        "trials": trials,
        "seconds_compiling": round(compiled - began, 2),
        "seconds": round(took, 2),
        "processor_seconds": round(worked, 2),
        "mean_error_of_last_tenth_cm": round(100 * float(np.concatenate(errors)[:, -trials // 10 :].mean()), 2),
    }


def stepped_path(task: Arc, action: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The low-passed path (sample, 2), stepped and filtered."""
    noise = task.control_noise * random.standard_normal((task.plan.duration, 2))
    return low_passed(task, stepped(task, action, noise))


def path_by_matrices() -> Path:
    """The same by matrices that are made once."""
    task = Arc()
    made = filtered(task.wrist, task.plan, task.filter_cutoff)
    shapes = task.control_noise * noise_modes(task.wrist, task.plan, task.filter_cutoff).shapes

    def path(task: Arc, action: np.ndarray, random: np.random.Generator) -> np.ndarray:
        goals = action.reshape(COUNT, 2) + TARGET
        return (goals.T @ made.basis + random.standard_normal((2, len(shapes))) @ shapes).T - TARGET

    return path


def loop(path: Path, trials: int) -> float:
    """Seconds of a plain loop."""
    task, random = Arc(), np.random.default_rng(1)
    mean, log_var, baseline = np.zeros(2 * COUNT), np.zeros(2 * COUNT), None
    regulator_of(task.wrist)
    others = np.empty((trials, 4, 2 * COUNT))
    began = time.process_time()
    for trial in range(trials):
        drawn = np.exp(log_var / 2) * random.standard_normal(2 * COUNT)
        action = first_mean() + SD * (mean + drawn)
        reward = -plain_cost(task, path(task, action, random))
        density = -0.5 * np.sum(drawn**2 / np.exp(log_var) + log_var + np.log(2 * np.pi * SD**2))
        others[trial] = first_mean() + SD * mean, SD**2 * np.exp(log_var), action, np.full(2 * COUNT, density)
        advantage = reward - (reward if baseline is None else baseline)
        mean = mean + ALPHA * advantage * drawn / np.exp(log_var)
        log_var = log_var + ALPHA * advantage * (drawn**2 / np.exp(log_var) - 1) / 2
        baseline = reward if baseline is None else DECAY * baseline + (1 - DECAY) * reward
    return time.process_time() - began


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
