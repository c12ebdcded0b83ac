"""Chains of elementwise operators, run by a small machine whose registers stay in the cache.

A register holds 2048 values. Inputs are loaded into registers block by block, one vectorised loop
per operator works on registers, and the last one is stored: memory is read and written once for
the whole chain. The machine is compiled once; a chain is a table of instructions, so that no new
chain waits for a compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils

from dlstudio.core.avals import Aval
from dlstudio.kernels import chain_codes as codes
from dlstudio.kernels.functions import exp, sigmoid, tanh
from dlstudio.kernels.jit import compiled, declared, helper, intrinsic
from dlstudio.kernels.scratch import Scratch
from dlstudio.kernels.threads import budget, parallel_for

__all__ = ["BUILDERS", "KERNELS"]

Array = Any
f4 = np.float32
FLOAT32 = np.dtype(np.float32)
BLOCK = 2048  # values of a register: 8 KiB
GRAIN = 100_000  # operations that are worth one more thread
_NONE = np.zeros(1, np.float32)

_IDENTITY, _NEGATIVE, _ABS, _SQUARE, _SQRT = (
    codes.UNARY[n] for n in ("identity", "negative", "abs", "square", "sqrt")
)
_RECIPROCAL, _EXP, _TANH, _SIGMOID, _RELU = (
    codes.UNARY[n] for n in ("reciprocal", "exp", "tanh", "sigmoid", "relu")
)
_ADD, _SUBTRACT, _MULTIPLY, _DIVIDE, _MAXIMUM, _MINIMUM = (
    codes.BINARY[n] for n in ("add", "subtract", "multiply", "divide", "maximum", "minimum")
)
_RELU_GRAD, _SIGMOID_GRAD, _TANH_GRAD = (
    codes.BINARY[n] for n in ("relu_grad", "sigmoid_grad", "tanh_grad")
)
_ADD_N, _SUBTRACT_N, _MULTIPLY_N, _DIVIDE_N, _MAXIMUM_N, _MINIMUM_N, _FROM_N, _UNDER_N = (
    codes.NUMBER[n]
    for n in ("add", "subtract", "multiply", "divide", "maximum", "minimum", "from", "under")
)
_LOAD, _SPREAD = codes.LOAD, codes.SPREAD
_LAST_UNARY, _LAST_BINARY = max(codes.UNARY.values()), max(codes.BINARY.values())


# ---- the machine -------------------------------------------------------------------------------
# Results go through a block of their own: LLVM does not vectorise a loop whose input might overlap
# its output.


@intrinsic
def _move(context, target, source, count):
    """Copy `count` values between arrays that do not overlap."""

    def generate(context, builder, signature, arguments):
        to, of = (
            context.make_array(kind)(context, builder, value).data
            for kind, value in zip(signature.args[:2], arguments[:2], strict=True)
        )
        cgutils.raw_memcpy(builder, to, of, arguments[2], 4)
        return context.get_dummy_value()

    return types.void(target, source, types.int64), generate


@helper
def _unary(code, x, y):  # noqa: C901, PLR0912  one loop per instruction
    if code == _NEGATIVE:
        for i in range(y.size):
            y[i] = -x[i]
    elif code == _ABS:
        for i in range(y.size):
            y[i] = abs(x[i])
    elif code == _SQUARE:
        for i in range(y.size):
            y[i] = x[i] * x[i]
    elif code == _SQRT:
        for i in range(y.size):
            y[i] = np.sqrt(x[i])
    elif code == _RECIPROCAL:
        for i in range(y.size):
            y[i] = f4(1) / x[i]
    elif code == _EXP:
        for i in range(y.size):
            y[i] = exp(x[i])
    elif code == _TANH:
        for i in range(y.size):
            y[i] = tanh(x[i])
    elif code == _SIGMOID:
        for i in range(y.size):
            y[i] = sigmoid(x[i])
    elif code == _RELU:
        for i in range(y.size):
            y[i] = f4(0) if x[i] <= f4(0) else x[i]
    else:
        for i in range(y.size):
            y[i] = x[i]


@helper
def _binary(code, a, b, y):  # noqa: C901, PLR0912  one loop per instruction
    if code == _ADD:
        for i in range(y.size):
            y[i] = a[i] + b[i]
    elif code == _SUBTRACT:
        for i in range(y.size):
            y[i] = a[i] - b[i]
    elif code == _MULTIPLY:
        for i in range(y.size):
            y[i] = a[i] * b[i]
    elif code == _DIVIDE:
        for i in range(y.size):
            y[i] = a[i] / b[i]
    elif code == _MAXIMUM:  # a NaN on either side stays
        for i in range(y.size):
            y[i] = a[i] if a[i] >= b[i] or a[i] != a[i] else b[i]
    elif code == _MINIMUM:
        for i in range(y.size):
            y[i] = a[i] if a[i] <= b[i] or a[i] != a[i] else b[i]
    elif code == _RELU_GRAD:
        for i in range(y.size):
            y[i] = a[i] if b[i] > f4(0) else f4(0)
    elif code == _SIGMOID_GRAD:
        for i in range(y.size):
            y[i] = a[i] * (b[i] * (f4(1) - b[i]))
    else:
        for i in range(y.size):
            y[i] = a[i] * (f4(1) - b[i] * b[i])


@helper
def _with_number(code, x, c, y):  # noqa: C901, PLR0912  one loop per instruction
    if code == _ADD_N:
        for i in range(y.size):
            y[i] = x[i] + c
    elif code == _SUBTRACT_N:
        for i in range(y.size):
            y[i] = x[i] - c
    elif code == _MULTIPLY_N:
        for i in range(y.size):
            y[i] = x[i] * c
    elif code == _DIVIDE_N:
        for i in range(y.size):
            y[i] = x[i] / c
    elif code == _MAXIMUM_N:
        for i in range(y.size):
            y[i] = c if x[i] < c else x[i]
    elif code == _MINIMUM_N:
        for i in range(y.size):
            y[i] = c if x[i] > c else x[i]
    elif code == _FROM_N:
        for i in range(y.size):
            y[i] = c - x[i]
    else:
        for i in range(y.size):
            y[i] = c / x[i]


@helper
def _load(source, start, one, y):
    if one:
        for i in range(y.size):
            y[i] = source[0]
    else:
        _move(y, source[start : start + y.size], y.size)


@helper
def _input(number, x0, x1, x2, x3, x4, x5, x6, x7, start, one, y):
    if number == 0:
        _load(x0, start, one, y)
    elif number == 1:
        _load(x1, start, one, y)
    elif number == 2:
        _load(x2, start, one, y)
    elif number == 3:
        _load(x3, start, one, y)
    elif number == 4:
        _load(x4, start, one, y)
    elif number == 5:
        _load(x5, start, one, y)
    elif number == 6:
        _load(x6, start, one, y)
    else:
        _load(x7, start, one, y)


_FLAT = ("float32[::1]",) * (codes.INPUTS + 1)


@compiled(
    "int64[:,::1]", "float32[::1]", "float32[:,:,::1]", *_FLAT, "int64", "int64", "int64"
)  # fmt: skip
def run_chain(
    program, numbers, scratch, out, x0, x1, x2, x3, x4, x5, x6, x7, lo, hi, worker
):  # fmt: skip
    """Elements lo ... hi; rows of `program` are (code, operand, operand, target)."""
    registers = scratch[worker]
    block = np.empty(BLOCK, np.float32)
    for start in range(lo, hi, BLOCK):
        n = min(BLOCK, hi - start)
        y = block[:n]
        for k in range(program.shape[0]):
            code, a, b = program[k, 0], program[k, 1], program[k, 2]
            target = registers[program[k, 3]][:n]
            if code <= _SPREAD:
                _input(a, x0, x1, x2, x3, x4, x5, x6, x7, start, code == _SPREAD, target)
                continue
            if code <= _LAST_UNARY:
                _unary(code, registers[a][:n], y)
            elif code <= _LAST_BINARY:
                _binary(code, registers[a][:n], registers[b][:n], y)
            else:
                _with_number(code, registers[a][:n], numbers[k], y)
            if k + 1 < program.shape[0]:
                _move(target, y, n)
        _move(out[start : start + n], y, n)


KERNELS = declared(__name__)


# ---- programs ----------------------------------------------------------------------------------
class _Program:
    """Instructions so far, and which register holds which value."""

    def __init__(self, ins: Sequence[Aval], size: int, steps: Sequence[Any]) -> None:
        self.single = [a.size == 1 and size > 1 for a in ins]
        self.rows: list[tuple[int, int, int, int]] = []
        self.numbers: list[float] = []
        self.where: dict[int, int] = {}
        self.free = list(range(codes.REGISTERS))[::-1]
        self.last = {i: k for k, (_, operands, _) in enumerate(steps) for i in operands}

    def add(self, code: int, a: int, b: int, value: int, number: float = 0.0) -> bool:
        """Append an instruction that makes a value; False when registers run out."""
        if not self.free:
            return False
        self.where[value] = self.free.pop()
        self.rows.append((code, a, b, self.where[value]))
        self.numbers.append(number)
        return True

    def step(self, k: int, value: int, step: Any) -> bool:
        """Append one operator, with the loads of inputs that it is the first to read."""
        name, operands, attrs = step
        found = codes.instruction(name, dict(attrs))
        if found is None:
            return False
        for i in operands:
            if i not in self.where and not self.add(
                codes.SPREAD if self.single[i] else codes.LOAD, i, 0, i
            ):
                return False
        a, b = (self.where[operands[0]], self.where[operands[-1]])
        # loops run in place, so that a dead operand's register may take the result
        self.free += {self.where[i] for i in operands if self.last[i] == k}
        return self.add(found[0], a, b, value, found[1])


def _build(
    ins: Sequence[Aval], outs: Sequence[Aval], attrs: dict[str, Any]
) -> Callable[..., None] | None:
    out = outs[0]
    alike = all(a.shape == out.shape or a.size == 1 for a in ins)
    if not alike or not out.size or len(ins) > codes.INPUTS:
        return None
    if any(a.dtype != FLOAT32 for a in (*ins, out)):
        return None
    steps = attrs["steps"]
    work = _Program(ins, out.size, steps)
    if not all(work.step(k, len(ins) + k, step) for k, step in enumerate(steps)):
        return None
    return _runner(work, out.size, codes.INPUTS - len(ins))


def _runner(work: _Program, size: int, missing: int) -> Callable[..., None]:
    run, rest = run_chain.load(), (_NONE,) * missing
    program, numbers = np.array(work.rows, np.int64), np.array(work.numbers, np.float32)
    used = 1 + max(row[3] for row in work.rows)
    scratch = Scratch(common={"registers": (budget(), used, BLOCK)})
    cost = size * len(work.rows)

    def chain(out: Array, *arrays: Array) -> None:
        lent = scratch.borrow()
        flat = [a.reshape(-1) for a in arrays]
        arguments = (program, numbers, lent.registers, out.reshape(-1), *flat, *rest)
        parallel_for(
            run, size, arguments, work=cost, grain=GRAIN, workers=len(lent.registers)
        )  # fmt: skip
        scratch.give_back(lent)

    return chain


BUILDERS = {"fused_pointwise": _build}
