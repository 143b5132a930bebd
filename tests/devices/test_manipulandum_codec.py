"""The Python codec against the firmware's, which is compiled for this machine."""

import binascii
import ctypes
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.bench import build
from devices.manipulandum_codec import (
    ENCODED_MAX,
    PAYLOAD_MAX,
    SAMPLE,
    Receiver,
    frame,
    pack_field,
    payload_of,
    unpack_answers,
    unpack_samples,
)
from tests.devices.benches import built

PAYLOADS = st.binary(min_size=1, max_size=PAYLOAD_MAX)


class CReceiver:
    """``frame_receive`` of the firmware's codec.c."""

    def __init__(self, library):
        self.library, self.state, self.errors = library, ctypes.create_string_buffer(ENCODED_MAX + 2), 0

    def feed(self, data: bytes) -> list[bytes]:
        sizes = [(self.library.frame_receive(self.state, byte), bytes(self.state.raw[:PAYLOAD_MAX]) if byte == 0 else b"") for byte in data]
        self.errors += sum(size < 0 for size, _ in sizes)
        return [kept[:size] for size, kept in sizes if size > 0]


@pytest.fixture(scope="module")
def c_codec():
    library = ctypes.CDLL(str(built(build.codec)))
    library.frame_receive.argtypes, library.frame_receive.restype = (ctypes.c_char_p, ctypes.c_uint8), ctypes.c_int8
    library.crc16.argtypes, library.crc16.restype = (ctypes.c_char_p, ctypes.c_uint8), ctypes.c_uint16
    library.frame_write.argtypes, library.frame_write.restype = (ctypes.c_char_p, ctypes.c_uint8, ctypes.c_char_p), ctypes.c_uint8
    return library


def c_frame(library, payload: bytes) -> bytes:
    out = ctypes.create_string_buffer(64)
    size = library.frame_write(payload, len(payload), out)
    return out.raw[:size]


def random_payloads(count: int, seed: int) -> list[bytes]:
    """Of all sizes, with zeros often."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, PAYLOAD_MAX + 1, count)
    return [(random.integers(0, 256, size) * random.integers(0, 2, size)).astype(np.uint8).tobytes() for size in sizes]


def test_crc_has_its_check_value(c_codec):
    assert c_codec.crc16(b"123456789", 9) == binascii.crc_hqx(b"123456789", 0xFFFF) == 0x29B1


def test_both_codecs_write_the_same_frames_and_read_each_others(c_codec):
    payloads = random_payloads(20_000, 1)
    stream = b"".join(map(frame, payloads))
    assert stream == b"".join(c_frame(c_codec, payload) for payload in payloads)
    ours, theirs = Receiver(), CReceiver(c_codec)
    assert ours.feed(stream) == theirs.feed(stream) == payloads
    assert ours.errors == theirs.errors == 0


def test_both_codecs_find_the_same_frames_in_mutated_bytes(c_codec):
    random = np.random.default_rng(2)
    stream = bytearray(b"".join(map(frame, random_payloads(20_000, 3))))
    for at in random.integers(0, len(stream), 8_000):
        stream[at] = random.integers(0, 256)
    for at in sorted(random.integers(0, len(stream), 2_000), reverse=True):
        del stream[at : at + random.integers(1, 5)]
    ours, theirs = Receiver(), CReceiver(c_codec)
    found = ours.feed(bytes(stream))
    assert found == theirs.feed(bytes(stream))
    assert ours.errors == theirs.errors > 5_000
    assert len(found) > 8_000


@given(st.lists(PAYLOADS, max_size=5), st.lists(st.integers(0, 200), max_size=6))
def test_a_stream_may_be_cut_anywhere(payloads, cuts):
    stream = b"".join(map(frame, payloads))
    receiver = Receiver()
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert [payload for a, b in pairwise(edges) for payload in receiver.feed(stream[a:b])] == payloads


@given(PAYLOADS, st.integers(0, 10_000))
def test_no_flipped_bit_is_accepted(payload, which):
    encoded = bytearray(frame(payload)[1:-1])
    encoded[which // 8 % len(encoded)] ^= 1 << which % 8
    assert 0 in encoded or payload_of(bytes(encoded)) is None


def test_a_truncated_frame_does_not_take_the_next_one_with_it():
    receiver = Receiver()
    assert receiver.feed(frame(b"first")[:-4] + frame(b"second")) == [b"second"]
    assert receiver.errors == 1


@pytest.mark.parametrize("cut", range(12))
def test_half_a_frame_at_the_beginning_is_an_error_only_where_the_line_was_quiet_before(cut):
    stream = frame(b"first one")[cut:] + frame(b"second") + frame(b"third")[:5] + frame(b"fourth")
    quiet, joining = Receiver(), Receiver(joining=True)
    first = [b"first one"] * (cut < 2)
    assert quiet.feed(stream) == joining.feed(stream[:3]) + joining.feed(stream[3:]) == [*first, b"second", b"fourth"]
    assert joining.errors == 1
    assert quiet.errors == 1 + (cut > 1)


def test_endless_bytes_without_a_zero_take_no_memory():
    receiver = Receiver()
    for _ in range(100):
        assert receiver.feed(b"\x55" * 1000) == []
    assert len(receiver._rest) <= ENCODED_MAX + 1
    assert receiver.feed(b"\0" + frame(b"good")) == [b"good"]
    assert receiver.errors == 1


def test_samples_and_answers_are_told_apart_by_their_size(c_codec):
    class CSample(ctypes.Structure):
        _fields_ = (
            *((name, ctypes.c_uint16) for name in ("status", "sequence")),
            ("time", ctypes.c_uint32),
            *((name, ctypes.c_int32) for name in ("x", "y")),
            *((name, ctypes.c_int16) for name in ("torque_x", "torque_y")),
            ("force", ctypes.c_uint16),
            *((name, ctypes.c_uint8) for name in ("encoder_errors", "receive_errors")),
        )

    said = CSample(0x0401, 65535, 4_000_000_000, -7, 2**30, -400, 399, 1023, 3, 255)
    payload = ctypes.create_string_buffer(SAMPLE.itemsize)
    c_codec.sample_pack(ctypes.byref(said), payload)
    answer = bytes([7, 200, 3, 1, 0x40, 0x02, 1, 2, 3, 4])
    (sample,) = unpack_samples([answer, payload.raw])
    assert [np.ravel(field).tolist() for field in sample.item()] == [
        [0x0401], [65535], [4_000_000_000], [-7, 2**30], [-400, 399], [1023], [3], [255],
    ]  # fmt: skip
    assert unpack_answers([payload.raw, answer]) == [(7, 200, 3, 1, 0x0240, 0x04030201)]


def test_a_field_reaches_the_firmware_whole(c_codec):
    class CField(ctypes.Structure):
        _fields_ = (("stiffness", ctypes.c_int16 * 4), ("damping", ctypes.c_int16 * 4), ("centre", ctypes.c_int32 * 2))

    field = CField()
    c_codec.field_unpack(
        pack_field(np.array([[1, -2], [3, -32768]]), np.array([[5, 6], [-7, 8]]), np.array([2**30, -9])), ctypes.byref(field)
    )
    assert list(field.stiffness) == [1, -2, 3, -32768]
    assert list(field.damping) == [5, 6, -7, 8]
    assert list(field.centre) == [2**30, -9]
