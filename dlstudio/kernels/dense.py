"""Fully connected layers: BLAS for the products, compiled loops for what surrounds them.

The forward of a small batch, ``x @ w.T``, has a kernel of its own: both operands lie with the
summed axis last, which dot products read as it is and BLAS would copy first.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.kernels.jit import compiled, declared
from dlstudio.kernels.products import product
from dlstudio.kernels.threads import parallel_for
from dlstudio.kernels.vector_ir import LANES, dot_tile, machine, pointer

__all__ = ["BUILDERS", "KERNELS", "add_bias", "add_bias_relu", "relu_gradient_bias"]

Array = Any
_ZERO = np.float32(0)
FLOAT32 = np.dtype(np.float32)
GRAIN = 30_000  # values of a streaming loop that are worth one more thread
_PRODUCT_GRAIN = 400_000  # multiply-adds that are worth one more thread
_LOWEST = np.float32(-np.inf)
_wide = machine().registers >= 32
_ROWS, _COLUMNS = (4, 6) if _wide else (3, 4)  # sums that fit the vector registers
_dot = dot_tile(_ROWS, _COLUMNS)
_PIECE = 1024  # floats of each row that are summed in one go
_L2_FLOATS = 100_000  # a batch up to this size is read again and again from the second-level cache


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


@compiled(
    "float32[:,::1]", "float32[:,::1]", "float32[::1]", "float32", "float32[:,::1]",
    "int64[::1]", "int64", "int64", "int64",
)  # fmt: skip
def affine(x, weight, bias, lowest, y, offsets, lo, hi, worker):
    """``y = max(x @ weight.T + bias, lowest)`` for column blocks lo ... hi.

    The last blocks overlap those before them, so that every block is full. `offsets` are those of
    successive rows; the length of a row is a multiple of LANES.
    """
    count, length = x.shape
    sums = np.empty(_ROWS * _COLUMNS, np.float32)
    for block in range(lo, hi):
        j = min(block * _COLUMNS, weight.shape[0] - _COLUMNS)
        for start in range(0, count, _ROWS):
            i = min(start, count - _ROWS)
            sums[:] = _ZERO
            for p in range(0, length, _PIECE):
                _dot(
                    pointer(x, i * length + p), pointer(offsets, 0),
                    pointer(weight, j * length + p), pointer(offsets, 0),
                    min(_PIECE, length - p), pointer(sums, 0),
                )  # fmt: skip
            for r in range(_ROWS):
                for c in range(_COLUMNS):
                    v = sums[r * _COLUMNS + c] + bias[j + c]
                    y[i + r, j + c] = lowest if v <= lowest else v


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
    length = ins[1].shape[1]
    if _suits_dots(rows, columns, length):
        return _by_dots(rows, columns, length, flatten, relu)
    finish = (add_bias_relu if relu else add_bias).load()

    def dense(y: Array, data: Array, weight: Array, bias: Array) -> None:
        flat = y.reshape(rows, columns)
        product(_rows(data, flatten), weight.T, flat)
        parallel_for(finish, rows, (flat, bias), work=rows * columns, grain=GRAIN)

    return dense


def _suits_dots(rows: int, columns: int, length: int) -> bool:
    """Whether dot products are faster than BLAS and its copy."""
    return (
        rows >= _ROWS
        and columns >= _COLUMNS
        and length % LANES == 0
        and rows * length <= _L2_FLOATS
        and rows * columns * length >= _PRODUCT_GRAIN
    )


def _by_dots(
    rows: int, columns: int, length: int, flatten: bool, relu: bool
) -> Callable[..., None]:
    run, blocks, work = affine.load(), -(-columns // _COLUMNS), rows * columns * length
    lowest = _ZERO if relu else _LOWEST
    offsets = np.arange(max(_ROWS, _COLUMNS), dtype=np.int64) * length

    def dense(y: Array, data: Array, weight: Array, bias: Array) -> None:
        flat = y.reshape(rows, columns)
        arguments = (_rows(data, flatten), weight, bias, lowest, flat, offsets)
        parallel_for(run, blocks, arguments, work=work, grain=_PRODUCT_GRAIN)

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
