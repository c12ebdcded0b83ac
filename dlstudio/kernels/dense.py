"""Fully connected layers: BLAS for the product, compiled loops for what surrounds it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.kernels.jit import compiled, declared
from dlstudio.kernels.threads import parallel_for

__all__ = ["BUILDERS", "KERNELS", "add_bias", "add_bias_relu", "relu_gradient_bias"]

Array = Any
_ZERO = np.float32(0)
FLOAT32 = np.dtype(np.float32)
GRAIN = 30_000  # values of a streaming loop that are worth one more thread


@compiled("float32[:,::1]", "float32[::1]", "int64", "int64", "int64")
def add_bias(z, bias, lo, hi, worker):
    """``z[n] += bias`` for rows lo ... hi."""
    for n in range(lo, hi):
        row = z[n]
        for i in range(row.size):
            row[i] += bias[i]


@compiled("float32[:,::1]", "float32[::1]", "int64", "int64", "int64")
def add_bias_relu(z, bias, lo, hi, worker):
    """``z[n] = max(z[n] + bias, 0)``; a NaN stays."""
    for n in range(lo, hi):
        row = z[n]
        for i in range(row.size):
            v = row[i] + bias[i]
            row[i] = _ZERO if v <= _ZERO else v


@compiled("float32[:,::1]", "float32[:,::1]", "float32[::1]")
def relu_gradient_bias(dz, out, dbias):
    """``dz *= out > 0`` and ``dbias = dz.sum(0)``.

    In place, because LLVM could not vectorise a loop whose input might overlap its output.
    """
    for i in range(dbias.size):
        dbias[i] = _ZERO
    for n in range(dz.shape[0]):
        row, kept = dz[n], out[n]
        for i in range(row.size):
            v = row[i] if kept[i] > _ZERO else _ZERO
            row[i] = v
            dbias[i] += v


@compiled("float32[:,::1]", "float32[::1]")
def column_sum(x, total):
    """``total = x.sum(0)``."""
    for i in range(total.size):
        total[i] = _ZERO
    for n in range(x.shape[0]):
        row = x[n]
        for i in range(row.size):
            total[i] += row[i]


KERNELS = declared(__name__)


def _rows(x: Array, flatten: bool) -> Array:
    return x.reshape(x.shape[0], -1) if flatten else x.reshape(-1, x.shape[-1])


def _all_float32(avals: tuple[Aval, ...]) -> bool:
    return all(a.dtype == FLOAT32 and 0 not in a.shape for a in avals)


def fully_connected(
    ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any], *, relu: bool = False
) -> Callable[..., None] | None:
    """``y = data @ weight.T + bias``, rectified on request."""
    if not _all_float32((*ins, *outs[:1])) or len(ins) != 3:
        return None  # without a bias the product alone is left, which NumPy does as well
    flatten = bool(attrs.get("flatten", True))
    rows, columns = prod(outs[0].shape[:-1]), outs[0].shape[-1]
    finish = (add_bias_relu if relu else add_bias).load()

    def dense(y: Array, data: Array, weight: Array, bias: Array) -> None:
        flat = y.reshape(rows, columns)
        np.matmul(_rows(data, flatten), weight.T, out=flat)
        parallel_for(finish, rows, (flat, bias), work=rows * columns, grain=GRAIN)

    return dense


def _build_sum(
    ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
) -> Callable[..., None] | None:
    """Sum over the first axis of a matrix: the gradient of a bias."""
    axis = attrs.get("axis")
    first = axis in {0, (0,)} or (isinstance(axis, list) and axis == [0])
    if not first or ins[0].ndim != 2 or not _all_float32((*ins, *outs)):
        return None
    if attrs.get("exclude") or attrs.get("dtype") not in {None, FLOAT32}:
        return None
    run = column_sum.load()

    def total(y: Array, x: Array) -> None:
        run(x, y.reshape(-1))

    return total


def _build_relu_bias_gradient(
    ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
) -> Callable[..., None] | None:
    """Undo rectifier and bias: ``dz = g * (out > 0)``, ``dbias = dz.sum(0)``."""
    if ins[0].ndim != 2 or not _all_float32((*ins, *outs)):
        return None
    run = relu_gradient_bias.load()

    def gradient(dz: Array, dbias: Array, g: Array, out: Array) -> None:
        np.copyto(dz, g)  # returns at once where the plan put both in the same place
        run(dz, out, dbias)

    return gradient


BUILDERS = {
    "FullyConnected": fully_connected,
    "fused_dense_relu": functools.partial(fully_connected, relu=True),
    "fused_relu_bias_grad": _build_relu_bias_gradient,
    "sum": _build_sum,
}
