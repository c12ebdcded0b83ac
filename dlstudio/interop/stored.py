"""What sparse arrays store, on bare arrays: in memory and in files alike."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["CsrArray", "RowSparseArray"]

Array = Any


class RowSparseArray(NamedTuple):
    """Rows `indices` (K,) of an otherwise zero array of `shape` are `data` (K, ...)."""

    data: Array
    indices: Array
    shape: tuple[int, ...]

    __array_ufunc__ = None  # arithmetic with NumPy arrays must not take it for a sequence

    @property
    def dtype(self) -> Any:
        """Element type."""
        return self.data.dtype

    def todense(self) -> Array:
        """Spell out the zeros."""
        dense = np.zeros(self.shape, self.data.dtype)
        dense[self.indices] = self.data
        return dense


class CsrArray(NamedTuple):
    """Compressed sparse rows: row i holds ``data[indptr[i]:indptr[i+1]]`` at those `indices`."""

    data: Array
    indices: Array
    indptr: Array
    shape: tuple[int, int]

    __array_ufunc__ = None

    @property
    def dtype(self) -> Any:
        """Element type."""
        return self.data.dtype

    def todense(self) -> Array:
        """Spell out the zeros."""
        dense = np.zeros(self.shape, self.data.dtype)
        rows = np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))
        dense[rows, self.indices] = self.data
        return dense
