"""Columns made by expressions: what they give, what is missing in them, and what is refused."""

import numpy as np
import pytest

from protocols.errors import BadInput
from rig.tables.derive import derive, split_setting

TABLE = {
    "size": np.array([6.0, 16.0, np.nan, 9.74]),
    "turn": np.array([3.5, -3.5, 0.0, 3.5]),
    "group": np.array(["a", "b", None, "a"], dtype=object),
    "shown": np.array([True, False, None, True], dtype=object),
}
NAN = np.nan


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("size>10", [0, 1, NAN, 0]),
        ("6 < size <= 16", [0, 1, NAN, 1]),
        ("-turn * 2 + 1", [-6, 8, 1, -6]),
        ("abs(turn) - sign(turn)", [2.5, 4.5, 0, 2.5]),
        ("group == 'a'", [1, 0, NAN, 1]),
        ("'b' != group", [1, 0, NAN, 1]),
        ("not shown", [0, 1, NAN, 0]),
        ("size > 10 and turn < 0", [0, 1, 0, 0]),
        ("size > 10 and turn > 0", [0, 0, 0, 0]),
        ("size > 10 or turn == 0", [0, 1, 1, 0]),
        ("size > 100 or turn == 3.5", [1, 0, NAN, 1]),
        ("1", [1, 1, 1, 1]),
        ("turn ** 2 % 5 // 1", [2, 2, 0, 2]),
    ],
)
def test_what_an_expression_gives(expression, expected):
    np.testing.assert_array_equal(derive(expression, TABLE), expected)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("__import__('os').system('true')", "isn't understood"),
        ("size.__class__", "isn't understood"),
        ("[x for x in size]", "isn't understood"),
        ("open(size)", "isn't understood"),
        ("sized > 1", "no column 'sized'"),
        ("size >", "can't read"),
        ("group > 'a'", "orders words"),
        ("group + 1", "calculates with words"),
        ("group", "gives words"),
        ("size in turn", "expected a comparison"),
    ],
)
def test_what_is_refused(expression, said):
    with pytest.raises(BadInput, match=said):
        derive(expression, TABLE)


def test_settings_are_split_at_the_first_sign():
    assert split_setting("--derive", "hit = size==16") == ("hit", "size==16")
    for wrong in ("hit", "=size", "hit="):
        with pytest.raises(BadInput, match="expected name=value"):
            split_setting("--derive", wrong)
