"""Operators that are about storage: cast_storage, retain, getnnz. Graphs compute densely."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Axes, Choice, Int
from dlstudio.core.registry import Flags, Names, NotDifferentiable, bad, composite, op
from dlstudio.errors import ParamError, ShapeError
from dlstudio.ops.nn_rules import aval
from dlstudio.ops.rules import contrib

Array = Any


@op(
    "cast_storage",
    infer=lambda data, *, stype: aval(data.shape, data),
    grad=lambda F, g, out, data, *, stype: (g,),
    params={"stype": Choice("default", "row_sparse", "csr")},
    names=Names(nd="cast_storage"),
    flags=Flags(view=True),
    samples=lambda s: [s(2, 3, stype="default"), s(0, 3, stype="default")],
    errors=lambda s: [bad(s(2, 3, stype="coo"), ParamError, "stype")],
)
def _(xp: Any, data: Array, *, stype: str) -> Array:
    """Convert to a storage type; the values stay.

    Called on arrays it answers a `CSRNDArray` or `RowSparseNDArray`; in a compiled graph, where
    all arrays are dense, it passes its input on.

    Parameters
    ----------
    data : any shape; a matrix for ``stype="csr"``
    stype : {"default", "row_sparse", "csr"}
    """
    return data[...]


@op(
    "_sparse_retain",
    infer=lambda data, indices: aval(data.shape, data),
    grad=lambda F, g, out, data, indices: (F._sparse_retain(g, indices), None),
    constant=("indices",),
    names=Names(nd="sparse.retain sparse.gs_retain", json="_sparse_retain"),
    samples=lambda s: [
        s((4, 3), np.array([0, 2])),
        s((4,), np.array([1])),
        s((3, 2), np.zeros(0, "int64")),
    ],
    errors=lambda s: [bad(s((), np.array([0])), ShapeError, "rows")],
)
def _(xp: Any, data: Array, indices: Array) -> Array:
    """Keep the rows numbered in `indices` and set all others to zero.

    Parameters
    ----------
    data : (N, ...), row_sparse where storage is sparse
    indices : (K,), row numbers
    """
    if not data.ndim:
        raise ShapeError("retain: data has no rows. Expected at least one axis.")
    kept, rows = xp.zeros_like(data), indices.reshape(-1).astype("int64")
    kept[rows] = data[rows]
    return kept


@composite(
    "_square_sum",
    names=Names(nd="_internal._square_sum", json="_square_sum"),
    params={"axis": Axes()},
    samples=lambda s: [s(2, 3, axis=1), s(2, 3, axis=0, keepdims=True), s(2, 3)],
)
def _(F: Any, data: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
    """Sum of the squares over `axis`."""
    return F.sum(F.square(data), axis=axis, keepdims=keepdims)


@op(
    "_contrib_getnnz",
    infer=lambda data, *, axis: Aval(_count_shape(data, axis), np.dtype("int64")),
    grad=NotDifferentiable("it counts"),
    params={"axis": Int(optional=True)},
    names=contrib("getnnz"),
    samples=lambda s: [s(2, 3), s(np.array([[0.0, 1.0], [0.0, 0.0]]), axis=1)],
    errors=lambda s: [
        bad(s(2, 3, axis=0), ParamError, "axis"),
        bad(s(2), ShapeError, "matrix"),
    ],
)
def _(xp: Any, data: Array, *, axis: int | None = None) -> Array:
    """Count the stored elements of a csr matrix (of a dense one, those that are not zero).

    Parameters
    ----------
    data : (M, N)
    axis : None for all of them, 1 for those of each row

    Returns
    -------
    (1,), or (M,) with ``axis=1``; int64
    """
    shape = _count_shape(data, axis)
    return (data != 0).sum(axis=axis).astype("int64").reshape(shape)


def _count_shape(data: Any, axis: int | None) -> tuple[int, ...]:
    if axis not in (None, 1):
        raise ParamError(f"getnnz: parameter axis must be None or 1. Got {axis}.")
    if len(data.shape) != 2:
        raise ShapeError(f"getnnz: data has shape {tuple(data.shape)}. Expected a matrix.")
    return (1,) if axis is None else (data.shape[0],)


@op(
    "_contrib_edge_id",
    infer=lambda data, u, v: aval(np.broadcast_shapes(u.shape, v.shape), data),
    grad=NotDifferentiable("it looks up numbers of edges"),
    names=contrib("edge_id"),
    samples=lambda s: [s(np.array([[0.0, 2.0], [1.0, 0.0]]), np.array([0, 0]), np.array([0, 1]))],
)
def _(xp: Any, data: Array, u: Array, v: Array) -> Array:
    """Value stored for the edge from each `u` to each `v`; -1 where there is none.

    Parameters
    ----------
    data : (N, N), csr where storage is sparse
    u, v : (K,), numbers of nodes
    """
    found = data[u.astype("int64"), v.astype("int64")]
    return xp.where(found != 0, found, data.dtype.type(-1))
