"""Scratch memory of kernels: made at the first call, aligned, lent to one caller at a time."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["ALIGNMENT", "Scratch", "aligned_zeros"]

ALIGNMENT = 64  # bytes: a cache line, and the widest vector register
Shapes = Mapping[str, tuple[int, ...]]

# Free workspaces of the process, mostly one: kernels run one after the other, so that the largest
# need is what all of them together take. Layers of their own would add up to half a gigabyte
# in a ResNet-50.
_workspaces: list[Any] = []


def aligned_zeros(shape: tuple[int, ...], dtype: Any = np.float32) -> Any:
    """Zeros whose first byte lies on a cache line."""
    dtype = np.dtype(dtype)
    nbytes = prod(shape) * dtype.itemsize
    raw = np.zeros(nbytes + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + nbytes].view(dtype).reshape(shape)


class Scratch:
    """Named arrays, lent to one caller at a time.

    The last set returned is the next one lent, so a plan that runs in one thread uses a single
    set; callers in several threads get sets of their own. A set is not given back after an error,
    because a kernel may have stopped with its padding overwritten.

    Parameters
    ----------
    dtype : of all arrays
    common : shapes by name, optional
        Arrays whose contents mean nothing between calls: they lie in a workspace that all kernels
        use in turn.
    **shapes : tuple of int
        Arrays of the layer's own, zero at first: what a call does not write stays as it was.
    """

    def __init__(
        self, dtype: Any = np.float32, *, common: Shapes | None = None, **shapes: tuple[int, ...]
    ) -> None:
        self._dtype, self._shapes = np.dtype(dtype), shapes
        self._common = common or {}
        self._free: list[SimpleNamespace] = []
        self._ends = np.cumsum([0, *(self._bytes(s) for s in self._common.values())]).tolist()

    def _bytes(self, shape: tuple[int, ...]) -> int:
        return -(-prod(shape) * self._dtype.itemsize // ALIGNMENT) * ALIGNMENT

    def _make(self) -> SimpleNamespace:
        own = {n: aligned_zeros(s, self._dtype) for n, s in self._shapes.items()}
        return SimpleNamespace(**own, workspace=None)

    def borrow(self) -> SimpleNamespace:
        """Get a set that nobody else uses."""
        try:
            lent = self._free.pop()  # pop and append are atomic
        except IndexError:
            lent = self._make()
        if self._common:
            workspace = _take(self._ends[-1])
            if lent.workspace is not workspace:
                self._move(lent, workspace)
        return lent

    def _move(self, lent: SimpleNamespace, workspace: Any) -> None:
        """Let the common arrays of a set lie in this workspace."""
        lent.workspace = workspace
        for start, (name, shape) in zip(self._ends, self._common.items(), strict=False):
            nbytes = prod(shape) * self._dtype.itemsize
            array = workspace[start : start + nbytes].view(self._dtype).reshape(shape)
            setattr(lent, name, array)

    def give_back(self, arrays: SimpleNamespace) -> None:
        """Return a borrowed set."""
        if arrays.workspace is not None:
            _workspaces.append(arrays.workspace)
        self._free.append(arrays)


def _take(nbytes: int) -> Any:
    """Get a free workspace of at least `nbytes`; one that is too small gives way to a larger."""
    try:
        found = _workspaces.pop()
    except IndexError:
        found = None
    if found is None or found.nbytes < nbytes:
        # Powers of two: the ones outgrown together are no larger than the last.
        found = aligned_zeros((1 << (nbytes - 1).bit_length(),), np.uint8)
    return found
