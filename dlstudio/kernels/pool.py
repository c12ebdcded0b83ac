"""Pooling over planes (N*C, H, W): maximum, mean and sum, with their gradients.

Windows are boxes: their rows are reduced to one line, and that tap by tap along the output row.
Both loops vectorise for every window size, and a window of k x k cells costs k + k steps. Windows
are clipped at the border: padding never wins a maximum.
"""

from __future__ import annotations

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
GRAIN = 60_000  # window elements that are worth one more thread
_ZERO = np.float32(0)
_LOWEST = np.float32(-np.inf)


@helper
def _columns(tap, stride, pad, size, count):
    """Find the outputs whose tap falls inside the row, and where in it the first one reads."""
    first = max(0, -((tap - pad) // stride))
    last = min(count, (size - 1 + pad - tap) // stride + 1)
    return first, last, first * stride + tap - pad


@helper
def _largest_of_rows(plane, start, stop, line):
    for w in range(line.size):
        line[w] = _LOWEST
    for i in range(start, stop):
        row = plane[i]
        for w in range(line.size):
            v = row[w]
            line[w] = line[w] if v <= line[w] else v


@helper
def _sum_of_rows(plane, start, stop, line):
    for w in range(line.size):
        line[w] = _ZERO
    for i in range(start, stop):
        row = plane[i]
        for w in range(line.size):
            line[w] += row[w]


@helper
def _take_larger(row, stride, out):
    if stride == 2:  # a constant stride lets LLVM load whole vectors and shuffle
        for w in range(out.size):
            v = row[2 * w]
            out[w] = out[w] if v <= out[w] else v
    else:
        for w in range(out.size):
            v = row[stride * w]
            out[w] = out[w] if v <= out[w] else v


@helper
def _add_strided(row, stride, out):
    if stride == 2:
        for w in range(out.size):
            out[w] += row[2 * w]
    else:
        for w in range(out.size):
            out[w] += row[stride * w]


@helper
def _spread(grad, factor, stride, row):
    for w in range(grad.size):
        row[stride * w] += grad[w] * factor[w]


@compiled("float32[:,:,::1]", "int64[::1]", "float32[:,:,::1]", "int64", "int64", "int64")
def max_pool(x, window, y, lo, hi, worker):
    """``y = max over each window`` for planes lo ... hi."""
    kh, kw, sh, sw, ph, pw = window[:6]
    height, width = x.shape[1:]
    line = np.empty(width, np.float32)
    for n in range(lo, hi):
        for h in range(y.shape[1]):
            out = y[n, h]
            for w in range(out.size):
                out[w] = _LOWEST
            _largest_of_rows(x[n], max(h * sh - ph, 0), min(h * sh - ph + kh, height), line)
            for tap in range(kw):
                first, last, start = _columns(tap, sw, pw, width, out.size)
                if first < last:
                    _take_larger(line[start:], sw, out[first:last])


@helper
def _route_quads(g, x, y, dx):
    """2 x 2 windows side by side, the common case: each takes the gradient to its first maximum."""
    for h in range(g.shape[0]):
        upper, lower = x[2 * h], x[2 * h + 1]
        up, down, grad, top = dx[2 * h], dx[2 * h + 1], g[h], y[h]
        for w in range(grad.size):
            v, m = grad[w], top[w]
            a = upper[2 * w] == m
            b = (upper[2 * w + 1] == m) & (not a)
            c = (lower[2 * w] == m) & (not (a | b))
            d = (lower[2 * w + 1] == m) & (not (a | b | c))
            up[2 * w] = v if a else _ZERO
            up[2 * w + 1] = v if b else _ZERO
            down[2 * w] = v if c else _ZERO
            down[2 * w + 1] = v if d else _ZERO


@helper
def _route(g, x, y, dx, window):
    kh, kw, sh, sw, ph, pw = window[:6]
    height, width = x.shape
    for h in range(g.shape[0]):
        for w in range(g.shape[1]):
            top, found = y[h, w], False
            for i in range(max(h * sh - ph, 0), min(h * sh - ph + kh, height)):
                for j in range(max(w * sw - pw, 0), min(w * sw - pw + kw, width)):
                    if not found and x[i, j] == top:
                        dx[i, j] += g[h, w]
                        found = True
                if found:
                    break


@compiled(
    "float32[:,:,::1]", "float32[:,:,::1]", "float32[:,:,::1]", "int64[::1]", "float32[:,:,::1]",
    "int64", "int64", "int64",
)  # fmt: skip
def max_pool_gradient(g, x, y, window, dx, lo, hi, worker):
    """Give each window's gradient to its first maximum, in reading order."""
    quads = window[6] == 1
    for n in range(lo, hi):
        plane = dx[n]
        exact = quads and 2 * g.shape[1] == x.shape[1] and 2 * g.shape[2] == x.shape[2]
        if not exact:
            for h in range(plane.shape[0]):
                line = plane[h]
                for w in range(line.size):
                    line[w] = _ZERO
        if quads:
            _route_quads(g[n], x[n], y[n], plane)
        else:
            _route(g[n], x[n], y[n], plane, window)


@compiled(
    "float32[:,:,::1]", "int64[::1]", "float32[:,::1]", "float32[:,:,::1]",
    "int64", "int64", "int64",
)  # fmt: skip
def sum_pool(x, window, scale, y, lo, hi, worker):
    """``y = scale * sum over each window``; `scale` (OH, OW) makes it a mean."""
    kh, kw, sh, sw, ph, pw = window[:6]
    height, width = x.shape[1:]
    line = np.empty(width, np.float32)
    for n in range(lo, hi):
        for h in range(y.shape[1]):
            out, factor = y[n, h], scale[h]
            for w in range(out.size):
                out[w] = _ZERO
            _sum_of_rows(x[n], max(h * sh - ph, 0), min(h * sh - ph + kh, height), line)
            for tap in range(kw):
                first, last, start = _columns(tap, sw, pw, width, out.size)
                if first < last:
                    _add_strided(line[start:], sw, out[first:last])
            for w in range(out.size):
                out[w] *= factor[w]


@compiled(
    "float32[:,:,::1]", "int64[::1]", "float32[:,::1]", "float32[:,:,::1]",
    "int64", "int64", "int64",
)  # fmt: skip
def sum_pool_gradient(g, window, scale, dx, lo, hi, worker):
    """Spread ``scale * g`` over each window."""
    kh, kw, sh, sw, ph, pw = window[:6]
    height, width = dx.shape[1:]
    line = np.empty(width, np.float32)
    for n in range(lo, hi):
        plane = dx[n]
        for h in range(height):
            row = plane[h]
            for w in range(width):
                row[w] = _ZERO
        for h in range(g.shape[1]):
            grad, factor = g[n, h], scale[h]
            for w in range(width):
                line[w] = _ZERO
            for tap in range(kw):
                first, last, start = _columns(tap, sw, pw, width, grad.size)
                if first < last:
                    _spread(grad[first:last], factor[first:last], sw, line[start:])
            for i in range(max(h * sh - ph, 0), min(h * sh - ph + kh, height)):
                row = plane[i]
                for w in range(width):
                    row[w] += line[w]


KERNELS = declared(__name__)


class _Window:
    """Geometry of a pooling, or `ok` False where these loops do not apply."""

    def __init__(self, data: Aval, out: Aval, attrs: dict[str, Any]) -> None:
        axes = data.ndim - 2
        self.ok = (
            axes in {1, 2}
            and attrs.get("layout") in {None, "NCHW", "NCW"}
            and attrs.get("pool_type", "max") in {"max", "avg", "sum"}
            and data.dtype == FLOAT32
            and 0 not in data.shape + out.shape
        )
        if not self.ok:
            return
        self.planes = data.shape[0] * data.shape[1]
        self.size = (1, *data.shape[2:]) if axes == 1 else data.shape[2:]
        self.out_size = (1, *out.shape[2:]) if axes == 1 else out.shape[2:]
        if attrs.get("global_pool"):
            kernel, stride, pad = list(self.size), [1, 1], [0, 0]
        else:
            fill = [1] * (2 - axes)
            kernel = fill + list(attrs["kernel"])
            stride = fill + list(attrs.get("stride") or (1,) * axes)
            pad = [0] * (2 - axes) + list(attrs.get("pad") or (0,) * axes)
        self.kernel, self.stride, self.pad = kernel, stride, pad
        quads = kernel == [2, 2] == stride and pad == [0, 0]
        # In the 'full' convention the last window may hang over the edge.
        quads = quads and all(2 * o <= n for o, n in zip(self.out_size, self.size, strict=True))
        self.table = np.array([*kernel, *stride, *pad, int(quads)], np.int64)
        self.work = self.planes * prod(self.out_size) * prod(kernel)
        # A window that lies wholly in the padding has no maximum; leave that to the reference.
        self.ok = all(
            (o - 1) * s - p < n
            for o, s, p, n in zip(self.out_size, stride, pad, self.size, strict=True)
        ) and all(p < k for p, k in zip(pad, kernel, strict=True))

    def scale(self, attrs: dict[str, Any]) -> Array:
        """Factor of each output position, (OH, OW)."""
        if attrs.get("pool_type") == "sum":
            return np.ones(self.out_size, np.float32)
        include = attrs.get("count_include_pad") in {None, True}
        counts = [self._counts(axis, include) for axis in (0, 1)]
        return (1.0 / np.outer(*counts)).astype(np.float32)

    def _counts(self, axis: int, include: bool) -> Array:
        """Elements that a window counts along one axis."""
        size, pad = self.size[axis], self.pad[axis]
        start = np.arange(self.out_size[axis]) * self.stride[axis] - pad
        end = np.minimum(start + self.kernel[axis], size + pad)
        return end - start if include else np.minimum(end, size) - np.maximum(start, 0)

    def planes_of(self, x: Array, size: tuple[int, ...]) -> Array:
        """(N, C, ...) as (N*C, H, W)."""
        return x.reshape(self.planes, *size)


def _build_pooling(
    ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
) -> Callable[..., None] | None:
    window = _Window(ins[0], outs[0], attrs)
    if not window.ok:
        return None
    largest = attrs.get("pool_type", "max") == "max"
    run = (max_pool if largest else sum_pool).load()
    middle = (window.table,) if largest else (window.table, window.scale(attrs))

    def pooling(y: Array, x: Array) -> None:
        planes = window.planes_of(x, window.size), window.planes_of(y, window.out_size)
        arguments = (planes[0], *middle, planes[1])
        parallel_for(run, window.planes, arguments, work=window.work, grain=GRAIN)

    return pooling


def _build_pooling_grad(
    ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
) -> Callable[..., None] | None:
    window = _Window(outs[0], ins[0], attrs)
    if not window.ok:
        return None
    largest = attrs.get("pool_type", "max") == "max"
    run = (max_pool_gradient if largest else sum_pool_gradient).load()
    scale = None if largest else window.scale(attrs)

    def pooling_grad(dx: Array, g: Array, data: Array = None, out: Array = None) -> None:
        grad, result = window.planes_of(g, window.out_size), window.planes_of(dx, window.size)
        if largest:
            x, y = window.planes_of(data, window.size), window.planes_of(out, window.out_size)
            arguments = (grad, x, y, window.table, result)
        else:
            arguments = (grad, window.table, scale, result)
        parallel_for(run, window.planes, arguments, work=window.work, grain=GRAIN)

    return pooling_grad


BUILDERS = {"Pooling": _build_pooling, "pooling_grad": _build_pooling_grad}
