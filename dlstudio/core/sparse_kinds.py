"""`CSRNDArray` and `RowSparseNDArray`: arrays that store what is not zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core import sparse_storage as storage
from dlstudio.core.device import Device
from dlstudio.core.sparse import BaseSparseNDArray
from dlstudio.core.sparse_storage import CsrArray, RowSparseArray
from dlstudio.core.tensor import NDArray
from dlstudio.errors import IndexRangeError, ParamError, ShapeError, explain, missing_extra

__all__ = ["CSRNDArray", "RowSparseNDArray", "wrap", "zeros"]

_DENSE = 'x.tostype("default")'


class CSRNDArray(BaseSparseNDArray):
    """A matrix in compressed sparse row storage.

    Row i holds the values ``data[indptr[i]:indptr[i + 1]]`` in the columns
    ``indices[indptr[i]:indptr[i + 1]]``.

    Examples
    --------
    >>> import dlstudio as mx
    >>> x = mx.nd.sparse.csr_matrix(([1, 2, 3], [1, 0, 2], [0, 1, 2, 3]), shape=(3, 3))
    >>> x[1:2].asnumpy().tolist()
    [[2.0, 0.0, 0.0]]
    """

    __slots__ = ()
    _stored: CsrArray

    @property
    def stype(self) -> str:
        """Return "csr"."""
        return "csr"

    @property
    def indptr(self) -> NDArray:
        """Start of each row in `indices` and `data`, and the end of the last (int64)."""
        return NDArray._wrap(self._stored.indptr, self._device)

    def asscipy(self) -> Any:
        """Copy into a ``scipy.sparse.csr_matrix``."""
        try:
            import scipy.sparse
        except ImportError:
            raise missing_extra("scipy", "sparse", "CSRNDArray.asscipy()") from None
        host = self._on_host()
        return scipy.sparse.csr_matrix(
            (host.data, host.indices, host.indptr), shape=host.shape, dtype=self.dtype
        )

    def __getitem__(self, key: Any) -> Any:
        """``x[i]`` and ``x[i:j]`` give rows as a csr matrix; ``x[:]`` is the array itself."""
        if isinstance(key, tuple):
            raise ParamError(
                explain("Multi-dimension indexing is not supported.", fix="x[1:3], or nd.slice")
            )
        if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
            return self._row(int(key))
        if not isinstance(key, slice):
            raise ParamError(explain(f"Undefined behaviour for {key!r}.", fix="x[1:3]"))
        if key.step is not None:
            raise ParamError("CSRNDArray only supports continuous slicing on axis 0")
        if key.start is None and key.stop is None:
            return self
        start, stop, _ = key.indices(self.shape[0])
        return self._rows(start, max(start, stop))

    def _row(self, i: int) -> CSRNDArray:
        n = self.shape[0]
        if not -n <= i < n:
            raise IndexRangeError(
                explain(f"row {i} of a matrix with {n} rows.", f"a row from {-n} to {n - 1}.")
            )
        return self._rows(i % n, i % n + 1)

    def _rows(self, start: int, stop: int) -> CSRNDArray:
        from dlstudio.core.sparse_calls import by_name

        return by_name("slice", (self,), {"begin": (start,), "end": (stop,)})

    def __iter__(self) -> Any:
        for i in range(self.shape[0]):
            yield self[i]

    def _trouble(self, host: Any, *, full: bool) -> str:
        pointer, columns, stored_count = host.indptr, host.indices, len(host.data)
        if pointer.shape != (self.shape[0] + 1,) or len(columns) != stored_count:
            return "index arrays of wrong lengths"
        if pointer[0] != 0 or pointer[-1] != stored_count or (np.diff(pointer) < 0).any():
            return "indptr does not lead from 0 to the number of stored values"
        if not full or not stored_count:
            return ""
        if columns.min() < 0 or columns.max() >= self.shape[1]:
            return "a column number outside the shape"
        rises = np.diff(columns) > 0
        starts = pointer[1:-1]
        rises[starts[(starts > 0) & (starts < stored_count)] - 1] = True
        return "" if rises.all() else "column numbers that do not rise within a row"


class RowSparseNDArray(BaseSparseNDArray):
    """An array most of whose rows are zero, such as the gradient of an embedding.

    Row ``indices[k]`` is ``data[k]``; all other rows are zero.

    Examples
    --------
    >>> import dlstudio as mx
    >>> x = mx.nd.sparse.row_sparse_array(([[1, 2], [3, 4]], [1, 3]), shape=(5, 2))
    >>> x.indices.asnumpy().tolist()
    [1, 3]
    """

    __slots__ = ()
    _stored: RowSparseArray

    @property
    def stype(self) -> str:
        """Return "row_sparse"."""
        return "row_sparse"

    def retain(self, indices: Any) -> RowSparseNDArray:
        """Keep only the rows numbered in `indices`."""
        from dlstudio.core.sparse_calls import by_name

        return by_name("_sparse_retain", (self, indices), {})

    def __getitem__(self, key: Any) -> Any:
        """``x[:]`` is the array itself; other keys are not there."""
        if isinstance(key, slice) and key == slice(None):
            return self
        raise ParamError(
            explain(
                f"RowSparseNDArray[{key!r}] was read.",
                "[:].",
                f"x.retain(rows) for some rows, or {_DENSE}[...]",
            )
        )

    def __iter__(self) -> Any:
        raise self._unsupported("iteration", f"iter({_DENSE})")

    def _trouble(self, host: Any, *, full: bool) -> str:
        rows = host.indices
        if len(rows) != len(host.data):
            return "as many row numbers as stored rows are needed"
        if not full or not len(rows):
            return ""
        if rows.min() < 0 or rows.max() >= self.shape[0]:
            return "a row number outside the shape"
        return "" if (np.diff(rows) > 0).all() else "row numbers that do not rise"


_KINDS: dict[type, type[BaseSparseNDArray]] = {
    CsrArray: CSRNDArray,
    RowSparseArray: RowSparseNDArray,
}


def wrap(value: Any, device: Device) -> NDArray:
    """Make a tensor of a plain or sparse array that lives on `device`."""
    return _KINDS.get(value.__class__, NDArray)._wrap(value, device)


def zeros(stype: str, shape: tuple[int, ...], device: Device, dtype: Any) -> NDArray:
    """Sparse array of zeros.

    Raises
    ------
    ShapeError
        If csr storage is asked for something else than a matrix.
    ParamError
        If the storage type is unknown.
    """
    if stype not in ("csr", "row_sparse"):
        raise ParamError(
            f"unknown storage type: {stype!r}. Expected 'default', 'csr', 'row_sparse'."
        )
    if not shape or (stype == "csr" and len(shape) != 2):
        raise ShapeError(
            explain(
                f"an array of shape {shape} in {stype} storage.",
                "a matrix for csr, at least one axis for row_sparse.",
            )
        )
    return wrap(storage.empty(device.xp, stype, tuple(shape), np.dtype(dtype)), device)
