"""Order: sort, argsort, the k largest, and positions of extremes."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, DType, Int, Shape
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.reduce import reduced_shape
from dlstudio.ops.rules import normalize_axis, zeros

Array = Any


def _flat_grad(F: Any, g: Array, out: Array, a: Array, **_: Any) -> tuple[Array]:
    """Positions are piecewise constant: their gradient is zero."""
    return (zeros(F, a),)


def _position(name: str, doc: str) -> None:
    def forward(
        xp: Any, a: Array, *, axis: int | None = None, keepdims: bool = False, out: Any = None
    ) -> Array:
        found = getattr(xp, name)(a, axis=axis)
        if keepdims:
            found = xp.reshape(found, reduced_shape(name, a, axis, keepdims=True))
        if out is None:
            return found
        xp.copyto(out, found)
        return out

    def infer(a: Aval, *, axis: int | None, keepdims: bool) -> Aval:
        folded = a.size if axis is None else a.shape[normalize_axis(name, axis, a.ndim)]
        if not folded:
            raise ShapeError(
                explain(
                    f"{name}: axis {axis} of shape {a.shape} is empty.", "at least one element."
                )
            )
        return Aval(reduced_shape(name, a, axis, keepdims=keepdims), np.dtype("int64"))

    forward.__doc__ = doc
    op(
        name,
        infer=infer,
        grad=_flat_grad,
        flags=Flags(out=True),
        params={"axis": Int(optional=True)},
        names=Names(np=name, np_method=name, json=f"_npi_{name}"),
        samples=lambda s: [
            s(2, 3),
            s(2, 3, axis=1),
            s(2, 3, axis=-2, keepdims=True),
            s(0, 3, axis=1),
        ],
        reference=getattr(np, name),
        errors=lambda s: [
            bad(s(2, 3, axis=2), ShapeError, "axis=2 .* 2 dimensions"),
            bad(s(0, 3), ShapeError, "at least one element"),
        ],
    )(forward)


_position("argmax", "Position of the largest element along `axis`, or in the flattened array.")
_position("argmin", "Position of the smallest element along `axis`, or in the flattened array.")


_WORTH_SELECTING = 64  # elements along the axis; shorter ones are sorted as fast

# --- sorting ------------------------------------------------------------------------------------


def descending(xp: Any, x: Array, axis: int) -> Array:
    """Positions that sort `x` from the largest; equal elements keep their order."""
    turned = xp.flip(x, axis)
    return x.shape[axis] - 1 - xp.flip(xp.argsort(turned, axis=axis, kind="stable"), axis)


def order_of(xp: Any, x: Array, axis: int, *, is_ascend: bool) -> Array:
    """Positions that sort `x` along `axis`."""
    return xp.argsort(x, axis=axis, kind="stable") if is_ascend else descending(xp, x, axis)


def first_of(xp: Any, x: Array, axis: int, k: int, *, is_ascend: bool) -> Array:
    """The first `k` of the positions that `order_of` gives, without sorting the others."""
    n, before = x.shape[axis], (slice(None),) * (axis % x.ndim)
    first = (*before, slice(0, k))
    plain = x.dtype.kind in "iu" or (x.dtype.kind == "f" and not xp.isnan(x).any())
    if n < _WORTH_SELECTING or k * 8 > n or not plain:
        return order_of(xp, x, axis, is_ascend=is_ascend)[first]
    middle, part = (k - 1, first) if is_ascend else (n - k, (*before, slice(n - k, n)))
    chosen = xp.sort(xp.argpartition(x, middle, axis=axis)[part], axis=axis)
    values = xp.take_along_axis(x, chosen, axis)
    edge = (values.max if is_ascend else values.min)(axis=axis, keepdims=True)
    reached = (x <= edge) if is_ascend else (x >= edge)
    if int(reached.sum()) != chosen.size:  # others equal the last one chosen: the first ones count
        return order_of(xp, x, axis, is_ascend=is_ascend)[first]
    return xp.take_along_axis(chosen, order_of(xp, values, axis, is_ascend=is_ascend), axis)


def _infer_sorted(a: Aval, *, axis: int | None, dtype: Any = None, is_ascend: bool = True) -> Aval:
    if axis is not None:
        normalize_axis("sort", axis, a.ndim)
    return Aval((a.size,) if axis is None else a.shape, np.dtype(dtype or a.dtype))


def _flat(x: Array, axis: int | None) -> tuple[Array, int]:
    return (x.reshape(-1), 0) if axis is None else (x, axis)


def _sort_grad(F: Any, g: Array, out: Array, a: Array, *, axis: int | None, is_ascend: bool) -> Any:
    order = F.argsort(a, axis=axis, is_ascend=is_ascend)
    if axis is None:
        spread = F.along_axis_scatter(g, order, shape=(a.size,), axis=0)
        return (F.reshape(spread, shape=tuple(a.shape)),)
    return (F.along_axis_scatter(g, order, shape=tuple(a.shape), axis=axis),)


def _sort_samples(s: Any) -> list[Any]:
    return [
        s(s.distinct(2, 3)),
        s(s.distinct(2, 3), axis=0),
        s(s.distinct(2, 3), axis=None),
        s(s.distinct(2, 3), axis=-2, is_ascend=False),
        s(0, 3),
    ]


@op(
    "sort",
    infer=_infer_sorted,
    grad=_sort_grad,
    params={"axis": Int(optional=True)},
    names=Names(nd="sort", np="sort", method="sort", np_method="sort", args="data"),
    samples=_sort_samples,
    errors=lambda s: [bad(s(2, 3, axis=2), ShapeError, "axis=2")],
)
def _(xp, a, *, axis=-1, is_ascend=True):
    """Elements in order along `axis`, or of the flattened array if it is None."""
    a, axis = _flat(a, axis)
    ordered = xp.sort(a, axis=axis)
    return ordered if is_ascend else xp.flip(ordered, axis).copy()


@op(
    "argsort",
    infer=lambda a, *, axis, is_ascend: _infer_sorted(a, axis=axis, dtype="int64"),
    grad=_flat_grad,
    params={"axis": Int(optional=True)},
    names=Names(np="argsort", np_method="argsort", json="_npi_argsort"),
    samples=_sort_samples,
    errors=lambda s: [bad(s(2, 3, axis=2), ShapeError, "axis=2")],
)
def _(xp, a, *, axis=-1, is_ascend=True):
    """Positions that put the elements in order along `axis`; equal elements keep their order."""
    a, axis = _flat(a, axis)
    return order_of(xp, a, axis, is_ascend=is_ascend)


# --- the k largest ------------------------------------------------------------------------------


def _topk_size(data: Any, axis: int | None, k: int) -> tuple[int | None, int]:
    axis = None if axis is None else normalize_axis("topk", axis, data.ndim)
    n = data.size if axis is None else data.shape[axis]
    if k > n:
        raise ParamError(
            explain(f"topk: parameter k must be at most {n}, the length of the axis. Got {k}.")
        )
    return axis, k if k > 0 else n


def _infer_topk(data: Aval, *, axis: Any, k: int, ret_typ: str, is_ascend: bool, dtype: str) -> Any:
    axis, k = _topk_size(data, axis, k)
    if ret_typ == "mask":
        return data
    shape = (k,) if axis is None else (*data.shape[:axis], k, *data.shape[axis + 1 :])
    values, positions = Aval(shape, data.dtype), Aval(shape, np.dtype(dtype))
    return {"value": values, "indices": positions, "both": (values, positions)}[ret_typ]


def _topk_grad(
    F: Any,
    g: Any,
    out: Any,
    data: Array,
    *,
    axis: Any,
    k: int,
    ret_typ: str,
    is_ascend: bool,
    dtype: str,
) -> tuple[Array]:
    if ret_typ in ("mask", "indices"):
        return (F.zeros(shape=tuple(data.shape), dtype=np.dtype(data.dtype).name),)
    along, _ = _topk_size(data, axis, k)
    if ret_typ == "both":
        g, positions = g[0], out[1]
    else:
        positions = F.topk(data, axis=axis, k=k, is_ascend=is_ascend, dtype="int64")
    if g is None:
        return (F.zeros(shape=tuple(data.shape), dtype=np.dtype(data.dtype).name),)
    shape = (data.size,) if along is None else tuple(data.shape)
    spread = F.along_axis_scatter(g, positions, shape=shape, axis=along or 0)
    return (F.reshape(spread, shape=tuple(data.shape)) if along is None else spread,)


def _topk_samples(s: Any) -> list[Any]:
    x = s.distinct(3, 4)
    return [
        s(x, k=2),
        s(x, k=2, ret_typ="value", axis=0, is_ascend=True),
        s(x, k=3, axis=None),
        s(x, k=2, ret_typ="mask"),
        s(x, k=2, ret_typ="both"),
        s(x, k=0, ret_typ="both", axis=0),
        s(x, k=2, dtype="int32"),
        s(x, k=5, axis=None, ret_typ="value"),
        s(0, 4, k=2),
        s(x, k=2, axis=None, ret_typ="mask", is_ascend=True),
    ]


@op(
    "topk",
    infer=_infer_topk,
    grad=_topk_grad,
    params={
        "axis": Int(optional=True),
        "k": Int(0),
        "dtype": DType(),
        "ret_typ": Choice("value", "indices", "mask", "both"),
    },
    outputs=lambda attrs: 2 if attrs["ret_typ"] == "both" else 1,
    names=Names(nd="topk", npx="topk", method="topk", np_method="topk"),
    samples=_topk_samples,
    errors=lambda s: [
        bad(s(3, 4, k=9), ParamError, "at most 4"),
        bad(s(3, 4, k=1, axis=2), ShapeError, "axis=2"),
    ],
)
def _(xp, data, *, axis=-1, k=1, ret_typ="indices", is_ascend=False, dtype="float32"):
    """The `k` largest elements along `axis` (smallest with `is_ascend`), in order.

    `ret_typ` asks for their values, their indices (as `dtype`), both, or a mask of ones where
    they stand. ``k=0`` means all of them, ``axis=None`` the flattened array.
    """
    along, k = _topk_size(data, axis, k)
    flat = data.reshape(-1) if along is None else data
    along = along or 0
    first = first_of(xp, flat, along, k, is_ascend=is_ascend)
    if ret_typ == "indices":
        return first.astype(dtype)
    if ret_typ == "mask":
        mask = xp.zeros(flat.shape, data.dtype)
        put_along_axis(xp, mask, first, 1, along)
        return mask.reshape(data.shape)
    values = xp.take_along_axis(flat, first, along)
    return values if ret_typ == "value" else (values, first.astype(dtype))


# --- by position along an axis ------------------------------------------------------------------


def _grid(xp: Any, positions: Array, axis: int) -> tuple[Array, ...]:
    """Index arrays that name ``positions`` along `axis` and every place on the other axes."""
    grid = [
        xp.arange(n).reshape((1,) * i + (n,) + (1,) * (positions.ndim - i - 1))
        for i, n in enumerate(positions.shape)
    ]
    grid[axis] = positions
    return tuple(grid)


def put_along_axis(xp: Any, out: Array, positions: Array, values: Any, axis: int) -> None:
    """Write `values` at `positions` along `axis` (CuPy has no put_along_axis)."""
    if not positions.size:
        return
    out[_grid(xp, positions, axis)] = values


def _infer_along(arr: Aval, indices: Aval, *, axis: Any) -> Aval:
    if axis is None:
        arr, axis = Aval((arr.size,), arr.dtype), 0
    axis = normalize_axis("take_along_axis", axis, arr.ndim)
    if indices.ndim != arr.ndim:
        raise ShapeError(
            explain(
                f"take_along_axis: indices have {indices.ndim} dimensions, the array {arr.ndim}.",
                "equal numbers of dimensions.",
            )
        )
    lengths = [
        indices.shape[i] if i == axis else max(n, indices.shape[i]) if n and indices.shape[i] else 0
        for i, n in enumerate(arr.shape)
    ]
    return Aval(tuple(lengths), arr.dtype)


def _along_grad(F: Any, g: Array, out: Array, arr: Array, indices: Array, *, axis: Any) -> Any:
    if axis is None:
        spread = F.along_axis_scatter(g, indices, shape=(arr.size,), axis=0)
        return F.reshape(spread, shape=tuple(arr.shape)), None
    return F.along_axis_scatter(g, indices, shape=tuple(arr.shape), axis=axis), None


@op(
    "take_along_axis",
    infer=_infer_along,
    grad=_along_grad,
    params={"axis": Int(optional=True)},
    names=Names(np="take_along_axis", json="_npi_take_along_axis"),
    samples=lambda s: [
        s((2, 3), s.ints(2, 2, high=3), axis=1),
        s((2, 3), s.ints(4, 3, high=2), axis=-2),
        s((2, 3), s.ints(4, high=6), axis=None),
    ],
    reference=lambda arr, i, *, axis: np.take_along_axis(arr, i, axis),
    errors=lambda s: [bad(s((2, 3), s.ints(2, high=2), axis=1), ShapeError, "equal numbers")],
)
def _(xp, arr, indices, *, axis=-1):
    """Elements of `arr` at a position of its own for each row along `axis`."""
    flat, along = _flat(arr, axis)
    whole = indices if indices.dtype.kind in "iu" else indices.astype("int64")
    return xp.take_along_axis(flat, whole, along)


@op(
    "along_axis_scatter",
    infer=lambda g, indices, *, shape, axis: Aval(shape, g.dtype),
    grad=lambda F, h, out, g, indices, *, shape, axis: (
        F.take_along_axis(h, indices, axis=axis),
        None,
    ),
    params={"shape": Shape(0)},
    samples=lambda s: [
        s((2, 2), s.ints(2, 2, high=3), shape=(2, 3), axis=1),
        s((4, 3), s.ints(4, 3, high=2), shape=(2, 3), axis=-2),
        s((0, 3), s.ints(0, 3, high=1), shape=(2, 3), axis=0),
    ],
)
def _(xp, g, indices, *, shape, axis):
    """Zeros of `shape` with `g` added where `take_along_axis` read: its adjoint."""
    out = xp.zeros(shape, g.dtype)
    whole = indices if indices.dtype.kind in "iu" else indices.astype("int64")
    axis = normalize_axis("along_axis_scatter", axis, len(shape))
    if not whole.size:
        return out
    xp.add.at(out, _grid(xp, whole, axis), g)
    return out
