"""Operators that are about storage: cast_storage, retain, square_sum. Graphs compute densely."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.params import Axes, Choice
from dlstudio.core.registry import Flags, Names, bad, composite, op
from dlstudio.errors import ParamError, ShapeError
from dlstudio.ops.nn_rules import aval

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
