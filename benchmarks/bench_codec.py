"""A million random and mutated byte strings into both codecs of the manipulandum: do they agree, and what gets past the CRC?

``python -m benchmarks.bench_codec [STRINGS]``. Writes ``benchmarks/results/bench_codec.json``.
"""

import ctypes
import resource
import sys

import numpy as np

from benchmarks.keep import keep
from devices.bench import build
from devices.manipulandum_codec import ENCODED_MAX, PAYLOAD_MAX, Receiver, frame

BATCH = 10_000


def strings(random: np.random.Generator, count: int) -> list[tuple[bytes, bytes]]:
    """Byte strings, each with the payload that it was made from; half are frames with one to four bytes changed, half are noise."""
    made = []
    for _ in range(count // 2):
        payload = random.bytes(int(random.integers(1, PAYLOAD_MAX + 1)))
        bad = bytearray(frame(payload))
        for at in random.integers(0, len(bad), random.integers(1, 5)):
            bad[at] = random.integers(0, 256)
        made.append((bytes(bad), payload))
    noise = [random.bytes(int(random.integers(1, 60))) + b"\0" for _ in range(count - count // 2)]
    return made + [(string, b"") for string in noise]


def c_receive(library: ctypes.CDLL, stream: bytes) -> list[bytes]:
    """The payloads that the firmware's codec finds in a stream."""
    state, found = ctypes.create_string_buffer(ENCODED_MAX + 2), []
    receive = library.frame_receive
    for byte in stream:
        size = receive(state, byte)
        if size > 0:
            found.append(state.raw[:size])
    return found


def main() -> None:
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    library = ctypes.CDLL(str(build.codec()))
    library.frame_receive.argtypes, library.frame_receive.restype = (ctypes.c_char_p, ctypes.c_uint8), ctypes.c_int8
    random, differences, false, frames = np.random.default_rng(8), 0, 0, 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(total // BATCH):
        batch = strings(random, BATCH)
        ours, known = Receiver(), {payload for _, payload in batch}
        stream = b"".join(b"\0" + string + b"\0" for string, _ in batch)
        found = ours.feed(stream)
        differences += found != c_receive(library, stream)
        false += sum(payload not in known for payload in found)
        frames += ours.errors + len(found)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    keep(
        "bench_codec",
        {
            "strings": total // BATCH * BATCH,
            "frames_judged": frames,
            "batches_in_which_the_codecs_differ": differences,
            "false_frames": false,
            "expected_by_the_crc": round(frames / 2**16, 1),
            "memory_grown_mb": round(grown / 1024, 1),
        },
    )


if __name__ == "__main__":
    main()
