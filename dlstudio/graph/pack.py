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
from collections.abc import Iterator
from time import monotonic
from typing import Any

import numpy as np

from dlstudio.errors import ParamError, explain

__all__ = ["NoPackingError", "arena_size", "lower_bound", "pack"]

Array = Any
_ROUNDS = 40  # of local search, where greedy orders miss the lower bound
_SECONDS = 60.0  # for the search within a capacity
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

    Without a capacity, the best of a few greedy orders is returned at once. With one, a search
    follows if they do not fit: it finds packings of hundreds of buffers that leave no byte unused.

    Parameters
    ----------
    lower, upper : (N,) integers
        First time of each buffer, and the time after its last. Where they are equal the buffer
        never lives, and may lie anywhere.
    size : (N,) integers, bytes
    capacity : int, optional
        Bytes of the arena.
    time_limit : float, seconds, optional
        Bound of the search; default 60.

    Returns
    -------
    (N,) int64
        Offsets in bytes.

    Raises
    ------
    ParamError
        If the arrays do not fit together, or hold what is not a whole number.
    NoPackingError
        If no packing within `capacity` exists (``error.proven``), or none was found in time.

    Examples
    --------
    >>> pack(lower=[0, 0, 1], upper=[1, 2, 2], size=[4, 8, 4], capacity=12).tolist()
    [8, 0, 8]
    """
    lower, upper, size = _checked(lower, upper, size)
    size = np.where(lower < upper, size, 0)  # what never lives needs nothing
    if capacity is None:
        return _heuristics(lower, upper, size, lower_bound(lower, upper, size))
    capacity, seconds = _checked_limits(capacity, time_limit)
    deadline = monotonic() + seconds
    bound = lower_bound(lower, upper, size)
    if bound > capacity:
        raise _none_exists(f"{bound} bytes are alive at one time", capacity)
    best = _heuristics(lower, upper, size, capacity)
    if arena_size(best, size) <= capacity:
        return best
    from dlstudio.graph.exact import search

    answer = search(lower, upper, size, capacity, deadline)
    if answer.offsets is not None:
        return answer.offsets
    if answer.proven:
        raise _none_exists("every way to place the buffers was tried", capacity)
    raise _not_found(capacity, seconds, arena_size(best, size))


class NoPackingError(ParamError):
    """No packing within the capacity: there is none, or none was found in time.

    Wrong: ``pack([0, 0], [1, 1], [10, 10], capacity=19)``
    Right: ``pack([0, 0], [1, 1], [10, 10], capacity=20)``

    Attributes
    ----------
    proven : bool
        Whether it is certain that no packing exists.
    """

    def __init__(self, message: str = "", proven: bool = False) -> None:
        super().__init__(message)
        self.proven = proven


def _none_exists(reason: str, capacity: int) -> NoPackingError:
    message = explain(
        f"pack: no packing within {capacity} bytes exists: {reason}.",
        f"a capacity that holds them; at most {capacity} bytes are allowed.",
        "a larger capacity",
    )
    return NoPackingError(message, proven=True)


def _not_found(capacity: int, seconds: float, best: int) -> NoPackingError:
    message = explain(
        f"pack: no packing within {capacity} bytes was found in {seconds:g} s. "
        f"Whether one exists is not known; the best found needs {best} bytes.",
        fix=f"a larger time_limit, or capacity={best}",
    )
    return NoPackingError(message, proven=False)


# ---- what is given ---------------------------------------------------------------------------
def _checked(lower: Array, upper: Array, size: Array) -> tuple[Array, Array, Array]:
    lower, upper = _whole("lower", lower), _whole("upper", upper)
    size = _whole("size", size)
    if not len(lower) == len(upper) == len(size):
        lengths = [len(lower), len(upper), len(size)]
        raise ParamError(f"pack: lower, upper and size must be equally long. Got {lengths}.")
    for wrong, rule in ((lower > upper, "lower <= upper"), (size < 0, "size >= 0")):
        if wrong.any():
            i = int(np.argmax(wrong))
            raise ParamError(
                f"pack: every buffer must have {rule}. "
                f"Got lower {lower[i]}, upper {upper[i]}, size {size[i]} for buffer {i}."
            )
    if size.sum(dtype=np.float64) >= 2.0**62:
        raise ParamError("pack: the sizes add up to more than an int64 holds.")
    return lower, upper, size


def _whole(name: str, values: Array) -> Array:
    """Make an int64 vector; whole numbers in a float array are welcome, others are not."""
    try:
        given = np.asarray(values)
        with np.errstate(invalid="ignore"):
            whole = given.astype(np.int64).reshape(-1)
        fits = bool((whole == given.reshape(-1)).all())
    except (TypeError, ValueError, OverflowError):
        fits = False
        whole = np.zeros(0, np.int64)
    if not fits:
        raise ParamError(f"pack: {name} must hold whole numbers that fit an int64. Got {values!r}.")
    return whole


def _checked_limits(capacity: Any, time_limit: Any) -> tuple[int, float]:
    try:
        seconds = _SECONDS if time_limit is None else time_limit + 0.0  # refuses text
        fits = 0 <= capacity < float("inf") and seconds >= 0
    except TypeError:
        seconds, fits = 0.0, False
    if not fits:
        raise ParamError(
            "pack: capacity must be a number of bytes >= 0, and time_limit a number of seconds "
            f">= 0. Got capacity {capacity!r} and time_limit {time_limit!r}."
        )
    return int(capacity), seconds


# ---- greedy orders ---------------------------------------------------------------------------
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
    for high in (False, True):
        offsets = _follow(lower, upper, size, goal, high=high)
        if arena_size(offsets, size) <= goal:
            return offsets
    return _improve(best, best_order, overlaps, size, goal)


def _follow(lower: Array, upper: Array, size: Array, goal: int, *, high: bool) -> Array:
    """Place buffers as they come to life, each at one end of the smallest gap it fits.

    Where values grow from layer to layer (dense blocks), they have to change between the two ends
    of the arena, which no order by size finds.
    """
    offsets = [0] * len(size)
    alive: list[tuple[int, int, int]] = []  # start, end and last time; by start
    for i in np.lexsort((-size, lower)).tolist():
        need, born = int(size[i]), int(lower[i])
        if need == 0:
            continue
        alive = [b for b in alive if b[2] > born]
        gaps = [g for g in _gaps(alive, goal) if g[1] - g[0] >= need]
        if gaps:
            start, end = min(gaps, key=lambda g: g[1] - g[0])
            at = end - need if high and start > 0 else start
        else:
            at = max(end for _, end, _ in alive)
        offsets[i] = at
        insort(alive, (at, at + need, int(upper[i])))
    return np.array(offsets, np.int64)


def _gaps(alive: list[tuple[int, int, int]], goal: int) -> Iterator[tuple[int, int]]:
    """Free stretches between buffers, and behind them up to `goal`."""
    at = 0
    for start, end, _ in alive:
        yield at, start
        at = max(at, end)
    yield at, max(at, goal)


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
