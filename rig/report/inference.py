"""The section of a report on live inference: what the participant's parameters looked like, and what the record told of them."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from analysis.design import STRONG
from analysis.figures.inference import inference_course, parameter_words
from analysis.figures.style import svg
from rig.inference.store import Inferred
from rig.report.data import SessionRecord
from rig.report.page import Figure, Section, Table

TOLD = 0.7  # of an interval's width at first: below it the record told something


def inference_section(record: SessionRecord) -> Iterator[Section]:
    """Only where something was inferred: it is opt-in."""
    found = record.inferred
    if found is None:
        return
    figure = inference_course(found.trial, found.learner, found.quantiles, found.evidence)
    caption = (
        "Median and 90 % interval of each parameter, given the trials so far. It begins with what was assumed beforehand: a band that "
        "stays as wide says that the record doesn't tell. Last: log evidence of the learner less that of each rival; above 0 speaks for "
        f"{found.learner}, and {STRONG:g} nats are odds of 20 to 1."
    )
    lead = f"What the participant's parameters looked like after each trial, if they learn as {found.learner} does."
    yield Section("Inference", lead, (Figure(svg(figure), caption),), (_parameters(found), *_rivals(found)))


def _parameters(found: Inferred) -> Table:
    head = ("parameter", f"90 % after trial {found.trial[0]}", f"median after trial {found.trial[-1]}", "90 %", "does the record tell it?")
    rows, verdicts = [], []
    for name, quantiles in found.quantiles.items():
        share = narrowed(quantiles)
        first, last = (f"{low:.3g} to {high:.3g}" for low, _, high in (quantiles[0], quantiles[-1]))
        told = f"{'yes' if share < TOLD else 'hardly'}: {share:.0%} as wide as at first"
        rows.append((parameter_words(name), first, f"{quantiles[-1, 1]:.3g}", last, told))
        verdicts.append("pass" if share < TOLD else "warn")
    return Table(head, rows, verdicts=verdicts)


def narrowed(quantiles: Float[np.ndarray, "trial 3"]) -> float:
    """Width of the last interval over that of the first; of the log, where all of it is above 0."""
    edges = np.log(quantiles) if np.all(quantiles > 0) else quantiles
    first, last = np.ptp(edges[0]), np.ptp(edges[-1])
    return float(last / first) if first > 0 else float("nan")


def _rivals(found: Inferred) -> Iterator[Table]:
    """How the evidence stands at the end; nothing without rivals."""
    gains = {name: values for name, values in found.evidence.items() if name != found.learner}
    if gains:
        rows = [(name, *_judged(float(found.evidence[found.learner][-1] - values[-1]), found.learner)) for name, values in gains.items()]
        yield Table(("rival", f"evidence for {found.learner} over it (nats)", "which is"), rows)


def _judged(gain: float, learner: str) -> tuple[str, str]:
    if not np.isfinite(gain):
        return "n/a" if np.isnan(gain) else f"{gain:+g}", "of a learner that is refuted, or hasn't come so far"
    strength = "strong" if abs(gain) > STRONG else "weak"
    return f"{gain:+.1f}", f"{strength}, {'for' if gain > 0 else 'against'} {learner}"
