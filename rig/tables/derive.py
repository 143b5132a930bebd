"""Simple columns out of others: ``--derive "hit=tgtsize>10"``. A small language of its own, read with ``ast``; nothing is ever executed.

Numbers, words in quotes, names of columns; ``+ - * / // % **``, comparisons, ``and or not``, and ``abs(x)``, ``sign(x)``. Truths are 1
and 0. Where a value that a row needs is missing, so is what follows from it.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from protocols.errors import BadInput

_ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
    ast.USub: np.negative,
    ast.UAdd: np.positive,
    ast.Not: lambda x: np.equal(x, 0),
}
_COMPARISONS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"abs": np.abs, "sign": np.sign}


def split_setting(option: str, given: str) -> tuple[str, str]:
    """``name=value`` in two.

    Raises:
        BadInput: there is no name, or no value.
    """
    name, equals, value = given.partition("=")
    if not (equals and name.strip() and value.strip()):
        raise BadInput(f"{option} {given!r}: expected name=value, such as {_EXAMPLES.get(option, 'name=value')}")
    return name.strip(), value.strip()


_EXAMPLES = {
    "--column": "action_reach_angle_deg=hand_theta",
    "--derive": '"hit=tgtsize>10"',
    "--set": "alpha_mean=0.2 (lists as initial_mean=85,3.5)",
    "--fix": "baseline_decay=0.99",
    "--tnc": "grid=201",
    "--prior": "retention=0.9,1 (its middle, and the SD on the fitted scale)",
}


def derive(expression: str, table: Mapping[str, np.ndarray]) -> np.ndarray:
    """The column that an expression makes of a table's: float64, missing is NaN.

    Raises:
        BadInput: the expression can't be read, names a column that isn't there, or calculates with words.
    """
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError) as error:
        raise BadInput(f"--derive: can't read {expression!r} ({error}); write it as hit=tgtsize>10") from error
    rows = len(next(iter(table.values()), ()))
    with np.errstate(all="ignore"):
        value = _value(tree.body, expression, table)
    if _words(value):
        raise BadInput(f"--derive: {expression!r} gives words, expected numbers; compare them, as in group=='a'")
    return np.broadcast_to(np.asarray(value, dtype=np.float64), rows).copy()


def _value(node: ast.expr, expression: str, table: Mapping[str, np.ndarray]) -> Any:
    """A number, a word, or an array of either."""

    def of(part: ast.expr) -> Any:
        return _value(part, expression, table)

    match node:
        case ast.Constant(value=bool() | int() | float() as number):
            return float(number)
        case ast.Constant(value=str() as word):
            return word
        case ast.Name(id=name):
            return _column(name, expression, table)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _ARITHMETIC[type(op)](_number(of(left), expression), _number(of(right), expression))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _ARITHMETIC:
            return _known(_ARITHMETIC[type(op)](value := _number(of(operand), expression)), value)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_number(of(argument), expression))
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = [of(left), *(of(part) for part in comparators)]
            return _all([_compared(type(op), *pair, expression) for op, pair in zip(ops, pairwise(sides), strict=True)])
        case ast.BoolOp(op=op, values=values):
            parts = [_number(of(part), expression) for part in values]
            return _all(parts) if isinstance(op, ast.And) else 1 - _all([_known(np.equal(part, 0), part) for part in parts])
    raise BadInput(
        f"--derive: {ast.unparse(node)!r} in {expression!r} isn't understood; use columns, numbers, + - * / // % **,"
        " comparisons, and, or, not, abs(x), sign(x)"
    )


def _column(name: str, expression: str, table: Mapping[str, np.ndarray]) -> np.ndarray:
    if name not in table:
        raise BadInput(f"--derive: {expression!r}: there is no column '{name}'; choose from {', '.join(table)}")
    column = table[name]
    if column.dtype == object and all(cell is None or isinstance(cell, bool) for cell in column):
        return np.array([np.nan if cell is None else float(cell) for cell in column])
    return column


def _words(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, np.ndarray) and value.dtype == object)


def _number(value: Any, expression: str) -> Any:
    if _words(value):
        raise BadInput(f"--derive: {expression!r} calculates with words; only == and != take them")
    return value


def _compared(op: type[ast.cmpop], left: Any, right: Any, expression: str) -> Any:
    if op not in _COMPARISONS:
        raise BadInput(f"--derive: {expression!r}: expected a comparison such as >, <=, == or !=")
    if not (_words(left) or _words(right)):
        return _known(_COMPARISONS[op](left, right), left, right)
    if op not in (ast.Eq, ast.NotEq):
        raise BadInput(f"--derive: {expression!r} orders words; only == and != take them")
    left, right = np.asarray(left, dtype=object), np.asarray(right, dtype=object)
    missing = (left == np.array(None)) | (right == np.array(None))
    return np.where(missing, np.nan, np.asarray(_COMPARISONS[op](left, right), dtype=float))


def _known(result: Any, *operands: Any) -> Any:
    """The result as a number; NaN where an operand is."""
    return np.where(np.logical_or.reduce([np.isnan(operand) for operand in np.broadcast_arrays(*operands)]), np.nan, result)


def _all(parts: list[Any]) -> Any:
    """1 where all parts are true, 0 where one is false, else NaN."""
    false = np.logical_or.reduce([np.equal(part, 0) for part in np.broadcast_arrays(*parts)])
    return np.where(false, 0.0, _known(np.ones(()), *parts))
