"""`mx.nd.sparse`: how sparse arrays are made, and which operators have names there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.device import Device, current_context
from dlstudio.core.sparse import BaseSparseNDArray, on_device, stored
from dlstudio.core.sparse_calls import cast_storage as cast
from dlstudio.core.sparse_calls import write
from dlstudio.core.sparse_kinds import CSRNDArray, RowSparseNDArray, wrap
from dlstudio.core.sparse_kinds import zeros as sparse_zeros
from dlstudio.core.sparse_storage import INDEX, CsrArray, RowSparseArray, csr_of, rows_of
from dlstudio.core.tensor import NDArray, Tensor
from dlstudio.errors import (
    DTypeError,
    NotSupportedForSparseNDArray,
    ParamError,
    ShapeError,
    explain,
)
from dlstudio.interop.dtypes import numbers

__all__ = [
    "array",
    "cast_storage",
    "csr_matrix",
    "empty",
    "functions",
    "is_scipy",
    "row_sparse_array",
    "zeros",
]

Shape = tuple[int, ...]


# ---- making arrays ---------------------------------------------------------------------------
def csr_matrix(
    arg1: Any, shape: Shape | None = None, ctx: Device | None = None, dtype: Any = None
) -> CSRNDArray:
    """Make a matrix in compressed sparse row storage.

    Parameters
    ----------
    arg1 : one of
        a dense array-like with two axes; a csr array or SciPy matrix; a shape ``(M, N)`` for
        zeros; ``(data, indices, indptr)``; ``(data, (row, col))``, where doubled places add up
    shape : tuple of two int, optional
        Default: what the indices need.
    ctx : Device, optional
    dtype : optional
        Default: that of the source array, else float32.

    Returns
    -------
    CSRNDArray

    Raises
    ------
    ParamError
        If the tuple has another length, or shapes contradict each other.
    ShapeError
        If the indices do not fit the shape or the data.

    Examples
    --------
    >>> import dlstudio as mx
    >>> mx.nd.sparse.csr_matrix(([7, 8], ([0, 1], [2, 0])), shape=(2, 3)).asnumpy().tolist()
    [[0.0, 0.0, 7.0], [8.0, 0.0, 0.0]]
    """
    if isinstance(arg1, tuple):
        return _csr_of_tuple(arg1, shape, ctx, dtype)
    if isinstance(arg1, RowSparseNDArray):
        raise ParamError(
            "csr_matrix: Unexpected input type: RowSparseNDArray. "
            'Fix: csr_matrix(x.tostype("default"))'
        )
    if isinstance(arg1, CSRNDArray) or is_scipy(arg1):
        _check_shape(arg1.shape, shape)
        return array(arg1, ctx, dtype)
    dense = _dense(arg1, dtype)
    _check_shape(dense.shape, shape)
    if dense.ndim != 2:
        raise ShapeError(explain(f"csr_matrix: a source of shape {dense.shape}.", "a matrix."))
    return _put(csr_of(np, dense), ctx)


def _csr_of_tuple(parts: tuple[Any, ...], shape: Any, ctx: Any, dtype: Any) -> CSRNDArray:
    if len(parts) == 2 and isinstance(parts[1], (tuple, list)) and len(parts[1]) == 2:
        return _csr_of_places(parts[0], parts[1], shape, ctx, dtype)
    if len(parts) == 2:
        _check_shape(parts, shape)
        return zeros("csr", parts, ctx, dtype)  # type: ignore[return-value]
    if len(parts) == 3:
        data, indices, indptr = parts
        return _csr_of_parts(data, indices, indptr, shape, ctx, dtype)
    raise ParamError(
        explain(
            f"csr_matrix: Unexpected length of input tuple: {len(parts)}.",
            "(M, N), (data, indices, indptr) or (data, (row, col)).",
        )
    )


def _csr_of_places(data: Any, places: Any, shape: Any, ctx: Any, dtype: Any) -> CSRNDArray:
    values, (rows, columns) = _dense(data, dtype), (_index(p) for p in places)
    if not values.shape == rows.shape == columns.shape or values.ndim != 1:
        raise ShapeError(
            explain(
                f"csr_matrix: data {values.shape}, rows {rows.shape}, columns {columns.shape}.",
                "three vectors of one length.",
            )
        )
    if shape is None:
        shape = (_extent(rows), _extent(columns))
    _check_inside("csr_matrix", rows, shape[0])
    _check_inside("csr_matrix", columns, shape[1])
    unique, inverse = np.unique(rows * shape[1] + columns, return_inverse=True)
    total = np.zeros(len(unique), values.dtype)
    np.add.at(total, inverse.reshape(-1), values)
    pointer = np.searchsorted(unique, np.arange(shape[0] + 1) * shape[1]).astype(INDEX)
    inside = (unique % max(shape[1], 1)).astype(INDEX)
    return _put(CsrArray(total, inside, pointer, tuple(shape)), ctx)


def _csr_of_parts(
    data: Any, indices: Any, indptr: Any, shape: Any, ctx: Any, dtype: Any
) -> CSRNDArray:
    values, columns, pointer = _dense(data, dtype), _index(indices), _index(indptr)
    if shape is None and columns.size:
        shape = (len(pointer) - 1, _extent(columns))
    whole = (
        shape is not None
        and len(shape) == 2
        and values.ndim == columns.ndim == pointer.ndim == 1
        and len(pointer) == shape[0] + 1
        and len(values) == len(columns)
    )
    if (
        shape is None
        or not whole
        or pointer[0] != 0
        or pointer[-1] != len(values)
        or (np.diff(pointer) < 0).any()
    ):
        raise ShapeError(
            explain(
                f"csr_matrix: invalid shape: data {values.shape}, indices {columns.shape}, "
                f"indptr {pointer.shape}, shape {shape}.",
                "one index per value, and indptr with one entry per row and one more, rising "
                "from 0 to the number of values.",
            )
        )
    _check_inside("csr_matrix", columns, shape[1])
    return _put(CsrArray(values, columns, pointer, tuple(shape)), ctx)


def row_sparse_array(
    arg1: Any, shape: Shape | None = None, ctx: Device | None = None, dtype: Any = None
) -> RowSparseNDArray:
    """Make an array that stores only some of its rows.

    Parameters
    ----------
    arg1 : one of
        a dense array-like; a row_sparse array; a shape for zeros; ``(data, indices)``, where
        row ``indices[k]`` is ``data[k]``
    shape : tuple of int, optional
        Default: what the indices need.
    ctx : Device, optional
    dtype : optional
        Default: that of the source array, else float32.

    Returns
    -------
    RowSparseNDArray

    Raises
    ------
    ParamError
        If the tuple has another length, or shapes contradict each other.
    ShapeError
        If the indices do not fit the shape or the data.

    Examples
    --------
    >>> import dlstudio as mx
    >>> mx.nd.sparse.row_sparse_array(([[1, 2]], [1]), shape=(3, 2)).asnumpy().tolist()
    [[0.0, 0.0], [1.0, 2.0], [0.0, 0.0]]
    """
    if isinstance(arg1, tuple):
        return _rows_of_tuple(arg1, shape, ctx, dtype)
    if isinstance(arg1, CSRNDArray):
        raise ParamError(
            "row_sparse_array: Unexpected input type: CSRNDArray. "
            'Fix: row_sparse_array(x.tostype("default"))'
        )
    if isinstance(arg1, RowSparseNDArray):
        _check_shape(arg1.shape, shape)
        return array(arg1, ctx, dtype)
    dense = _dense(arg1, dtype)
    _check_shape(dense.shape, shape)
    if not dense.ndim:
        raise ShapeError(explain("row_sparse_array: a number.", "at least one axis."))
    return _put(rows_of(np, dense), ctx)


def _rows_of_tuple(parts: tuple[Any, ...], shape: Any, ctx: Any, dtype: Any) -> RowSparseNDArray:
    if len(parts) < 2:
        raise ParamError(
            explain(
                f"row_sparse_array: Unexpected length of input tuple: {len(parts)}.",
                "a shape, or (data, indices).",
            )
        )
    if len(parts) > 2 or all(isinstance(n, (int, np.integer)) for n in parts):
        _check_shape(parts, shape)
        return zeros("row_sparse", parts, ctx, dtype)  # type: ignore[return-value]
    rows, indices = _dense(parts[0], dtype), _index(parts[1])
    if shape is None and indices.size:
        shape = (_extent(indices), *rows.shape[1:])
    fits = shape is not None and rows.ndim == len(shape) and indices.ndim == 1
    if shape is None or not fits or len(rows) != len(indices) or rows.shape[1:] != tuple(shape[1:]):
        raise ShapeError(
            explain(
                f"row_sparse_array: invalid shape: data {rows.shape}, indices {indices.shape}, "
                f"shape {shape}.",
                "one row number per row, and rows as in the shape.",
            )
        )
    _check_inside("row_sparse_array", indices, shape[0])
    return _put(RowSparseArray(rows, indices, tuple(shape)), ctx)


def array(source_array: Any, ctx: Device | None = None, dtype: Any = None) -> Any:
    """Copy a sparse array, or take over a SciPy csr matrix.

    Parameters
    ----------
    source_array : CSRNDArray, RowSparseNDArray or scipy.sparse matrix
    ctx : Device, optional
    dtype : optional
        Default: that of the source.

    Raises
    ------
    ParamError
        If the source is dense.
    """
    if isinstance(source_array, BaseSparseNDArray):
        host = source_array._on_host()
    elif is_scipy(source_array):
        matrix = source_array.tocsr().sorted_indices()
        pointer = matrix.indptr.astype(INDEX)
        host = CsrArray(matrix.data, matrix.indices.astype(INDEX), pointer, matrix.shape)
    else:
        raise ParamError(
            explain(
                f"sparse.array: Unexpected source_array type: {type(source_array).__name__}.",
                "a CSRNDArray, RowSparseNDArray or scipy.sparse matrix.",
                'mx.nd.array(x).tostype("csr")',
            )
        )
    if dtype is not None:
        host = host._replace(data=numbers(host.data, dtype))
    return _put(host, ctx)


def zeros(
    stype: str, shape: Any, ctx: Device | None = None, dtype: Any = None, **kwargs: Any
) -> NDArray:
    """Array of zeros in the storage `stype`, "default", "csr" or "row_sparse".

    Raises
    ------
    ParamError
        If the storage type is unknown.
    """
    shape = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
    if stype == "default":
        from dlstudio import nd

        return nd.zeros(shape, ctx, dtype, **kwargs)
    device = Device(ctx) if ctx is not None else current_context()
    made = sparse_zeros(stype, shape, device, dtype or "float32")
    out = kwargs.get("out")
    if out is None:
        return made
    write(out, made._stored)  # pyright: ignore[reportAttributeAccessIssue]
    return out


def empty(stype: str, shape: Any, ctx: Device | None = None, dtype: Any = None) -> NDArray:
    """Sparse array to be written; it holds zeros."""
    if stype == "default":
        raise ParamError("sparse.empty: unknown stype : default. Fix: mx.nd.empty(shape)")
    return zeros(stype, shape, ctx, dtype)


def cast_storage(data: Any = None, stype: Any = None, out: Any = None, **kwargs: Any) -> Any:
    """Convert to a storage type; the values stay. Recorded, so gradients flow through.

    Parameters
    ----------
    data : NDArray; a matrix for ``stype="csr"``
    stype : {"default", "csr", "row_sparse"}
        csr and row_sparse do not convert into each other directly.

    Raises
    ------
    ParamError
        For an unknown storage, or between the two sparse ones.
    """
    del kwargs
    if not isinstance(data, Tensor):
        raise DTypeError(f"cast_storage: data must be an NDArray. Got {type(data).__name__}.")
    if stype not in ("default", "csr", "row_sparse"):
        raise ParamError(
            "cast_storage: parameter stype must be one of 'default', 'row_sparse', 'csr'. "
            f"Got {stype!r}."
        )
    sparse = isinstance(data, BaseSparseNDArray)
    result = data.tostype(stype) if sparse else cast(data, stype)
    if result is data:
        result = data.copy()
    if out is None:
        return result
    write(out, stored(result))
    return out


# ---- sources ---------------------------------------------------------------------------------
def is_scipy(x: Any) -> bool:
    """Whether `x` is a matrix of SciPy, which is not imported for the answer."""
    module = sys.modules.get("scipy.sparse")
    return module is not None and module.issparse(x)


def _dense(source: Any, dtype: Any) -> np.ndarray[Any, Any]:
    host = source.asnumpy() if isinstance(source, Tensor) else np.array(source)
    default = host.dtype if isinstance(source, (np.ndarray, Tensor)) else np.float32
    return numbers(host, dtype or default)


def _index(source: Any) -> np.ndarray[Any, Any]:
    host = source.asnumpy() if isinstance(source, Tensor) else np.asarray(source)
    return numbers(host, INDEX)


def _extent(indices: np.ndarray[Any, Any]) -> int:
    if not indices.size:
        raise ShapeError(
            explain("invalid shape: there are no indices to tell it.", fix="shape=(M, N)")
        )
    return int(indices.max()) + 1


def _check_inside(name: str, indices: np.ndarray[Any, Any], size: int) -> None:
    if indices.size and not 0 <= indices.min() <= indices.max() < size:
        raise ShapeError(
            explain(
                f"{name}: indices from {indices.min()} to {indices.max()}.",
                f"indices from 0 to {size - 1}, as the shape says.",
            )
        )


def _check_shape(found: Any, asked: Any) -> None:
    if asked is not None and tuple(found) != tuple(asked):
        raise ParamError(f"Shape mismatch detected. {tuple(found)} v.s. {tuple(asked)}")


def _put(host: Any, ctx: Any) -> Any:
    device = Device(ctx) if ctx is not None else current_context()
    return wrap(on_device(host, device), device)


# ---- the namespace ---------------------------------------------------------------------------
def _arithmetic(name: str) -> Callable[[Any, Any], Any]:
    def function(lhs: Any, rhs: Any) -> Any:
        from dlstudio import nd

        return getattr(nd, name)(lhs, rhs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`nd.{name}` of arrays in any storage, or of an array and a number."
    return function


def functions() -> dict[str, Any]:
    """What `mx.nd.sparse` holds besides operators."""
    written = (array, cast_storage, csr_matrix, empty, row_sparse_array, zeros)
    arithmetic = ("add", "subtract", "multiply", "divide")
    return {
        "BaseSparseNDArray": BaseSparseNDArray,
        "CSRNDArray": CSRNDArray,
        "NDArray": NDArray,
        "NotSupportedForSparseNDArray": NotSupportedForSparseNDArray,
        "RowSparseNDArray": RowSparseNDArray,
        **{function.__name__: function for function in written},
        **{name: _arithmetic(name) for name in arithmetic},
    }
