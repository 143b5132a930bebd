"""Code of LLVM as text: arithmetic on numbers of many learners at once, and on numbers that all of them share."""

import math
import re
import struct
from typing import NamedTuple

import numpy as np

_REGISTER = 64  # bytes of the longest vector register. Where registers are shorter, LLVM takes several.
_ROOT2 = math.sqrt(2)


class Precision(NamedTuple):
    """How exact numbers are, and what follows from it."""

    real: str  # the type of numbers in LLVM, and
    whole: str  # of those for counting, which is as long
    dtype: type  # in NumPy
    bits: int  # of a fraction
    largest: float  # whose exponential is finite, and is not below the smallest normal number with a minus
    ln2: tuple[float, float]  # their sum to twice the precision
    exp: tuple[float, ...]  # the series of the exponential, up to 0.35, and
    log: tuple[float, ...]  # of log((1 + t) / (1 - t)) / t in t^2, up to 0.03: off by less than rounding is

    @property
    def size(self) -> int:
        """Bytes of a number."""
        return np.dtype(self.dtype).itemsize

    @property
    def lanes(self) -> int:
        """Learners at once."""
        return _REGISTER // self.size

    @property
    def bias(self) -> int:
        """Of the exponent."""
        return (1 << (8 * self.size - self.bits - 2)) - 1


def _series(exp: int, log: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return tuple(1 / math.factorial(n) for n in range(exp, -1, -1)), tuple(2 / n for n in range(log, 0, -2))


DOUBLE = Precision("double", "i64", np.float64, 52, 709.0, (0.6931471803691238, 1.9082149292705877e-10), *_series(13, 23))
SINGLE = Precision("float", "i32", np.float32, 23, 87.0, (0.693359375, -2.12194440e-4), *_series(7, 9))

_NAME = re.compile(r"%\w+")


class Value(NamedTuple):
    """A number, or one for each learner."""

    text: str  # a name, or a constant's
    kind: str  # double or float, i1 (truth), i64 or i32
    lanes: int = 1  # learners; 1: all share it
    number: float | None = None  # of a constant

    @property
    def type(self) -> str:
        """Its type in LLVM."""
        return f"<{self.lanes} x {self.kind}>" if self.wide else self.kind

    @property
    def wide(self) -> bool:
        """Whether there is one for each learner."""
        return self.lanes > 1

    @property
    def real(self) -> bool:
        """Whether it isn't one for counting, nor a truth."""
        return self.kind in (DOUBLE.real, SINGLE.real)


class Code:
    """Lines of code, one operation after the other. Operations on numbers that all share give such a number again."""

    def __init__(self, precision: Precision = DOUBLE) -> None:
        self.precision = precision
        self.lines: list[str] = []
        self.declared: set[str] = set()  # functions of LLVM that are called
        self.block = "loop"  # in which the next line stands
        self.part: int | None = None  # place along the first axis of the array whose element is computed next
        self._count = 0
        self._spread: dict[tuple[str, str], Value] = {}
        self._rank: dict[str, tuple[int, int]] = {}  # name -> where its line belongs

    def name(self, prefix: str = "v") -> str:
        """A name that isn't taken."""
        self._count += 1
        return f"{prefix}{self._count}"

    def constant(self, number: float | bool) -> Value:
        """A number that is known when the code is written."""
        if isinstance(number, bool):
            return Value("true" if number else "false", "i1", number=number)
        if isinstance(number, int):
            return Value(str(number), self.precision.whole, number=number)
        held = float(self.precision.dtype(number))
        return Value(f"0x{struct.unpack('<Q', struct.pack('<d', held))[0]:016X}", self.precision.real, number=number)

    def put(self, text: str, kind: str, lanes: int = 1) -> Value:
        """The result of one operation."""
        value = Value(f"%{self.name()}", kind, lanes)
        self.lines.append(f"{value.text} = {text}")
        self._rank[value.text] = self._ranked(text)
        return value

    def _ranked(self, text: str) -> tuple[int, int]:
        """After what it needs: a stage, and in it a part. In each stage come numbers without a part, and then one part after the other."""
        part = -1 if self.part is None else self.part
        needed = [self._rank[name] for name in _NAME.findall(text) if name in self._rank]
        return max((stage + (other > part) for stage, other in needed), default=0), part

    def arranged(self) -> list[str]:
        """The lines, sorted so that what is computed for one part of an array is used up before the next part: registers are few."""
        blocks: list[list[str]] = [[]]
        for line in self.lines:
            blocks[-1].append(line)
            if line.startswith("br ") or line.endswith(":"):
                blocks.append([])
        return [line for block in blocks for line in sorted(block, key=self._place)]

    def _place(self, line: str) -> tuple[int, int]:
        if line.endswith(":") or " = phi " in line:
            return -1, 0
        return self._rank.get(line.split(" ", 1)[0], (len(self.lines), 0))

    def begin(self, block: str) -> None:
        """A new block."""
        self.lines.append(f"{block}:")
        self.block = block

    def widened(self, value: Value) -> Value:
        """The same number for each learner."""
        if value.wide:
            return value
        lanes, kind = self.precision.lanes, value.kind
        if value.number is not None:
            return Value(f"<{', '.join([f'{kind} {value.text}'] * lanes)}>", kind, lanes, value.number)
        if (at := (value.text, self.block)) not in self._spread:
            wide, order = f"<{lanes} x {kind}>", f"<{lanes} x i32> zeroinitializer"
            part, self.part = self.part, None  # it serves all parts
            first = self.put(f"insertelement {wide} poison, {kind} {value.text}, i32 0", kind, lanes)
            self._spread[at] = self.put(f"shufflevector {wide} {first.text}, {wide} poison, {order}", kind, lanes)
            self.part = part
        return self._spread[at]

    def alike(self, *values: Value) -> list[Value]:
        """All for each learner, if one is."""
        return [self.widened(value) for value in values] if any(value.wide for value in values) else list(values)

    def binary(self, operation: str, a: Value, b: Value, kind: str = "") -> Value:
        """An operation of two numbers of one kind."""
        a, b = self.alike(a, b)
        return self.put(f"{operation} {a.type} {a.text}, {b.text}", kind or a.kind, a.lanes)

    def call(self, function: str, *values: Value) -> Value:
        """A function of LLVM's own."""
        values = tuple(self.alike(*values))
        kind, lanes = values[0].kind, values[0].lanes
        full = f"@llvm.{function}.{f'v{lanes}' if lanes > 1 else ''}f{8 * self.precision.size}"
        self.declared.add(f"declare {values[0].type} {full}({', '.join(value.type for value in values)})")
        return self.put(f"call {values[0].type} {full}({', '.join(f'{value.type} {value.text}' for value in values)})", kind, lanes)

    def add(self, a: Value, b: Value) -> Value:
        """``a + b``; as for ``mul``, what is known to change nothing is left out."""
        if 0 in (a.number, b.number):
            return b if a.number == 0 else a
        return self.binary("fadd contract" if a.real else "add", a, b)

    def sub(self, a: Value, b: Value) -> Value:
        """``a - b``."""
        return a if b.number == 0 else self.binary("fsub contract" if a.real else "sub", a, b)

    def mul(self, a: Value, b: Value) -> Value:
        """``a b``. A constant 0 makes it 0, whatever the other is: a number that has overflowed then shows in other places."""
        for one, other in ((a, b), (b, a)):
            if one.number == 0:
                return one
            if one.number == 1:
                return other
        return self.binary("fmul contract" if a.real else "mul", a, b)

    def div(self, a: Value, b: Value) -> Value:
        """``a / b``; several by the same ``b`` share its inverse."""
        return self.binary("fdiv contract arcp", a, b)

    def compare(self, how: str, a: Value, b: Value) -> Value:
        """``how``: eq, ne, lt, le, gt or ge; of truths the first two."""
        if a.real:
            return self.binary(f"fcmp {'une' if how == 'ne' else 'o' + how}", a, b, "i1")
        return self.binary(f"icmp {how if how in ('eq', 'ne') else 's' + how}", a, b, "i1")

    def unordered(self, x: Value) -> Value:
        """Whether it is not a number."""
        return self.binary("fcmp uno", x, x, "i1")

    def select(self, condition: Value, yes: Value, no: Value) -> Value:
        """``yes`` where the condition holds."""
        if condition.wide or yes.wide or no.wide:
            yes, no = self.widened(yes), self.widened(no)
        return self.put(f"select {condition.type} {condition.text}, {yes.type} {yes.text}, {no.type} {no.text}", yes.kind, yes.lanes)

    def any(self, condition: Value) -> Value:
        """Whether a condition holds for any learner."""
        function = f"@llvm.vector.reduce.or.v{condition.lanes}i1"
        self.declared.add(f"declare i1 {function}({condition.type})")
        return self.put(f"call i1 {function}({condition.type} {condition.text})", "i1")

    def joined(self, *ways: tuple[Value, str]) -> Value:
        """One of several numbers: that of the block from which the code has come."""
        first = ways[0][0]
        return self.put(f"phi {first.type} {', '.join(f'[ {value.text}, %{block} ]' for value, block in ways)}", first.kind, first.lanes)

    def converted(self, x: Value, kind: str) -> Value:
        """A truth as the number 0 or 1, and a whole number as any other."""
        if x.kind == kind:
            return x
        if (x.kind, kind) == (self.precision.whole, self.precision.real):
            return self.put(f"sitofp {x.type} {x.text} to {x._replace(kind=kind).type}", kind, x.lanes)
        if x.kind != "i1":
            raise NotImplementedError(f"'{x.kind}' as '{kind}' has no code")
        one, none = (1.0, 0.0) if kind == self.precision.real else (1, 0)
        return self.select(x, self.constant(one), self.constant(none))

    def power(self, x: Value, n: int) -> Value:
        """``x`` to a whole power."""
        result = x
        for _ in range(abs(n) - 1):
            result = self.mul(result, x)
        return result if n > 0 else self.div(self.constant(1.0), result)

    def sign(self, x: Value) -> Value:
        """-1, 0 or 1."""
        below = self.select(self.compare("lt", x, self.constant(0.0)), self.constant(-1.0), x)
        return self.select(self.compare("gt", x, self.constant(0.0)), self.constant(1.0), below)

    def exp(self, x: Value) -> Value:
        """The exponential, off by what rounding does; 0 below the smallest normal number."""
        held = self.call(
            "minnum", self.call("maxnum", x, self.constant(-self.precision.largest + 1)), self.constant(self.precision.largest)
        )
        twos = self.call("rint", self.mul(held, self.constant(1 / math.log(2))))
        rest = held
        for part in self.precision.ln2:
            rest = self.sub(rest, self.mul(twos, self.constant(part)))
        scale = self._scale(self.whole(twos))
        result = self.mul(self._polynomial(self.precision.exp, rest), scale)
        result = self.select(self.compare("lt", x, self.constant(-self.precision.largest + 1)), self.constant(0.0), result)
        result = self.select(self.compare("gt", x, self.constant(self.precision.largest)), self.constant(math.inf), result)
        return self.select(self.unordered(x), x, result)

    def log(self, x: Value) -> Value:
        """The natural logarithm, off by what rounding does; of normal numbers."""
        bits, bias, ln2 = self.precision.bits, self.precision.bias, self.precision.ln2
        held = self._cast(x, self.precision.whole)
        twos = self.sub(self.binary("lshr", held, self.constant(bits)), self.constant(bias))
        fraction = self.binary("or", self.binary("and", held, self.constant((1 << bits) - 1)), self.constant(bias << bits))
        part = self._cast(fraction, self.precision.real)
        large = self.compare("gt", part, self.constant(_ROOT2))
        part = self.select(large, self.mul(part, self.constant(0.5)), part)
        twos = self.add(self.converted(twos, self.precision.real), self.converted(large, self.precision.real))
        t = self.div(self.sub(part, self.constant(1.0)), self.add(part, self.constant(1.0)))
        result = self.mul(self._polynomial(self.precision.log, self.mul(t, t)), t)
        result = self.add(self.mul(twos, self.constant(ln2[0])), self.add(self.mul(twos, self.constant(ln2[1])), result))
        result = self.select(self.compare("eq", x, self.constant(0.0)), self.constant(-math.inf), result)
        result = self.select(self.compare("ge", x, self.constant(0.0)), result, self.constant(math.nan))
        return self.select(self.compare("eq", x, self.constant(math.inf)), x, result)

    def _polynomial(self, factors: tuple[float, ...], x: Value) -> Value:
        result = self.constant(factors[0])
        for factor in factors[1:]:
            result = self.add(self.mul(result, x), self.constant(factor))
        return result

    def whole(self, x: Value) -> Value:
        """A number, which is whole, as one for counting."""
        kind = self.precision.whole
        return self.put(f"fptosi {x.type} {x.text} to {x._replace(kind=kind).type}", kind, x.lanes)

    def _cast(self, x: Value, kind: str) -> Value:
        return self.put(f"bitcast {x.type} {x.text} to {x._replace(kind=kind).type}", kind, x.lanes)

    def _scale(self, twos: Value) -> Value:
        """2 to a whole power that is that of a normal number."""
        shifted = self.binary("shl", self.add(twos, self.constant(self.precision.bias)), self.constant(self.precision.bits))
        return self._cast(shifted, self.precision.real)
