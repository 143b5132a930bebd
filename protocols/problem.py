"""One mistake in a protocol file, as the rules find it."""

from typing import NamedTuple


class Problem(NamedTuple):
    """One mistake in a file."""

    place: str  # key path
    found: str
    remedy: str
