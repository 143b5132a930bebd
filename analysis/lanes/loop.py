"""A step over trials, compiled as one loop for so many learners as go into a register, and run for as many as there are on all cores."""

import ctypes
import hashlib
import math
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import llvmlite.binding as llvm
import numpy as np
from jaxtyping import Float

from analysis.compiled import side_by_side
from analysis.lanes.code import DOUBLE, Code, Precision, Value
from analysis.lanes.translate import Values, translate

Step = Callable[[Any, Any, Any], tuple[Any, Any]]  # (what holds for all trials, state, trial) -> state after it, what is told of it

_POINTERS = ", ".join(f"ptr noalias %{name}" for name in ("holds", "state", "trials", "told"))
_LEVEL = 2  # of LLVM's optimisation; more gains nothing


class Loop:
    """The compiled loop.

    What holds, state and trial are trees of arrays; what is told, a tree of numbers. Here, each is so many numbers in their order.
    """

    def __init__(self, step: Step, holds: Any, state: Any, trial: Any, precision: Precision = DOUBLE) -> None:
        """``holds``, ``state`` and ``trial``: examples, for their shapes.

        Raises:
            NotImplementedError: the step does something that has no code (``analysis.lanes.translate``).
        """
        self.precision = precision
        text, self.told = _written(Code(precision), step, holds, state, trial)
        self._engine = _built(text)  # kept, since the function is gone with it
        signature = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_int64)
        self._function = signature(self._engine.get_function_address("walk"))

    def __call__(
        self,
        holds: Float[np.ndarray, "number learner"],
        state: Float[np.ndarray, "number learner"],
        trials: Float[np.ndarray, "trial number"],
    ) -> Float[np.ndarray, "trial told learner"]:
        """What is told of each trial."""
        count, lanes, dtype = holds.shape[1], self.precision.lanes, self.precision.dtype
        trials = np.ascontiguousarray(trials, dtype)
        grouped, begun = (_in_groups(array, lanes, dtype) for array in (holds, state))
        told = _aligned((len(begun), len(trials), self.told, lanes), dtype)

        def run(group: int) -> None:
            self._function(*(array.ctypes.data for array in (grouped[group], begun[group], trials, told[group])), len(trials))

        side_by_side(run, range(len(told)))
        return np.moveaxis(told, 0, 2).reshape(len(trials), self.told, len(told) * lanes)[:, :, :count]


def _in_groups(array: Float[np.ndarray, "number learner"], lanes: int, dtype: type) -> Float[np.ndarray, "group number lane"]:
    """A copy in which those who go together lie together; the last fill the last group."""
    filled = np.minimum(np.arange(array.shape[1] + -array.shape[1] % lanes), array.shape[1] - 1)
    result = _aligned((len(filled) // lanes, len(array), lanes), dtype)
    result[:] = array[:, filled].reshape(len(array), -1, lanes).transpose(1, 0, 2)
    return result


def _aligned(shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """An array whose rows each lie in one line of the cache, as long as one row is."""
    size = np.dtype(dtype).itemsize
    line, memory = shape[-1] * size, np.empty(math.prod(shape) + shape[-1], dtype)
    return memory[-memory.ctypes.data % line // size :][: math.prod(shape)].reshape(shape)


def numbers(tree: Any, axes: int, xp: Any = jnp) -> Any:
    """A tree's numbers in their order, along the last axis of an array; the tree's arrays have the first so many ``axes`` in common.
    ``xp`` is NumPy or ``jax.numpy``."""
    return xp.concatenate([xp.asarray(leaf, float).reshape(*leaf.shape[:axes], -1) for leaf in jax.tree.leaves(tree)], axis=-1)


def _written(code: Code, step: Step, holds: Any, state: Any, trial: Any) -> tuple[str, int]:
    """The code of the loop, and how many numbers are told of a trial."""
    lanes = code.precision.lanes
    jaxpr = jax.make_jaxpr(step)(holds, state, trial)
    before = _loaded(code, "holds", holds, lambda i: f"add i64 0, {lanes * i}", wide=True)
    head, code.lines = code.lines, []
    before += _loaded(code, "state", state, lambda i: f"add i64 0, {lanes * i}", wide=True)
    row = code.put(f"mul i64 %trial, {_count(trial)}", "i64")
    before += _loaded(code, "trials", trial, lambda i: f"add i64 {row.text}, {i}", wide=False)
    results = [code.widened(value) for array in translate(code, jaxpr, before) for value in array.flat]
    kept = _count(state)
    told = len(results) - kept
    first = code.put(f"mul i64 %trial, {lanes * told}", "i64")
    for i, value in enumerate(results):
        into, place = ("state", f"add i64 0, {lanes * i}") if i < kept else ("told", f"add i64 {first.text}, {lanes * (i - kept)}")
        _store(code, into, code.put(place, "i64"), code.converted(value, code.precision.real))
    text = "\n  ".join
    return (
        f"""define void @walk({_POINTERS}, i64 %count) #0 {{
before:
  {text(head)}
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %loop, label %end
loop:
  %trial = phi i64 [ 0, %before ], [ %next, %{code.block} ]
  {text(code.arranged())}
  %next = add i64 %trial, 1
  %more = icmp slt i64 %next, %count
  br i1 %more, label %loop, label %end
end:
  ret void
}}
attributes #0 = {{ "prefer-vector-width"="512" }}
"""
        + "\n".join(sorted(code.declared)),
        told,
    )


def _loaded(code: Code, source: str, tree: Any, place: Callable[[int], str], wide: bool) -> list[Values]:
    """The numbers of a tree, out of memory."""
    arrays, count = [], 0
    for leaf in jax.tree.leaves(tree):
        values = np.empty(leaf.shape, object)
        for at in np.ndindex(leaf.shape):
            values[at] = _of_kind(code, _load(code, source, place(count), wide), leaf.dtype.kind)
            count += 1
        arrays.append(values)
    return arrays


def _of_kind(code: Code, number: Value, kind: str) -> Value:
    return code.compare("ne", number, code.constant(0.0)) if kind == "b" else number if kind == "f" else code.whole(number)


def _count(tree: Any) -> int:
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(tree))


def _load(code: Code, source: str, place: str, wide: bool) -> Value:
    real, size, lanes = code.precision.real, code.precision.size, code.precision.lanes if wide else 1
    where = code.put(place, "i64")
    address = code.put(f"getelementptr {real}, ptr %{source}, i64 {where.text}", "ptr")
    return code.put(f"load {Value('', real, lanes).type}, ptr {address.text}, align {size * lanes}", real, lanes)


def _store(code: Code, into: str, where: Value, value: Value) -> None:
    address = code.put(f"getelementptr {value.kind}, ptr %{into}, i64 {where.text}", "ptr")
    code.lines.append(f"store {value.type} {value.text}, ptr {address.text}, align {code.precision.size * value.lanes}")


def _built(text: str) -> Any:
    """Compiled for this machine's processor, and loaded."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    make = partial(target.create_target_machine, cpu=cpu, features=features, opt=_LEVEL, jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), make())
    whole = "\n".join([text, target.triple, cpu, features, str(llvm.llvm_version_info)])
    engine.add_object_file(llvm.ObjectFileRef.from_data(_kept(whole, lambda: _machine_code(text, make()))))
    engine.finalize_object()
    return engine


def _machine_code(text: str, machine: Any) -> bytes:
    module = llvm.parse_assembly(text)
    module.verify()
    tuning = llvm.create_pipeline_tuning_options(speed_level=_LEVEL)
    tuning.loop_vectorization = tuning.slp_vectorization = False  # it is written in vectors
    passes = llvm.create_pass_builder(machine, tuning)
    passes.getModulePassManager().run(module, passes)
    return machine.emit_object(module)


def _kept(source: str, compiled: Callable[[], bytes]) -> bytes:
    """What was compiled of the source before, where JAX keeps what it compiles; else it is compiled now, and kept there."""
    folder = jax.config.values["jax_compilation_cache_dir"]
    if not folder:
        return compiled()
    file = Path(folder) / f"lanes-{hashlib.sha256(source.encode()).hexdigest()}"
    if file.exists():
        return file.read_bytes()
    code = compiled()
    with suppress(OSError):  # it can be compiled again
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        fresh.write_bytes(code)
        fresh.replace(file)
    return code
