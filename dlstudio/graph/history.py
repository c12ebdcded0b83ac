"""Who had the bytes of a buffer before: the latest owner at once, all of them when asked.

In a deep chain every buffer has the bytes of every one before it, so that all histories together
grow with the square of the plan's length; hardly anybody reads more than a few.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["History", "Stay"]


class Stay(NamedTuple):
    """Who is where, in which bytes, and during which steps."""

    owner: str
    device: str
    start: int
    end: int
    first: int
    last: int


class History:
    """The stays of one plan, in the order in which they begin.

    Attributes
    ----------
    latest : list of int
        For each stay the last one before it that had some of its bytes, or -1.
    """

    def __init__(self, stays: Iterable[Stay]) -> None:
        self.stays = tuple(stays)
        self.latest = _latest(self.stays)
        self._bytes: tuple[np.ndarray, np.ndarray] | None = None

    def before(self, number: int) -> tuple[str, ...]:
        """Owners of (part of) the bytes of a stay before it, latest first."""
        if self.latest[number] < 0:
            return ()
        if self._bytes is None:
            rows = [(s.start, s.end) for s in self.stays]
            start, end = np.array(rows, np.int64).T
            self._bytes = start, end
        start, end = (column[:number] for column in self._bytes)
        here = self.stays[number]
        found = np.flatnonzero((start < here.end) & (end > here.start))[::-1]
        earlier = (self.stays[i] for i in found.tolist())
        return tuple(s.owner for s in earlier if s.device == here.device and s.last <= here.first)


def _latest(stays: Sequence[Stay]) -> list[int]:
    arenas: dict[str, _Arena] = {}
    return [
        arenas.setdefault(stay.device, _Arena()).take(number, stay)
        for number, stay in enumerate(stays)
    ]


class _Arena:
    """Who had each stretch of bytes last: the stretches touch, and begin at `starts`."""

    def __init__(self) -> None:
        self.starts, self.holders = [0], [-1]

    def take(self, number: int, stay: Stay) -> int:
        """Give the bytes to a stay; return the latest that had any of them, or -1."""
        self._cut(stay.start)
        self._cut(stay.end)
        first, after = (bisect_right(self.starts, at) - 1 for at in (stay.start, stay.end))
        before = max(self.holders[first:after])
        self.starts[first:after], self.holders[first:after] = [stay.start], [number]
        return before

    def _cut(self, at: int) -> None:
        """Let a stretch begin here."""
        i = bisect_right(self.starts, at) - 1
        if self.starts[i] != at:
            self.starts.insert(i + 1, at)
            self.holders.insert(i + 1, self.holders[i])
