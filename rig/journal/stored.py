"""How values are written into a database so that they come back exactly: JSON for what people read, raw float64 for what they don't.

Nothing here is ever pickled. JSON has no NaN: it is written as null, and infinities as words.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from devices.device import Samples
from protocols.history import Committed
from protocols.task import TRUTHS, WHOLE, Outcome, Trial

_INFINITIES = {"inf": math.inf, "-inf": -math.inf}


def to_json(value: Any) -> str:
    """JSON of numbers, words, arrays, NamedTuples, mappings and sequences; floats in full precision, NaN as null."""
    return storable(json.dumps(simple(value), allow_nan=False, ensure_ascii=False, separators=(",", ":")))


def storable(words: str) -> str:
    """Words without the halves of characters that odd file names hold and no database takes; these are written as JSON would."""
    return words.encode("utf-8", "backslashreplace").decode("utf-8")


def simple(value: Any) -> Any:
    """A value as JSON has it: only dicts, lists, numbers, words, truths and None, which is also what NaN becomes."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)  # an IntEnum too
    if isinstance(value, Mapping):
        return {str(key): simple(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return simple(value._asdict())  # type: ignore[attr-defined]
    if isinstance(value, list | tuple | set | frozenset):
        return [simple(item) for item in value]
    if isinstance(value, float):
        return _simple_float(float(value))
    if hasattr(value, "tolist"):  # NumPy's and JAX's arrays and scalars
        return simple(value.tolist())
    return str(value)  # paths, versions


def _simple_float(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)


def number(value: Any) -> float:
    """A float as ``to_json`` wrote it; null is NaN."""
    if value is None:
        return math.nan
    return _INFINITIES[value] if isinstance(value, str) else float(value)


def numbers(value: Any) -> np.ndarray:
    """An array as ``to_json`` wrote it, nested to any depth; null is NaN."""
    return np.array(_nested(value), dtype=np.float64)


def _nested(value: Any) -> Any:
    return [_nested(item) for item in value] if isinstance(value, list) else number(value)


def pack(arrays: Mapping[str, Any]) -> bytes:
    """Named arrays as one block: a line of JSON with names, types and shapes, then the raw little-endian bytes in that order."""
    simple = {name: np.asarray(array) for name, array in arrays.items()}
    little = {name: array.astype(array.dtype.newbyteorder("<"), order="C") for name, array in simple.items()}
    for name, array in little.items():
        if array.dtype.kind not in "fiub":
            raise TypeError(f"array '{name}': expected numbers, got {array.dtype}; store words as JSON")
    header = json.dumps([[name, array.dtype.str, list(array.shape)] for name, array in little.items()])
    return header.encode() + b"\n" + b"".join(array.tobytes() for array in little.values())


def unpack(block: bytes) -> dict[str, np.ndarray]:
    """Named arrays as ``pack`` wrote them, bit for bit."""
    header, _, raw = block.partition(b"\n")
    arrays, at = {}, 0
    for name, dtype, shape in json.loads(header):
        size = math.prod(shape)
        arrays[name] = np.frombuffer(raw, dtype, size, at).reshape(shape).copy()
        at += size * np.dtype(dtype).itemsize
    return arrays


def samples_block(samples: Samples) -> tuple[int, int, bytes]:
    """Samples as rows, columns and the raw little-endian float64 of device_time, host_time, the axes, buttons, force, counter."""
    columns = (samples.device_time, samples.host_time, samples.position, samples.buttons, samples.force, samples.counter)
    table = np.column_stack([np.asarray(column, dtype="<f8") for column in columns])
    return table.shape[0], table.shape[1], table.tobytes()


def block_samples(rows: int, columns: int, block: bytes) -> Samples:
    """Samples as ``samples_block`` wrote them."""
    table = np.frombuffer(block, "<f8").reshape(rows, columns)
    device_time, host_time = table[:, 0].copy(), table[:, 1].copy()
    buttons, counter = table[:, -3].astype(np.int64), table[:, -1].astype(np.int64)
    return Samples(device_time, host_time, table[:, 2:-3].copy(), buttons, table[:, -2].copy(), counter)


def read_committed(trial: str, status: str, action: str, outcome: str, reward: float | None, requeue: int) -> Committed:
    """A committed trial out of the columns of the journal."""
    fields = json.loads(trial)
    given = Trial(**{name: _trial_field(name, value) for name, value in fields.items()})
    result = Outcome(**{name: np.float64(number(value)) for name, value in json.loads(outcome).items()})  # type: ignore[arg-type]
    return Committed(given, status, numbers(json.loads(action)), result, number(reward), bool(requeue))


def _trial_field(name: str, value: Any) -> Any:
    if name in ("target", "zone", "band"):
        return tuple(number(item) for item in value)
    if name in WHOLE:
        return int(value)
    return bool(value) if name in TRUTHS else number(value)
