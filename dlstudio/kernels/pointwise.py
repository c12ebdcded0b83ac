"""Elementwise operators that NumPy spells in several passes, or one value at a time.

exp, log, add, multiply and their like are left to NumPy: its ufuncs are vectorised and write into
given outputs. Its tanh is so only on some CPUs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.kernels.chain_codes import UNARY
from dlstudio.kernels.functions import GELU, curved
from dlstudio.kernels.jit import compiled, declared, helper
from dlstudio.kernels.threads import parallel_for

__all__ = ["BUILDERS", "KERNELS"]

Array = Any
FLOAT32 = np.dtype(np.float32)
GRAIN = 60_000  # values that are worth one more thread
f4 = np.float32
_RANGE = ("int64", "int64", "int64")
_BLOCK = 512
# Results go through a small block of their own, because a plan may run these kernels in place and
# LLVM does not vectorise a loop whose input might overlap its output. Arrays are cut to the block
# first: numba must allow for a negative index in x[lo + i], and that test hinders it as well.


@helper
def _copy(source, target):
    for i in range(target.size):
        target[i] = source[i]


@compiled("float32[::1]", "float32[::1]", *_RANGE)
def relu(y, x, lo, hi, worker):
    """``y = max(x, 0)``; a NaN stays."""
    block = np.empty(_BLOCK, np.float32)
    for start in range(lo, hi, _BLOCK):
        stop = min(start + _BLOCK, hi)
        part = block[: stop - start]
        xs = x[start:stop]
        for i in range(part.size):
            part[i] = f4(0) if xs[i] <= f4(0) else xs[i]
        _copy(part, y[start:stop])


@compiled("float32[::1]", "float32[::1]", "float32[::1]", *_RANGE)
def relu_grad(y, g, out, lo, hi, worker):
    """``y = g * (out > 0)``."""
    block = np.empty(_BLOCK, np.float32)
    for start in range(lo, hi, _BLOCK):
        stop = min(start + _BLOCK, hi)
        part = block[: stop - start]
        gs, outs = g[start:stop], out[start:stop]
        for i in range(part.size):
            part[i] = gs[i] if outs[i] > f4(0) else f4(0)
        _copy(part, y[start:stop])


@compiled("int64", "float32[::1]", "float32[::1]", *_RANGE)
def curve(code, y, x, lo, hi, worker):
    """``y = f(x)`` with the sigmoid, tanh, erf or GELU."""
    block = np.empty(_BLOCK, np.float32)
    for start in range(lo, hi, _BLOCK):
        stop = min(start + _BLOCK, hi)
        part = block[: stop - start]
        curved(code, x[start:stop], part)
        _copy(part, y[start:stop])


@compiled("float32[::1]", "float32[::1]", "float32[::1]", *_RANGE)
def sigmoid_grad(y, g, out, lo, hi, worker):
    """``y = g * out * (1 - out)``."""
    block = np.empty(_BLOCK, np.float32)
    for start in range(lo, hi, _BLOCK):
        stop = min(start + _BLOCK, hi)
        part = block[: stop - start]
        gs, outs = g[start:stop], out[start:stop]
        for i in range(part.size):
            part[i] = gs[i] * (outs[i] * (f4(1) - outs[i]))
        _copy(part, y[start:stop])


@compiled("float32[::1]", "float32[::1]", "float32[::1]", *_RANGE)
def tanh_grad(y, g, out, lo, hi, worker):
    """``y = g * (1 - out * out)``."""
    block = np.empty(_BLOCK, np.float32)
    for start in range(lo, hi, _BLOCK):
        stop = min(start + _BLOCK, hi)
        part = block[: stop - start]
        gs, outs = g[start:stop], out[start:stop]
        for i in range(part.size):
            part[i] = gs[i] * (f4(1) - outs[i] * outs[i])
        _copy(part, y[start:stop])


KERNELS = declared(__name__)


def _elementwise(kernel: Any, *first: int) -> Callable[..., Callable[..., None] | None]:
    """Builder of a kernel of (*first, output, *inputs), all flat."""

    def build(
        ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
    ) -> Callable[..., None] | None:
        same = all(a.shape == outs[0].shape and a.dtype == FLOAT32 for a in (*ins, *outs))
        if not same:
            return None
        run, size = kernel.load(), outs[0].size

        def apply(*arrays: Array) -> None:
            arguments = (*first, *[a.reshape(-1) for a in arrays])
            parallel_for(run, size, arguments, work=size, grain=GRAIN)

        return apply

    return build


def _build_activation(
    ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
) -> Callable[..., None] | None:
    build = BUILDERS.get(attrs["act_type"])  # relu, sigmoid and tanh carry their operators' names
    return build(ins, outs, {}) if build is not None else None


def _build_leaky(
    ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
) -> Callable[..., None] | None:
    if attrs.get("act_type") != "gelu":
        return None  # the others are few of NumPy's passes
    return _elementwise(curve, GELU)(ins, outs, {})


BUILDERS = {
    "Activation": _build_activation,
    "LeakyReLU": _build_leaky,
    "erf": _elementwise(curve, UNARY["erf"]),
    "relu": _elementwise(relu),
    "relu_grad": _elementwise(relu_grad),
    "sigmoid": _elementwise(curve, UNARY["sigmoid"]),
    "sigmoid_grad": _elementwise(sigmoid_grad),
    "tanh": _elementwise(curve, UNARY["tanh"]),
    "tanh_grad": _elementwise(tanh_grad),
}
