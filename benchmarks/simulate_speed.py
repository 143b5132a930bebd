"""Speed of ``simulate`` and ``predict`` against plain NumPy loops of the same work, and what the table costs in time, memory and disk.

Protocols are the library's, learners the policy gradient with their [twin]'s values. A loop's time for all learners is that of a few,
times their number; ``benchmarks.plain_loops`` says what it does. The arc has ``benchmarks.arc_speed``. Ratios are of the processor's time,
that of a simulation shared by the cores it has, so that they hold on a busy machine too. Loops are compiled whole, as ``twinrig simulate``
has it.

``python -m benchmarks.simulate_speed`` prints the figures and keeps them in ``benchmarks/results/simulate_speed.json``.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from analysis.simulate import CORES, compile_batches, in_batches, stack_course
from benchmarks.keep import keep
from benchmarks.plain_loops import Looped, bimanual_loop, even_flight, skittles_loop, tuned_flight
from protocols.course import course_of
from protocols.load import find_protocol, load_protocol
from protocols.schema import Protocol
from protocols.task import Task, Trial
from protocols.tasks import make_task
from rig.models.learner_choice import Choice, named_choice, targets_of
from rig.whole_loops import compile_loops_whole

LEARNER, LEARNERS, SEED = "policy-gradient", 1000, 1
THROWS, REACHES = 3000, 600
RUNS = 3  # of which the median counts


class Practice(NamedTuple):
    """A protocol's task and learner, and the trials they practise."""

    protocol: Protocol
    task: Task
    choice: Choice
    course: Any
    trials: Trial  # arrays


def main() -> None:
    compile_loops_whole(loaded=True)
    throws, reaches = practice("skittles", THROWS), practice("bimanual", REACHES)
    keep("simulate_speed", skittles(throws), "skittles")
    keep("simulate_speed", bimanual(reaches), "bimanual")
    keep("simulate_speed", prediction(), "predict")


def practice(name: str, trials: int) -> Practice:
    """The library's protocol with so many trials."""
    protocol = load_protocol(name).protocol.for_session(1)
    task = make_task(protocol)
    slots = course_of(protocol, "", SEED, trials)
    course = stack_course([slot.trial for slot in slots], [slot.rule for slot in slots])
    return Practice(protocol, task, named_choice(protocol, task, find_protocol(name).parent, LEARNER, []), course, course.trials)


def skittles(given: Practice) -> dict[str, Any]:
    """Against a script as it is usually written, and against a tuned one; arithmetic alone, and with the table."""
    params = jax.tree.map(np.asarray, given.choice.params())
    usual = skittles_loop(even_flight, given.task, params, given.trials, 1, SEED)  # type: ignore[arg-type]  # the task is skittles
    tuned = skittles_loop(tuned_flight(given.task), given.task, params, given.trials, 5, SEED)  # type: ignore[arg-type]
    loops = {"usual": scaled(usual), "tuned": scaled(tuned)}
    return simulated(given, loops, usual) | {
        "usual_off_by_mm_at_most": off_by(given, usual),
        "tuned_off_by_mm_at_most": off_by(given, tuned),
        "table": table("skittles", THROWS, loops),
    }


def bimanual(given: Practice) -> dict[str, Any]:
    """Against a script as it is usually written, and against a tuned one."""
    learner, params = given.choice.learner, given.choice.params()
    first = np.asarray(learner.init(params, len(given.protocol.targets)).mean)
    cap, arrays = float(given.choice.options["step_cap"]), jax.tree.map(np.asarray, params)
    usual, looped = (bimanual_loop(given.task, arrays, first, cap, given.trials, 20, SEED, tuned) for tuned in (False, True))  # type: ignore[arg-type]
    loops = {"usual": scaled(usual), "tuned": scaled(looped)}
    return simulated(given, loops, looped) | {"table": table("bimanual", REACHES, loops)}


def simulated(given: Practice, loops: dict[str, float], looped: Looped) -> dict[str, Any]:
    """Compiling once, then the median of some runs; errors of the last tenth say whether loop and simulation practised alike."""
    began = time.perf_counter()
    run = compile_batches(given.task, given.choice.learner, given.choice.params(), targets_of(given.protocol), given.course, SEED)
    compiling, seconds, worked, last = time.perf_counter() - began, [], [], len(given.trials.number) // 10
    for _ in range(RUNS):
        began, begun = time.perf_counter(), time.process_time()
        errors = np.concatenate([turn.outcome.error for turn in in_batches(run, LEARNERS)])
        seconds.append(time.perf_counter() - began)
        worked.append((time.process_time() - begun) / CORES)
    took = statistics.median(worked)
    return {
        "learners": LEARNERS,
        "trials": len(given.trials.number),
        "seconds_compiling": round(compiling, 2),
        "seconds": round(statistics.median(seconds), 3),
        "processor_seconds": round(took, 3),
        "loop_seconds": {name: round(whole) for name, whole in loops.items()},
        "looped_learners": len(looped.errors),
        "ratio": {name: round(whole / took) for name, whole in loops.items()},
        "mean_error_of_last_tenth_cm": {
            "simulated": round(100 * float(errors[:, -last:].mean()), 2),
            "looped": round(100 * float(looped.errors[:, -last:].mean()), 2),
        },
    }


def scaled(looped: Looped) -> float:
    """Seconds of a loop over all learners."""
    return looped.seconds / len(looped.errors) * LEARNERS


def off_by(given: Practice, looped: Looped) -> float:
    """Largest difference (mm) between a loop's errors and the task's own for the same throws, but for grazes of the post."""
    like: Any = jax.tree.map(lambda x: x[0], given.trials)
    scale = np.asarray(given.task.action_scale)
    own = jax.jit(jax.vmap(lambda action: given.task.score(action, like).error))(looped.actions[0] / scale)
    difference = np.abs(np.asarray(own) - looped.errors[0])
    return round(1000 * float(difference[difference < 0.01].max()), 3)


def table(name: str, trials: int, loops: dict[str, float]) -> dict[str, Any]:
    """``twinrig simulate`` into parquet: time with writing, memory of its process, and the file's size."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "simulated.parquet"
        words = ["simulate", name, "--trials", trials, "--simulations", LEARNERS, "--seed", SEED, "--out", file]
        found, peak = twinrig(*words)
        seconds = found["seconds"] + found["seconds_writing"]
        return {
            "seconds": round(found["seconds"], 2),
            "seconds_writing": round(found["seconds_writing"], 2),
            "ratio": {loop: round(whole / seconds) for loop, whole in loops.items()},
            "peak_gb": round(peak / 1e9, 2),
            "file_mb": round(file.stat().st_size / 1e6),
        }


def prediction() -> dict[str, Any]:
    """``twinrig predict`` of a simulated table of throws, some times."""
    with tempfile.TemporaryDirectory() as scratch:
        file, out = Path(scratch) / "simulated.parquet", Path(scratch) / "predicted.parquet"
        twinrig("simulate", "skittles", "--trials", THROWS, "--seed", SEED, "--out", file)
        runs = []
        for _ in range(RUNS):
            runs.append(twinrig("predict", file, "--protocol", "skittles", "--accept-simulated", "--out", out)[0])
            out.unlink()
    (participant,) = runs[0]["participants"]
    return {
        "trials": participant["predicted"],
        "seconds": round(statistics.median(run["seconds"] for run in runs), 3),
        "seconds_compiling": round(statistics.median(run["seconds_compiling"] for run in runs), 2),
        "growth_of_a_1e-9_shift": participant["shift_growth"],
    }


def twinrig(*words: Any) -> tuple[dict[str, Any], int]:
    """The result of a command in a process of its own, and the most memory (bytes) that the process ever held."""
    command = [sys.executable, "-m", "rig.cli", *map(str, words), "--learner", LEARNER, "--json"]
    with tempfile.TemporaryFile("w+") as out:
        program = subprocess.Popen(command, stdout=out)
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
        if program.returncode:
            raise RuntimeError(f"twinrig {' '.join(map(str, words))} ended with {program.returncode}: its words are above")
        out.seek(0)
        return json.load(out), usage.ru_maxrss * 1024


if __name__ == "__main__":
    main()
