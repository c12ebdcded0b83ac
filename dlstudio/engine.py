"""`mx.engine`: MXNet's switches for its asynchronous engine.

Operators here run when they are called, so there is nothing to bundle; the names exist because
programs call them, and mean what they meant to the result: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["bulk", "set_bulk_size"]

_size = 15  # MXNet's default


def set_bulk_size(size: int) -> int:
    """Set how many operators MXNet would bundle; return what it was."""
    global _size
    before, _size = _size, int(size)
    return before


@contextmanager
def bulk(size: int) -> Iterator[None]:
    """Bundle up to `size` operators inside the block."""
    before = set_bulk_size(size)
    try:
        yield
    finally:
        set_bulk_size(before)
