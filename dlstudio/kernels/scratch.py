"""Scratch memory of kernels: allocated once, aligned, lent to one caller at a time."""

from __future__ import annotations

from math import prod
from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["ALIGNMENT", "Scratch", "aligned_zeros"]

ALIGNMENT = 64  # bytes: a cache line, and the widest vector register


def aligned_zeros(shape: tuple[int, ...], dtype: Any = np.float32) -> Any:
    """Zeros whose first byte lies on a cache line."""
    dtype = np.dtype(dtype)
    nbytes = prod(shape) * dtype.itemsize
    raw = np.zeros(nbytes + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + nbytes].view(dtype).reshape(shape)


class Scratch:
    """Named arrays, zero at first, lent to one caller at a time.

    The last set returned is the next one lent, so a plan that runs in one thread uses a single
    set; callers in several threads get sets of their own. A set is not given back after an error,
    because a kernel may have stopped with its padding overwritten.
    """

    def __init__(self, dtype: Any = np.float32, **shapes: tuple[int, ...]) -> None:
        self._dtype, self._shapes = dtype, shapes
        self._free = [self._make()]

    def _make(self) -> SimpleNamespace:
        return SimpleNamespace(
            **{n: aligned_zeros(s, self._dtype) for n, s in self._shapes.items()}
        )

    def borrow(self) -> SimpleNamespace:
        """Get a set that nobody else uses."""
        try:
            return self._free.pop()  # pop and append are atomic
        except IndexError:
            return self._make()

    def give_back(self, arrays: SimpleNamespace) -> None:
        """Return a borrowed set."""
        self._free.append(arrays)
