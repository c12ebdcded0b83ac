"""Offsets for buffers with lifetimes in one arena (dynamic storage allocation).

A buffer lives during ``lower <= t < upper`` and needs `size` bytes at one offset all that time.
Two buffers that live at the same time must not overlap. Finding the smallest arena is NP-hard;
a few greedy orders reach the lower bound on nearly every network.

References
----------
Sekiyama, Imai, Raymond, "Profile-guided memory optimization for deep neural networks", 2018.
"""

from __future__ import annotations

from bisect import insort
from time import monotonic
from typing import Any

import numpy as np

from dlstudio.errors import ParamError, explain

__all__ = ["arena_size", "lower_bound", "pack"]

Array = Any
_ROUNDS = 40  # of local search, where greedy orders miss the lower bound
_EFFORT = 10_000_000  # pairs of buffers looked at by all rounds together: about two seconds


def lower_bound(lower: Array, upper: Array, size: Array) -> int:
    """Largest sum of sizes alive at one time; no arena can be smaller."""
    lower, upper, size = (np.asarray(a, np.int64) for a in (lower, upper, size))
    if not len(size):
        return 0
    times = np.concatenate([lower, upper])
    change = np.concatenate([size, -size])
    # at equal times the ends come first, because lifetimes are half open
    by_time = np.lexsort((change, times))
    return int(max(0, np.cumsum(change[by_time]).max()))


def arena_size(offsets: Array, size: Array) -> int:
    """Bytes an arena needs for buffers at `offsets`."""
    return int((np.asarray(offsets) + np.asarray(size)).max(initial=0))


def pack(
    lower: Array, upper: Array, size: Array,
    capacity: int | None = None, time_limit: float | None = None,
) -> Array:  # fmt: skip
    """Choose an offset for every buffer.

    Parameters
    ----------
    lower, upper : (N,) integers
        First time of each buffer, and the time after its last.
    size : (N,) integers, bytes
    capacity : int, optional
        Bytes of the arena. Heuristics first; if they do not fit, an exact search.
    time_limit : float, seconds, optional
        Bound of the exact search; default 60.

    Returns
    -------
    (N,) int64
        Offsets in bytes.

    Raises
    ------
    ParamError
        If the arrays do not fit together, or no packing within `capacity` exists or was found.
    """
    lower, upper, size = _checked(lower, upper, size)
    bound = lower_bound(lower, upper, size)
    if capacity is not None and bound > capacity:
        raise ParamError(
            explain(
                f"pack: {bound} bytes are alive at one time.", f"at most the capacity, {capacity}."
            )
        )
    goal = bound if capacity is None else capacity
    best = _heuristics(lower, upper, size, goal)
    if capacity is None or arena_size(best, size) <= capacity:
        return best
    from dlstudio.graph.exact import search

    found = search(
        lower, upper, size, capacity, monotonic() + (60.0 if time_limit is None else time_limit)
    )
    if found is None:
        raise ParamError(
            explain(
                f"pack: no packing within {capacity} bytes was found; "
                f"the best needs {arena_size(best, size)}.",
                fix="a larger capacity or time_limit",
            )
        )
    return found


def _checked(lower: Array, upper: Array, size: Array) -> tuple[Array, Array, Array]:
    arrays = tuple(np.asarray(a, np.int64).reshape(-1) for a in (lower, upper, size))
    if len({len(a) for a in arrays}) != 1:
        raise ParamError(
            f"pack: lower, upper and size must be equally long. Got {[len(a) for a in arrays]}."
        )
    if len(arrays[0]) and ((arrays[0] >= arrays[1]).any() or (arrays[2] < 0).any()):
        raise ParamError("pack: every buffer must have lower < upper and size >= 0.")
    return arrays  # type: ignore[return-value]


def _heuristics(lower: Array, upper: Array, size: Array, goal: int) -> Array:
    """Place the buffers in several orders, keep the best, then try to improve it."""
    n = len(size)
    if n == 0:
        return np.zeros(0, np.int64)
    overlaps = _neighbours(lower, upper)
    life = upper - lower
    orders = [
        np.lexsort((lower, -size)),
        np.lexsort((lower, -size * life)),
        np.lexsort((-size, -life)),
        np.lexsort((-size, lower)),
        np.lexsort((-size, -upper)),
    ]
    best, best_size, best_order = np.zeros(n, np.int64), None, orders[0]
    for order in orders:
        offsets = _place(order, overlaps, size)
        total = arena_size(offsets, size)
        if best_size is None or total < best_size:
            best, best_size, best_order = offsets, total, order
        if best_size <= goal:
            return best
    return _improve(best, best_order, overlaps, size, goal)


def _neighbours(lower: Array, upper: Array) -> list[bytes]:
    """For each buffer a row of flags: which others are alive together with it."""
    together = (lower[:, None] < upper[None, :]) & (lower[None, :] < upper[:, None])
    np.fill_diagonal(together, False)
    return [row.tobytes() for row in together]


def _place(order: Array, overlaps: list[bytes], size: Array) -> Array:
    """Put each buffer, in `order`, into the lowest gap it fits."""
    sizes: list[int] = size.tolist()
    offsets = [0] * len(sizes)
    placed: list[tuple[int, int, int]] = []  # start, end, buffer; by start
    for i in order.tolist():
        need, meets, at = sizes[i], overlaps[i], 0
        if need == 0:
            continue
        for start, end, j in placed:
            if meets[j]:
                if start - at >= need:
                    break
                at = max(at, end)
        offsets[i] = at
        insort(placed, (at, at + need, i))
    return np.array(offsets, np.int64)


def _improve(best: Array, order: Array, overlaps: list[bytes], size: Array, goal: int) -> Array:
    """Move the buffers that stick out at the top to the front of the order, and place again."""
    rank: list[int] = order.tolist()
    best_size = arena_size(best, size)
    offsets = best
    for _ in range(max(2, min(_ROUNDS, _EFFORT // len(size) ** 2))):
        top = int(np.argmax(offsets + size))
        rank.remove(top)
        rank.insert(0, top)
        offsets = _place(np.array(rank), overlaps, size)
        total = arena_size(offsets, size)
        if total < best_size:
            best, best_size = offsets, total
        if best_size <= goal:
            break
    return best
