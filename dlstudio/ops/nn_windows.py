"""Sliding windows in NumPy terms: padding, columns (im2col) and their adjoint (col2im).

All functions take arrays with the channel axis second: (B, C, *space).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

from dlstudio.ops.nn_rules import Window

__all__ = [
    "batches",
    "columns",
    "columns_by_channel",
    "offsets",
    "padded",
    "scatter_columns",
    "strided",
]

Array = Any

# columns of one chunk of the batch; more would leave the caches and cost memory
_CHUNK_BYTES = 16 << 20


def batches(count: int, bytes_each: int) -> Iterator[slice]:
    """Cut the batch so that the columns of a chunk stay small."""
    step = max(1, _CHUNK_BYTES // max(1, bytes_each))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def padded(xp: Any, x: Array, low: tuple[int, ...], high: tuple[int, ...], value: Any = 0) -> Array:
    """Pad the space axes by `low` before and `high` after; negative `high` crops nothing."""
    if not any(low) and not any(h > 0 for h in high):
        return x
    space = x.shape[2:]
    sizes = [n + a + max(b, 0) for n, a, b in zip(space, low, high, strict=True)]
    full = xp.empty if value is None else xp.zeros
    y = full((*x.shape[:2], *sizes), x.dtype)
    if value:
        y.fill(value)
    y[(slice(None), slice(None), *(slice(a, a + n) for a, n in zip(low, space, strict=True)))] = x
    return y


def strided(xp: Any, x: Array, window: Window, steps: tuple[int, ...]) -> Array:
    """View of all windows: (B, C, *kernel, *steps), no copy."""
    space = x.strides[2:]
    inner = tuple(b * d for b, d in zip(space, window.dilate, strict=True))
    outer = tuple(b * s for b, s in zip(space, window.stride, strict=True))
    return xp.lib.stride_tricks.as_strided(
        x, (*x.shape[:2], *window.kernel, *steps), (*x.strides[:2], *inner, *outer)
    )


def columns(xp: Any, x: Array, window: Window, groups: int, steps: tuple[int, ...]) -> Array:
    """Lay the windows out as matrices: (B, groups, C/groups * prod(kernel), prod(steps))."""
    B, C = x.shape[:2]
    shape = (B, groups, C // groups * prod(window.kernel), prod(steps))
    x = padded(xp, x, window.pad, window.pad)
    return strided(xp, x, window, steps).reshape(shape)


def columns_by_channel(
    xp: Any, x: Array, window: Window, groups: int, steps: tuple[int, ...]
) -> Array:
    """Columns with the batch last: (groups, C/groups * prod(kernel), B * prod(steps))."""
    C, n = x.shape[1], len(steps)
    view = strided(xp, padded(xp, x, window.pad, window.pad), window, steps)
    view = view.transpose(1, *range(2, 2 + n), 0, *range(2 + n, 2 + 2 * n))
    return view.reshape(groups, C // groups * prod(window.kernel), x.shape[0] * prod(steps))


def offsets(
    window: Window, steps: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Each kernel position with the cells it meets over all steps, as slices of padded space."""
    for position in product(*(range(k) for k in window.kernel)):
        yield (
            position,
            tuple(
                slice(i * d, i * d + (n - 1) * s + 1, s)
                for i, d, n, s in zip(position, window.dilate, steps, window.stride, strict=True)
            ),
        )


def scatter_columns(
    xp: Any, cols: Array, window: Window, steps: tuple[int, ...], out: Array
) -> None:
    """Add columns (B, C, *kernel, *steps) to the cells of `out` (B, C, *space) they came from."""
    space = out.shape[2:]
    every = (slice(None), slice(None))
    total = out
    if any(window.pad):
        sizes = [n + 2 * p for n, p in zip(space, window.pad, strict=True)]
        total = xp.zeros((*out.shape[:2], *sizes), cols.dtype)
    for position, cells in offsets(window, steps):
        total[(*every, *cells)] += cols[(*every, *position)]
    if total is not out:
        inside = (slice(p, p + n) for p, n in zip(window.pad, space, strict=True))
        out[...] = total[(*every, *inside)]
