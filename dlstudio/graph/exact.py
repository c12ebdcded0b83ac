"""Exact packing: find offsets within a capacity, or prove within a time limit that there are none.

Any packing can be pushed down until every buffer rests on the floor or on another buffer. So it is
enough to place buffers one after the other, each on the current height of its lifetime (the
skyline), in order of rising offsets. A branch is cut as soon as some moment cannot hold what must
still be placed there.

References
----------
Moffitt, "MiniMalloc: a lightweight memory allocator for hardware-accelerated machine learning",
ASPLOS 2023 (the canonical form and the cut by sections).
"""

from __future__ import annotations

from time import monotonic
from typing import Any

import numpy as np

__all__ = ["search"]

Array = Any


def search(lower: Array, upper: Array, size: Array, capacity: int, deadline: float) -> Array | None:
    """Offsets within `capacity`, or None if there are none or time is up (`time.monotonic`)."""
    times = np.unique(np.concatenate([lower, upper]))
    start, end = np.searchsorted(times, lower), np.searchsorted(times, upper)
    return _Search(start, end, size, capacity, deadline, len(times) - 1).run()


class _Search:
    """Depth-first search over the skyline, one height per section between two event times."""

    def __init__(
        self, start: Array, end: Array, size: Array, capacity: int, deadline: float, sections: int
    ) -> None:
        self.start, self.end = start.tolist(), end.tolist()
        self.size = size.tolist()
        self.capacity, self.deadline = capacity, deadline
        self.height = np.zeros(sections, np.int64)
        self.rest = np.zeros(sections, np.int64)  # bytes still to be placed per section
        for s, e, n in zip(self.start, self.end, self.size, strict=True):
            self.rest[s:e] += n
        self.offsets = [0] * len(self.size)
        self.open = {i for i in range(len(self.size)) if self.size[i]}
        # equal buffers are tried in one order only
        self.kind = [(s, e, n) for s, e, n in zip(self.start, self.end, self.size, strict=True)]

    def run(self) -> Array | None:
        """Search without recursion: a stack of iterators over candidates."""
        stack = [iter(self._candidates(0))]
        placed: list[tuple[int, Array, Array]] = []
        floor = [0]
        while stack:
            if not self.open:
                return np.array(self.offsets, np.int64)
            if monotonic() > self.deadline:
                return None
            choice = next(stack[-1], None)
            if choice is None:
                stack.pop()
                if placed:
                    self._undo(*placed.pop())
                    floor.pop()
                continue
            i, offset = choice
            undo = self._place(i, offset)
            if self._feasible(offset):
                placed.append(undo)
                floor.append(offset)
                stack.append(iter(self._candidates(offset)))
            else:
                self._undo(*undo)
        return None

    def _candidates(self, floor: int) -> list[tuple[int, int]]:
        """Buffers that may come next, lowest resting place first, large ones before small."""
        found: dict[tuple[int, int, int], tuple[int, int, int]] = {}
        lowest_top = None
        for i in self.open:
            kind = self.kind[i]
            if kind in found:
                continue
            offset = max(floor, int(self.height[kind[0] : kind[1]].max()))
            if offset + kind[2] > self.capacity:
                return []
            found[kind] = (offset, -kind[2] * (kind[1] - kind[0]), i)
            top = offset + kind[2]
            lowest_top = top if lowest_top is None else min(lowest_top, top)
        # a buffer that would start above the top of another leaves room for that one below it
        rising = sorted(f for f in found.values() if f[0] < (lowest_top or 0))
        return [(i, offset) for offset, _, i in rising]

    def _place(self, i: int, offset: int) -> tuple[int, Array, Array]:
        s, e, n = self.kind[i]
        before = (self.height[s:e].copy(), self.rest[s:e].copy())
        self.height[s:e] = offset + n
        self.rest[s:e] -= n
        self.offsets[i] = offset
        self.open.discard(i)
        return (i, *before)

    def _undo(self, i: int, height: Array, rest: Array) -> None:
        s, e, _ = self.kind[i]
        self.height[s:e], self.rest[s:e] = height, rest
        self.open.add(i)

    def _feasible(self, floor: int) -> bool:
        """Whether every section can still hold what must be placed there, above `floor`."""
        base = np.where(self.rest > 0, np.maximum(self.height, floor), self.height)
        return bool((base + self.rest <= self.capacity).all())
