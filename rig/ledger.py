"""Which participant has which condition: a ledger in the data root that is only ever added to.

One line a participant and protocol, written under a lock and forced to the disk before the condition is used, so that two rigs that
draw at the same moment, or a power cut, can't deal one place out twice. Simulated participants have a root, and so a ledger, of their own.
"""

import contextlib
import datetime
import os
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from protocols.errors import BadInput
from protocols.schema import Counterbalance, Protocol
from rig.locks import sync_folder, try_lock

LEDGER = "conditions.tsv"
COLUMNS = ("protocol", "participant", "condition", "utc")
PATIENCE = 10.0  # s that another rig may hold the ledger


class Drawn(NamedTuple):
    """One line of the ledger."""

    protocol: str
    participant: str
    condition: str
    utc: str


def draw_condition(root: Path, protocol: Protocol, participant: str) -> str:
    """The participant's condition: the one drawn before, or else the next by the protocol's method, which is then kept.

    A protocol without counterbalancing has the one condition ``""``, and nothing is written.

    Raises:
        BadInput: the ledger can't be read or written, is held by another process, or names a condition that the protocol no longer has.
    """
    if protocol.counterbalance is None:
        return ""
    with _held(root / LEDGER) as descriptor:
        drawn = [line for line in _lines(descriptor, root / LEDGER) if line.protocol == protocol.name]
        for line in drawn:
            if line.participant == participant:
                protocol.condition(line.condition)
                return line.condition
        condition = place(protocol.counterbalance, protocol.name, len(drawn))
        utc = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        _append(descriptor, root / LEDGER, Drawn(protocol.name, participant, condition, utc))
    return condition


def place(counterbalance: Counterbalance, protocol: str, index: int) -> str:
    """Condition of the participant who comes after ``index`` others."""
    names = tuple(counterbalance.conditions)
    round_, turn = divmod(index, len(names))
    if counterbalance.method == "rotate":
        return names[turn]
    if counterbalance.method == "latin":
        return names[_latin(len(names))[round_ % len(_latin(len(names)))][turn]]
    order = np.random.default_rng([zlib.crc32(protocol.encode()), round_]).permutation(len(names))
    return names[int(order[turn])]


def _latin(size: int) -> list[list[int]]:
    """Rows of a Latin square balanced for what comes just before (Williams 1949); an odd size needs its mirror image too."""
    zigzag = [(i // 2 + 1 if i % 2 else size - i // 2) % size for i in range(size)]
    rows = [[(step + row) % size for step in zigzag] for row in range(size)]
    return rows if size % 2 == 0 else rows + [row[::-1] for row in rows]


@contextlib.contextmanager
def _held(file: Path) -> Iterator[int]:
    """The ledger, open and locked; the system frees it when the process ends, however it ends."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
    except OSError as error:
        raise BadInput(f"{file}: can't be written ({error.strerror}): correct its rights, or choose another folder with --data") from error
    try:
        _lock(descriptor, file)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, file: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not try_lock(descriptor):
        if time.monotonic() > deadline:
            raise BadInput(f"{file}: held by another process for {PATIENCE:.0f} s: end it, then try again")
        time.sleep(0.02)


def _lines(descriptor: int, file: Path) -> Iterator[Drawn]:
    """All whole lines; one that a power cut left half written counts for nothing, and is closed by the next append."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    content = b"".join(iter(lambda: os.read(descriptor, 65536), b""))
    whole = content[: content.rfind(b"\n") + 1].decode("utf-8", "replace").splitlines()
    for number, line in enumerate(whole[1:], start=2):
        fields = line.split("\t")
        if fields[-1] == "torn":
            continue
        if len(fields) != len(COLUMNS) or not all(fields):
            raise BadInput(f"{file}: line {number}: expected {len(COLUMNS)} columns ({', '.join(COLUMNS)}), got {line!r}: restore the line")
        yield Drawn(*fields)


def _append(descriptor: int, file: Path, drawn: Drawn) -> None:
    size = os.lseek(descriptor, 0, os.SEEK_END)
    before = "" if size else "\t".join(COLUMNS) + "\n"
    if size and _last_byte(descriptor, size) != b"\n":
        before = "\ttorn\n"
    line = (before + "\t".join(drawn) + "\n").encode()
    if os.write(descriptor, line) != len(line):
        raise BadInput(f"{file}: can't be written in full: free some disk space, then start again")
    os.fsync(descriptor)
    if not size:
        sync_folder(file.parent)


def _last_byte(descriptor: int, size: int) -> bytes:
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1)
