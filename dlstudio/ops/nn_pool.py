"""Pooling: max, average, sum and lp over windows, with MXNet's three size conventions.

Windows are boxes, so max and sum work along one axis after the other: k + k steps instead of
k * k. The backward of max needs the winner of each window and visits all positions.
"""

from __future__ import annotations

from math import ceil, prod
from typing import Any, NamedTuple

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, Int, Shape
from dlstudio.core.registry import Flags, Names, bad, composite, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.nn_rules import aval, channels_last, narrow, tuple_of, wide

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
    if pooling_convention == "same" and n > 1:
        raise ParamError(
            "Pooling: parameter pooling_convention='same' is for data with one space axis. Got "
            f"{n}. Fix: pooling_convention='valid' with pad=(kernel - 1) // 2."
        )
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
                    "larger images, a smaller kernel, more pad, or global_pool=True",
                )
            )
        if p >= k:
            raise ParamError(
                f"Pooling: parameter pad must be smaller than kernel {kernel}. Got {pad}: "
                "a window would see nothing but padding."
            )


# ---- along one axis after the other ----------------------------------------------------------
def pad_cells(xp: Any, x: Array, box: Box, value: Any) -> Array:
    """Surround the data with `value` as far as the windows reach."""
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


def spread(xp: Any, g: Array, box: Box) -> Array:
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
    return crop(xp, g, box)


def crop(xp: Any, x: Array, box: Box) -> Array:
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
def lowest(dtype: Any) -> Any:
    """Smallest number of a dtype: it never wins a maximum."""
    return -np.inf if dtype.kind in "fV" else np.iinfo(dtype).min


def _root(xp: Any, total: Array, p: int) -> Array:
    # as in MXNet, no absolute values: x¹ and x³ keep their sign
    if p == 1:
        return total
    return xp.sqrt(total) if p == 2 else xp.cbrt(total)


def _pool(xp: Any, x: Array, box: Box, kind: str, attrs: Any) -> Array:
    if kind == "max":
        return _reduce(xp, pad_cells(xp, x, box, lowest(x.dtype)), box, xp.maximum)
    if kind == "lp":
        powers = pad_cells(xp, x ** attrs["p_value"], box, 0)
        return _root(xp, _reduce(xp, powers, box, xp.add), attrs["p_value"])
    total = _reduce(xp, pad_cells(xp, x, box, 0), box, xp.add)
    if kind == "avg":
        count = divisor(xp, box, total.dtype, x.ndim, count_include_pad=attrs["count_include_pad"])
        # integers divide as MXNet's do, dropping the rest
        return total / count if x.dtype.kind in "fV" else total // count
    return total


def _check_pool(data: Any, attrs: Any) -> Box:
    p = attrs["p_value"]
    if attrs["pool_type"] == "lp" and p not in (1, 2, 3):
        raise ParamError(
            f"Pooling: parameter p_value must be 1, 2 or 3 for pool_type='lp'. Got {p}."
        )
    return box_of(data, **attrs)


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
    # out = S^(1/p) with S = sum x^p: dS = g out^(1-p) / p, and dx = dS p x^(p-1)
    window = {**window, "pool_type": "sum"}
    if p == 1:
        return F.pooling_grad(g, data_shape=tuple(data.shape), **window)
    g = F.multiply(g, F.power_scalar(out, scalar=float(1 - p)))
    spread = F.pooling_grad(g, data_shape=tuple(data.shape), **window)
    return F.multiply(spread, data if p == 2 else F.square(data))


POOL_PARAMS = {
    "kernel": Shape(1),
    "pool_type": Choice("max", "avg", "sum", "lp"),
    "stride": Shape(1),
    "pad": Shape(0),
    "pooling_convention": Choice("valid", "full", "same"),
    "layout": Choice("NCW", "NCHW", "NCDHW", "NWC", "NHWC", "NDHWC", optional=True),
}


def _pool_samples(s: Any) -> list[Any]:
    x = s.distinct(1, 2, 5, 4)
    kinds = [{"pool_type": "max"}, {"pool_type": "avg"}, {"pool_type": "sum"}]
    kinds += [{"pool_type": "lp", "p_value": p} for p in (1, 2, 3)]
    return [
        *(s(x, kernel=(2, 2), stride=(2, 1), **kind) for kind in kinds),
        *(
            s(x, kernel=(3, 2), stride=(2, 2), pad=(1, 0), pooling_convention="full", **kind)
            for kind in kinds[:2]
        ),
        s(x, kernel=(2, 3), pad=(1, 1), pool_type="avg", count_include_pad=False),
        s(x, global_pool=True),
        s(x, global_pool=True, pool_type="avg", kernel=(2, 2)),
        s(s.distinct(1, 2, 5), kernel=(2,), stride=(2,), pooling_convention="same"),
        s(s.distinct(1, 1, 2, 3, 4), kernel=(2, 2, 2), pool_type="max"),
        s(s.distinct(1, 4, 3, 2), kernel=(2, 2), layout="NHWC", pool_type="max"),
        s(s.distinct(1, 4, 2), kernel=(3,), pool_type="avg", layout="NWC"),
        s(x, kernel=(1, 1), stride=(3, 3)),
        s((0, 2, 3, 3), kernel=(2, 2)),
    ]  # fmt: skip


@op(
    "Pooling",
    infer=_infer_pool,
    grad=_grad_pool,
    params={**POOL_PARAMS, "p_value": Int(1, optional=True)},
    names=Names(nd="Pooling", npx="pooling"),
    flags=Flags(out=True),
    samples=_pool_samples,
    errors=lambda s: [
        bad(s((2, 3, 4), kernel=(2, 2)), ShapeError, "data with 4 axes"),
        bad(s((1, 2, 3, 3)), ParamError, "kernel is missing"),
        bad(s((1, 2, 3, 3), kernel=(4, 2)), ShapeError, "larger than data"),
        bad(s((1, 2, 3, 3), kernel=(2, 2), pad=(2, 2)), ParamError, "smaller than kernel"),
        bad(s((1, 2, 3, 3), kernel=(2, 2), pool_type="lp"), ParamError, "p_value"),
        bad(s((1, 2, 3, 3), kernel=(2, 2), stride=(2,)), ParamError, "stride must have 2"),
        bad(
            s((1, 2, 3, 3), kernel=(2, 2), pooling_convention="same"),
            ParamError,
            "one space axis",
        ),
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
    p_value : p of :math:`(\sum x^p)^{1/p}`, 1, 2 or 3; no absolute values are taken

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


@composite(
    "Pooling_v1",
    params={
        "kernel": Shape(1),
        "pool_type": Choice("max", "avg", "sum"),
        "pooling_convention": Choice("valid", "full"),
        "stride": Shape(1),
        "pad": Shape(0),
    },
    names=Names(nd="Pooling_v1"),
    samples=lambda s: [
        s(
            s.distinct(1, 2, 5, 4),
            kernel=(3, 2),
            stride=(2, 2),
            pool_type=kind,
            pooling_convention="full",
        )
        for kind in ("max", "avg", "sum")
    ],
)
def _(
    F: Any, data: Any, *, kernel: Any = (), pool_type: str = "max", global_pool: bool = False,
    pooling_convention: str = "valid", stride: Any = (), pad: Any = (),
) -> Any:  # fmt: skip
    """Pool as MXNet did before 1.0: "avg" divides by the whole kernel, at the border, too."""
    window = dict(kernel=kernel, stride=stride, pad=pad, global_pool=global_pool,
                  pooling_convention=pooling_convention)  # fmt: skip
    if pool_type != "avg" or global_pool:
        return F.Pooling(data, pool_type=pool_type, **window)
    total = F.Pooling(data, pool_type="sum", **window)
    return F.multiply_scalar(total, scalar=1.0 / prod(kernel))
