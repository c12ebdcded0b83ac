"""Backward of Pooling: where gradients go, and the operator that takes values from there."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from dlstudio.core.params import Shape
from dlstudio.core.registry import op
from dlstudio.ops.nn_pool import (
    POOL_PARAMS,
    Box,
    box_of,
    crop,
    divisor,
    lowest,
    pad_cells,
    spread,
)
from dlstudio.ops.nn_rules import aval, narrow, wide

Array = Any


def _winners(xp: Any, data: Array, out: Array, box: Box) -> Any:
    """For each kernel position: its cells, and where it is the first maximum of its window."""
    x = pad_cells(xp, data, box, lowest(data.dtype))
    free = xp.ones(out.shape, "bool")
    for position in product(*(range(k) for k in box.kernel)):
        cells = [slice(None)] * x.ndim
        for axis, i, s, m in zip(box.axes, position, box.stride, box.steps, strict=True):
            cells[axis] = slice(i, i + (m - 1) * s + 1, s)
        hit = (x[tuple(cells)] == out) & free
        free &= ~hit
        yield tuple(cells), hit


def _grad_max(xp: Any, g: Array, data: Array, out: Array, box: Box) -> Array:
    shape = list(data.shape)
    for axis, n, p, h in zip(box.axes, box.size, box.pad, box.high, strict=True):
        shape[axis] = n + p + h
    total = xp.zeros(tuple(shape), g.dtype)
    for cells, hit in _winners(xp, data, out, box):
        total[cells] += g * hit
    return crop(xp, total, box)


def _grad_of_pooling_grad(
    F: Any,
    u: Any,
    result: Any,
    g: Any,
    data: Any = None,
    out: Any = None,
    *,
    data_shape: Any,
    **w: Any,
) -> tuple[Any, ...]:
    if w["pool_type"] == "max":
        return (F.pooling_pick(u, data, out, **w), None, None)
    return (F.Pooling(u, **w), None, None)


def _grad_samples(s: Any) -> list[Any]:
    from dlstudio.core.interpret import raw

    F = raw(np)
    x = s.distinct(1, 2, 5, 4)
    w = dict(kernel=(2, 2), stride=(2, 2), pad=(1, 0), pooling_convention="full", global_pool=False,
             count_include_pad=False, layout=None)  # fmt: skip
    y = F.Pooling(x, pool_type="max", **w)
    return [
        s(y.shape, x, y, pool_type="max", **w),
        s(y.shape, pool_type="avg", data_shape=x.shape, **w),
        s(y.shape, pool_type="sum", data_shape=x.shape, **w),
    ]


_GRAD_PARAMS = {**POOL_PARAMS, "data_shape": Shape(0)}


@op(
    "pooling_grad",
    infer=lambda g, data=None, out=None, *, data_shape=(), **_: aval(
        data_shape if data is None else data.shape, g
    ),
    grad=_grad_of_pooling_grad,
    params=_GRAD_PARAMS,
    constant=("data", "out"),
    samples=_grad_samples,
)
def _(
    xp: Any, g: Array, data: Array = None, out: Array = None, *, data_shape: Any = (),
    kernel: Any = (), pool_type: str = "max", stride: Any = (), pad: Any = (),
    pooling_convention: str = "valid", global_pool: bool = False,
    count_include_pad: bool | None = True, layout: str | None = None,
) -> Array:  # fmt: skip
    """Gradient of `Pooling`: for "max" to the first maximum of each window, else to all cells.

    Only "max" reads `data` and `out`; the others need no more than `data_shape`.
    """
    shaped = aval(data_shape, g) if data is None else data
    box = box_of(shaped, kernel=kernel, stride=stride, pad=pad, layout=layout,
                 pooling_convention=pooling_convention, global_pool=global_pool)  # fmt: skip
    if pool_type == "max":
        return xp.ascontiguousarray(_grad_max(xp, g, data, out, box))
    share = wide(g)
    if pool_type == "avg":
        include = count_include_pad is not False
        share = share / divisor(xp, box, share.dtype, g.ndim, count_include_pad=include)
    return narrow(xp.ascontiguousarray(spread(xp, share, box)), g.dtype)


@op(
    "pooling_pick",
    infer=lambda values, data, out, **_: aval(out.shape, values),
    grad=lambda F, g, result, values, data, out, **w: (
        F.pooling_grad(g, data, out, **w),
        None,
        None,
    ),
    params=POOL_PARAMS,
    constant=("data", "out"),
    samples=lambda s: [
        s(x.inputs[1].shape, x.inputs[1], x.inputs[2], **x.attrs) for x in _grad_samples(s)[:1]
    ],
)
def _(
    xp: Any, values: Array, data: Array, out: Array, *, kernel: Any = (), pool_type: str = "max",
    stride: Any = (), pad: Any = (), pooling_convention: str = "valid", global_pool: bool = False,
    count_include_pad: bool | None = True, layout: str | None = None,
) -> Array:  # fmt: skip
    """Take `values` where `data` has the maximum of each window: the adjoint of `pooling_grad`."""
    box = box_of(data, kernel=kernel, stride=stride, pad=pad, layout=layout,
                 pooling_convention=pooling_convention, global_pool=global_pool)  # fmt: skip
    x = pad_cells(xp, values, box, 0)
    total = xp.zeros(out.shape, values.dtype)
    for cells, hit in _winners(xp, data, out, box):
        total += x[cells] * hit
    return total
