"""Vectors and matrices of two dimensions, element by element: each element is an array over as many cases as there are.

A matrix of 2 x 2 along the last axes of an array costs XLA about ten times as much as four long rows do.
"""

from typing import NamedTuple

from jaxtyping import Array


class Two(NamedTuple):
    """A vector."""

    x: Array
    y: Array


class Square(NamedTuple):
    """A matrix."""

    xx: Array
    xy: Array
    yx: Array
    yy: Array


class Even(NamedTuple):
    """A symmetric matrix."""

    xx: Array
    xy: Array
    yy: Array


def square(a: Even) -> Square:
    """A symmetric matrix as any other."""
    return Square(a.xx, a.xy, a.xy, a.yy)


def product(a: Square | Even, b: Square | Even) -> Square:
    """``a b``."""
    a, b = (part if isinstance(part, Square) else square(part) for part in (a, b))
    return Square(a.xx * b.xx + a.xy * b.yx, a.xx * b.xy + a.xy * b.yy, a.yx * b.xx + a.yy * b.yx, a.yx * b.xy + a.yy * b.yy)


def times(a: Square | Even, v: Two) -> Two:
    """``a v``."""
    a = a if isinstance(a, Square) else square(a)
    return Two(a.xx * v.x + a.xy * v.y, a.yx * v.x + a.yy * v.y)


def transposed(a: Square) -> Square:
    """The transpose."""
    return Square(a.xx, a.yx, a.xy, a.yy)


def symmetric(a: Square | Even, b: Square | Even) -> Even:
    """``a b``, known to be symmetric."""
    a, b = (part if isinstance(part, Square) else square(part) for part in (a, b))
    return Even(a.xx * b.xx + a.xy * b.yx, a.xx * b.xy + a.xy * b.yy, a.yx * b.xy + a.yy * b.yy)


def scaled(d: Two, a: Square | Even) -> Square:
    """``diag(d) a``."""
    a = a if isinstance(a, Square) else square(a)
    return Square(d.x * a.xx, d.x * a.xy, d.y * a.yx, d.y * a.yy)


def inverse(a: Even) -> tuple[Even, Array]:
    """The inverse, and its determinant."""
    inverse = 1 / (a.xx * a.yy - a.xy * a.xy)
    return Even(a.yy * inverse, -a.xy * inverse, a.xx * inverse), inverse


def turned(cos: Array, sin: Array, first: Array, second: Array) -> Even:
    """``Q diag(first, second) Q^T`` with Q the rotation."""
    return Even(cos**2 * first + sin**2 * second, cos * sin * (first - second), sin**2 * first + cos**2 * second)


def turned_back(cos: Array, sin: Array, a: Even) -> Even:
    """``Q^T a Q``."""
    cc, cs, ss = cos**2, cos * sin, sin**2
    return Even(cc * a.xx + 2 * cs * a.xy + ss * a.yy, cs * (a.yy - a.xx) + (cc - ss) * a.xy, ss * a.xx - 2 * cs * a.xy + cc * a.yy)
