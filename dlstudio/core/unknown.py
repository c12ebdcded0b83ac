"""Which number stands for an unknown dimension: 0 in MXNet 1.x, -1 under NumPy shape semantics.

Inside dlstudio it is always -1; `stated` and `shown` translate what users write and read.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

__all__ = ["is_np_shape", "local", "process", "shown", "stated"]

Shape = tuple[int, ...]


class _Local(threading.local):
    """What a ``with`` block of this thread says; None outside of blocks."""

    array: bool | None = None
    shape: bool | None = None


# set_np() in the main thread holds for threads started later, as users expect
process = {"array": False, "shape": False}
local = _Local()


def is_np_shape() -> bool:
    """Whether an unknown dimension is written -1, so that 0 is a size like any other."""
    return process["shape"] if local.shape is None else local.shape


def stated(shape: Iterable[int]) -> Shape:
    """A shape as a user states it, with -1 for what is unknown."""
    zero = 0 if is_np_shape() else -1
    return tuple(-1 if n < 0 else n or zero for n in shape)


def shown(shape: Iterable[int]) -> Shape:
    """A shape with -1 for what is unknown, as the user reads it."""
    return tuple(shape) if is_np_shape() else tuple(max(0, n) for n in shape)
