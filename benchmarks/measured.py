"""Sets out the stored results as docs/reference/measured.md."""

import json
import os
import platform
from datetime import date
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "reference" / "measured.md"


def result(name: str) -> dict[str, Any]:
    """A stored result; empty where it was not measured."""
    file = RESULTS / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def rows() -> list[tuple[str, str, str]]:
    """What was asked, what to reach, what was found."""
    session, kills, pointer, starts, parity = (result(name) for name in ("session", "kills", "pointer", "starts", "parity"))
    lost = sum(one["committed_trials_lost"] for one in kills.values())
    left = sum(one["kills_with_a_child_left_after_5_s"] for one in kills.values())
    slowest = max(one["longest_until_all_children_gone_s"] for one in kills.values())
    without = session["without_twin"]
    return [
        ("1 kHz pointer for a minute", "none lost, in order", f"{pointer['received']} of {pointer['injected']} events"),
        (
            "pointer events in a running session",
            "none lost, in order",
            f"{session['events_received']} of {session['events_injected']} events, in order: {session['in_order']}",
        ),
        (
            f"frames of a pilot of {session['trials']} throws, all on",
            "at least 99.5 % within 1.5 periods",
            f"{session['frames_within_1.5_periods_percent']} % of {session['frames']}",
        ),
        ("work per frame, p99", "under 5 ms", f"{session['work_ms']['p99']} ms"),
        ("committed trial to next prediction, p99", "under 50 ms", f"{session['commit_to_prediction_ms']['p99']} ms"),
        (
            f"late frames within 0.1 s of a commit, of {session['frames_shortly_after_a_commit']}",
            "none more than without the twin",
            f"{session['late_frames_shortly_after_a_commit']}; without the twin {without['late_frames_shortly_after_a_commit']} "
            f"of {without['frames_shortly_after_a_commit']}",
        ),
        (f"kill -9 of the session, {sum(one['kills'] for one in kills.values())} times", "no committed trial lost", f"{lost} lost"),
        ("children left 5 s after a kill", "none", f"{left}; the last was gone after {slowest} s"),
        (
            "simulated session, killed and resumed",
            "bit-identical with one that was not",
            f"records: {kills['simulated']['records_as_uninterrupted']}, twin: {kills['simulated']['twin_rows_as_uninterrupted']}",
        ),
        (
            "session through the real pointer, killed and resumed",
            "same schedule, twin as recomputed",
            f"schedule: {kills['mouse']['schedule_as_planned']}, twin: {kills['mouse']['twin_rows_as_recomputed']}",
        ),
        (
            f"yoked states against a NumPy script, {parity['throws']} throws",
            "within 1e-9",
            f"{parity['largest_difference']:.1e} (a shift of 1e-9 grows by {parity['growth_of_a_1e-9_shift']:.2g})",
        ),
        ("recording against journal", "matches", str(session["recording_matches_journal"])),
        ("`twinrig --help`", "under 0.3 s", f"{starts['help_s']['median']} s (median), {starts['help_s']['max']} s (slowest)"),
        (
            "first frame of `twinrig run`",
            "under 8 s",
            f"{starts['first_frame_s']['median']} s (median), {starts['first_frame_s']['max']} s",
        ),
    ]


def write_page() -> None:
    """Write the page from what is stored."""
    table = "\n".join(f"| {what} | {goal} | {found} |" for what, goal, found in rows())
    PAGE.write_text(
        f"""# Measured

Made by `make bench` on {date.today().isoformat()}: {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}.
A virtual screen (Xvfb, flips paced to 60 Hz), a pointer moved by XTest. The machine is shared, so figures of time vary
from run to run. The raw results are in `benchmarks/results`.

| what | to reach | found |
|---|---|---|
{table}

How late the pointer's stamps are, in ms after the injection: {_spread(result("pointer").get("stamp_after_injection_ms", {}))}.
How well release angle and speed are measured at different device rates stands in [release](../explanation/release.md).
""",
        encoding="utf-8",
    )
    print(PAGE)


def _seconds(figures: dict[str, float]) -> str:
    return f"{figures['median']} s ({figures['max']} s)"


def _spread(figures: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in figures.items())


if __name__ == "__main__":
    write_page()
