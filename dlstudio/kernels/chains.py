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
from llvmlite import ir
from numba import types
from numba.core import cgutils

from dlstudio.core.avals import Aval
from dlstudio.kernels import chain_codes as codes
from dlstudio.kernels.functions import curved
from dlstudio.kernels.jit import compiled, declared, helper, intrinsic
from dlstudio.kernels.scratch import Scratch
from dlstudio.kernels.threads import budget, parallel_for
from dlstudio.kernels.vector_ir import (
    LANES,
    VECTOR,
    VectorLoop,
    call_vector,
    load_vector,
    pointer,
    splat,
    store_vector,
)

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
_RECIPROCAL, _EXP, _ERF, _RELU = (codes.UNARY[n] for n in ("reciprocal", "exp", "erf", "relu"))
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


# ---- the machine -------------------------------------------------------------------------------
# Registers are whole vectors long, so that loops over them have no remainder.


def _loop(emit: Callable[..., Any]) -> Any:
    """Build ``y[i] = emit(a[i], b[i], number)`` over vectors; numba would not vectorise it."""

    @intrinsic
    def loop(context, y, a, b, number, count):
        def generate(context, builder, signature, arguments):
            y, a, b, number, count = arguments
            constant = splat(builder, number)
            body = VectorLoop(builder, 0, 0)
            operands = (load_vector(builder, builder.gep(x, [body.index])) for x in (a, b))
            store_vector(builder, emit(builder, *operands, constant), builder.gep(y, [body.index]))
            body.close([], count, LANES)
            return context.get_dummy_value()

        return types.void(y, a, b, types.float32, types.int64), generate

    return loop


def _constant(value: float) -> Any:
    return ir.Constant(VECTOR, [value] * LANES)


def _call(name: str) -> Callable[..., Any]:
    return lambda builder, a, *_: call_vector(builder, name, a)


def _picks(order: str) -> Callable[..., Any]:
    """The larger or smaller of two; a NaN on either side stays."""

    def emit(builder: Any, a: Any, b: Any, _: Any) -> Any:
        wins = builder.or_(
            builder.fcmp_ordered(order, a, b), builder.fcmp_unordered("uno", a, a)
        )  # fmt: skip
        return builder.select(wins, a, b)

    return emit


def _relu_grad(builder: Any, a: Any, b: Any, _: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", b, _constant(0.0)), a, _constant(0.0))


def _sigmoid_grad(builder: Any, a: Any, b: Any, _: Any) -> Any:
    return builder.fmul(a, builder.fmul(b, builder.fsub(_constant(1.0), b)))


def _tanh_grad(builder: Any, a: Any, b: Any, _: Any) -> Any:
    return builder.fmul(a, builder.fsub(_constant(1.0), builder.fmul(b, b)))


def _relu(builder: Any, a: Any, *_: Any) -> Any:
    zero = _constant(0.0)
    return builder.select(builder.fcmp_ordered("<=", a, zero), zero, a)


_copy = _loop(lambda builder, a, b, c: a)
_fill = _loop(lambda builder, a, b, c: c)
_negative = _loop(lambda builder, a, b, c: builder.fneg(a))
_abs, _sqrt = _loop(_call("fabs")), _loop(_call("sqrt"))
_square = _loop(lambda builder, a, b, c: builder.fmul(a, a))
_reciprocal = _loop(lambda builder, a, b, c: builder.fdiv(_constant(1.0), a))
_rectify = _loop(_relu)
_add = _loop(lambda builder, a, b, c: builder.fadd(a, b))
_subtract = _loop(lambda builder, a, b, c: builder.fsub(a, b))
_multiply = _loop(lambda builder, a, b, c: builder.fmul(a, b))
_divide = _loop(lambda builder, a, b, c: builder.fdiv(a, b))
_maximum, _minimum = _loop(_picks(">=")), _loop(_picks("<="))
_slope_relu, _slope_sigmoid, _slope_tanh = (
    _loop(f) for f in (_relu_grad, _sigmoid_grad, _tanh_grad)
)
_add_n = _loop(lambda builder, a, b, c: builder.fadd(a, c))
_subtract_n = _loop(lambda builder, a, b, c: builder.fsub(a, c))
_multiply_n = _loop(lambda builder, a, b, c: builder.fmul(a, c))
_divide_n = _loop(lambda builder, a, b, c: builder.fdiv(a, c))
_maximum_n = _loop(lambda builder, a, b, c: _picks(">=")(builder, a, c, c))
_minimum_n = _loop(lambda builder, a, b, c: _picks("<=")(builder, a, c, c))
_from_n = _loop(lambda builder, a, b, c: builder.fsub(c, a))
_under_n = _loop(lambda builder, a, b, c: builder.fdiv(c, a))


@intrinsic
def _copy_few(context, target, source, count):
    """Copy `count` values between places that do not overlap, as the C library does."""

    def generate(context, builder, signature, arguments):
        cgutils.raw_memcpy(builder, arguments[0], arguments[1], arguments[2], 4)
        return context.get_dummy_value()

    return types.void(target, source, types.int64), generate


@helper
def _move(y, x, n):
    """Copy n values; whole vectors one by one, as the C library is slow on some processors."""
    if n % LANES == 0:
        _copy(y, x, x, f4(0), n)
    else:
        _copy_few(y, x, n)


@helper
def _cheap(code, y, a, b, c, n):  # noqa: C901, PLR0912  one loop per instruction
    """Instructions that are one or two machine instructions a vector."""
    if code == _NEGATIVE:
        _negative(y, a, b, c, n)
    elif code == _ABS:
        _abs(y, a, b, c, n)
    elif code == _SQUARE:
        _square(y, a, b, c, n)
    elif code == _SQRT:
        _sqrt(y, a, b, c, n)
    elif code == _RECIPROCAL:
        _reciprocal(y, a, b, c, n)
    elif code == _RELU:
        _rectify(y, a, b, c, n)
    elif code == _ADD:
        _add(y, a, b, c, n)
    elif code == _SUBTRACT:
        _subtract(y, a, b, c, n)
    elif code == _MULTIPLY:
        _multiply(y, a, b, c, n)
    elif code == _DIVIDE:
        _divide(y, a, b, c, n)
    elif code == _MAXIMUM:
        _maximum(y, a, b, c, n)
    elif code == _MINIMUM:
        _minimum(y, a, b, c, n)
    elif code == _RELU_GRAD:
        _slope_relu(y, a, b, c, n)
    elif code == _SIGMOID_GRAD:
        _slope_sigmoid(y, a, b, c, n)
    elif code == _TANH_GRAD:
        _slope_tanh(y, a, b, c, n)
    elif code == _ADD_N:
        _add_n(y, a, b, c, n)
    elif code == _SUBTRACT_N:
        _subtract_n(y, a, b, c, n)
    elif code == _MULTIPLY_N:
        _multiply_n(y, a, b, c, n)
    elif code == _DIVIDE_N:
        _divide_n(y, a, b, c, n)
    elif code == _MAXIMUM_N:
        _maximum_n(y, a, b, c, n)
    elif code == _MINIMUM_N:
        _minimum_n(y, a, b, c, n)
    elif code == _FROM_N:
        _from_n(y, a, b, c, n)
    elif code == _UNDER_N:
        _under_n(y, a, b, c, n)
    else:
        _move(y, a, n)


@helper
def _input(number, x0, x1, x2, x3, x4, x5, x6, x7, start):  # noqa: PLR0911  one per input
    """Address of an input's element `start`."""
    if number == 0:
        return pointer(x0, start)
    if number == 1:
        return pointer(x1, start)
    if number == 2:
        return pointer(x2, start)
    if number == 3:
        return pointer(x3, start)
    if number == 4:
        return pointer(x4, start)
    if number == 5:
        return pointer(x5, start)
    if number == 6:
        return pointer(x6, start)
    return pointer(x7, start)


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
    last = program[program.shape[0] - 1, 3]
    for start in range(lo, hi, BLOCK):
        n = min(BLOCK, hi - start)
        for k in range(program.shape[0]):
            code, a, b = program[k, 0], program[k, 1], program[k, 2]
            y = pointer(registers, program[k, 3] * BLOCK)
            if code == _LOAD:
                _move(y, _input(a, x0, x1, x2, x3, x4, x5, x6, x7, start), n)
            elif code == _SPREAD:
                one = _input(a, x0, x1, x2, x3, x4, x5, x6, x7, 0)
                _fill(y, y, y, one[0], BLOCK)
            elif _EXP <= code <= _ERF:  # exponential, tanh, sigmoid and erf stand side by side
                curved(code, registers[a][:n], block[:n])
                _move(y, pointer(block, 0), n)
            else:
                left, right = pointer(registers, a * BLOCK), pointer(registers, b * BLOCK)
                _cheap(code, y, left, right, numbers[k], n)
        _move(pointer(out, start), pointer(registers, last * BLOCK), n)


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
