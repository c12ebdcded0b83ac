"""Packing without waste: guess which buffers belong together, and sweep over what is left.

The least accidental fit of a `forest.Forest` becomes one piece, again and again. Wrong guesses show
in the end: pieces are left that fit nothing. Then some pieces around one of those are taken apart
and merged anew, with a little chance; the result is kept where no more pieces are left than before,
and now and then where one more is. So wrong guesses are found and mended one by one. Where other
patterns than the forest knows remain, few pieces are left, and a sweep finds their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, product
from math import exp
from random import Random
from time import monotonic

from dlstudio.graph.forest import Forest
from dlstudio.graph.sweep import Sweep

__all__ = ["Merging"]

_LEFT = (0.15, 0.3, 0.5)  # of the buffers remain for the first sweep: in turns
_SWEEPS = ((1, 4), (2, 10), (4, 16))  # width, options
_SECONDS = 0.5  # for one sweep
_SHAKES = (1, 2, 4, 8, 16)  # as often, pieces are taken apart
_WARMTH = 0.5  # one piece more is kept with probability exp(-1 / _WARMTH)
_PATIENCE, _GROWTH = 1000, 1.2  # shakes that change nothing, before all begins anew


class Merging:
    """Guesses at one instance.

    Parameters
    ----------
    start, end, size : equally long lists of int
        Buffers that fill the capacity at every time.
    """

    def __init__(self, start: Sequence[int], end: Sequence[int], size: Sequence[int]) -> None:
        self._forest = Forest(start, end, size)
        self._random = Random(0)  # seeded: the same instance gives the same answer
        self._sweeping = self._shaking = 0.0  # seconds spent so far

    def guesses(self, deadline: float) -> Iterator[dict[int, int] | None]:
        """Guess again and again, until `time.monotonic` passes the deadline.

        Yields
        ------
        dict or None
            The offset of each buffer, or None if this guess leads to no packing.
        """
        patience = _PATIENCE
        for share in cycle(_LEFT):
            forest = self._forest.copy()
            forest.merge(int(share * len(forest.alive)), self._random)
            yield self._swept(forest, deadline)
            yield from self._shaken(forest, patience, deadline)
            if monotonic() > deadline:
                return
            patience = int(patience * _GROWTH)

    def _shaken(
        self, forest: Forest, patience: int, deadline: float
    ) -> Iterator[dict[int, int] | None]:
        forest.merge(1, self._random)
        left = fewest = len(forest.alive)
        waited = 0
        while waited < patience:
            begin = monotonic()
            if begin > deadline:
                return
            other = forest.copy()
            other.shake(self._random.choice(_SHAKES), self._random)
            other.merge(1, self._random)
            now = len(other.alive)
            if now <= left or self._random.random() < exp((left - now) / _WARMTH):
                forest, left = other, now
            waited = 0 if now < fewest else waited + 1
            fewest = min(fewest, now)
            self._shaking += monotonic() - begin
            due = now == 1 or (now <= fewest + 1 and self._sweeping < self._shaking)
            yield self._swept(other, deadline) if due else None

    def _swept(self, forest: Forest, deadline: float) -> dict[int, int] | None:
        """Order the pieces that are left."""
        left = list(forest.alive)
        if len(left) == 1:
            return forest.offsets([(left[0], 0)])
        begin = monotonic()
        start, end = [p.start for p in left], [p.end for p in left]
        size = [p.size for p in left]
        turned = [-t for t in end], [-t for t in start], size
        sweeps = Sweep(start, end, size), Sweep(*turned)
        for (width, options), sweep in product(_SWEEPS, sweeps):
            found = sweep.run(width, options, min(deadline, monotonic() + _SECONDS))
            if found is not None:
                return forest.offsets((left[i], offset) for i, offset in found.items())
        self._sweeping += monotonic() - begin
        return None
