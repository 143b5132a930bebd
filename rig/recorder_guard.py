"""Runs LabRecorder on the session's behalf and sees that it ends with the session, however that ends. A script of its own.

LabRecorder stops when its standard input closes, which the death of a session brings about. That takes it up to 7.5 s (it
sleeps for 5 s between clock comparisons, and a comparison with a stream that is gone takes 2 s), after which the file is whole.
But killed while it is still connecting, the session leaves it waiting for ever for a stream that is gone. So it gets a limit.
"""

import os
import subprocess
import sys
import threading

_LIMIT = 3.5  # s


def main(command: list[str]) -> int:
    """Run the command until it ends by itself or our own standard input closes; returns its exit code, 128 + n for signal n."""
    recorder = subprocess.Popen(command, stdin=subprocess.PIPE)
    threading.Thread(target=_end_when_told, args=(recorder,), daemon=True).start()
    code = recorder.wait()
    return code if code >= 0 else 128 - code


def _end_when_told(recorder: "subprocess.Popen[bytes]") -> None:
    while os.read(0, 4096):  # nothing comes; it ends when the session closes its side or is gone
        pass
    assert recorder.stdin
    recorder.stdin.close()
    try:
        recorder.wait(_LIMIT)
    except subprocess.TimeoutExpired:
        recorder.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
