"""What reductions need around them: running sums, adjoints of broadcasting and of products."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Axes, DType, Int
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import ShapeError, explain
from dlstudio.ops.reduce import fold, kept_sum_dtype, np_reference
from dlstudio.ops.rules import (
    normalize_axes,
    spread,
)

Array = Any


# --- product of the others: the gradient of prod, right also where elements are zero ------------


def _others_slope(F: Any, g: Array, out: Array, x: Array, *, axis: Any) -> tuple[Array]:
    weighted = F.multiply(g, out)
    total = spread(F, F.sum(weighted, axis=axis, keepdims=True), x, axis, keepdims=True)
    return (F.divide(F.subtract(total, weighted), x),)


@op(
    "prod_of_others",
    infer=lambda x, *, axis: x,
    grad=_others_slope,
    params={"axis": Axes()},
    samples=lambda s: [s(2, 3), s(2, 3, axis=1), s(2, 3, 2, axis=(0, 2)), s(0, 3, axis=1), s(())],
)
def _(xp, x, *, axis=None):
    """For each element the product of all others over `axis`, without dividing."""
    axes = normalize_axes("prod_of_others", axis, x.ndim)
    rest = [i for i in range(x.ndim) if i not in axes]
    moved = xp.transpose(x, [*rest, *axes])
    flat = moved.reshape([*(x.shape[i] for i in rest), -1]) if x.size else moved[..., :0]
    before = _exclusive_product(xp, flat)
    after = _exclusive_product(xp, flat[..., ::-1])[..., ::-1]
    product = (before * after).reshape(moved.shape)
    return xp.transpose(product, np.argsort([*rest, *axes]).tolist()).copy()


def _exclusive_product(xp: Any, x: Array) -> Array:
    ones = xp.ones((*x.shape[:-1], 1), x.dtype)
    return xp.cumprod(xp.concatenate([ones, x[..., :-1]], axis=-1), axis=-1)[..., : x.shape[-1]]


# --- running sums -------------------------------------------------------------------------------


def _scan_shape(a: Aval, axis: int | None) -> tuple[int, ...]:
    if axis is None:
        return (a.size,)
    normalize_axes("cumsum", axis, a.ndim)
    return a.shape


def _cumsum_infer(a: Aval, *, axis: Any, dtype: Any) -> Aval:
    return Aval(_scan_shape(a, axis), np.dtype(dtype or kept_sum_dtype(a.dtype)))


def _cumsum_grad(F: Any, g: Array, out: Array, a: Array, *, axis: Any, dtype: Any) -> tuple[Array]:
    along = 0 if axis is None else axis
    reverse = F.flip(F.cumsum(F.flip(g, axis=along), axis=along), axis=along)
    gx = F.reshape(reverse, shape=tuple(a.shape)) if axis is None else reverse
    return (gx if gx.dtype == a.dtype else F.cast(gx, dtype=a.dtype.name),)


@op(
    "cumsum",
    infer=_cumsum_infer,
    grad=_cumsum_grad,
    flags=Flags(out=True),
    params={"axis": Int(optional=True), "dtype": DType(optional=True)},
    names=Names(nd="cumsum", np="cumsum", np_method="cumsum", json="_np_cumsum", args="a"),
    samples=lambda s: [
        s(2, 3),
        s(2, 3, axis=1),
        s(2, 3, axis=-2, dtype="float64"),
        s(0, 3, axis=1),
    ],
    reference=np_reference("cumsum"),
    errors=lambda s: [bad(s(2, 3, axis=5), ShapeError, "axis=5 .* 2 dimensions")],
)
def _(xp, a, *, axis=None, dtype=None, out=None):
    """Running sum along `axis`, or of the flattened array."""
    return xp.cumsum(a, axis=axis, dtype=dtype or kept_sum_dtype(a.dtype), out=out)


def _cumprod_grad(F: Any, g: Array, out: Array, a: Array, *, axis: Any, dtype: Any) -> tuple[Array]:
    """Gradient of running products, right also where elements are zero.

    The derivative of out[j] by a[k], for k <= j, is the product of the others: out[j] / a[k],
    except at the first zero of the line. There the others are a with that zero made one.
    """
    along = 0 if axis is None else axis
    x = F.reshape(a, shape=(a.size,)) if axis is None else a
    x = x if x.dtype == out.dtype else F.cast(x, dtype=out.dtype.name)
    zero = F.equal_scalar(x, scalar=0)
    first = F.logical_and(zero, F.equal_scalar(F.cumsum(zero, axis=along), scalar=1))
    one = F.ones(shape=tuple(x.shape), dtype=out.dtype.name)
    usual = F.divide(_sums_from_here(F, F.multiply(g, out), along), F.where(zero, one, x))
    others = F.cumprod(F.where(first, one, x), axis=along)
    gx = F.where(first, _sums_from_here(F, F.multiply(g, others), along), usual)
    gx = F.reshape(gx, shape=tuple(a.shape)) if axis is None else gx
    return (gx if gx.dtype == a.dtype else F.cast(gx, dtype=a.dtype.name),)


def _sums_from_here(F: Any, x: Array, axis: int) -> Array:
    return F.flip(F.cumsum(F.flip(x, axis=axis), axis=axis), axis=axis)


@op(
    "cumprod",
    infer=_cumsum_infer,
    grad=_cumprod_grad,
    flags=Flags(out=True),
    params={"axis": Int(optional=True), "dtype": DType(optional=True)},
    names=Names(np="cumprod", np_method="cumprod"),
    samples=lambda s: [
        s(2, 3),
        s(2, 3, axis=1),
        s(2, 3, axis=-2, dtype="float64"),
        s(0, 3, axis=1),
    ],
    reference=np_reference("cumprod"),
    errors=lambda s: [bad(s(2, 3, axis=5), ShapeError, "axis=5 .* 2 dimensions")],
)
def _(xp, a, *, axis=None, dtype=None, out=None):
    """Running product along `axis`, or of the flattened array."""
    return xp.cumprod(a, axis=axis, dtype=dtype or kept_sum_dtype(a.dtype), out=out)


# --- adjoint of broadcasting --------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _summed_axes(old: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    lead = len(old) - len(shape)
    fits = lead >= 0 and all(n in (1, m) for n, m in zip(shape, old[lead:], strict=True))
    if not fits:
        raise ShapeError(
            explain(
                f"sum_to: an array of shape {old} cannot be summed to {shape}.",
                "a shape that broadcasts to that of the array.",
            )
        )
    kept = tuple(i + lead for i, n in enumerate(shape) if n == 1 != old[i + lead])
    return tuple(range(lead)) + kept


def _infer_sum_to(x: Aval, *, shape: tuple[int, ...]) -> Aval:
    _summed_axes(x.shape, shape)
    return Aval(shape, x.dtype)


@op(
    "sum_to",
    infer=_infer_sum_to,
    flags=Flags(out=True),
    grad=lambda F, g, out, x, *, shape: (F.broadcast_to(g, shape=tuple(x.shape)),),
    samples=lambda s: [
        s(2, 3, shape=(2, 3)),
        s(4, 2, 3, shape=(1, 3)),
        s(2, 3, shape=()),
        s(0, 3, shape=(1, 3)),
    ],
    errors=lambda s: [bad(s(2, 3, shape=(2,)), ShapeError, "cannot be summed")],
)
def _(xp, x, *, shape, out=None):
    """Sum over the axes that broadcasting `shape` to ``x.shape`` would make: its adjoint."""
    axes = _summed_axes(x.shape, shape)
    if not axes:
        return _copied(xp, x, out)
    y = fold("sum", x, axes, keepdims=True, dtype=x.dtype).reshape(shape)
    return _copied(xp, y, out) if out is not None else y


def _copied(xp: Any, x: Array, out: Array | None) -> Array:
    if out is None:
        return x.copy()
    xp.copyto(out, x)
    return out
