"""Softmax, its logarithm, and the cross-entropy of integer labels with its gradient.

Rows are shifted by their maximum: exp(89) overflows float32 and softmax is unchanged by a shift.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from types import SimpleNamespace
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.kernels.functions import exp, log
from dlstudio.kernels.jit import STRICT, compiled, declared, finite_helper, helper
from dlstudio.kernels.scratch import Scratch
from dlstudio.kernels.threads import parallel_for

__all__ = ["BUILDERS", "KERNELS"]

Array = Any
FLOAT32 = np.dtype(np.float32)
GRAIN = 8_000  # exponentials that are worth one more thread


@finite_helper  # a NaN in the row makes the sum of exponentials NaN, and with it every result
def _maximum(row):
    largest = row[0]
    for i in range(row.size):
        largest = max(largest, row[i])
    return largest


@helper
def _sum_of_exponentials(row, shift):
    total = np.float32(0)
    for i in range(row.size):
        total += exp(row[i] - shift)
    return total


@helper
def _softmax(row, shift, out):
    """Write the softmax of a row and return the sum of its exponentials."""
    total = np.float32(0)
    for i in range(row.size):
        e = exp(row[i] - shift)
        out[i] = e
        total += e
    scale = np.float32(1) / total
    for i in range(row.size):
        out[i] *= scale
    return total


@compiled("float32[:,::1]", "float32[:,::1]", "int64", "int64", "int64")
def softmax_rows(x, y, lo, hi, worker):
    """``y = exp(x) / sum(exp(x))`` along rows lo ... hi."""
    for n in range(lo, hi):
        _softmax(x[n], _maximum(x[n]), y[n])


# STRICT: (x - largest) - shift is exact where x - (largest + shift) loses the digits of shift.
@compiled("float32[:,::1]", "float32[:,::1]", "int64", "int64", "int64", flags=STRICT)
def log_softmax_rows(x, y, lo, hi, worker):
    """``y = x - log(sum(exp(x)))`` along rows lo ... hi."""
    for n in range(lo, hi):
        row, out = x[n], y[n]
        largest = _maximum(row)
        shift = log(_sum_of_exponentials(row, largest))
        for i in range(row.size):
            out[i] = (row[i] - largest) - shift


@compiled(
    "float32[:,::1]", "int64[::1]", "float32[::1]", "float32[:,::1]", "int64", "int64", "int64",
    flags=STRICT,
)  # fmt: skip
def cross_entropy_rows(x, label, loss, prob, lo, hi, worker):
    """``loss = -log softmax(x)[label]``, and the softmax, which the gradient needs."""
    classes = x.shape[1]
    for n in range(lo, hi):
        row = x[n]
        largest = _maximum(row)
        total = _softmax(row, largest, prob[n])
        k = min(max(label[n], 0), classes - 1)
        loss[n] = log(total) - (row[k] - largest)


@compiled(
    "float32[::1]", "float32[:,::1]", "int64[::1]", "float32[:,::1]", "int64", "int64", "int64"
)
def cross_entropy_gradient(g, prob, label, dx, lo, hi, worker):
    """``dx = g * (softmax - one_hot(label))``; `dx` may be `prob`."""
    classes = prob.shape[1]
    for n in range(lo, hi):
        row, out, scale = prob[n], dx[n], g[n]
        for i in range(classes):
            out[i] = row[i] * scale
        out[min(max(label[n], 0), classes - 1)] -= scale


@compiled(
    "float32[:,::1]", "float32[:,::1]", "float32[:,::1]", "int64", "int64", "int64"
)  # fmt: skip
def softmax_gradient(g, out, dx, lo, hi, worker):
    """``dx = out * (g - sum(g * out))`` along rows lo ... hi."""
    for n in range(lo, hi):
        grad, prob, row = g[n], out[n], dx[n]
        total = np.float32(0)
        for i in range(row.size):
            total += grad[i] * prob[i]
        for i in range(row.size):
            row[i] = prob[i] * (grad[i] - total)


@compiled(
    "float32[:,::1]", "float32[:,::1]", "float32[:,::1]", "int64", "int64", "int64"
)  # fmt: skip
def log_softmax_gradient(g, out, dx, lo, hi, worker):
    """``dx = g - exp(out) * sum(g)`` along rows lo ... hi."""
    for n in range(lo, hi):
        grad, logarithm, row = g[n], out[n], dx[n]
        total = np.float32(0)
        for i in range(row.size):
            total += grad[i]
        for i in range(row.size):
            row[i] = grad[i] - exp(logarithm[i]) * total


KERNELS = declared(__name__)


def _row_builder(kernel: Any) -> Callable[..., Callable[..., None] | None]:
    """Builder of a kernel ``(*inputs, output)`` that works along the last axis."""

    def build(
        ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
    ) -> Callable[..., None] | None:
        x = ins[0]
        last = attrs.get("axis", -1) in {-1, x.ndim - 1}
        plain = attrs.get("temperature") in {None, 1} and not attrs.get("use_length")
        if not (last and plain and x.ndim and 0 not in x.shape):
            return None
        if not all(a.dtype == FLOAT32 and a.shape == x.shape for a in (*ins, *outs)):
            return None
        run, rows, columns = kernel.load(), prod(x.shape[:-1]), x.shape[-1]

        def normalise(y: Array, *arrays: Array) -> None:
            flat = [a.reshape(rows, columns) for a in (*arrays, y)]
            parallel_for(run, rows, tuple(flat), work=rows * columns, grain=GRAIN)

        return normalise

    return build


class _ClassNumbers:
    """Labels as int64 arrays, lent between ``take`` and ``give_back``, without allocating."""

    def __init__(self, label: Aval) -> None:
        self._ready = label.dtype == np.int64
        self._scratch = Scratch(np.int64, numbers=label.shape)

    def take(self, label: Array) -> Any:
        """Convert labels; what comes back has them in `numbers`."""
        if self._ready:
            return SimpleNamespace(numbers=label)
        lent = self._scratch.borrow()
        np.copyto(lent.numbers, label, casting="unsafe")
        return lent

    def give_back(self, lent: Any) -> None:
        """Return what `take` gave."""
        if not self._ready:
            self._scratch.give_back(lent)


def _cross_entropy_sizes(data: Aval, label: Aval, others: tuple[Aval, ...]) -> tuple[int, int]:
    """Rows and classes, or (0, 0) where the kernels do not apply."""
    rows = prod(data.shape[:-1])
    fits = data.ndim > 0 and data.size and label.size == rows and label.dtype.kind in "iuf"
    return (rows, data.shape[-1]) if fits and all(a.dtype == FLOAT32 for a in others) else (0, 0)


def _build_cross_entropy(
    ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
) -> Callable[..., None] | None:
    data, label = ins
    rows, classes = _cross_entropy_sizes(data, label, (data, *outs))
    if not rows:
        return None
    run, work, labels = cross_entropy_rows.load(), rows * classes, _ClassNumbers(label)

    def cross_entropy(loss: Array, prob: Array, x: Array, label: Array) -> None:
        shape = rows, classes
        lent = labels.take(label)
        numbers = lent.numbers.reshape(-1)
        arrays = x.reshape(shape), numbers, loss.reshape(-1), prob.reshape(shape)
        parallel_for(run, rows, arrays, work=work, grain=GRAIN)
        labels.give_back(lent)

    return cross_entropy


def _build_cross_entropy_grad(
    ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
) -> Callable[..., None] | None:
    g, prob, label = ins
    rows, classes = _cross_entropy_sizes(prob, label, (g, prob, *outs))
    if g.size != rows or not rows:
        return None
    run, work, labels = cross_entropy_gradient.load(), rows * classes, _ClassNumbers(label)

    def gradient(dx: Array, g: Array, prob: Array, label: Array) -> None:
        shape = rows, classes
        lent = labels.take(label)
        numbers = lent.numbers.reshape(-1)
        arrays = g.reshape(-1), prob.reshape(shape), numbers, dx.reshape(shape)
        parallel_for(run, rows, arrays, work=work, grain=GRAIN)
        labels.give_back(lent)

    return gradient


BUILDERS = {
    "softmax": _row_builder(softmax_rows),
    "softmax_grad": _row_builder(softmax_gradient),
    "log_softmax": _row_builder(log_softmax_rows),
    "fused_cross_entropy": _build_cross_entropy,
    "fused_cross_entropy_grad": _build_cross_entropy_grad,
    "log_softmax_grad": _row_builder(log_softmax_gradient),
}
