"""Runs LabRecorder on the session's behalf and sees that it ends with the session, however that ends. A script of its own.

LabRecorder stops when its standard input closes. That takes it up to 7.5 s (it sleeps for 5 s between clock comparisons, and a
comparison with a stream that is gone takes 2 s), after which the file is whole. A session that ends in order says so and waits for that.
One that was killed says nothing: then LabRecorder gets a few seconds, so that a rig that is started anew meets nothing of the old one.
Its file lacks the footers then, and is readable all the same.
"""

import os
import subprocess
import sys
import threading

IN_ORDER = b"end"  # what a session says that waits for the file to be whole
_LIMITS = {True: 12.0, False: 3.5}  # s; in order, or not


def main(command: list[str]) -> int:
    """Run the command until it ends by itself or our own standard input closes; returns its exit code, 128 + n for signal n."""
    recorder = subprocess.Popen(command, stdin=subprocess.PIPE)
    threading.Thread(target=_end_when_told, args=(recorder,), daemon=True).start()
    code = recorder.wait()
    return code if code >= 0 else 128 - code


def _end_when_told(recorder: "subprocess.Popen[bytes]") -> None:
    said = b""
    while heard := os.read(0, 4096):  # until the session closes its side, or is gone
        said += heard
    assert recorder.stdin
    recorder.stdin.close()
    try:
        recorder.wait(_LIMITS[said == IN_ORDER])
    except subprocess.TimeoutExpired:
        recorder.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
