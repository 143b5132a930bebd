"""Many local searches at once: each is scipy's trust-region method in a thread of its own, and all their questions are answered together.

The method's curvature is the summed products of the trials' scores (Berndt, Hall, Hall & Hausman 1974), which comes with the gradient and
is never negative; near the optimum it is close to the Hessian, so that few steps are needed.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import OptimizeResult, minimize

from analysis.fit.likelihood import Slopes

STEPS = 60  # of one search, at most
_PATIENCE = 5  # steps that together gain less than _GAIN each, after which a search is over
_GAIN = 1e-4  # nats that a further step promises, below which a search is over
_WALL = 1e15  # minus log-likelihood where it isn't finite
_RIDGE = 1e-12  # of the information's trace, and
_FLAT = 1e-8  # of itself, are added to curvatures, so that none is quite flat


class Search(NamedTuple):
    """Where a search begins, and which coordinates it may move."""

    start: Float[np.ndarray, " free"]
    moves: Bool[np.ndarray, " free"]


class Polished(NamedTuple):
    """Where a search ended."""

    x: Float[np.ndarray, " free"]
    log_likelihood: float
    converged: bool
    steps: int


class _Question(NamedTuple):
    point: Float[np.ndarray, " free"]
    answer: SimpleQueue[tuple[float, np.ndarray, np.ndarray] | None]


def polish(slopes: Callable[[Float[np.ndarray, "point free"]], Slopes], searches: Sequence[Search]) -> list[Polished]:
    """Take every search uphill to its optimum. The result doesn't depend on how many go on together.

    A failure of ``slopes`` ends all searches and is raised here.
    """
    questions: SimpleQueue[_Question | None] = SimpleQueue()

    def work(search: Search) -> Polished:
        try:
            return _search(search, questions)
        finally:
            questions.put(None)

    with ThreadPoolExecutor(len(searches)) as pool:
        found = [pool.submit(work, search) for search in searches]
        _answer(slopes, questions, len(searches))
        return [polished.result() for polished in found]


def _answer(slopes: Callable[[np.ndarray], Slopes], questions: SimpleQueue[_Question | None], searching: int) -> None:
    """Answer in rounds: wait until every search that still goes on has asked, then compute all at once."""
    while searching:
        asked: list[_Question] = []
        while len(asked) < searching:
            question = questions.get()
            searching, asked = (searching - 1, asked) if question is None else (searching, [*asked, question])
        if not asked:
            return
        try:
            answers = slopes(np.stack([question.point for question in asked]))
        except BaseException:
            for question in asked:
                question.answer.put(None)
            raise
        for question, value, gradient, information in zip(asked, *answers, strict=True):
            question.answer.put((value, gradient, information))


def _search(search: Search, questions: SimpleQueue[_Question | None]) -> Polished:
    moves, answer = search.moves, SimpleQueue()
    known: dict[bytes, tuple[float, np.ndarray, np.ndarray]] = {}

    def ask(part: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        if part.tobytes() not in known:
            point = search.start.copy()
            point[moves] = part
            questions.put(_Question(point, answer))
            if (got := answer.get()) is None:
                raise RuntimeError("the answers ended")  # the reason is raised where they are made
            value, gradient, information = got
            curved = information[np.ix_(moves, moves)]
            solid = curved + (_FLAT + _RIDGE * np.trace(curved)) * np.eye(len(curved))
            known[part.tobytes()] = (-value if np.isfinite(value) else _WALL, -gradient[moves], solid)
        return known[part.tobytes()]

    reached: list[float] = []

    def enough(intermediate_result: OptimizeResult) -> None:
        reached.append(intermediate_result.fun)
        stalled = len(reached) > _PATIENCE and reached[-1 - _PATIENCE] - reached[-1] < _GAIN * _PATIENCE
        if stalled or _promise(ask(intermediate_result.x)) < _GAIN:
            raise StopIteration

    begun = ask(search.start[moves])
    if _promise(begun) < _GAIN or not moves.any():
        return Polished(search.start, -float(begun[0]), True, 0)
    options = {"initial_trust_radius": 0.5, "max_trust_radius": 3.0, "gtol": 1e-6, "maxiter": STEPS}
    functions: dict[str, Any] = {"jac": lambda x: ask(x)[1], "hess": lambda x: ask(x)[2]}
    done = minimize(lambda x: ask(x)[0], search.start[moves], method="trust-exact", callback=enough, options=options, **functions)
    end = search.start.copy()
    end[moves] = done.x
    over = done.status != 1  # not for want of steps
    return Polished(end, -float(ask(done.x)[0]), over, int(done.nit))


def _promise(at: tuple[float, np.ndarray, np.ndarray]) -> float:
    """Nats that one more Newton step would gain, by the curvature at hand."""
    _, gradient, information = at
    return 0.5 * float(gradient @ np.linalg.lstsq(information, gradient, rcond=None)[0])
