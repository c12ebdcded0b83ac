"""Reading and writing at positions given by index arrays: gather_nd, scatter_nd, masks, indices."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Axes, Shape
from dlstudio.core.registry import Flags, Names, NotDifferentiable, bad, op
from dlstudio.errors import IndexRangeError, ShapeError, explain
from dlstudio.ops.rules import contrib, normalize_axis, zeros

Array = Any
POSITIONS = NotDifferentiable("its result is a position, a whole number")


def _whole(index: Array) -> Array:
    return index if index.dtype.kind in "iu" else index.astype("int64")


# --- gather_nd and scatter_nd -------------------------------------------------------------------


def _infer_gather(data: Aval, indices: Aval) -> Aval:
    depth = indices.shape[0] if indices.ndim else 0
    if not 1 <= depth <= data.ndim:
        raise ShapeError(
            explain(
                f"gather_nd: indices have shape {indices.shape}, data {data.shape}.",
                f"a first axis of length 1 to {data.ndim}: one row for each indexed axis.",
            )
        )
    return Aval((*indices.shape[1:], *data.shape[depth:]), data.dtype)


def _gather_key(name: str, indices: Array, shape: tuple[int, ...]) -> tuple[Array, ...]:
    rows = tuple(_whole(indices))
    for axis, row in enumerate(rows):
        if row.size and not -shape[axis] <= int(row.min()) <= int(row.max()) < shape[axis]:
            raise IndexRangeError(
                explain(
                    f"{name}: an index {int(row.min())} … {int(row.max())} leaves axis {axis}.",
                    f"positions from 0 to {shape[axis] - 1}.",
                )
            )
    return rows


@op(
    "gather_nd",
    infer=_infer_gather,
    grad=lambda F, g, out, data, indices: (
        F.gather_nd_scatter(g, indices, shape=tuple(data.shape)),
        None,
    ),
    names=Names(nd="gather_nd", npx="gather_nd"),
    samples=lambda s: [
        s((3, 4), s.ints(2, 3, high=3)),
        s((3, 2, 2), s.ints(1, 2, high=3)),
        s((3, 4), s.ints(2, 2, 2, high=3)),
        s((3, 4), s.ints(2, 0, high=1)),
    ],
    errors=lambda s: [bad(s((3, 4), s.ints(3, 2, high=2)), ShapeError, "length 1 to 2")],
)
def _(xp, data, indices):
    """Elements at the positions in the columns of `indices`: ``data[indices[0, i], …]``."""
    _infer_gather(data, indices)
    return data[_gather_key("gather_nd", indices, data.shape)]


@op(
    "gather_nd_scatter",
    infer=lambda g, indices, *, shape: Aval(shape, g.dtype),
    grad=lambda F, h, out, g, indices, *, shape: (F.gather_nd(h, indices), None),
    params={"shape": Shape(0)},
    names=Names(nd="_internal._backward_gather_nd"),
    samples=lambda s: [
        s((3,), s.ints(2, 3, high=3), shape=(3, 4)),
        s((2, 2), s.ints(1, 2, high=3), shape=(3, 2)),
    ],
)
def _(xp, g, indices, *, shape):
    """Zeros of `shape` with `g` added where `gather_nd` read: its adjoint."""
    out = xp.zeros(shape, g.dtype)
    xp.add.at(out, _gather_key("gather_nd", indices, shape), g)
    return out


def _distinct_columns(s: Any) -> Any:
    return np.array([[0, 1, 2], [3, 0, 1]])


@op(
    "scatter_nd",
    infer=lambda data, indices, *, shape: Aval(shape, data.dtype),
    grad=lambda F, g, out, data, indices, *, shape: (F.gather_nd(g, indices), None),
    params={"shape": Shape(0)},
    names=Names(nd="scatter_nd"),
    samples=lambda s: [
        s((3,), _distinct_columns(s), shape=(3, 4)),
        s((2, 2), np.array([[2, 0]]), shape=(3, 2)),
    ],
)
def _(xp, data, indices, *, shape):
    """Zeros of `shape` with `data` written at the positions in the columns of `indices`."""
    out = xp.zeros(shape, data.dtype)
    out[_gather_key("scatter_nd", indices, shape)] = data
    return out


# --- masks and rows -----------------------------------------------------------------------------


def _infer_mask(data: Aval, index: Aval, *, axis: int) -> Aval:
    """Without values only the bound is known: as many slices as there are."""
    return data


@op(
    "boolean_mask",
    infer=_infer_mask,
    grad=lambda F, g, out, data, index, *, axis: (
        F.boolean_mask_scatter(g, index, shape=tuple(data.shape), axis=axis),
        None,
    ),
    flags=Flags(dynamic=True),
    names=contrib("boolean_mask", "boolean_mask"),
    samples=lambda s: [s((4, 3), np.array([1, 0, 1, 1])), s((2, 3), np.array([0, 1, 1]), axis=1)],
)
def _(xp, data, index, *, axis=0):
    """Slices of `data` along `axis` where `index` is not zero; how many depends on the values."""
    if index.ndim != 1 or index.shape[0] != data.shape[axis]:
        raise ShapeError(
            explain(
                f"boolean_mask: index has shape {tuple(index.shape)}, data {tuple(data.shape)}.",
                f"a vector with the length of axis {axis}.",
            )
        )
    return xp.compress(index != 0, data, axis=axis)


@op(
    "boolean_mask_scatter",
    infer=lambda g, index, *, shape, axis: Aval(shape, g.dtype),
    grad=lambda F, h, out, g, index, *, shape, axis: (
        F.boolean_mask_take(h, index, axis=axis, count=g.shape[axis]),
        None,
    ),
    params={"shape": Shape(0)},
    samples=lambda s: [s((3, 3), np.array([1, 0, 1, 1]), shape=(4, 3))],
)
def _(xp, g, index, *, shape, axis=0):
    """Zeros of `shape` with `g` where `boolean_mask` read: its adjoint."""
    out = xp.zeros(shape, g.dtype)
    xp.moveaxis(out, axis, 0)[index != 0] = xp.moveaxis(g, axis, 0)
    return out


def _infer_mask_take(data: Aval, index: Aval, *, axis: int, count: int) -> Aval:
    axis = normalize_axis("boolean_mask", axis, data.ndim)
    return Aval((*data.shape[:axis], count, *data.shape[axis + 1 :]), data.dtype)


@op(
    "boolean_mask_take",
    infer=_infer_mask_take,
    grad=lambda F, g, out, data, index, *, axis, count: (
        F.boolean_mask_scatter(g, index, shape=tuple(data.shape), axis=axis),
        None,
    ),
    samples=lambda s: [s((4, 3), np.array([1, 0, 1, 1]), count=3)],
)
def _(xp, data, index, *, axis=0, count):
    """`boolean_mask` where the number of non-zero entries is known beforehand."""
    return xp.compress(index != 0, data, axis=axis)


@op(
    "_contrib_index_copy",
    infer=lambda old_tensor, index_vector, new_tensor: old_tensor,
    grad=lambda F, g, out, old_tensor, index_vector, new_tensor: (
        F.rows_cleared(g, index_vector),
        None,
        F.take(g, index_vector, axis=0, mode="clip"),
    ),
    names=Names(nd="contrib.index_copy", npx="index_copy"),
    samples=lambda s: [s((4, 3), np.array([2, 0]), (2, 3))],
)
def _(xp, old_tensor, index_vector, new_tensor):
    """Copy of `old_tensor` with the rows `index_vector` replaced by those of `new_tensor`."""
    out = old_tensor.copy()
    out[_whole(index_vector)] = new_tensor
    return out


@op(
    "rows_cleared",
    infer=lambda g, index: g,
    grad=lambda F, h, out, g, index: (F.rows_cleared(h, index), None),
    samples=lambda s: [s((4, 3), np.array([2, 0]))],
)
def _(xp, g, index):
    """Copy of `g` with the rows `index` set to zero."""
    out = g.copy()
    out[_whole(index)] = 0
    return out


# --- positions as numbers -----------------------------------------------------------------------


def _flat_grad(F: Any, g: Array, out: Array, data: Array, **_: Any) -> tuple[Array]:
    """Positions are piecewise constant: their gradient is zero."""
    return (zeros(F, data),)


def _radix(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(prod(shape[i + 1 :]) for i in range(len(shape)))


@op(
    "_unravel_index",
    infer=lambda data, *, shape: Aval((len(shape), *data.shape), data.dtype),
    grad=_flat_grad,
    params={"shape": Shape()},
    names=Names(nd="unravel_index"),
    samples=lambda s: [
        s(s.ints(3, high=42), shape=(7, 6)),
        s(s.ints(2, 2, high=12), shape=(-1, 6)),
    ],
)
def _(xp, data, *, shape):
    """Coordinates, one row for each axis of `shape`, of positions in the flattened array."""
    whole = _whole(data)
    rows = []
    for i, step in enumerate(_radix(shape)):
        quotient = whole // step
        rows.append(quotient if i == 0 else quotient % shape[i])
    return xp.stack(rows).astype(data.dtype)


@op(
    "_ravel_multi_index",
    infer=lambda data, *, shape: Aval(data.shape[1:], data.dtype),
    grad=_flat_grad,
    params={"shape": Shape()},
    names=Names(nd="ravel_multi_index"),
    samples=lambda s: [
        s(s.ints(2, 3, high=6), shape=(7, 6)),
        s(s.ints(2, 2, high=5), shape=(-1, 6)),
    ],
)
def _(xp, data, *, shape):
    """Positions in the flattened array of the coordinates in the rows of `data`."""
    steps = xp.asarray(_radix(shape)).reshape((-1,) + (1,) * (data.ndim - 1))
    return xp.sum(_whole(data) * steps, axis=0).astype(data.dtype)


def _infer_index_array(data: Aval, *, axes: Any) -> Aval:
    chosen = range(data.ndim) if axes is None else (axes,) if isinstance(axes, int) else axes
    return Aval((*data.shape, len(tuple(chosen))), np.dtype("int64"))


@op(
    "_contrib_index_array",
    infer=_infer_index_array,
    grad=POSITIONS,
    params={"axes": Axes()},
    names=Names(nd="contrib.index_array", npx="index_array"),
    samples=lambda s: [s(2, 3), s(2, 3, 2, axes=(1, 0)), s(0, 3)],
)
def _(xp, data, *, axes=None):
    """Coordinates of every element, on a new last axis; only those of `axes` if given."""
    chosen = range(data.ndim) if axes is None else (axes,) if isinstance(axes, int) else axes
    grids = [
        xp.broadcast_to(xp.arange(n).reshape((n,) + (1,) * (data.ndim - i - 1)), data.shape)
        for i, n in enumerate(data.shape)
    ]
    return xp.stack([grids[normalize_axis("index_array", a, data.ndim)] for a in chosen], axis=-1)


# --- facts about an array, as arrays ------------------------------------------------------------


@op(
    "shape_array",
    infer=lambda data: Aval((data.ndim,), np.dtype("int64")),
    grad=POSITIONS,
    names=Names(nd="shape_array", npx="shape_array", method="shape_array", np_method="shape_array"),
    samples=lambda s: [s(2, 3), s(()), s(0, 3)],
)
def _(xp, data):
    """Lengths of the axes, as an int64 array."""
    return xp.asarray(data.shape, "int64")


@op(
    "size_array",
    infer=lambda data: Aval((1,), np.dtype("int64")),
    grad=POSITIONS,
    names=Names(nd="size_array", method="size_array", np_method="size_array"),
    samples=lambda s: [s(2, 3), s(0, 3)],
)
def _(xp, data):
    """Number of elements, as an int64 array of shape (1,)."""
    return xp.asarray([data.size], "int64")
