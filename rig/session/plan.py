"""What a session is to be, decided and checked before anything is opened."""

import contextlib
import os
import secrets
import sys
import uuid
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from devices.registry import DEVICES, POINTERS, check_axes
from protocols.errors import BadInput
from protocols.force import check_force
from protocols.load import Loaded, load_protocol, parse_protocol
from protocols.schema import Protocol
from rig import folder as folders
from rig.journal.reader import read_journal
from rig.models.learner_choice import check_learners
from rig.session.attachment import NAME, check_port
from rig.session.motors import check_motors
from rig.session.recorded import check_replay
from rig.settings import Settings, load_settings
from rig.twin.store import read_twin

PILOTS = Path("pilots")  # where simulated sessions are kept unless --data says otherwise
FORMAT = 1
_KINDS = ("person", "program")  # who is not simulated, and who is


@dataclass(frozen=True)
class Plan:
    """One session: everything that holds for all of its starts."""

    folder: Path
    session_id: str
    participant: str
    session: int
    loaded: Loaded
    protocol: Protocol  # with the phases of this session
    condition: str
    language: str
    seed: int
    device: str
    port: str | None  # of a manipulandum that isn't the bench
    simulated: bool  # the movements are made by a program
    trials: int | None  # completed trials to end after; None: the whole protocol
    continue_from: Path | None
    replay: Path | None  # the session whose samples are played again, with the device replay
    windowed: bool
    twin: bool  # whether the learners practise beside the session
    infer: bool  # whether the participant's parameters are inferred beside it
    settings: Settings

    @property
    def virtual(self) -> bool:
        """Whether a program moves virtual pointers, on a screen of their own."""
        return self.simulated and self.device in POINTERS

    def record(self) -> dict[str, Any]:
        """The rows of the journal's session table."""
        return {
            "format": FORMAT,
            "twinrig_version": version("twinrig"),
            "session_id": self.session_id,
            "participant": self.participant,
            "session": self.session,
            "protocol_name": self.protocol.name,
            "protocol_hash": self.loaded.hash,
            "protocol_text": self.loaded.source,
            "protocol_file": str(self.loaded.path.resolve()),
            "condition": self.condition,
            "seed": self.seed,
            "language": self.language,
            "task": self.protocol.task.name,
            "device": self.device,
            "port": self.port,
            "simulated": self.simulated,
            "trials_limit": self.trials,
            "continue_from": str(self.continue_from) if self.continue_from else None,
            "replay": str(self.replay) if self.replay else None,
            "windowed": self.windowed,
            "twin": self.twin,
            "infer": self.infer,
        }


def new_plan(
    protocol: str,
    participant: str | None,
    session: int | None,
    device: str,
    simulated: bool,
    data: Path | None = None,
    seed: int | None = None,
    language: str | None = None,
    trials: int | None = None,
    windowed: bool = False,
    twin: bool = True,
    infer: bool = False,
    continue_from: Path | None = None,
    replay: Path | None = None,
    port: str | None = None,
) -> Plan:
    """A new session's plan; its folder is made, and its condition drawn from the ledger.

    ``participant`` None is for pilots: the next free code PILOT1, PILOT2, ... is taken.

    Raises:
        BadInput: something in it can't be; no folder was made then.
    """
    settings = load_settings()
    loaded = load_protocol(protocol)
    _check_options(device, trials, seed, replay)
    check_port(device, port, simulated)
    check_force(loaded.protocol, device, NAME)
    check_motors(loaded.protocol, device, simulated)
    check_axes(device, loaded.protocol.task.axes)
    root = data if data is not None else PILOTS if simulated else settings.data
    code = participant if participant is not None else _next_pilot(root, loaded.protocol.name)
    folders.check_participant(code)
    earlier = _earlier(continue_from, loaded.protocol, code, session, simulated, twin) if continue_from else None
    number = session if session is not None else earlier["session"] + 1 if earlier else 1
    variant = loaded.protocol.for_session(number)
    check_learners(variant, loaded.path)
    _check_language(variant, language)
    if not (simulated and device in POINTERS):  # which bring a screen of their own
        check_display()
    folder = folders.create_session_folder(root, loaded.protocol.name, code, number, simulated)
    try:
        condition = earlier["condition"] if earlier else _draw(root, loaded.protocol, code)
    except BadInput:
        with contextlib.suppress(OSError):  # something is in it: then it stays
            folder.rmdir()
        raise
    return Plan(
        folder=folder,
        session_id=uuid.uuid4().hex,
        participant=code,
        session=number,
        loaded=loaded,
        protocol=variant,
        condition=condition,
        language=language or variant.condition(condition).language or variant.languages[0],
        seed=secrets.randbelow(2**31) if seed is None else seed,
        device=device,
        port=port,
        simulated=simulated,
        trials=trials,
        continue_from=continue_from.resolve() if continue_from else None,  # a resumed session may begin in another folder
        replay=replay.resolve() if replay else None,
        windowed=windowed,
        twin=twin,
        infer=infer or variant.live.on,
        settings=settings,
    )


def resumed_plan(folder: Path) -> Plan:
    """The plan of a session that was interrupted.

    Raises:
        BadInput: there is no session, its journal can't be read, or it is finished.
    """
    with read_journal(folders.open_session_folder(folder) / folders.JOURNAL) as journal:
        if any(start["how_ended"] == "finished" for start in journal.starts()):
            raise BadInput(f"{folder}: this session is finished, nothing is left; 'twinrig report {folder} --out FILE.html' shows it")
    return stored_plan(folder)


def stored_plan(folder: Path) -> Plan:
    """The plan of a session as its journal keeps it, finished or not.

    Raises:
        BadInput: there is no session, or its journal can't be read.
    """
    path = folders.open_session_folder(folder)
    with read_journal(path / folders.JOURNAL) as journal:
        kept = journal.session()
    text = kept["protocol_text"]
    file = Path(kept.get("protocol_file") or path / folders.PROTOCOL)  # what it names relative to itself is found from there
    loaded = Loaded(parse_protocol(text, str(path / folders.PROTOCOL)), text, kept["protocol_hash"], file)
    return Plan(
        folder=path,
        session_id=kept["session_id"],
        participant=kept["participant"],
        session=kept["session"],
        loaded=loaded,
        protocol=loaded.protocol.for_session(kept["session"]),
        condition=kept["condition"],
        language=kept["language"],
        seed=kept["seed"],
        device=kept["device"],
        port=kept.get("port"),
        simulated=kept["simulated"],
        trials=kept["trials_limit"],
        continue_from=Path(kept["continue_from"]) if kept["continue_from"] else None,
        replay=Path(kept["replay"]) if kept["replay"] else None,
        windowed=kept["windowed"],
        twin=kept["twin"],
        infer=kept.get("infer", False),
        settings=load_settings(),
    )


def _check_options(device: str, trials: int | None, seed: int | None, replay: Path | None) -> None:
    if device not in DEVICES:
        raise BadInput(f"--device {device}: there is no such device; choose from {', '.join(DEVICES)}")
    if trials is not None and trials < 1:
        raise BadInput(f"--trials {trials}: expected a number from 1; correct it, or leave it out for the whole protocol")
    if seed is not None and not 0 <= seed < 2**31:
        raise BadInput(f"--seed {seed}: expected a whole number from 0 to {2**31 - 1}; correct it, or leave it out to have one drawn")
    if (device == "replay") != (replay is not None):
        raise BadInput("--device replay and --replay SESSION_DIR (the session to play again) belong together; give both or neither")
    if replay is not None:
        check_replay(replay)


def check_display() -> None:
    """Raise BadInput where there is no screen to open a window on."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        raise BadInput("no display: DISPLAY is not set; start from a graphical session, or under a virtual screen such as Xvfb")


def _next_pilot(root: Path, protocol: str) -> str:
    taken = {path.name for path in (root / protocol).glob("PILOT*")}
    return next(code for number in range(1, 100_000) if (code := f"PILOT{number}") not in taken)


def _draw(root: Path, protocol: Protocol, code: str) -> str:
    from rig.ledger import draw_condition

    return draw_condition(root, protocol, code)


def _check_language(protocol: Protocol, language: str | None) -> None:
    if language is not None and language not in protocol.languages:
        raise BadInput(f"language {language!r}: protocol {protocol.name!r} has {', '.join(protocol.languages)}; choose one of these")


def _earlier(folder: Path, protocol: Protocol, participant: str, session: int | None, simulated: bool, twin: bool) -> dict[str, Any]:
    """What is known of the session that this one goes on from."""
    path = folders.open_session_folder(folder)
    with read_journal(path / folders.JOURNAL) as journal:
        kept = journal.session()
    for what, here, there in (
        ("participant", participant, kept["participant"]),
        ("protocol", protocol.name, kept["protocol_name"]),
        ("kind of participant", _KINDS[simulated], _KINDS[kept["simulated"]]),
    ):
        if here != there:
            raise BadInput(f"--continue-from {folder}: its {what} is {there!r}, and {here!r} was asked for; name the right session")
    if session is not None and session <= kept["session"]:
        raise BadInput(f"--session {session} can't go on from session {kept['session']}, which came no earlier; raise it, or leave it out")
    protocol.condition(kept["condition"])
    if twin:
        _check_earlier_twin(path, protocol)
    return kept


def _check_earlier_twin(folder: Path, protocol: Protocol) -> None:
    """See that the earlier session left learners that can go on: as many, and any at all."""
    remedy = "add --no-twin to go on without learners"
    with read_twin(folder / folders.TWIN) as store:
        last = store.row("free_own", store.last_trial())
        if store.params("yoked") is None or last is None:
            raise BadInput(f"--continue-from {folder}: no learner practised there; {remedy}")
        free = len(last.free["rewards"])
    if free != protocol.twin.free:
        raise BadInput(f"--continue-from {folder}: {free} free learners there, {protocol.twin.free} in [twin] free; {remedy}")
