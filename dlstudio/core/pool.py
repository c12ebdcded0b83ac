"""Recycles large buffers, so that eager training does not page memory in and out at every step.

A buffer is handed out inside an owner object. NumPy keeps the owner alive as the `base` of every
view, so the buffer returns to its pool exactly when the last array that can see it is gone.
"""

from __future__ import annotations

import threading
from math import prod
from typing import Any

import numpy as np

from dlstudio.core.backends.numpy import aligned_empty
from dlstudio.core.device import Device

__all__ = ["THRESHOLD", "Pool", "pool_of"]

THRESHOLD = 1 << 16  # bytes; below, malloc's own cache is as fast
_KEEP = 1 << 30  # bytes of free buffers a pool holds on to


class _Owner:
    """Keeps a pooled block; NumPy reads `__array_interface__`, and `__del__` returns the block."""

    __slots__ = ("__array_interface__", "__weakref__", "_block", "_pool")

    def __init__(self, block: np.ndarray[Any, Any], pool: Pool, interface: dict[str, Any]) -> None:
        self._block, self._pool = block, pool
        self.__array_interface__ = interface

    def __del__(self) -> None:
        self._pool.give(self._block)


class Pool:
    """Free blocks of one device by size class (powers of two and their halves)."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self._free: dict[int, list[np.ndarray[Any, Any]]] = {}
        self._lock = threading.RLock()  # __del__ may run inside give() of the same thread
        self.held = 0  # bytes of free blocks
        self.in_use = 0  # bytes handed out

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        """Uninitialised array, from a recycled block where one fits."""
        nbytes = prod(shape) * dtype.itemsize
        if nbytes < THRESHOLD or dtype.hasobject or self.device.device_type == "gpu":
            return self.device.backend.empty(shape, dtype)
        block = self._take(size_class(nbytes))
        interface = {
            "shape": shape,
            "typestr": dtype.str,
            "data": (block.ctypes.data, False),
            "version": 3,
        }
        return np.asarray(_Owner(block, self, interface))

    def _take(self, size: int) -> np.ndarray[Any, Any]:
        with self._lock:
            self.in_use += size
            blocks = self._free.get(size)
            if blocks:
                self.held -= size
                return blocks.pop()
        return aligned_empty((size,), np.uint8)

    def give(self, block: np.ndarray[Any, Any]) -> None:
        """Take a block back; beyond the limit it goes to the system."""
        with self._lock:
            self.in_use -= block.nbytes
            if self.held + block.nbytes <= _KEEP:
                self.held += block.nbytes
                self._free.setdefault(block.nbytes, []).append(block)

    def release(self) -> None:
        """Give all free blocks to the system."""
        with self._lock:
            self._free.clear()
            self.held = 0


def size_class(nbytes: int) -> int:
    """Round up to 2^k or 1.5 * 2^k: at most a third is wasted."""
    power = 1 << (nbytes - 1).bit_length()
    middle = power // 4 * 3
    return middle if nbytes <= middle else power


_pools: dict[Device, Pool] = {}
_lock = threading.Lock()


def pool_of(device: Device) -> Pool:
    """Return the pool of `device`."""
    pool = _pools.get(device)
    if pool is None:
        with _lock:
            pool = _pools.setdefault(device, Pool(device))
    return pool
