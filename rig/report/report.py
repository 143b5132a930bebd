"""``twinrig report``: a session, or what was fitted, as one HTML file that needs no network; of a folder of sessions an index."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from analysis.figures.style import save
from protocols.errors import BadInput
from rig.folder import JOURNAL
from rig.report.comparison import comparison_page, is_comparison
from rig.report.data import SessionRecord, read_record, readable
from rig.report.design import design_page, is_design
from rig.report.fits import Drawings, fits_page, is_fit, read_fits
from rig.report.learning import learning_sections
from rig.report.page import Banner, Card, Page, to_html
from rig.report.recovery import is_recovery, recovery_page
from rig.report.rig import paced, rig_sections, utc_words


def report(session_dir: Path, out_html: Path) -> dict[str, Any]:
    """Write the report of one session, of fits, a comparison, a recovery or a design, or of all sessions below a folder: an index, and
    one report each in ``<name>-sessions/``. All figures but a session's are in ``<name>-figures/`` too, as SVG and PDF for print.

    Returns the summary numbers, as ``--json`` prints them.

    Raises:
        BadInput: there is no session, a journal is damaged, or the file exists or can't be written.
    """
    _check_place(out_html)
    if (session_dir / JOURNAL).is_file():
        return _write_one(session_dir, out_html)
    if is_comparison(session_dir):
        return _write_drawn(out_html, *comparison_page(session_dir))
    if is_recovery(session_dir):
        return _write_drawn(out_html, *recovery_page(session_dir))
    if is_design(session_dir):
        return _write_drawn(out_html, *design_page(session_dir))
    if is_fit(session_dir):
        return _write_drawn(out_html, *fits_page(read_fits(session_dir)))
    folders = sorted(path.parent for path in session_dir.rglob(JOURNAL)) if session_dir.is_dir() else []
    if not folders:
        raise BadInput(
            f"{session_dir}: expected a session folder, such as data/skittles/P01/session-1, one with sessions below it, or the --out"
            " of twinrig fit, compare, recover or design"
        )
    return _write_index(session_dir, folders, out_html)


def _check_place(out_html: Path) -> None:
    if out_html.exists():
        raise BadInput(f"{out_html}: exists already and is never overwritten; name another file with --out, or move it away")
    if not out_html.parent.is_dir():
        raise BadInput(f"{out_html}: there is no folder {out_html.parent}; make it, or name another file with --out")


def _write_one(folder: Path, out_html: Path) -> dict[str, Any]:
    record = read_record(folder)
    _write(out_html, page_of(record))
    return summary(record)


def _write_drawn(out_html: Path, page: Page, drawings: Drawings, numbers: dict[str, Any]) -> dict[str, Any]:
    """The page, and its figures beside it."""
    beside = _beside(out_html, "figures")
    _write(out_html, page)
    for name, drawing in drawings.items():
        save(drawing, beside / name)
    return numbers


def _write(out_html: Path, page: Page) -> None:
    try:
        with out_html.open("x", encoding="utf-8") as file:
            file.write(to_html(page))
    except OSError as error:
        raise BadInput(f"{out_html}: can't be written ({error.strerror}); name another file with --out") from error


def page_of(record: SessionRecord) -> Page:
    """The whole report of a session."""
    sections = (*learning_sections(record), *rig_sections(record)) if record.rows else tuple(rig_sections(record))
    return Page(
        title=f"{record.protocol.title}: {record.kept['participant']}, session {record.kept['session']}",
        subtitle=_subtitle(record),
        banners=_banners(record),
        facts=_facts(record),
        cards=_cards(record),
        sections=sections,
        version=version("twinrig"),
    )


def _subtitle(record: SessionRecord) -> str:
    began = utc_words(record.starts[0].get("utc")) if record.starts else "unknown"
    return f"Session of {began} UTC, {len(record.rows)} trials"


def _banners(record: SessionRecord) -> list[Banner]:
    banners = []
    if record.kept.get("simulated"):
        banners.append(Banner("SIMULATED DATA: a program made these movements. They are not data of a person.", "fail"))
    if paced(record):
        banners.append(Banner("Timing simulated: the screen has no vertical blank, and frames were paced to fixed deadlines."))
    if any(start.get("how_ended") is None for start in record.starts):
        banners.append(Banner("This session, or a start of it, was not closed: it was killed, or is still running. What is here is whole."))
    return banners


def _facts(record: SessionRecord) -> list[tuple[str, str]]:
    kept, start = record.kept, record.starts[0] if record.starts else {}
    device, window = start.get("device") or {}, start.get("window") or {}
    return [
        ("Participant", str(kept["participant"])),
        ("Session", str(kept["session"])),
        ("Protocol", f"{record.protocol.name}, version {record.protocol.version}"),
        ("Protocol hash", str(kept["protocol_hash"])),
        ("Condition", readable(kept.get("condition"))),
        ("Seed", readable(kept.get("seed"))),
        ("Device", f"{device.get('kind', 'unknown')}: {device.get('model', '')}".rstrip(": ")),
        ("Screen", _screen(window)),
        ("Starts", f"{len(record.starts)}{'' if len(record.starts) == 1 else ' (resumed)'}"),
        ("Continues", readable(kept.get("continue_from"))),
        ("Session id", str(kept["session_id"])),
        ("twinrig", str(kept.get("twinrig_version", "unknown"))),
    ]


def _screen(window: dict[str, Any]) -> str:
    if not window:
        return "unknown"
    size = " x ".join(str(side) for side in window.get("size_px", ())) or "?"
    scale = "calibrated" if window.get("calibrated") else "NOT calibrated"
    return f"{size} px, {float(window.get('refresh', np.nan)):.2f} Hz{' (paced)' if window.get('paced') else ''}, {scale}"


def summary(record: SessionRecord) -> dict[str, Any]:
    """The summary numbers of a session; None where there is nothing to count."""
    error, hit, block = record.numbers("error"), record.numbers("hit"), record.numbers("block")
    blocks = [error[block == b] for b in (block.min(), block.max())] if len(block) else [np.empty(0)] * 2
    shown = np.array([bool(row.get("feedback_shown")) for row in record.rows], bool)
    twin = record.twin
    surprise = twin.surprise if twin else np.empty(0)
    return {
        "participant": record.kept["participant"],
        "session": record.kept["session"],
        "protocol": record.protocol.name,
        "simulated": bool(record.kept.get("simulated")),
        "trials": len(record.rows),
        "completed": int((record.words("status") == "completed").sum()),
        "hits": _mean(hit),
        "error_first_block": _mean(blocks[0]),
        "error_last_block": _mean(blocks[1]),
        "points": float(np.nansum(record.numbers("points")[shown])) if len(shown) else 0.0,
        "flagged": sum(bool(row.get("flagged")) for row in record.rows),
        "lost_samples": int(np.nansum(record.numbers("lost_samples"))),
        "late_frames": int(np.nansum(record.numbers("late_frames"))),
        "frames": int(sum(len(frames.flip_time) for frames in record.frames.values())),
        "surprise": _mean(surprise),
        "starts": len(record.starts),
    }


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _cards(record: SessionRecord) -> list[Card]:
    numbers = summary(record)
    late = numbers["late_frames"] / max(numbers["frames"], 1)
    first, last = _centimetres(numbers["error_first_block"]), _centimetres(numbers["error_last_block"])
    several = len({row["block"] for row in record.rows}) > 1
    error = (f"{first} → {last}", "mean error (cm), first → last block") if several else (first, "mean error (cm)")
    return [
        Card(f"{numbers['completed']} / {numbers['trials']}", "trials completed / given"),
        Card("n/a" if numbers["hits"] is None else f"{numbers['hits']:.0%}", "hits"),
        Card(*error),
        Card(f"{numbers['points']:.0f}", "points"),
        Card(str(numbers["flagged"]), "trials flagged", "warn" if numbers["flagged"] else "pass"),
        Card(str(numbers["lost_samples"]), "samples lost", "fail" if numbers["lost_samples"] else "pass"),
        Card(f"{late:.2%}", "frames late", "warn" if late > 0.005 else "pass"),
        Card("n/a" if numbers["surprise"] is None else f"{numbers['surprise']:.2f}", "twin's mean surprise (nats)"),
    ]


def _centimetres(metres: float | None) -> str:
    return "n/a" if metres is None else f"{100 * metres:.1f}"


def _write_index(root: Path, folders: Sequence[Path], out_html: Path) -> dict[str, Any]:
    """An index page; a session that can't be read is named there and does not stop the others."""
    beside = _beside(out_html, "sessions")
    links, summaries, banners = [], [], []
    for folder in folders:
        name = "-".join(folder.relative_to(root).parts) or folder.name
        try:
            numbers = _write_one(folder, beside / f"{name}.html")
        except BadInput as error:
            banners.append(Banner(str(error), "fail"))
            continue
        summaries.append(numbers)
        links.append((f"{beside.name}/{name}.html", _link_title(numbers), _link_line(numbers)))
    title, words = f"Sessions in {root.name}", f"{len(links)} sessions, {len({n['participant'] for n in summaries})} participants"
    _write(out_html, Page(title, words, banners, links=links, version=version("twinrig")))
    return {"sessions": summaries, "unreadable": [banner.text for banner in banners]}


def _beside(out_html: Path, what: str) -> Path:
    """A new folder beside the page."""
    folder = out_html.with_name(f"{out_html.stem}-{what}")
    try:
        folder.mkdir()
    except OSError as error:
        raise BadInput(f"{folder}: can't be made ({error.strerror}); name another file with --out") from error
    return folder


def _link_title(numbers: dict[str, Any]) -> str:
    simulated = " (SIMULATED)" if numbers["simulated"] else ""
    return f"{numbers['protocol']}, {numbers['participant']}, session {numbers['session']}{simulated}"


def _link_line(numbers: dict[str, Any]) -> str:
    hits = "n/a" if numbers["hits"] is None else f"{numbers['hits']:.0%}"
    trials = f"{numbers['completed']} of {numbers['trials']} trials completed"
    return f"{trials}, hits {hits}, {numbers['flagged']} flagged, {numbers['lost_samples']} samples lost"
