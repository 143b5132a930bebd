"""A scan in which what doesn't depend on the state is computed beforehand, for many steps in one go.

Random numbers are most of the work of a simulated trial, and don't have to wait for the trial before; within a scan each operation costs
more than its arithmetic. So a step is taken apart, operation by operation: what follows from the step's own input alone is computed for a
stretch of steps at once, and handed on to what is left of the step.
"""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, jaxpr_as_fun

STRETCH = 100  # steps
_WIDER = ("broadcast_in_dim", "dot_general", "cond")  # operations that can make much of little: they wait for their step


class _Operation(NamedTuple):
    """One operation, and what it is part of."""

    whole: Jaxpr
    one: JaxprEqn


class _Ahead:
    """What follows from the step's input alone; it is computed beforehand, and has its value only there."""

    def __init__(self, value: Any = None) -> None:
        self.value = value
        self.handed: Any = None  # what the rest of the step has of it, once it asked


class _Late:
    """What depends on the state; it has its value only within the step."""

    def __init__(self, value: Any = None) -> None:
        self.value = value


def scan(step: Callable[[Any, Any], tuple[Any, Any]], start: Any, inputs: Any) -> Any:
    """The outputs of ``jax.lax.scan``, with the axes (stretch, step of it); the last stretch is filled up by repeating the last input."""
    count = jax.tree.leaves(inputs)[0].shape[0]
    stretch = min(STRETCH, count)
    places = np.minimum(np.arange(-(-count // stretch) * stretch), count - 1).reshape(-1, stretch)
    taken, shape = jax.make_jaxpr(step, return_shape=True)(start, jax.tree.map(lambda x: x[0], inputs))
    states, givens = len(jax.tree.leaves(start)), len(jax.tree.leaves(inputs))

    def beforehand(given: Any) -> list[Any]:
        keeping = _Beforehand()
        _taken_apart(taken, [_Late()] * states + [_Ahead(x) for x in jax.tree.leaves(given)], keeping)
        return keeping.kept

    def later(state: Any, handed: list[Any]) -> tuple[Any, Any]:
        known = [_Late(x) for x in jax.tree.leaves(state)]
        flat = _taken_apart(taken, [*known, *(_Ahead() for _ in range(givens))], _Within(handed))
        return jax.tree.unflatten(jax.tree.structure(shape), flat)

    def kept(carried: tuple[Any, Any, Any], handed: list[Any]) -> tuple[tuple[Any, Any, Any], None]:
        state, at, outputs = carried
        state, output = later(state, handed)
        put = partial(jax.lax.dynamic_update_index_in_dim, index=at, axis=0)
        return (state, at + 1, jax.tree.map(put, outputs, output)), None

    def together(carried: tuple[Any, Any, Any], given: Any) -> tuple[tuple[Any, Any, Any], None]:
        return jax.lax.scan(kept, carried, jax.vmap(beforehand)(given))

    # Steps write where their output is to be: outputs of a scan within a scan would be copied for each stretch.
    blank = jax.tree.map(lambda x: jnp.zeros((places.size, *x.shape), x.dtype), shape[1])
    first = (start, jnp.zeros((), int), blank)
    outputs = jax.lax.scan(together, first, jax.tree.map(lambda x: jnp.asarray(x)[places], inputs))[0][2]
    return jax.tree.map(lambda x: x.reshape(*places.shape, *x.shape[1:]), outputs)


class _Beforehand:
    """The first pass: what needs no state is computed, and what the rest of the step asks for is kept."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.done: dict[Any, Any] = {}

    def ahead(self, operation: _Operation, parts: Sequence[Any]) -> list[Any]:
        return [_Ahead(x) for x in _computed(operation, parts)]

    def late(self, operation: _Operation, _: Sequence[Any]) -> list[Any]:
        return [_Late() for _ in operation.one.outvars]

    def hand(self, part: _Ahead) -> _Late:
        self.kept.append(part.value)
        return _Late()


class _Within:
    """The second: the rest is computed, with what was kept in the order in which it was asked for."""

    def __init__(self, kept: Sequence[Any]) -> None:
        self._kept = iter(kept)
        self.done: dict[Any, Any] = {}

    def ahead(self, operation: _Operation, _: Sequence[Any]) -> list[Any]:
        return [_Ahead() for _ in operation.one.outvars]

    def late(self, operation: _Operation, parts: Sequence[Any]) -> list[Any]:
        return [_Late(x) for x in _computed(operation, parts)]

    def hand(self, part: _Ahead) -> _Late:
        return _Late(next(self._kept))


def _computed(operation: _Operation, parts: Sequence[Any]) -> list[Any]:
    whole, one = operation
    names = zip(one.invars, parts, strict=True)
    values = {name: part.value if isinstance(part, _Ahead | _Late) else part for name, part in names if not isinstance(name, Literal)}
    alone = whole.replace(constvars=(), invars=list(values), outvars=one.outvars, eqns=[one], effects=one.effects)
    return jaxpr_as_fun(ClosedJaxpr(alone, ()))(*values.values())


def _makes_much(one: JaxprEqn) -> bool:
    size = lambda names: sum(name.aval.size for name in names)  # noqa: E731
    return one.primitive.name in _WIDER and size(one.outvars) > size(one.invars)


def _late(part: Any, doing: _Beforehand | _Within) -> Any:
    """The part as an operation within the step takes it."""
    if not isinstance(part, _Ahead):
        return part
    if part.handed is None:
        part.handed = doing.hand(part)
    return part.handed


def _taken_apart(closed: ClosedJaxpr, inputs: Sequence[Any], doing: _Beforehand | _Within) -> list[Any]:
    """The step's results, in one of the two passes."""
    return [part.value if isinstance(part, _Late) else part for part in (_late(x, doing) for x in _walk(closed, inputs, doing))]


def _walk(closed: ClosedJaxpr, inputs: Sequence[Any], doing: _Beforehand | _Within) -> list[Any]:
    """Take operations one by one, each once. Both passes decide alike which are ahead; what depends on neither is a constant of both."""
    values = dict(zip([*closed.jaxpr.constvars, *closed.jaxpr.invars], [*closed.consts, *inputs], strict=True))
    for one in closed.jaxpr.eqns:
        operation, parts = _Operation(closed.jaxpr, one), [_of(values, name) for name in one.invars]
        late, ahead = (any(isinstance(part, kind) for part in parts) for kind in (_Late, _Ahead))
        if late and one.primitive.name in ("jit", "pjit"):
            found = _walk(one.params["jaxpr"], parts, doing)
        else:
            same = _told_apart_by(one, parts)
            if same not in doing.done:
                doing.done[same] = parts, _taken(operation, parts, late, ahead, doing)  # parts are kept, for they are told by their ids
            found = doing.done[same][1]
        values |= zip(one.outvars, found, strict=True)
    return [_of(values, name) for name in closed.jaxpr.outvars]


def _taken(operation: _Operation, parts: Sequence[Any], late: bool, ahead: bool, doing: _Beforehand | _Within) -> list[Any]:
    if not late and not ahead:
        return _computed(operation, parts)
    if not late and not _makes_much(operation.one):
        return doing.ahead(operation, parts)
    return doing.late(operation, [_late(part, doing) for part in parts])


def _told_apart_by(one: JaxprEqn, parts: Sequence[Any]) -> Any:
    """The same for operations that do the same with the same: a step asks for some things more than once, such as a target's features."""
    told = (part.tobytes() + str((part.dtype, part.shape)).encode() if isinstance(part, np.ndarray) else id(part) for part in parts)
    return one.primitive, tuple(told), tuple((name, _hashable(value)) for name, value in sorted(one.params.items()))


def _hashable(value: Any) -> Any:
    return value if isinstance(value, Hashable) else id(value)


def _of(values: dict[Any, Any], name: Any) -> Any:
    return np.asarray(name.val) if isinstance(name, Literal) else values[name]
