"""Batch normalisation over (N, C, S) with S the product of the space axes, and LayerNorm's rows.

Channels are independent, so threads share them out. Sums are taken about the channel's first
value: the plain difference E[x*x] - E[x]**2 loses all digits where the mean is far from zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.kernels.jit import compiled, declared, helper
from dlstudio.kernels.threads import parallel_for

__all__ = ["BUILDERS", "KERNELS"]

Array = Any
FLOAT32 = np.dtype(np.float32)
GRAIN = 60_000  # values that are worth one more thread
f4 = np.float32


@helper
def _moments(x, c, epsilon):
    """Mean of channel c and 1 / sqrt(variance + epsilon)."""
    count = x.shape[0] * x.shape[2]
    shift = x[0, c, 0]
    total, squares = 0.0, 0.0
    for n in range(x.shape[0]):
        row = x[n, c]
        s, q = f4(0), f4(0)
        for i in range(row.size):
            v = row[i] - shift
            s += v
            q += v * v
        total += s
        squares += q
    offset = total / count
    variance = max(squares / count - offset * offset, 0.0)
    return f4(shift + offset), f4(1.0 / math.sqrt(variance + epsilon))


@compiled(
    "float32[:,:,::1]", "float32[::1]", "float32[::1]", "float64", "int64",
    "float32[:,:,::1]", "float32[::1]", "float32[::1]", "int64", "int64", "int64",
)  # fmt: skip
def batch_norm(x, gamma, beta, epsilon, given, y, mean, inv_std, lo, hi, worker):
    """``y = (x - mean) * inv_std * gamma + beta`` for channels lo ... hi.

    With `given` the moments are input, otherwise they are those of `x`, and output.
    """
    for c in range(lo, hi):
        if given == 0:
            mean[c], inv_std[c] = _moments(x, c, epsilon)
        scale = gamma[c] * inv_std[c]
        middle, shift = mean[c], beta[c]
        for n in range(x.shape[0]):
            row, out = x[n, c], y[n, c]
            for i in range(row.size):
                out[i] = (row[i] - middle) * scale + shift


@compiled(
    "float32[:,:,::1]", "float32[:,:,::1]", "float32[::1]", "float32[::1]", "float32[::1]",
    "int64", "float32[:,:,::1]", "float32[::1]", "float32[::1]", "int64", "int64", "int64",
)  # fmt: skip
def batch_norm_gradient(g, x, gamma, mean, inv_std, given, dx, dgamma, dbeta, lo, hi, worker):
    """Gradients for channels lo ... hi; with `given` moments they do not depend on `x`."""
    count = x.shape[0] * x.shape[2]
    for c in range(lo, hi):
        middle, scale = mean[c], inv_std[c]
        total, dot = 0.0, 0.0
        for n in range(x.shape[0]):
            row, grad = x[n, c], g[n, c]
            s, q = f4(0), f4(0)
            for i in range(row.size):
                s += grad[i]
                q += grad[i] * (row[i] - middle)
            total += s
            dot += q
        dot *= scale
        dbeta[c], dgamma[c] = f4(total), f4(dot)
        factor = gamma[c] * scale
        a = f4(0) if given == 1 else f4(total / count)
        b = f4(0) if given == 1 else f4(dot / count * scale)
        for n in range(x.shape[0]):
            row, grad, out = x[n, c], g[n, c], dx[n, c]
            for i in range(row.size):
                out[i] = factor * (grad[i] - a - (row[i] - middle) * b)


@compiled(
    "float32[:,::1]", "float32[::1]", "float32[::1]", "float64",
    "float32[:,::1]", "float32[::1]", "float32[::1]", "int64", "int64", "int64",
)  # fmt: skip
def layer_norm(x, gamma, beta, epsilon, y, mean, std, lo, hi, worker):
    """``y = (x - mean) / std * gamma + beta`` along rows lo ... hi, with their moments."""
    for n in range(lo, hi):
        row, out = x[n], y[n]
        total, rest, squares = f4(0), f4(0), f4(0)
        for i in range(row.size):
            total += row[i]
        near = total / f4(row.size)
        for i in range(row.size):
            v = row[i] - near
            rest += v
            squares += v * v
        offset = rest / f4(row.size)  # what the first sum lost to rounding
        middle = near + offset
        deviation = f4(math.sqrt(max(squares / row.size - offset * offset, 0.0) + epsilon))
        mean[n], std[n], scale = middle, deviation, f4(1) / deviation
        for i in range(row.size):
            out[i] = (row[i] - middle) * scale * gamma[i] + beta[i]


@compiled(
    "float32[:,::1]", "float32[:,::1]", "float32[::1]", "float32[::1]", "float32[::1]",
    "float32[:,::1]", "int64", "int64", "int64",
)  # fmt: skip
def layer_norm_gradient(g, x, gamma, mean, std, dx, lo, hi, worker):
    """Gradient for data along rows lo ... hi."""
    for n in range(lo, hi):
        grad, row, out = g[n], x[n], dx[n]
        middle, scale = mean[n], f4(1) / std[n]
        total, dot = f4(0), f4(0)
        for i in range(row.size):
            t = grad[i] * gamma[i]
            total += t
            dot += t * (row[i] - middle)
        a = total / f4(row.size)
        b = dot * scale * scale / f4(row.size)
        for i in range(row.size):
            out[i] = scale * (grad[i] * gamma[i] - a - (row[i] - middle) * b)


@compiled(
    "float32[:,::1]", "float32[:,::1]", "float32[::1]", "float32[::1]",
    "float32[::1]", "float32[::1]", "int64", "int64", "int64",
)  # fmt: skip
def layer_norm_sums(g, x, mean, std, dgamma, dbeta, lo, hi, worker):
    """Gradients for gamma and beta in columns lo ... hi."""
    slope, shift = dgamma[lo:hi], dbeta[lo:hi]
    slope[:] = f4(0)
    shift[:] = f4(0)
    for n in range(x.shape[0]):
        grad, row = g[n, lo:hi], x[n, lo:hi]
        middle, scale = mean[n], f4(1) / std[n]
        for i in range(row.size):
            slope[i] += grad[i] * ((row[i] - middle) * scale)
            shift[i] += grad[i]


KERNELS = declared(__name__)


def _view(data: Aval, attrs: dict[str, Any]) -> tuple[int, int, int] | None:
    """Shape (N, C, S) of data whose channel axis is 1, or None."""
    axis = attrs.get("axis", 1) % max(data.ndim, 1)
    if data.ndim < 2 or axis != 1 or 0 in data.shape:
        return None
    return data.shape[0], data.shape[1], prod(data.shape[2:])


def _float32(avals: tuple[Aval, ...]) -> bool:
    return all(a.dtype == FLOAT32 for a in avals)


def _build_batch_norm(
    ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
) -> Callable[..., None] | None:
    shape = _view(ins[0], attrs)
    if shape is None or not _float32((*ins, *outs)) or len(outs) != 3:
        return None
    run, epsilon = batch_norm.load(), float(attrs.get("eps", 1e-3))
    given = bool(attrs.get("use_global_stats")) or not attrs.get("training")
    ones = np.ones(shape[1], np.float32)
    fixed = bool(attrs.get("fix_gamma", True))

    def normalise(
        y: Array, mean: Array, inv_std: Array, x: Array, gamma: Array, beta: Array,
        moving_mean: Array, moving_var: Array,
    ) -> None:  # fmt: skip
        if given:
            mean[...] = moving_mean
            np.add(moving_var, epsilon, out=inv_std)
            np.sqrt(inv_std, out=inv_std)
            np.reciprocal(inv_std, out=inv_std)
        arguments = (
            x.reshape(shape), ones if fixed else gamma, beta, epsilon, int(given),
            y.reshape(shape), mean, inv_std,
        )  # fmt: skip
        parallel_for(run, shape[1], arguments, work=prod(shape), grain=GRAIN)

    return normalise


def _build_batch_norm_grad(
    ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
) -> Callable[..., None] | None:
    shape = _view(ins[0], attrs)
    if shape is None or not _float32((*ins, *outs)) or len(ins) != 5 or len(outs) != 3:
        return None
    run = batch_norm_gradient.load()
    given = bool(attrs.get("use_global_stats"))
    ones = np.ones(shape[1], np.float32)
    fixed = bool(attrs.get("fix_gamma", True))

    def gradient(
        dx: Array, dgamma: Array, dbeta: Array, g: Array, x: Array, gamma: Array, mean: Array,
        inv_std: Array,
    ) -> None:  # fmt: skip
        arguments = (
            g.reshape(shape), x.reshape(shape), ones if fixed else gamma, mean, inv_std,
            int(given), dx.reshape(shape), dgamma, dbeta,
        )  # fmt: skip
        parallel_for(run, shape[1], arguments, work=2 * prod(shape), grain=GRAIN)
        if fixed:
            dgamma.fill(0)

    return gradient


def _rows(data: Aval, attrs: dict[str, Any]) -> tuple[int, int] | None:
    """Shape (N, D) of data that is normalised along its last axis, or None."""
    last = attrs.get("axis", -1) in {-1, data.ndim - 1}
    if not last or not data.ndim or 0 in data.shape:
        return None
    return prod(data.shape[:-1]), data.shape[-1]


def _build_layer_norm(
    ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
) -> Callable[..., None] | None:
    shape = _rows(ins[0], attrs)
    if shape is None or not _float32((*ins, *outs)) or len(outs) != 3:
        return None
    run, epsilon = layer_norm.load(), float(attrs.get("eps", 1e-5))

    def normalise(
        y: Array, mean: Array, std: Array, x: Array, gamma: Array, beta: Array
    ) -> None:  # fmt: skip
        arguments = (
            x.reshape(shape), gamma, beta, epsilon, y.reshape(shape), mean.reshape(-1),
            std.reshape(-1),
        )  # fmt: skip
        parallel_for(run, shape[0], arguments, work=prod(shape), grain=GRAIN)

    return normalise


def _build_layer_norm_grad(
    ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
) -> Callable[..., None] | None:
    shape = _rows(ins[0], attrs)
    if shape is None or not _float32((*ins, *outs)) or len(outs) != 3:
        return None
    run, sums = layer_norm_gradient.load(), layer_norm_sums.load()

    def gradient(
        dx: Array, dgamma: Array, dbeta: Array, g: Array, x: Array, gamma: Array, mean: Array,
        std: Array,
    ) -> None:  # fmt: skip
        g, x, mean, std = g.reshape(shape), x.reshape(shape), mean.reshape(-1), std.reshape(-1)
        columns = (g, x, mean, std, dgamma, dbeta)
        parallel_for(sums, shape[1], columns, work=prod(shape), grain=GRAIN)
        rows = (g, x, gamma, mean, std, dx.reshape(shape))
        parallel_for(run, shape[0], rows, work=2 * prod(shape), grain=GRAIN)

    return gradient


BUILDERS = {
    "BatchNorm": _build_batch_norm,
    "batch_norm_grad": _build_batch_norm_grad,
    "LayerNorm": _build_layer_norm,
    "layer_norm_grad": _build_layer_norm_grad,
}
