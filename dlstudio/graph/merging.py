"""Packing without waste: guess which buffers belong together, and sweep over what is left.

Whoever cuts a rectangle in two, and the parts again, leaves pairs behind that fit together: two of
the same size, one of which begins where the other ends, or two with the same lifetime. Some pairs
are together in every packing, and most of the others are, unless they fit by accident: that is the
likelier, the more buffers there are to choose from and the smaller the numbers that agree. So the
least accidental pair becomes one buffer, again and again, and the few that remain go to the sweep.
A wrong guess costs one attempt; the next guesses differently.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from math import inf, log
from random import Random
from typing import NamedTuple

from dlstudio.graph.sweep import Sweep

__all__ = ["Merging"]

_LEFT = (0.15, 0.3, 0.5)  # of the buffers remain for the sweep: in turns
_SWEEPS = ((1, 4), (2, 10), (4, 16))  # width, options
_SUBSETS = 8  # buffers of which all subsets are counted as ways to fit by accident


class _Pairs(NamedTuple):
    """Buffers of which any of the first fits any other of the second."""

    accident: float  # logarithm of how many fit by accident; -inf: they are together for certain
    ones: list[int]
    others: list[int]
    stacked: bool  # side by side in memory, or one after the other in time


class Merging:
    """Attempts at one instance, each with other guesses.

    Parameters
    ----------
    start, end, size : equally long lists of int
        Buffers that fill the capacity at every time.
    """

    def __init__(self, start: Sequence[int], end: Sequence[int], size: Sequence[int]) -> None:
        self._buffers = start, end, size
        self._random = Random(0)  # seeded: the same instance gives the same answer
        self._shares = cycle(_LEFT)

    def attempt(self, deadline: float) -> dict[int, int] | None:
        """Guess once.

        Returns
        -------
        dict or None
            The offset of each buffer, or None if the guesses lead to no packing.

        Raises
        ------
        OutOfTimeError
            When `time.monotonic` passes the deadline.
        """
        forest = _Forest(*self._buffers)
        forest.merge(int(next(self._shares) * len(self._buffers[0])), self._random)
        left = sorted(forest.alive)
        start, end, size = (
            [column[i] for i in left] for column in (forest.start, forest.end, forest.size)
        )
        if len(left) == 1:
            return forest.offsets({left[0]: 0})
        turned = [-t for t in end], [-t for t in start], size
        sweeps = Sweep(start, end, size), Sweep(*turned)
        for width, options in _SWEEPS:
            for sweep in sweeps:
                found = sweep.run(width, options, deadline)
                if found is not None:
                    return forest.offsets({left[i]: offset for i, offset in found.items()})
        return None


class _Forest:
    """Buffers, and those that two of them became."""

    def __init__(self, start: Sequence[int], end: Sequence[int], size: Sequence[int]) -> None:
        self.start, self.end, self.size = list(start), list(end), list(size)
        self.parts: dict[int, tuple[int, int, bool]] = {}
        self.alive: set[int] = set()
        self._starting: dict[int, set[int]] = {}
        self._ending: dict[int, set[int]] = {}
        for i in range(len(start)):
            self._add(i)

    def merge(self, left: int, random: Random) -> None:
        """Unite pairs until so many buffers are left, or nothing fits together any more."""
        noise = random.uniform(0.1, 1.0)
        while len(self.alive) > left:
            found = min(
                (*self._joined(), *self._stacked()),
                key=lambda pairs: pairs.accident + noise * random.gauss(0.0, 1.0),
                default=None,
            )
            if found is None:
                return
            one = random.choice(found.ones)
            other = random.choice([i for i in found.others if i != one])
            self._unite(one, other, found.stacked)

    def offsets(self, found: dict[int, int]) -> dict[int, int]:
        """Offsets of the first buffers, from those of what they became."""
        rest, known = list(found.items()), dict[int, int]()
        while rest:
            i, offset = rest.pop()
            if i not in self.parts:
                known[i] = offset
                continue
            one, other, stacked = self.parts[i]
            rest += [(one, offset), (other, offset + stacked * self.size[one])]
        return known

    # ---- what fits -----------------------------------------------------------------------
    def _joined(self) -> Iterator[_Pairs]:
        """Buffers of one size that end, and that begin, at one time."""
        for t, before in self._ending.items():
            after = self._starting.get(t)
            if not before or not after:
                continue
            ending, starting = self._by_size(before), self._by_size(after)
            alone = len(before) == len(after) == 1
            subsets = sum(2 ** min(len(row), _SUBSETS) for row in (before, after)) - 4
            for size, ones in ending.items():
                others = starting.get(size)
                if others:
                    ways = subsets * len(ones) * len(others) / (size + 1)
                    yield _Pairs(-inf if alone else log(ways), ones, others, stacked=False)

    def _by_size(self, buffers: set[int]) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for i in sorted(buffers):
            found.setdefault(self.size[i], []).append(i)
        return found

    def _stacked(self) -> Iterator[_Pairs]:
        """Buffers with the same lifetime."""
        groups: dict[tuple[int, int], list[int]] = {}
        for i in sorted(self.alive):
            groups.setdefault((self.start[i], self.end[i]), []).append(i)
        for (start, end), row in groups.items():
            if len(row) < 2:
                continue
            starting, ending = self._starting[start], self._ending[end]
            # in the place of one buffer, or giving place to one, they stand side by side
            heirs = len(starting) == len(row) and len(self._ending.get(start, (0,))) == 1
            past = len(ending) == len(row) and len(self._starting.get(end, (0,))) == 1
            ways = (len(starting) - 1) * (len(ending) - 1) / (end - start + 1)
            yield _Pairs(-inf if heirs or past else log(ways), row, row, stacked=True)

    # ---- two become one ------------------------------------------------------------------
    def _unite(self, one: int, other: int, stacked: bool) -> None:
        new = len(self.start)
        self.start.append(self.start[one])
        self.end.append(self.end[other])
        self.size.append(self.size[one] + stacked * self.size[other])
        self.parts[new] = one, other, stacked
        for i in (one, other):
            self.alive.remove(i)
            self._starting[self.start[i]].remove(i)
            self._ending[self.end[i]].remove(i)
        self._add(new)

    def _add(self, i: int) -> None:
        self.alive.add(i)
        self._starting.setdefault(self.start[i], set()).add(i)
        self._ending.setdefault(self.end[i], set()).add(i)
