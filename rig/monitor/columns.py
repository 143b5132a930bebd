"""What the page shows, as columns of its data sources: the same numbers as a report's figures, one row a trial."""

import numpy as np
from jaxtyping import Float

from analysis.figures.action import CHI2_95_TWO, ErrorMap
from analysis.figures.style import within_spans
from analysis.measures.practice import past_surprise, running_mean
from rig.monitor.follow import Follower
from rig.monitor.sources import Columns
from rig.report.data import SessionRecord

SMOOTH_EXPECTED, SMOOTH_SURPRISE = 9, 15  # trials, as in the report
RECENT = 30  # throws that the person's ellipse is of
LEAST = 5  # throws without which there is no ellipse
CORNERS = 64  # of an ellipse
KINDS = ("free-person", "free-own")


def learning(followed: Follower) -> Columns:
    """Error (cm) of each trial, what the yoked learner expected, and the free learners' bands."""
    record = followed.record
    missing = np.full(len(record.rows), np.nan)
    expected = 100 * followed.expected if record.twin else missing
    columns = {
        "trial": record.numbers("trial"),
        "error": 100 * record.numbers("error"),
        "hit": np.where(record.numbers("hit") > 0, 1.0, 0.0),
        "status": record.words("status"),
        "expected": _smooth(record, expected, SMOOTH_EXPECTED),
    }
    bands = record.twin.free_error if record.twin else {}
    for kind in KINDS:
        low, middle, high = bands.get(kind, (missing,) * 3)
        columns |= {f"{kind}-low": 100 * low, f"{kind}-middle": 100 * middle, f"{kind}-high": 100 * high}
    return columns


def surprise(record: SessionRecord) -> Columns:
    """Surprise (nats) of each action to the yoked learner, and to a Gaussian of the recent past."""
    twin, floor = record.twin, past_surprise(record.actions)
    found = twin.surprise if twin else np.full(len(record.rows), np.nan)
    return {
        "trial": record.numbers("trial"),
        "surprise": found,
        "smooth": _smooth(record, found, SMOOTH_SURPRISE),
        "floor": _smooth(record, floor, SMOOTH_SURPRISE),
    }


def timing(record: SessionRecord) -> Columns:
    """The timing certificate of each trial: Hz, ms, counts."""
    return {
        "trial": record.numbers("trial"),
        "sample_rate": record.numbers("sample_rate"),
        "largest_gap": 1e3 * record.numbers("largest_gap"),
        "lost_samples": record.numbers("lost_samples"),
        "late_frames": record.numbers("late_frames"),
        "flip_delay": 1e3 * record.numbers("flip_delay"),
        "flagged": np.array([float(bool(row.get("flagged"))) for row in record.rows]),
    }


def actions(record: SessionRecord) -> Columns:
    """Each action dimension as ``action-I``, with the yoked prediction's mean and SD; in the units of the action columns."""
    columns = {"trial": record.numbers("trial")}
    missing = np.full(len(record.rows), np.nan)
    for place, values in enumerate(record.actions.T):
        mean, sd = (record.twin.mean[:, place], record.twin.sd[:, place]) if record.twin else (missing, missing)
        columns |= {f"action-{place}": values, f"mean-{place}": mean, f"low-{place}": mean - sd, f"high-{place}": mean + sd}
    return columns


def ellipse(mean: Float[np.ndarray, "2"], covariance: Float[np.ndarray, "2 2"]) -> Columns:
    """The outline within which 95 % of a Gaussian lies; empty where it isn't known."""
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        return {"x": np.empty(0), "y": np.empty(0)}
    variances, vectors = np.linalg.eigh(covariance)
    turn = np.linspace(0, 2 * np.pi, CORNERS + 1)
    unit = np.stack([np.cos(turn), np.sin(turn)])
    x, y = mean[:, None] + vectors @ (np.sqrt(CHI2_95_TWO * np.maximum(variances, 0))[:, None] * unit)
    return {"x": x, "y": y}


def person_ellipse(record: SessionRecord, target: tuple[float, float]) -> Columns:
    """Of the person's last ``RECENT`` actions to one target."""
    shown = record.actions[to_target(record, target)]
    recent = shown[np.isfinite(shown).all(axis=1)][-RECENT:]
    if len(recent) < LEAST:
        return ellipse(np.full(2, np.nan), np.full((2, 2), np.nan))
    return ellipse(recent.mean(axis=0), np.cov(recent.T))


def yoked_ellipse(record: SessionRecord, target: tuple[float, float]) -> Columns:
    """Of the yoked learner's latest prediction for that target."""
    twin = record.twin
    known = np.flatnonzero(to_target(record, target) & np.isfinite(twin.mean).all(axis=1)) if twin else np.empty(0, int)
    if twin is None or len(known) == 0:
        return ellipse(np.full(2, np.nan), np.full((2, 2), np.nan))
    return ellipse(twin.mean[known[-1]], twin.covariance[known[-1]])


def throws(record: SessionRecord, target: tuple[float, float]) -> Columns:
    """The actions to one target."""
    here = to_target(record, target)
    x, y = record.actions[here].T
    return {"trial": record.numbers("trial")[here], "x": x, "y": y, "hit": np.where(record.numbers("hit")[here] > 0, 1.0, 0.0)}


def manifold(grid: ErrorMap) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The outline of all hits: xs and ys of its pieces."""
    from contourpy import contour_generator

    lines = contour_generator(grid.x, grid.y, grid.hit).lines(0.5)
    return [np.asarray(line)[:, 0] for line in lines], [np.asarray(line)[:, 1] for line in lines]


def to_target(record: SessionRecord, target: tuple[float, float]) -> np.ndarray:
    """(trial,) whether a trial was to that target."""
    return np.array([tuple(map(float, c.trial.target)) == target for c in record.committed], bool)


def _smooth(record: SessionRecord, values: np.ndarray, window: int) -> np.ndarray:
    """Running mean within each phase."""
    if not len(values):
        return values
    return within_spans(record.trial, values, record.spans(), lambda part: running_mean(part, window))
