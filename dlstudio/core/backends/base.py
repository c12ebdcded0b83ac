"""The interface of a backend."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

__all__ = ["Backend"]

Array = Any


class Backend(Protocol):
    """Arrays of one device: how they are made, moved and awaited."""

    xp: Any  # the array module: numpy or cupy

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Make an uninitialised array, 64-byte aligned."""
        ...

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Make an array of zeros, 64-byte aligned."""
        ...

    def from_numpy(self, array: np.ndarray[Any, Any], reason: str = "from NumPy") -> Array:
        """Copy a NumPy array onto the device; the ledger notes it, unless `reason` is empty."""
        ...

    def to_numpy(self, array: Array) -> np.ndarray[Any, Any]:
        """Copy an array of this device into a new NumPy array."""
        ...

    def synchronize(self) -> None:
        """Wait until all work of the device is done."""
        ...

    def generator(self, seed: int, counter: int) -> Any:
        """Random generator number `counter` of the stream `seed` (counter-based)."""
        ...

    def memory(self) -> tuple[int, int]:
        """Free and total bytes of the device."""
        ...
