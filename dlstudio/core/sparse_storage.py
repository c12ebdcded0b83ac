"""Sparse storage on bare arrays: conversions, sums and products that step over the zeros.

Two kinds, MXNet's: `RowSparseArray` keeps the rows that are not zero, `CsrArray` the elements of
a matrix row by row. Everything here is written for NumPy and CuPy; where SciPy is installed its
compiled products are used for matrices on the CPU.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from dlstudio.core.rows import add_rows
from dlstudio.errors import DTypeError, ShapeError, explain
from dlstudio.interop.stored import CsrArray, RowSparseArray

__all__ = [
    "CsrArray",
    "RowSparseArray",
    "cast",
    "csr_of",
    "densified",
    "dot",
    "empty",
    "is_sparse",
    "kept_rows",
    "row_numbers",
    "rows_of",
    "summed_by",
    "summed_rows",
    "union",
    "without_zeros",
]

Array = Any
Stored = RowSparseArray | CsrArray
INDEX = "int64"


def is_sparse(x: Any) -> bool:
    """Whether `x` is a sparse array of this module rather than a plain one."""
    return x.__class__ is RowSparseArray or x.__class__ is CsrArray


def empty(xp: Any, stype: str, shape: tuple[int, ...], dtype: Any) -> Stored:
    """All zeros: nothing is stored."""
    index = xp.zeros(0, INDEX)
    if stype == "row_sparse":
        return RowSparseArray(xp.zeros((0, *shape[1:]), dtype), index, shape)
    pointer = xp.zeros(shape[0] + 1, INDEX)
    return CsrArray(xp.zeros(0, dtype), index, pointer, shape)  # type: ignore[arg-type]


# ---- conversions -----------------------------------------------------------------------------
def row_numbers(xp: Any, csr: CsrArray) -> Array:
    """Row of each stored element, (nnz,)."""
    return xp.searchsorted(csr.indptr, xp.arange(csr.data.shape[0]), side="right") - 1


def densified(xp: Any, x: Any) -> Array:
    """Spell out the zeros; a plain array is returned as it is."""
    if x.__class__ is RowSparseArray:
        dense = xp.zeros(x.shape, x.data.dtype)
        dense[x.indices] = x.data
    elif x.__class__ is CsrArray:
        dense = xp.zeros(x.shape, x.data.dtype)
        dense[row_numbers(xp, x), x.indices] = x.data
    else:
        return x
    return dense


def rows_of(xp: Any, dense: Array) -> RowSparseArray:
    """Keep the rows of `dense` that are not all zero."""
    filled = dense != 0
    if dense.ndim > 1:
        filled = filled.any(axis=tuple(range(1, dense.ndim)))
    indices = xp.flatnonzero(filled).astype(INDEX)
    return RowSparseArray(dense[indices], indices, tuple(dense.shape))


def csr_of(xp: Any, dense: Array) -> CsrArray:
    """Keep the elements of the matrix `dense` that are not zero."""
    rows, columns = xp.nonzero(dense)
    pointer = xp.searchsorted(rows, xp.arange(dense.shape[0] + 1)).astype(INDEX)
    return CsrArray(dense[rows, columns], columns.astype(INDEX), pointer, dense.shape)


def cast(xp: Any, x: Any, stype: str) -> Any:
    """`x`, plain or sparse, in another storage.

    Raises
    ------
    ShapeError
        If an array that is no matrix shall become csr, or a 0-d array row_sparse.
    """
    if is_sparse(x) and stype == ("csr" if x.__class__ is CsrArray else "row_sparse"):
        return x
    dense = densified(xp, x)
    if stype == "default":
        return dense
    if stype == "csr" and len(dense.shape) != 2:
        raise ShapeError(
            explain(
                f"cast_storage: csr storage of an array of shape {dense.shape}.",
                "a matrix: csr keeps rows of single elements.",
                'x.tostype("row_sparse"), or x.reshape((x.shape[0], -1)).tostype("csr")',
            )
        )
    if not dense.shape:
        raise ShapeError(explain("cast_storage: a 0-d array has no rows.", "at least one axis."))
    return csr_of(xp, dense) if stype == "csr" else rows_of(xp, dense)


# ---- sums ------------------------------------------------------------------------------------
def summed_by(xp: Any, values: Array, groups: Array, count: int) -> Array:
    """Sum rows of `values` (K, ...) that have the same number in `groups` (K,): (count, ...)."""
    wide = "float32" if values.dtype == "float16" else values.dtype
    total = xp.zeros((count, *values.shape[1:]), wide)
    add_rows(xp, total, groups, values.astype(wide, copy=False))
    return total.astype(values.dtype, copy=False)


def summed_rows(xp: Any, indices: Array, rows: Array, shape: tuple[int, ...]) -> RowSparseArray:
    """Row-sparse array whose row i is the sum of the `rows` numbered i; indices come sorted."""
    unique, inverse = xp.unique(indices, return_inverse=True)
    data = summed_by(xp, rows, inverse.reshape(-1), unique.shape[0])
    return RowSparseArray(data, unique.astype(INDEX, copy=False), shape)


def kept_rows(xp: Any, rows: RowSparseArray, wanted: Array) -> RowSparseArray:
    """`rows` restricted to those numbered in `wanted`; wanted rows that are zero are not stored."""
    keep = xp.isin(rows.indices, wanted)
    return RowSparseArray(rows.data[keep], rows.indices[keep], rows.shape)


def union(xp: Any, function: Any, x: Stored, y: Stored) -> Stored:
    """``function(x, y)`` where either is stored, for functions with f(0, 0) = 0."""
    if isinstance(x, RowSparseArray) and isinstance(y, RowSparseArray):
        indices = xp.unique(xp.concatenate([x.indices, y.indices])).astype(INDEX, copy=False)
        left, right = (_spread(xp, indices, p.indices, p.data) for p in (x, y))
        return RowSparseArray(function(left, right), indices, x.shape)
    assert isinstance(x, CsrArray)
    assert isinstance(y, CsrArray)
    columns = x.shape[1]
    ours, theirs = (row_numbers(xp, p) * columns + p.indices for p in (x, y))
    places = xp.unique(xp.concatenate([ours, theirs]))
    left, right = (_spread(xp, places, at, p.data) for at, p in ((ours, x), (theirs, y)))
    pointer = xp.searchsorted(places, xp.arange(x.shape[0] + 1) * columns).astype(INDEX)
    inside = (places % max(columns, 1)).astype(INDEX, copy=False)
    return without_zeros(xp, CsrArray(function(left, right), inside, pointer, x.shape))


def without_zeros(xp: Any, csr: CsrArray) -> CsrArray:
    """The same matrix, whose stored values are none of them zero."""
    keep = csr.data != 0
    if keep.all():
        return csr
    rows = row_numbers(xp, csr)[keep]
    pointer = xp.searchsorted(rows, xp.arange(csr.shape[0] + 1)).astype(INDEX)
    return CsrArray(csr.data[keep], csr.indices[keep], pointer, csr.shape)


def _spread(xp: Any, places: Array, at: Array, values: Array) -> Array:
    """`values`, which belong `at` some of the sorted `places`, with zeros for the others."""
    full = xp.zeros((places.shape[0], *values.shape[1:]), values.dtype)
    full[xp.searchsorted(places, at)] = values
    return full


# ---- products --------------------------------------------------------------------------------
@functools.cache
def _scipy_matrices() -> Any:
    """SciPy's sparse matrices, or None where SciPy is not installed."""
    try:
        import scipy.sparse
    except ImportError:
        return None
    return scipy.sparse


def _by_scipy(xp: Any, a: CsrArray, b: Array) -> Any:
    """`a` as a SciPy matrix if SciPy can multiply these dtypes, else None."""
    if xp is not np or a.data.dtype.kind not in "fiu" or a.data.dtype == "float16":
        return None
    found = _scipy_matrices()
    if found is None or a.data.dtype != b.dtype:
        return None
    return found.csr_matrix((a.data, a.indices, a.indptr), shape=a.shape, copy=False)


def dot(xp: Any, a: CsrArray, b: Array, *, transpose: bool = False) -> Array:
    """``a @ b``, or ``a.T @ b`` with `transpose`; a (M, K) csr, b a vector or matrix.

    Raises
    ------
    ShapeError, DTypeError
        If the operands do not fit together.
    """
    _check_product(a, b, a.shape[0] if transpose else a.shape[1], transpose=transpose)
    matrix = _by_scipy(xp, a, b)
    if matrix is not None:
        return np.ascontiguousarray((matrix.T if transpose else matrix) @ b)
    rows, wide = row_numbers(xp, a), "float32" if b.dtype == "float16" else b.dtype
    source, target = (rows, a.indices) if transpose else (a.indices, rows)
    weights = a.data.astype(wide, copy=False).reshape((-1,) + (1,) * (b.ndim - 1))
    terms = weights * b[source].astype(wide, copy=False)
    return summed_by(xp, terms, target, a.shape[int(transpose)]).astype(b.dtype, copy=False)


def dot_rows(xp: Any, a: CsrArray, b: Array) -> RowSparseArray:
    """``a.T @ b`` as a row-sparse array: only columns of `a` that hold something are rows of it."""
    _check_product(a, b, a.shape[0], transpose=True)
    columns, inverse = xp.unique(a.indices, return_inverse=True)
    compact = a._replace(indices=inverse.reshape(-1), shape=(a.shape[0], int(columns.shape[0])))
    data = dot(xp, compact, b, transpose=True)
    return RowSparseArray(data, columns.astype(INDEX, copy=False), (a.shape[1], *b.shape[1:]))


def _check_product(a: CsrArray, b: Array, inner: int, *, transpose: bool) -> None:
    if b.ndim not in (1, 2) or b.shape[0] != inner:
        turned = ", transpose_a=True" if transpose else ""
        raise ShapeError(
            explain(
                f"dot: csr matrix {a.shape}{turned} and an array of shape {tuple(b.shape)}.",
                f"a vector or matrix with {inner} rows on the right.",
                "transpose_a / transpose_b, or check which axis holds the features",
            )
        )
    if a.data.dtype != b.dtype:
        raise DTypeError(
            explain(
                f"dot: the csr matrix has dtype {a.data.dtype}, the other operand {b.dtype}.",
                "one dtype.",
                f'x.astype("{a.data.dtype}")',
            )
        )
