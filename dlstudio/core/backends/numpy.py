"""CPU arrays by NumPy."""

from __future__ import annotations

import os
from math import prod
from typing import Any

import numpy as np

from dlstudio.errors import OutOfMemoryError, explain
from dlstudio.trace import bus, copies

__all__ = ["NumpyBackend", "aligned_empty", "too_large"]

ALIGNMENT = 64  # bytes: one cache line, and the widest vector register


def aligned_empty(shape: tuple[int, ...], dtype: Any, make: Any = np.empty) -> np.ndarray[Any, Any]:
    """Make an uninitialised array whose first byte lies on a cache line; `make` makes bytes."""
    dtype = np.dtype(dtype)
    nbytes = prod(shape) * dtype.itemsize
    try:
        raw = make(nbytes + ALIGNMENT, np.uint8)
    except (MemoryError, ValueError, OverflowError) as error:
        raise OutOfMemoryError(too_large(shape, dtype)) from error
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + nbytes].view(dtype).reshape(shape)


def too_large(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    """Say that there is no room for an array."""
    size: float = prod(shape) * dtype.itemsize
    units = iter(("bytes", "KB", "MB", "GB", "TB", "PB"))
    unit = next(units)
    while size >= 1024 and unit != "PB":
        size, unit = size / 1024, next(units)
    return explain(
        f"an array of shape {tuple(shape)} and dtype {dtype.name} takes {size:.3g} {unit}, "
        "more than the memory that is free.",
        fix="a smaller batch, smaller layers, or a shorter dtype",
    )


class NumpyBackend:
    """One CPU device. Several of them share the machine's memory but stay apart in bookkeeping."""

    xp = np

    def __init__(self, device_id: int) -> None:
        self.device_id = device_id

    def empty(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
        """Make an uninitialised, aligned array."""
        return aligned_empty(shape, dtype)

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
        """Make zeros, aligned; the system provides large ones page by page, when first used."""
        return aligned_empty(shape, dtype, np.zeros)

    def from_numpy(
        self, array: np.ndarray[Any, Any], reason: str = "from NumPy"
    ) -> np.ndarray[Any, Any]:
        """Copy; the ledger notes it, unless `reason` is empty."""
        if bus.subscribers and reason:
            copies.count("numpy", f"cpu({self.device_id})", array.nbytes, reason)
        return np.array(array, order="C")

    def to_numpy(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Copy; the ledger notes it."""
        if bus.subscribers:
            copies.count(f"cpu({self.device_id})", "numpy", array.nbytes, "to NumPy")
        return np.array(array, order="C")

    def synchronize(self) -> None:
        """Nothing to wait for: NumPy computes before it returns."""

    def generator(self, seed: int, counter: int) -> np.random.Generator:
        """Philox keyed by (seed, device), jumped to its own stretch for each `counter`."""
        key = np.array([seed & (2**64 - 1), self.device_id], np.uint64)
        start = np.array([0, 0, counter, 0], np.uint64)
        return np.random.Generator(np.random.Philox(key=key, counter=start))

    def memory(self) -> tuple[int, int]:
        """Free and total bytes of the machine, (0, 0) where the system does not tell."""
        try:
            page = os.sysconf("SC_PAGE_SIZE")
            return os.sysconf("SC_AVPHYS_PAGES") * page, os.sysconf("SC_PHYS_PAGES") * page
        except (AttributeError, ValueError, OSError):
            return 0, 0
