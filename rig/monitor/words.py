"""The words of the page's head: small pieces of HTML, with all that comes from outside escaped."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from analysis.figures.inference import parameter_words
from rig.monitor.alarms import Alarm
from rig.monitor.live import Health
from rig.monitor.standing import Standing
from rig.report.data import SessionRecord
from rig.report.rig import ROUTINE

SHOWN = 3  # alarms at once
STATES = {
    "starting": ("starting", "warn"),
    "running": ("running", "pass"),
    "paused": ("PAUSED", "warn"),
    "break": ("break", "warn"),
    "device_fault": ("DEVICE FAULT", "fail"),
    "finished": ("finished", "quiet"),
    "aborted": ("ended early", "warn"),
    "failed": ("FAILED", "fail"),
    "interrupted": ("INTERRUPTED", "fail"),
}


def banner(record: SessionRecord) -> str:
    """SIMULATED, where it is; else nothing."""
    return '<p class="banner">SIMULATED: a program makes these movements</p>' if record.kept.get("simulated") else ""


def cards(record: SessionRecord, now: Standing, stage: str) -> str:
    """State, trial, block, time left, points and hits."""
    words, verdict = STATES[now.state]
    shown = [
        ("participant", f"{record.kept['participant']}", f"{record.protocol.name}, session {record.kept['session']}", ""),
        ("state", words, stage, verdict),
        ("trial", f"{now.done} / {now.of}", f"{now.completed} completed", ""),
        ("block", f"{now.block} / {now.blocks}", now.phase, ""),
        ("time left", duration(now.seconds_left), "at this pace" if math.isfinite(now.seconds_left) else "", ""),
        ("hits", "n/a" if math.isnan(now.hits) else f"{now.hits:.0%}", "of the last 20", ""),
        ("points", str(now.points), "", ""),
    ]
    return '<div class="cards">' + "".join(_card(*one) for one in shown) + "</div>"


def _card(name: str, number: str, more: str, verdict: str) -> str:
    return f'<div class="card {verdict}"><span>{escape(name)}</span><b>{escape(number)}</b><i>{escape(more)}&nbsp;</i></div>'


def duration(seconds: float) -> str:
    """Minutes and seconds, or hours and minutes."""
    if not math.isfinite(seconds):
        return "-"
    minutes, rest = divmod(int(seconds + 0.5), 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes}:{rest:02d} min"


def health(record: SessionRecord, now: Health, lost: int, late: int) -> str:
    """Device and frames, in one line."""
    start = record.starts[-1] if record.starts else {}
    device = start.get("device") or {}
    parts = [escape(str(device.get("kind", "no device")))]
    if now.connected:
        parts.append(f"{now.rate:.0f} samples/s" if math.isfinite(now.rate) else "no sample yet")
        if device.get("nominal_rate") and now.silent > 0.5:
            parts.append(f'<em class="fail">silent for {now.silent:.1f} s</em>')
    else:
        parts.append("stream not open")
    parts.append(f'<em class="{"fail" if lost else "pass"}">{lost} samples lost</em>')
    parts.append(f'<em class="{"warn" if late else "pass"}">{late} late frames</em>')
    recorder = start.get("xdf")
    parts.append(f"recording {escape(str(recorder))}" if recorder else "no recording")
    return f'<p class="health">{" · ".join(parts)}</p>'


def inference(record: SessionRecord) -> str:
    """What the participant's parameters look like by now, in one line, and how the evidence stands; nothing where nothing is inferred."""
    found = record.inferred
    if found is None:
        return ""
    parts = [
        f"{escape(parameter_words(name))} <em>{median:.2g}</em> ({low:.2g} to {high:.2g})"
        for name, (low, median, high) in ((name, values[-1]) for name, values in found.quantiles.items())
        if not name.startswith("initial_")
    ]
    own = found.evidence[found.learner][-1]
    for name, values in found.evidence.items():
        if name != found.learner and math.isfinite(own - values[-1]):
            parts.append(f"evidence over {escape(name)} <em>{own - values[-1]:+.1f}</em> nats")
    return f'<p class="health">{escape(found.learner)} by trial {found.trial[-1]}: {" · ".join(parts)}</p>'


def alarm(one: Alarm) -> str:
    """One alarm as a line."""
    where = "" if one.trial is None else f"trial {one.trial}: "
    return f'<p class="alarm {one.verdict}">{escape(where + one.words)}</p>'


def more_alarms(found: Sequence[Alarm]) -> str:
    """How many more there are than are shown."""
    return f'<p class="alarm more">and {len(found) - SHOWN} earlier ones</p>' if len(found) > SHOWN else ""


def log(record: SessionRecord, most: int = 7) -> str:
    """The last events that are no routine, newest first, with the experimenter's notes."""
    told = [event for event in record.events if event.name not in ROUTINE and not event.name.startswith("trial_")][-most:]
    lines = []
    for event in reversed(told):
        start = record.starts[event.start - 1] if 0 < event.start <= len(record.starts) else {}
        utc = start.get("utc")
        at = "" if utc is None else datetime.fromtimestamp(utc + event.time - start["lsl"], UTC).strftime("%H:%M:%S")
        words = str(event.data.get("text") or event.data.get("message") or "")
        name = event.name.removeprefix("experimenter_").replace("_", " ")
        lines.append(f"<li><time>{at}</time> <b>{escape(name)}</b> {escape(words)}</li>")
    return f'<ul class="log">{"".join(lines) or "<li>nothing but trials so far</li>"}</ul>'
