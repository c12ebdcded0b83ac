"""Packing within a capacity: find offsets, or prove that there are none, until time is up.

Three searches take turns. Those that find what is hard to find are `sweep.Sweep` and, for many
buffers with small numbers, `merging.Merging`: they need every byte to be used at all times, so what
is left free is cut into fillers, buffers that nobody asked for. The one below is complete: it ends
only with a packing or with the proof that there is none.

Any packing can be pushed down until every buffer rests on the floor or on another buffer. So it is
enough to place buffers one after the other, each on the current height (the skyline) of its
lifetime. Time is cut into sections between events. The slack of a section is what may be wasted in
it: capacity minus height minus bytes still to be placed there. Where the slack is nothing and the
skyline has a valley, some buffer must lie flush on the valley's floor; the section with the fewest
such buffers is decided first, and one with none refutes the branch.

References
----------
Moffitt, "MiniMalloc: a lightweight memory allocator for hardware-accelerated machine learning",
ASPLOS 2023 (the canonical form, and pruning by sections).
"""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from dlstudio.graph.merging import Merging
from dlstudio.graph.sweep import Sweep

__all__ = ["Answer", "search"]

Array = Any


class Answer(NamedTuple):
    """What a search found."""

    offsets: Array | None
    proven: bool  # True: the offsets are right, or there are none; False: time was up


class _Buffer(NamedTuple):
    start: int  # first section
    end: int  # section after the last
    size: int


class _Place(NamedTuple):
    buffer: int
    offset: int


def search(lower: Array, upper: Array, size: Array, capacity: int, deadline: float) -> Answer:
    """Look for offsets within `capacity` until `time.monotonic` passes the deadline.

    Parameters
    ----------
    lower, upper, size : (N,) int64
        Lifetimes are not empty; buffers of no bytes get offset 0.
    """
    alive = np.flatnonzero(size)
    times = np.unique(np.concatenate([lower[alive], upper[alive]]))
    start, end = np.searchsorted(times, lower[alive]), np.searchsorted(times, upper[alive])
    buffers = [
        _Buffer(*row)
        for row in zip(start.tolist(), end.tolist(), size[alive].tolist(), strict=True)
    ]
    found = _take_turns(buffers, capacity, len(times) - 1, deadline)
    if found.offsets is None:
        return found
    offsets = np.zeros(len(size), np.int64)
    offsets[alive] = found.offsets
    return Answer(offsets, True)


_WIDER, _MORE_OPTIONS, _MOST_OPTIONS = 2, 6, 24
_SECONDS_PER_STATE = 0.5  # kept, for one sweep
_GUESSES = 100  # at least, whenever it is their turn
_GUESSING_SHARE = 2.0  # of the sweeps' time is given to guesses
_COMPLETE_SHARE = 0.15  # of the sweeps' time is given to the complete search


def _take_turns(buffers: list[_Buffer], capacity: int, sections: int, deadline: float) -> Answer:
    complete = _Restarts(buffers, capacity, sections)
    filled = _both_directions(buffers + _fillers(buffers, capacity, sections))
    sweeps = [Sweep(*columns) for columns in filled]
    guesses = Merging(*filled[0]).guesses(deadline)
    width, options, sweeping, guessing = 1, 4, 0.0, 0.0
    while (begin := monotonic()) <= deadline:
        offsets = _swept(sweeps, width, options, deadline)
        sweeping += monotonic() - begin
        answer = None if offsets else complete.run(deadline, _COMPLETE_SHARE * sweeping)
        if answer is not None:
            return answer
        begin = monotonic()
        pause = begin + _GUESSING_SHARE * sweeping - guessing
        offsets = offsets or _merged(guesses, min(deadline, pause))
        guessing += monotonic() - begin
        if offsets:
            return Answer([offsets[i] for i in range(len(buffers))], True)
        width, options = width * _WIDER, min(options + _MORE_OPTIONS, _MOST_OPTIONS)
    return Answer(None, False)


def _swept(sweeps: list[Sweep], width: int, options: int, deadline: float) -> dict[int, int] | None:
    for sweep in sweeps:
        pause = monotonic() + width * _SECONDS_PER_STATE
        offsets = sweep.run(width, options, min(deadline, pause))
        if offsets is not None:
            return offsets
    return None


def _merged(guesses: Iterator[dict[int, int] | None], pause: float) -> dict[int, int] | None:
    """Guess a few times, and until it is time for another search."""
    for number, offsets in enumerate(guesses):
        if offsets is not None or (number >= _GUESSES and monotonic() > pause):
            return offsets
    return None


def _both_directions(buffers: list[_Buffer]) -> list[tuple[list[int], list[int], list[int]]]:
    """Give the buffers as columns, forwards and backwards in time: one is often much easier."""
    start, end, size = (list(column) for column in zip(*buffers, strict=True))
    return [(start, end, size), ([-t for t in end], [-t for t in start], size)]


def _fillers(buffers: list[_Buffer], capacity: int, sections: int) -> list[_Buffer]:
    """Cut what is left free into buffers: one begins where more becomes free, and ends with it.

    A packing with the fillers is one without them. The converse need not hold, since what is free
    may lie in other pieces: the sweep cannot prove anything.
    """
    free = np.full(sections, capacity)
    for b in buffers:
        free[b.start : b.end] -= b.size
    fillers: list[_Buffer] = []
    begun: list[tuple[int, int]] = []  # start and size
    for t, change in enumerate(np.diff(free, prepend=0, append=0).tolist()):
        if change > 0:
            begun.append((t, change))
        ending = max(0, -change)
        while ending:
            at = next((i for i, (_, size) in enumerate(begun) if size == ending), -1)
            start, size = begun.pop(at)
            fillers.append(_Buffer(start, t, min(size, ending)))
            if size > ending:
                begun.append((start, size - ending))
            ending -= fillers[-1].size
    return fillers


_PATIENCE, _GROWTH = 20_000, 1.2  # steps of the first run, each over all buffers


class _Restarts:
    """The complete search, begun anew again and again.

    A run that loses its way early seldom finds back: it is given up after a number of steps and
    the search starts anew with other preferences, each time with more patience.
    """

    def __init__(self, buffers: list[_Buffer], capacity: int, sections: int) -> None:
        self._instance = buffers, capacity, sections
        self._random = np.random.default_rng(0)  # seeded: the same answer for the same instance
        self._steps = max(40, _PATIENCE // len(buffers))
        self._weights = [1.0] * len(buffers)
        self._spent = 0.0

    def run(self, deadline: float, share: float) -> Answer | None:
        """Run again and again until `share` seconds are spent in all."""
        while self._spent <= share and monotonic() < deadline:
            begin = monotonic()
            search = _Search(*self._instance, self._weights)
            found = search.run(self._steps, deadline)
            if found is not None or search.exhausted:
                return Answer(found, True)
            self._spent += monotonic() - begin
            self._steps = int(self._steps * _GROWTH)
            self._weights = self._random.uniform(0.5, 2.0, len(self._weights)).tolist()
        return None


class _Search:
    """Depth-first search with an explicit stack: instances are hundreds of buffers deep."""

    def __init__(
        self, buffers: list[_Buffer], capacity: int, sections: int, weights: list[float]
    ) -> None:
        self.buffers, self.capacity, self.weights = buffers, capacity, weights
        self.height = [0] * sections
        self.rest = [0] * sections  # bytes still to be placed
        self.offsets = [0] * len(buffers)
        self.open = list(range(len(buffers)))
        for b in buffers:
            for t in range(b.start, b.end):
                self.rest[t] += b.size
        self.slack = [capacity - rest for rest in self.rest]
        self.exhausted = False

    def run(self, steps: int, deadline: float) -> Array | None:
        """Search until everything is placed, nothing is left to try, or patience is at its end."""
        if self.slack and min(self.slack) < 0:
            self.exhausted = True
            return None
        stack = [self._options()]
        undo: list[tuple[_Place, list[int], list[int]]] = []
        while stack:
            if not self.open:
                return np.array(self.offsets, np.int64)
            place = next(stack[-1], None)
            if place is None:
                stack.pop()
                if undo:
                    self._take_back(*undo.pop())
                continue
            steps -= 1
            if steps < 0 or monotonic() > deadline:
                return None
            undo.append(self._put(place))
            stack.append(self._options())
        self.exhausted = True
        return None

    # ---- moves ---------------------------------------------------------------------------
    def _put(self, place: _Place) -> tuple[_Place, list[int], list[int]]:
        b, top = self.buffers[place.buffer], place.offset + self.buffers[place.buffer].size
        height, slack = self.height[b.start : b.end], self.slack[b.start : b.end]
        for t in range(b.start, b.end):
            self.slack[t] -= place.offset - self.height[t]
            self.height[t] = top
            self.rest[t] -= b.size
        self.offsets[place.buffer] = place.offset
        self.open.remove(place.buffer)
        return place, height, slack

    def _take_back(self, place: _Place, height: list[int], slack: list[int]) -> None:
        b = self.buffers[place.buffer]
        self.height[b.start : b.end], self.slack[b.start : b.end] = height, slack
        for t in range(b.start, b.end):
            self.rest[t] += b.size
        self.open.append(place.buffer)

    # ---- choices -------------------------------------------------------------------------
    def _options(self) -> Iterator[_Place]:
        """Places to try next; together they cover every packing that continues this one."""
        flush: dict[int, list[_Place]] = {t: [] for t in self._tight()}
        places = []
        for place in self._resting():
            places.append(place)
            b = self.buffers[place.buffer]
            for t in range(b.start, b.end):
                if t in flush and self.height[t] == place.offset:
                    flush[t].append(place)
        if flush:
            # what is refuted or forced first, then the lowest: mistakes show soonest there
            section = min(
                flush, key=lambda t: (min(len(flush[t]), 2), self.height[t], len(flush[t]))
            )
            return iter(sorted(flush[section], key=self._large_first))
        return iter(self._lowest(places))

    def _tight(self) -> Iterator[int]:
        """Sections on the floor of a valley in which nothing more may be wasted.

        A buffer flush on that floor cannot reach beyond the valley: its walls are higher. So it
        can be placed at once, whatever happens elsewhere.
        """
        height, rest, n = self.height, self.rest, len(self.height)
        t = 0
        while t < n:
            end = t + 1
            while end < n and height[end] == height[t] and rest[end] and rest[t]:
                end += 1
            walled = (t == 0 or not rest[t - 1] or height[t - 1] > height[t]) and (
                end == n or not rest[end] or height[end] > height[t]
            )
            if rest[t] and walled:
                yield from (k for k in range(t, end) if self.slack[k] == 0)
            t = end

    def _resting(self) -> Iterator[_Place]:
        """Each kind of open buffer where it would rest, if what it wastes below is allowed."""
        seen: set[_Buffer] = set()
        height, slack = self.height, self.slack
        for i in self.open:
            b = self.buffers[i]
            if b in seen:
                continue  # equal buffers may trade places
            seen.add(b)
            below = height[b.start : b.end]
            offset = max(below)
            if all(offset - h <= s for h, s in zip(below, slack[b.start : b.end], strict=True)):
                yield _Place(i, offset)

    def _lowest(self, places: list[_Place]) -> list[_Place]:
        """Leave out a buffer that would start above the top of another: that one fits below it."""
        if not places:
            return []
        lowest_top = min(p.offset + self.buffers[p.buffer].size for p in places)
        return sorted(
            (p for p in places if p.offset < lowest_top),
            key=lambda p: (p.offset, self._large_first(p)),
        )

    def _large_first(self, place: _Place) -> float:
        b = self.buffers[place.buffer]
        return -b.size * (b.end - b.start) * self.weights[place.buffer]
