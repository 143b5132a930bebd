"""What ``twinrig protocol list|show|check`` answers: a dict for ``--json``, and the same as words for a person."""

from typing import Any

from protocols.lint import USUAL_SCREEN, Findings, Simulate, check_protocol
from protocols.load import Loaded, library, load_protocol
from protocols.schedule import trial_count
from protocols.schema import Protocol


def list_protocols() -> dict[str, Any]:
    """The library."""
    return {"protocols": [_summary(load_protocol(name)) for name in library()]}


def list_words(listed: dict[str, Any]) -> str:
    """``list_protocols`` for a person."""
    lines = [f"{p['name']:<16} {p['title']} ({p['task']}, {p['trials']} trials)\n{'':<17}{p['summary']}" for p in listed["protocols"]]
    return "\n".join([*lines, "", "twinrig protocol show NAME prints one; copy it to a file of your own to change it."])


def show(loaded: Loaded) -> dict[str, Any]:
    """One protocol: its file's text, and all of its values with the defaults filled in."""
    return _summary(loaded) | {"path": str(loaded.path), "source": loaded.source, "values": loaded.protocol.model_dump(mode="json")}


def show_words(shown: dict[str, Any]) -> str:
    """``show`` for a person: the file itself."""
    return f"# {shown['path']}\n# SHA-256 {shown['hash']}\n{shown['source']}"


def check(
    loaded: Loaded,
    condition: str | None = None,
    session: int = 1,
    screen: tuple[float, float] | None = None,
    simulate: Simulate | None = None,
) -> dict[str, Any]:
    """Every trial of a session, its duration, and warnings; ``screen`` (width and height, m) and ``simulate`` as in ``check_protocol``.

    Raises:
        BadInput: there is no such condition or session.
    """
    findings = check_protocol(loaded, condition, session, screen=screen or USUAL_SCREEN, simulate=simulate)
    return _summary(loaded) | _plain(findings) | {"path": str(loaded.path)}


def check_words(checked: dict[str, Any], every_trial: bool = True) -> str:
    """``check`` for a person."""
    parts = [_overview(checked), _block_table(checked["blocks"])]
    if every_trial:
        parts.append(_trial_table(checked["trials_list"]))
    if checked["simulated"] is not None:
        parts.append("A simulated participant:\n" + "\n".join(f"  {key}: {value}" for key, value in checked["simulated"].items()))
    parts.append(_warnings(checked["warnings"]))
    return "\n\n".join(parts)


def _summary(loaded: Loaded) -> dict[str, Any]:
    protocol = loaded.protocol
    return {
        "name": protocol.name,
        "title": protocol.title,
        "summary": protocol.summary,
        "version": protocol.version,
        "hash": loaded.hash,
        "task": protocol.task.name,
        "trials": _trials(protocol),
        "phases": [phase.name for phase in protocol.phases],
        "conditions": list(protocol.counterbalance.conditions) if protocol.counterbalance else [],
        "sessions": protocol.study.sessions,
        "languages": list(protocol.languages),
    }


def _trials(protocol: Protocol) -> int:
    first = next(iter(protocol.counterbalance.conditions)) if protocol.counterbalance else ""
    return trial_count(protocol.for_session(1), first)


def _plain(findings: Findings) -> dict[str, Any]:
    return {
        "condition": findings.condition,
        "session": findings.session,
        "blocks": [line._asdict() for line in findings.blocks],
        "trials_list": [line._asdict() for line in findings.trials],
        "seconds": findings.seconds,
        "width": findings.shown[0],
        "height": findings.shown[1],
        "warnings": [line._asdict() for line in findings.warnings],
        "simulated": findings.simulated,
    }


def _overview(checked: dict[str, Any]) -> str:
    given = f", condition {checked['condition']} of {', '.join(checked['conditions'])}" if checked["condition"] else ""
    return (
        f"{checked['name']} {checked['version']}: {checked['title']}\n"
        f"{checked['path']}  SHA-256 {checked['hash'][:16]}\n"
        f"Session {checked['session']} of {checked['sessions']}{given}\n"
        f"{len(checked['trials_list'])} trials in {len(checked['blocks'])} blocks, about {checked['seconds'] / 60:.0f} minutes; "
        f"{100 * checked['width']:.1f} x {100 * checked['height']:.1f} cm on the screen"
    )


def _block_table(blocks: list[dict[str, Any]]) -> str:
    head = ("block", "phase", "trials", "targets", "rotation", *_mapping_head(blocks), "feedback", "reward", "minutes")
    banded = any(block["movement_time"] for block in blocks)
    chosen = any(block["chosen"] for block in blocks)
    rows: list[tuple[str, ...]] = [(*head, *(("movement time",) if banded else ()), *(("chosen",) if chosen else ()))]
    for block in blocks:
        first, last = block["rotation_deg"]
        turn = f"{first:g}" if first == last else f"{first:g}..{last:g}"
        minutes = f"{block['seconds'] / 60:.1f}"
        counts = (block["number"], block["phase"], block["trials"], block["targets"])
        more = (*(_band(block) if banded else ()), *((block["chosen"] or "-",) if chosen else ()))
        cells = (*counts, turn, *_mapping(block), block["feedback"], block["reward"], minutes, *more)
        rows.append(tuple(str(cell) for cell in cells))
    return _aligned(rows)


def _band(block: dict[str, Any]) -> tuple[str]:
    """Movement times asked for (s), where some block asks for its own."""
    band = block["movement_time"]
    return ("{:g}..{:g} s".format(*band) if band else "-",)


def _trial_table(trials: list[dict[str, Any]]) -> str:
    head = ("trial", "block", "phase", "target", "rotation", "gain", "clamp", *_mapping_head(trials), "feedback", "reward", "zone", "aim")
    rows: list[tuple[str, ...]] = [head]
    for trial in trials:
        zone = trial["zone_deg"]
        edges = "-" if zone is None else zone if isinstance(zone, str) else f"{zone[0]:g}..{zone[1]:g}"
        rows.append(
            (
                str(trial["trial"]),
                str(trial["block"]),
                trial["phase"],
                f"{trial['target_x']:.3f} {trial['target_y']:.3f}",
                f"{trial['rotation_deg']:g}",
                f"{trial['gain']:g}",
                "-" if trial["clamp_deg"] is None else f"{trial['clamp_deg']:g}",
                *_mapping(trial),
                trial["feedback"],
                trial["reward_rule"] if trial["reward_shown"] else "not shown",
                edges,
                "yes" if trial["aim_report"] else "-",
            )
        )
    return _aligned(rows)


def _mapping_head(lines: list[dict[str, Any]]) -> tuple[str, ...]:
    return ("mapping",) if lines[0]["mapping"] is not None else ()


def _mapping(line: dict[str, Any]) -> tuple[str, ...]:
    """A column of tasks with two hands alone."""
    return () if line["mapping"] is None else (line["mapping"],)


def _warnings(warned: list[dict[str, Any]]) -> str:
    if not warned:
        return "Nothing to warn of."
    return "\n".join(f"warning: {line['place']}: {line['found']}: {line['remedy']}" for line in warned)


def _aligned(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
