"""Pooling: max, average, sum and lp over windows, with MXNet's three size conventions.

Windows are boxes, so max and sum work along one axis after the other: k + k steps instead of
k * k. The backward of max needs the winner of each window and visits all positions.
"""

from __future__ import annotations

from itertools import product
from math import ceil, prod
from typing import Any, NamedTuple

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, Int, Shape
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.nn_rules import LAYOUT, aval, channels_last, narrow, tuple_of, wide

Array = Any


class Box(NamedTuple):
    """Pooling windows along the space axes; one entry per axis in each field."""

    axes: tuple[int, ...]
    size: tuple[int, ...]  # of the data
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    pad: tuple[int, ...]
    steps: tuple[int, ...]

    @property
    def high(self) -> tuple[int, ...]:
        """Cells to add after the data so that the last window ends inside."""
        spec = zip(self.size, self.kernel, self.stride, self.pad, self.steps, strict=True)
        return tuple(max(0, (m - 1) * s + k - n - p) for n, k, s, p, m in spec)


def _steps(convention: str, n: int, k: int, s: int, p: int) -> int:
    if convention == "same":
        return ceil(n / s)
    reach = n + 2 * p - k
    return 1 + (ceil(reach / s) if convention == "full" else reach // s)


def box_of(
    data: Any, *, kernel: Any, stride: Any, pad: Any, pooling_convention: str, global_pool: bool,
    layout: str | None, **_: Any,
) -> Box:  # fmt: skip
    """Windows that the attributes describe on `data`; raise if they do not fit."""
    n = data.ndim - 2
    if not 1 <= n <= 3 or (not global_pool and len(kernel) != n):
        _refuse(data, kernel)
    axes = tuple(range(1, n + 1) if channels_last(layout) else range(2, n + 2))
    size = tuple(data.shape[a] for a in axes)
    if global_pool:
        return Box(axes, size, size, (1,) * n, (0,) * n, (1,) * n)
    stride = tuple_of(stride, n, 1, "Pooling: parameter stride")
    pad = tuple_of(pad, n, 0, "Pooling: parameter pad")
    _expect_fit(data, kernel, pad, size)
    spec = zip(size, kernel, stride, pad, strict=True)
    steps = tuple(_steps(pooling_convention, *item) for item in spec)
    return Box(axes, size, kernel, stride, pad, steps)


def _refuse(data: Any, kernel: Any) -> None:
    if not len(kernel):
        raise ParamError("Pooling: parameter kernel is missing. Give it, or global_pool=True.")
    raise ShapeError(
        explain(
            f"Pooling: data has shape {tuple(data.shape)}, kernel {kernel}.",
            f"data with {len(kernel) + 2} axes: batch, channels and {len(kernel)} of space.",
            "a kernel with one entry per space axis (1 to 3 of them).",
        )
    )


def _expect_fit(data: Any, kernel: Any, pad: Any, size: Any) -> None:
    for k, p, n in zip(kernel, pad, size, strict=True):
        if k > n + 2 * p:
            raise ShapeError(
                explain(
                    f"Pooling: kernel {kernel} is larger than data {tuple(data.shape)} "
                    f"with pad {pad}.",
                    "a window no larger than the padded data.",
                    "a smaller kernel, more pad, or global_pool=True",
                )
            )
        if p >= k:
            raise ParamError(
                f"Pooling: parameter pad must be smaller than kernel {kernel}. Got {pad}: "
                "a window would see nothing but padding."
            )


# ---- along one axis after the other ----------------------------------------------------------
def _pad(xp: Any, x: Array, box: Box, value: Any) -> Array:
    high = box.high
    if not any(box.pad) and not any(high):
        return x
    shape = list(x.shape)
    inside = [slice(None)] * x.ndim
    for a, n, p, h in zip(box.axes, box.size, box.pad, high, strict=True):
        shape[a] = p + n + h
        inside[a] = slice(p, p + n)
    y = xp.full(tuple(shape), value, x.dtype)
    y[tuple(inside)] = x
    return y


def _cells(ndim: int, axis: int, start: int, stride: int, count: int) -> tuple[slice, ...]:
    cut = [slice(None)] * ndim
    cut[axis] = slice(start, start + (count - 1) * stride + 1, stride)
    return tuple(cut)


def _reduce(xp: Any, x: Array, box: Box, combine: Any) -> Array:
    """Combine all cells of each window of padded `x`."""
    for axis, k, s, m in zip(box.axes, box.kernel, box.stride, box.steps, strict=True):
        if m == 1:
            x = combine.reduce(x[_cells(x.ndim, axis, 0, 1, k)], axis=axis, keepdims=True)
            continue
        first = x[_cells(x.ndim, axis, 0, s, m)]
        if k == 1:
            x = first
            continue
        total = combine(first, x[_cells(x.ndim, axis, 1, s, m)])
        for i in range(2, k):
            combine(total, x[_cells(x.ndim, axis, i, s, m)], out=total)
        x = total
    return x


def _spread(xp: Any, g: Array, box: Box) -> Array:
    """Adjoint of `_reduce` with addition: give each cell the sum of `g` over its windows."""
    shape = list(g.shape)
    spec = list(zip(box.axes, box.size, box.kernel, box.stride, box.steps, strict=True))
    for axis, _, k, s, m in reversed(spec):
        if m == 1:
            g = xp.repeat(g, k, axis)
            shape[axis] = k
            continue
        shape[axis] = (m - 1) * s + k
        total = xp.zeros(tuple(shape), g.dtype)
        for i in range(k):
            total[_cells(g.ndim, axis, i, s, m)] += g
        g = total
    return _crop(xp, g, box)


def _crop(xp: Any, x: Array, box: Box) -> Array:
    """Take the padding off; cells no window reached are zero."""
    inside = [slice(None)] * x.ndim
    full = [slice(None)] * x.ndim
    shape = list(x.shape)
    short = False
    for a, n, p in zip(box.axes, box.size, box.pad, strict=True):
        have = min(n, x.shape[a] - p)
        inside[a], full[a] = slice(p, p + have), slice(0, have)
        shape[a], short = n, short or have < n
    if not short:
        return x[tuple(inside)]
    y = xp.zeros(tuple(shape), x.dtype)
    y[tuple(full)] = x[tuple(inside)]
    return y


def divisor(xp: Any, box: Box, dtype: Any, ndim: int, *, count_include_pad: bool) -> Array:
    """Cells each window averages over, in a shape that broadcasts against the output."""
    counts = []
    for n, k, s, p, m in zip(box.size, box.kernel, box.stride, box.pad, box.steps, strict=True):
        start = np.arange(m) * s - p
        low, high = (-p, n + p) if count_include_pad else (0, n)
        counts.append(np.minimum(start + k, high) - np.maximum(start, low))
    total = np.ones(())
    for count in counts:
        total = np.multiply.outer(total, np.maximum(count, 1))
    shape = [1] * ndim
    for axis, m in zip(box.axes, box.steps, strict=True):
        shape[axis] = m
    return xp.asarray(total.reshape(shape).astype(dtype))


# ---- Pooling ---------------------------------------------------------------------------------
def _lowest(dtype: Any) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _pool(xp: Any, x: Array, box: Box, kind: str, attrs: Any) -> Array:
    if kind == "max":
        return _reduce(xp, _pad(xp, x, box, _lowest(x.dtype)), box, xp.maximum)
    if kind == "lp":
        p = attrs["p_value"]
        total = _reduce(xp, _pad(xp, xp.abs(x) ** p, box, 0), box, xp.add)
        return total ** (1 / p) if p != 1 else total
    total = _reduce(xp, _pad(xp, x, box, 0), box, xp.add)
    if kind == "avg":
        count = divisor(xp, box, total.dtype, x.ndim, count_include_pad=attrs["count_include_pad"])
        # integers divide as MXNet's do, dropping the rest
        return total / count if x.dtype.kind == "f" else total // count
    return total


def _check_pool(data: Any, attrs: Any) -> Box:
    box = box_of(data, **attrs)
    if attrs["pool_type"] == "lp" and attrs["p_value"] is None:
        raise ParamError(
            "Pooling: parameter p_value must be 1, 2 or 3 for pool_type='lp'. Got None."
        )
    return box


def _infer_pool(data: Any, **attrs: Any) -> Aval:
    box = _check_pool(data, attrs)
    shape = list(data.shape)
    for axis, m in zip(box.axes, box.steps, strict=True):
        shape[axis] = m
    return aval(tuple(shape), data)


_PICK = (
    "kernel",
    "pool_type",
    "stride",
    "pad",
    "pooling_convention",
    "global_pool",
    "count_include_pad",
    "layout",
)


def _grad_pool(F: Any, g: Any, out: Any, data: Any, **attrs: Any) -> tuple[Any]:
    window = {name: attrs[name] for name in _PICK}
    if attrs["pool_type"] == "lp":
        return (_grad_lp(F, g, out, data, attrs["p_value"], window),)
    if attrs["pool_type"] == "max":
        return (F.pooling_grad(g, data, out, **window),)
    return (F.pooling_grad(g, data_shape=tuple(data.shape), **window),)


def _grad_lp(F: Any, g: Any, out: Any, data: Any, p: int, window: Any) -> Any:
    # out = S^(1/p) with S = sum |x|^p: dS = g out^(1-p) / p and dx = dS p |x|^(p-1) sign(x)
    if p > 1:
        g = F.multiply(g, F.power_scalar(out, scalar=float(1 - p)))
    spread = F.pooling_grad(g, data_shape=tuple(data.shape), **{**window, "pool_type": "sum"})
    size = F.power_scalar(F.abs(data), scalar=float(p - 1))
    return F.multiply(spread, F.multiply(size, F.sign(data)))


POOL_PARAMS = {
    "kernel": Shape(1),
    "pool_type": Choice("max", "avg", "sum", "lp"),
    "stride": Shape(1),
    "pad": Shape(0),
    "pooling_convention": Choice("valid", "full", "same"),
    "layout": LAYOUT,
}


def _distinct(s: Any, *shape: int) -> Any:
    # max has kinks where cells tie: a shuffled ladder has none
    n = prod(shape)
    return ((np.arange(n) * 7 % n if n % 7 else np.arange(n)) / 4 + 0.5).reshape(shape)


def _pool_samples(s: Any) -> list[Any]:
    x = _distinct(s, 1, 2, 5, 4)
    kinds = [{"pool_type": "max"}, {"pool_type": "avg"}, {"pool_type": "sum"}]
    kinds += [{"pool_type": "lp", "p_value": 2}, {"pool_type": "lp", "p_value": 3}]
    return [
        *(s(x, kernel=(2, 2), stride=(2, 1), **kind) for kind in kinds),
        *(
            s(x, kernel=(3, 2), stride=(2, 2), pad=(1, 0), pooling_convention="full", **kind)
            for kind in kinds[:2]
        ),
        s(x, kernel=(2, 3), pad=(1, 1), pool_type="avg", count_include_pad=False),
        s(x, global_pool=True),
        s(x, global_pool=True, pool_type="avg", kernel=(2, 2)),
        s(_distinct(s, 1, 2, 5), kernel=(2,), stride=(2,), pooling_convention="same"),
        s(_distinct(s, 1, 1, 2, 3, 4), kernel=(2, 2, 2), pool_type="max"),
        s(_distinct(s, 1, 4, 3, 2), kernel=(2, 2), layout="NHWC", pool_type="max"),
        s(_distinct(s, 1, 4, 2), kernel=(3,), pool_type="avg", layout="NWC"),
        s(x, kernel=(1, 1), stride=(3, 3)),
        s((0, 2, 3, 3), kernel=(2, 2)),
    ]  # fmt: skip


@op(
    "Pooling",
    infer=_infer_pool,
    grad=_grad_pool,
    params={**POOL_PARAMS, "p_value": Int(1, optional=True)},
    names=Names(nd="Pooling Pooling_v1", npx="pooling"),
    flags=Flags(out=True),
    samples=_pool_samples,
    errors=lambda s: [
        bad(s((2, 3, 4), kernel=(2, 2)), ShapeError, "data with 4 axes"),
        bad(s((1, 2, 3, 3)), ParamError, "kernel is missing"),
        bad(s((1, 2, 3, 3), kernel=(4, 2)), ShapeError, "larger than data"),
        bad(s((1, 2, 3, 3), kernel=(2, 2), pad=(2, 2)), ParamError, "smaller than kernel"),
        bad(s((1, 2, 3, 3), kernel=(2, 2), pool_type="lp"), ParamError, "p_value"),
        bad(s((1, 2, 3, 3), kernel=(2, 2), stride=(2,)), ParamError, "stride must have 2"),
    ],
)
def _(
    xp: Any, data: Array, *, kernel: Any = (), pool_type: str = "max", global_pool: bool = False,
    cudnn_off: bool = False, pooling_convention: str = "valid", stride: Any = (), pad: Any = (),
    p_value: int | None = None, count_include_pad: bool | None = True, layout: str | None = None,
    out: Array = None,
) -> Array:  # fmt: skip
    r"""Reduce each window of space to its maximum, average, sum or lp norm.

    Parameters
    ----------
    data : (B, C, W), (B, C, H, W) or (B, C, D, H, W); channels last with layout NWC, NHWC, NDHWC
    kernel, stride, pad : one entry per space axis; `stride` defaults to 1
    global_pool : one window over all of space; kernel, stride and pad are ignored
    pooling_convention : how many windows: "valid" rounds :math:`(size + 2 pad - kernel) / stride`
        down, "full" up, "same" gives :math:`\lceil size / stride \rceil`
    count_include_pad : whether "avg" divides by the padding cells, too
    p_value : p of :math:`(\sum |x|^p)^{1/p}`

    Returns
    -------
    data's shape with space reduced
    """
    window = dict(kernel=kernel, stride=stride, pad=pad, layout=layout, global_pool=global_pool,
                  pooling_convention=pooling_convention)  # fmt: skip
    box = _check_pool(data, {**window, "pool_type": pool_type, "p_value": p_value})
    attrs = {"p_value": p_value, "count_include_pad": count_include_pad is not False}
    y = narrow(_pool(xp, wide(data), box, pool_type, attrs), data.dtype)
    if out is None:
        return y.copy() if y.base is not None else y
    out[...] = y
    return out


# ---- its gradient ----------------------------------------------------------------------------
def _winners(xp: Any, data: Array, out: Array, box: Box) -> Any:
    """For each kernel position: its cells, and where it is the first maximum of its window."""
    x = _pad(xp, data, box, _lowest(data.dtype))
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
    return _crop(xp, total, box)


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
    x = _distinct(s, 1, 2, 5, 4)
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
    return narrow(xp.ascontiguousarray(_spread(xp, share, box)), g.dtype)


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
    x = _pad(xp, values, box, 0)
    total = xp.zeros(out.shape, values.dtype)
    for cells, hit in _winners(xp, data, out, box):
        total += x[cells] * hit
    return total
