"""Random sparse arrays."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio import nd
from dlstudio.errors import ParamError, explain
from dlstudio.test_utils.arrays import assign_each, default_dtype

__all__ = [
    "create_sparse_array",
    "create_sparse_array_zd",
    "rand_sparse_ndarray",
    "shuffle_csr_column_indices",
]

Shape = tuple[int, ...]
Modifier = Callable[[Any], Any]


def rand_sparse_ndarray(
    shape: Shape,
    stype: str,
    density: float | None = None,
    dtype: Any = None,
    distribution: str | None = None,
    data_init: float | None = None,
    rsp_indices: Any = None,
    modifier_func: Modifier | None = None,
    shuffle_csr_indices: bool = False,
    ctx: Any = None,
) -> tuple[Any, tuple[Any, ...]]:
    """Sparse NDArray whose stored elements are random numbers from -1 to 1.

    Parameters
    ----------
    shape : tuple of int
    stype : {"csr", "row_sparse"}
    density : float, optional
        Share of elements (csr) or rows (row_sparse) that are stored; default: random.
    dtype : dtype, default float32
    distribution : {"uniform", "powerlaw"}, optional
        How csr elements are spread: evenly, or twice as many from row to row.
    data_init : float, optional
        Value of all stored elements.
    rsp_indices : sequence of int, optional
        Rows to store.
    modifier_func : function, optional
        Applied to each stored value.
    shuffle_csr_indices : bool
        Leave columns within a row in random order.
    ctx : Device, optional

    Returns
    -------
    array : CSRNDArray or RowSparseNDArray
    parts : (indptr, indices, data) of csr, (data, indices) of row_sparse

    Raises
    ------
    ParamError
        If `stype` or `distribution` is another word.
    """
    density = np.random.rand() if density is None else density  # noqa: NPY002
    dtype = default_dtype() if dtype is None else dtype
    if stype == "row_sparse":
        found = _rows(shape, density, rsp_indices, data_init, modifier_func, dtype, ctx)
        return found, (found.data.asnumpy(), found.indices.asnumpy())
    if stype != "csr":
        raise ParamError(
            explain(
                f"rand_sparse_ndarray: parameter stype={stype!r}.",
                "'csr' or 'row_sparse'.",
                "rand_ndarray(shape) for dense arrays",
            )
        )
    matrix = nd.sparse.csr_matrix(
        _elements(shape, density, distribution, data_init, modifier_func, dtype), ctx=ctx
    )
    if shuffle_csr_indices:
        matrix = shuffle_csr_column_indices(matrix)
    return matrix, (matrix.indptr, matrix.indices, matrix.data)


def _values(size: Any, init: float | None, modifier: Modifier | None, dtype: Any) -> Any:
    values = np.random.uniform(-1, 1, size)  # noqa: NPY002  programs seed this generator
    if init is not None:
        values = np.full(size, float(init))
    return assign_each(values, modifier).astype(dtype)


def _rows(
    shape: Shape, density: float, rows: Any, init: Any, modifier: Any, dtype: Any, ctx: Any
) -> Any:
    if rows is None:
        rows = np.flatnonzero(np.random.rand(shape[0]) < density)  # noqa: NPY002
    chosen = np.unique(np.asarray(rows, np.int64))
    values = _values((len(chosen), *shape[1:]), init, modifier, dtype)
    return nd.sparse.row_sparse_array((values, chosen), shape=shape, ctx=ctx, dtype=dtype)


def _elements(
    shape: Shape, density: float, distribution: str | None, init: Any, modifier: Any, dtype: Any
) -> Any:
    if distribution not in (None, "uniform", "powerlaw"):
        raise ParamError(
            "rand_sparse_ndarray: parameter distribution must be 'uniform' or 'powerlaw'."
            f" Got {distribution!r}."
        )
    kept = np.random.rand(*shape) < density  # noqa: NPY002
    if distribution == "powerlaw":
        counts = np.minimum(2 ** np.minimum(np.arange(shape[0]), 30), shape[1])
        kept = np.arange(shape[1]) < counts[:, None]
        kept &= np.cumsum(kept).reshape(shape) <= round(density * shape[0] * shape[1])
    return np.where(kept, _values(shape, init, modifier, dtype), 0).astype(dtype)


def shuffle_csr_column_indices(csr: Any) -> Any:
    """Put the elements of each row of a csr matrix into random order; the values stay."""
    indptr, indices, data = (part.asnumpy() for part in (csr.indptr, csr.indices, csr.data))
    order = np.arange(len(data))
    for start, stop in itertools.pairwise(indptr):
        np.random.shuffle(order[start:stop])  # noqa: NPY002
    parts = data[order], indices[order], indptr
    return nd.sparse.csr_matrix(parts, shape=csr.shape, ctx=csr.context, dtype=csr.dtype)


def create_sparse_array(
    shape: Shape,
    stype: str,
    data_init: float | None = None,
    rsp_indices: Any = None,
    dtype: Any = None,
    modifier_func: Modifier | None = None,
    density: float = 0.5,
    shuffle_csr_indices: bool = False,
) -> Any:
    """Sparse array of random or equal values; see `rand_sparse_ndarray`."""
    if stype == "row_sparse" and rsp_indices is not None:
        density = 0.0
    return rand_sparse_ndarray(
        shape, stype, density, dtype, None, data_init, rsp_indices, modifier_func,
        shuffle_csr_indices,
    )[0]  # fmt: skip


def create_sparse_array_zd(
    shape: Shape,
    stype: str,
    density: float,
    data_init: float | None = None,
    rsp_indices: Any = None,
    dtype: Any = None,
    modifier_func: Modifier | None = None,
    shuffle_csr_indices: bool = False,
) -> Any:
    """`create_sparse_array` where a row_sparse array of density 0 stores no row at all."""
    if stype == "row_sparse" and rsp_indices is None and not density:
        rsp_indices = []
    return create_sparse_array(
        shape, stype, data_init, rsp_indices, dtype, modifier_func, density, shuffle_csr_indices
    )
