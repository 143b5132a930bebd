"""JAX's account of a function (its jaxpr) as code: arrays are arrays of values, and what only moves numbers about costs nothing."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from analysis.lanes.code import Code, Value

Values = np.ndarray  # of objects, each a Value

_ROUNDED = {0: "round", 1: "rint"}  # away from zero, to even

#: What is done number by number.
_EACH: dict[str, Callable[..., Value]] = {
    "add": Code.add,
    "add_any": Code.add,
    "sub": Code.sub,
    "mul": Code.mul,
    "div": Code.div,
    "neg": lambda code, x: code.mul(code.constant(-1.0), x),
    "max": lambda code, a, b: code.call("maximum", a, b),
    "min": lambda code, a, b: code.call("minimum", a, b),
    "abs": lambda code, x: code.call("fabs", x),
    "floor": lambda code, x: code.call("floor", x),
    "sqrt": lambda code, x: code.call("sqrt", x),
    "square": lambda code, x: code.mul(x, x),
    "exp": Code.exp,
    "log": Code.log,
    "sign": Code.sign,
    **{how: lambda code, a, b, how=how: code.compare(how, a, b) for how in ("eq", "ne", "lt", "le", "gt", "ge")},
    **{how: lambda code, a, b, how=how: code.binary(how, a, b) for how in ("and", "or", "xor")},
    "not": lambda code, x: code.binary("xor", x, code.constant(True)),
    "is_finite": lambda code, x: code.compare("lt", code.call("fabs", x), code.constant(math.inf)),
    "select_n": lambda code, condition, no, yes: code.select(condition, yes, no),
}
#: The same with what is told beside the numbers.
_TOLD: dict[str, Callable[..., Value]] = {
    "integer_pow": lambda code, x, y, **_: code.power(x, y),
    "round": lambda code, x, rounding_method, **_: code.call(_ROUNDED[int(rounding_method)], x),
    "convert_element_type": lambda code, x, new_dtype, **_: code.converted(x, _kind(code, new_dtype)),
}
_REDUCED = {"reduce_sum": "add", "reduce_max": "max", "reduce_min": "min", "reduce_and": "and", "reduce_or": "or"}
_WRAPPED = {"jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "custom_jvp_call": "call_jaxpr"}


def translate(code: Code, jaxpr: Any, arguments: Sequence[Values]) -> list[Values]:
    """Write a closed jaxpr out; returns its results.

    Raises:
        NotImplementedError: an operation that has no code here.
    """
    known = dict(zip(jaxpr.jaxpr.constvars, (lifted(code, array) for array in jaxpr.consts), strict=True))
    known |= dict(zip(jaxpr.jaxpr.invars, arguments, strict=True))

    def read(variable: Any) -> Values:
        return lifted(code, variable.val) if hasattr(variable, "val") else known[variable]

    for equation in jaxpr.jaxpr.eqns:
        results = _translated(code, equation.primitive.name, equation.params, [read(variable) for variable in equation.invars])
        known |= dict(zip(equation.outvars, results, strict=True))
    return [read(variable) for variable in jaxpr.jaxpr.outvars]


def each(code: Code, function: Callable[..., Value], *arrays: Values) -> Values:
    """The function of each element."""
    arrays = tuple(np.broadcast_arrays(*arrays))
    result = np.empty(arrays[0].shape, object)
    for place in np.ndindex(result.shape):
        code.part = place[0] if place else None
        result[place] = function(*(array[place] for array in arrays))
    code.part = None
    return result


def lifted(code: Code, array: Any) -> Values:
    """An array of constants."""
    array = np.asarray(array)
    result = np.empty(array.shape, object)
    for place in np.ndindex(array.shape):
        result[place] = code.constant(array[place].item())
    return result


def _kind(code: Code, dtype: Any) -> str:
    return {"f": code.precision.real, "b": "i1", "i": code.precision.whole}[np.dtype(dtype).kind]


def _translated(code: Code, name: str, told: dict[str, Any], given: list[Values]) -> list[Values]:
    if name in _EACH:
        return [each(code, lambda *values: _EACH[name](code, *values), *given)]
    if name in _TOLD:
        return [each(code, lambda *values: _TOLD[name](code, *values, **told), *given)]
    if name in _REDUCED:
        return [_reduced(code, _EACH[_REDUCED[name]], given[0], told["axes"])]
    if name in _WRAPPED:
        return translate(code, told[_WRAPPED[name]], given)
    if name == "cond":
        return _chosen(code, given[0].item(), told["branches"], given[1:])
    if name == "broadcast_in_dim":
        return [_broadcast(given[0], told["shape"], told["broadcast_dimensions"])]
    if name == "reshape":
        return [given[0].reshape(told["new_sizes"])]
    if name == "squeeze":
        return [np.squeeze(given[0], tuple(told["dimensions"]))]
    if name == "slice":
        steps = told["strides"] or (1,) * given[0].ndim
        return [given[0][tuple(map(slice, told["start_indices"], told["limit_indices"], steps))]]
    raise NotImplementedError(f"'{name}' has no code: write the step with other operations, or its code here")


def _broadcast(array: Values, shape: tuple[int, ...], dimensions: tuple[int, ...]) -> Values:
    sizes = [1] * len(shape)
    for size, dimension in zip(array.shape, dimensions, strict=True):
        sizes[dimension] = size
    return np.broadcast_to(array.reshape(sizes), shape)


def _reduced(code: Code, function: Callable[..., Value], array: Values, axes: tuple[int, ...]) -> Values:
    """One after the other along the axes."""
    moved = np.moveaxis(array, axes, range(len(axes))).reshape(-1, *(size for i, size in enumerate(array.shape) if i not in axes))
    result = moved[0, ...].copy()
    for i in range(1, len(moved)):
        code.part = i
        for place in np.ndindex(result.shape):
            result[place] = function(code, result[place], moved[i][place] if place else moved[i])
    code.part = None
    return result


def _chosen(code: Code, condition: Value, branches: Sequence[Any], given: list[Values]) -> list[Values]:
    """The results of one of two branches. A condition that all learners share is a jump."""
    condition = code.compare("ne", condition, code.constant(0)) if condition.kind != "i1" else condition
    if condition.wide:
        return _chosen_by_some(code, condition, branches, given)
    names = [code.name(prefix) for prefix in ("no", "yes", "after")]
    code.lines.append(f"br i1 {condition.text}, label %{names[1]}, label %{names[0]}")
    ends, results = [], []
    for name, branch in zip(names, branches, strict=False):
        code.begin(name)
        results.append([each(code, code.widened, array) for array in translate(code, branch, given)])
        ends.append(code.block)
        code.lines.append(f"br label %{names[2]}")
    code.begin(names[2])
    return [each(code, lambda no, yes: code.joined((no, ends[0]), (yes, ends[1])), *both) for both in zip(*results, strict=True)]


def _chosen_by_some(code: Code, condition: Value, branches: Sequence[Any], given: list[Values]) -> list[Values]:
    """All go through the first branch; where the condition holds for any learner, all go through the second too, and each has its own."""
    no = [each(code, code.widened, array) for array in translate(code, branches[0], given)]
    into, after, before = code.name("yes"), code.name("after"), code.block
    code.lines.append(f"br i1 {code.any(condition).text}, label %{into}, label %{after}")
    code.begin(into)
    chosen = zip(translate(code, branches[1], given), no, strict=True)
    yes = [each(code, lambda a, b: code.select(condition, a, b), *both) for both in chosen]
    end = code.block
    code.lines.append(f"br label %{after}")
    code.begin(after)
    return [each(code, lambda a, b: code.joined((a, before), (b, end)), *both) for both in zip(no, yes, strict=True)]
