"""The sections of a report on the rig and the session: timing, recording, exclusions, what happened, answers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np

from analysis.figures.style import svg
from analysis.figures.timing import TimingSeries, timing_course
from protocols.schema import Exclusion
from protocols.task import Stage
from rig.journal.writer import Event
from rig.report.data import SessionRecord, readable
from rig.report.page import Figure, Section, Table

ROUTINE = {stage.name.lower() for stage in Stage} | {"block", "release", "recorder_probe"}
ALARMING = ("fault", "died", "restart", "given_up")
MOST_ROWS = 60  # of a table of flagged trials or events


def rig_sections(record: SessionRecord) -> Iterator[Section]:
    """All sections on the rig and the session."""
    yield _timing(record)
    yield _recording(record)
    yield _exclusions(record)
    yield _events(record)
    yield _answers(record)


def paced(record: SessionRecord) -> bool:
    """Whether any start ran on a screen without a vertical blank."""
    return any((start.get("window") or {}).get("paced") for start in record.starts)


def _timing(record: SessionRecord) -> Section:
    limits = record.protocol.certificate
    series = (
        ("sample rate (Hz)", "sample_rate", 1.0, None),
        ("largest gap (ms)", "largest_gap", 1e3, limits.max_gap),
        ("samples lost", "lost_samples", 1.0, limits.max_lost),
        ("late frames", "late_frames", 1.0, limits.max_late_frames),
        ("device to flip (ms)", "flip_delay", 1e3, None),
    )
    flagged = np.array([bool(row.get("flagged")) for row in record.rows], bool)
    shown = [TimingSeries(name, k * record.numbers(column), None if limit is None else k * limit) for name, column, k, limit in series]
    shown.append(TimingSeries("work per frame, p99 (ms)", _work_by_trial(record)))
    rows = [_timing_row(name, k * record.numbers(column), None if limit is None else k * limit) for name, column, k, limit in series]
    rows.append(_frame_row(record))
    tables = [Table(("", "median", "smallest", "largest", "sum", "limit"), rows, "The timing certificate over all trials")]
    if flagged.any():
        tables.append(_flagged_table(record, flagged))
    notes = ["Rates and gaps are of the movement itself: a mouse is silent while the hand is still."]
    if paced(record):
        notes.insert(0, "Timing simulated: the screen has no vertical blank, so that frames were let go at fixed deadlines.")
    if interrupted := len(record.presentations) - len(record.rows):
        notes.append(f"{interrupted} trials were begun and not finished, since the program ended; they were given again.")
    lead = f"{int(flagged.sum())} of {len(flagged)} trials broke one of the protocol's limits."
    course = svg(timing_course(record.trial, shown, flagged))
    figure = Figure(course, "Flagged trials in red; dashes are the protocol's limits.")
    return Section("Timing", lead, (figure,), tuple(tables), tuple(notes))


def _work_by_trial(record: SessionRecord) -> np.ndarray:
    """(trial,) 99th percentile of the work per frame, ms."""
    out = np.full(len(record.rows), np.nan)
    for index, trial in enumerate(record.trial):
        work = record.frames[trial].work_time if trial in record.frames else np.empty(0)
        known = work[np.isfinite(work)]
        out[index] = 1e3 * np.quantile(known, 0.99) if len(known) else np.nan
    return out


def _timing_row(name: str, values: np.ndarray, limit: float | None) -> tuple[str, ...]:
    known = values[np.isfinite(values)]
    if not len(known):
        return (name, "n/a", "n/a", "n/a", "n/a", "none" if limit is None else f"{limit:g}")
    counted = name in ("samples lost", "late frames")
    middle = (f"{np.median(known):.4g}", f"{known.min():.4g}", f"{known.max():.4g}")
    return (name, *middle, f"{known.sum():.0f}" if counted else "", "none" if limit is None else f"{limit:g}")


def _frame_row(record: SessionRecord) -> tuple[str, ...]:
    work = [1e3 * frames.work_time for frames in record.frames.values()]
    joined = np.concatenate(work) if work else np.empty(0)
    known = joined[np.isfinite(joined)]
    if not len(known):
        return ("work per frame (ms)", "n/a", "n/a", "n/a", "", "none")
    measured = (f"{np.median(known):.3g}", f"{known.min():.3g}", f"{known.max():.3g}", f"p99 {np.quantile(known, 0.99):.3g}")
    return ("work per frame (ms)", *measured, "none")


def _flagged_table(record: SessionRecord, flagged: np.ndarray) -> Table:
    names = ("trial", "status", "sample_rate", "largest_gap", "lost_samples", "late_frames", "flip_delay", "requeue")
    rows = [tuple(readable(record.rows[index].get(name)) for name in names) for index in np.flatnonzero(flagged)[:MOST_ROWS]]
    heads = ("trial", "status", "rate (Hz)", "gap (s)", "lost", "late frames", "delay (s)", "given again")
    return Table(heads, rows, f"Flagged trials{_first(int(flagged.sum()))}", ["warn"] * len(rows))


def _first(count: int) -> str:
    return f", the first {MOST_ROWS} of {count}" if count > MOST_ROWS else ""


def _recording(record: SessionRecord) -> Section:
    rows, verdicts, notes = [], [], []
    for start in record.starts:
        ended = start.get("how_ended") or "not closed: killed, or still running"
        row, verdict, findings = _recorded(record, start)
        rows.append((str(start["start"]), utc_words(start.get("utc")), _device(start), ended, *row))
        verdicts.append(verdict)
        notes += findings
    table = Table(("start", "began (UTC)", "device", "ended", "recording", "compared with the journal"), rows, "", verdicts)
    lead = "Each start of the program, its XDF recording, and whether that holds what the journal holds."
    return Section("Recording", lead, (), (table,), notes)


def _recorded(record: SessionRecord, start: dict[str, Any]) -> tuple[tuple[str, str], str, list[str]]:
    """File and verdict of a start's recording, and what was found."""
    name, kept = start.get("xdf"), start.get("verification")
    there = sorted(path.name for path in record.folder.glob(f"start-{start['start']}*.xdf"))
    files = ", ".join(there) or (f"{name}: absent" if name else "none")
    if not isinstance(kept, dict):
        return (files, "not compared"), "warn", [] if there else [f"Start {start['start']}: no recording; the journal holds everything."]
    findings = [f"Start {start['start']}, {one.get('stream')}: {one.get('text')}" for one in kept.get("findings", ())]
    counts = ", ".join(f"{stream.removeprefix('twinrig.')} {count}" for stream, count in kept.get("counts", {}).items())
    if not kept.get("ok"):
        return (files, "DOES NOT MATCH"), "fail", findings
    return (files, f"matches ({counts})"), "warn" if findings or not there else "pass", findings


def _device(start: dict[str, Any]) -> str:
    device = start.get("device") or {}
    return f"{device.get('kind', 'unknown')}: {device.get('model', '')}".rstrip(": ")


def utc_words(utc: Any) -> str:
    """Seconds since 1970 as date and time, UTC."""
    return "unknown" if utc is None else datetime.fromtimestamp(float(utc), UTC).strftime("%Y-%m-%d %H:%M:%S")


def _exclusions(record: SessionRecord) -> Section:
    rules = record.protocol.exclusions
    if not rules:
        return Section("Exclusions", notes=("The protocol fixes no rule of exclusion.",))
    rows, verdicts = zip(*(_evaluated(record, rule) for rule in rules), strict=True)
    table = Table(("rule", "column", "allowed", "phases", "result", "trials"), rows, "", verdicts)
    return Section("Exclusions", "Rules that were fixed before the data were seen. They flag; nothing is deleted.", (), (table,))


def _evaluated(record: SessionRecord, rule: Exclusion) -> tuple[tuple[str, ...], str]:
    within = np.isin(record.words("phase"), rule.phases) if rule.phases else np.ones(len(record.rows), bool)
    values = np.where(within, record.numbers(rule.column), np.nan)
    low, high = -np.inf if rule.low is None else rule.low, np.inf if rule.high is None else rule.high
    described = (rule.name, rule.column, _allowed(rule), ", ".join(rule.phases) or "all")
    if not np.isfinite(values).any():
        return (*described, "no value to judge", ""), "warn"
    if rule.of == "participant":
        mean = float(np.nanmean(values))
        out = not low <= mean <= high
        return (*described, f"mean {mean:.4g}: {'EXCLUDE the participant' if out else 'keep'}", ""), "fail" if out else "pass"
    outside = (values < low) | (values > high)
    which = ", ".join(str(trial) for trial in record.trial[outside][:20]) + (" ..." if outside.sum() > 20 else "")
    result = f"{int(outside.sum())} of {int(np.isfinite(values).sum())} trials excluded"
    return (*described, result, which), "warn" if outside.any() else "pass"


def _allowed(rule: Exclusion) -> str:
    if rule.low is None or rule.high is None:
        return f"from {rule.low:g}" if rule.low is not None else f"up to {rule.high:g}" if rule.high is not None else "any value"
    return f"{rule.low:g} to {rule.high:g}"


def _events(record: SessionRecord) -> Section:
    told = [event for event in record.events if event.name not in ROUTINE and not event.name.startswith("trial_")]
    if not told:
        return Section("Events", notes=("Nothing out of the ordinary: no pause, no restart, no fault.",))
    zero = {start["start"]: (start.get("utc"), start.get("lsl")) for start in record.starts}
    rows = [_event_row(event, zero.get(event.start)) for event in told[:MOST_ROWS]]
    verdicts = ["warn" if any(word in event.name for word in ALARMING) else "" for event in told[:MOST_ROWS]]
    table = Table(("UTC", "trial", "event", "details"), rows, f"What happened{_first(len(told))}", verdicts)
    return Section("Events", "Pauses, breaks, restarts and faults.", (), (table,))


def _event_row(event: Event, zero: tuple[Any, Any] | None) -> tuple[str, ...]:
    details = readable(dict(event.data)) if event.data else ""
    return (_when(zero, event.time), "" if event.trial is None else str(event.trial), event.name.replace("_", " "), details)


def _when(zero: tuple[Any, Any] | None, time: float) -> str:
    if zero is None or zero[0] is None or zero[1] is None:
        return f"LSL {time:.3f}"
    return datetime.fromtimestamp(zero[0] + time - zero[1], UTC).strftime("%H:%M:%S")


def _answers(record: SessionRecord) -> Section:
    tables = []
    if record.answers:
        tables.append(Table(("question", "answer"), [(key, readable(value)) for key, value in record.answers.items()]))
    checks = [start["check"] for start in record.starts if isinstance(start.get("check"), dict)]
    for check in checks:
        findings = check.get("findings", ())
        rows = [(f["name"], f["found"], f.get("remedy", "")) for f in findings]
        caption = f"Check of the rig, {check.get('when', '')}"
        tables.append(Table(("check", "found", "remedy"), rows, caption, [f["verdict"] for f in findings]))
    notes = () if record.answers else ("No question was answered in this session.",)
    return Section("Answers and checks", "", (), tables, notes)
