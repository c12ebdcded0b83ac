"""Buffers of a packing without waste, some of which are taken for one: pieces made of pieces.

Whoever cuts a rectangle into parts leaves parts behind that fit together:

- *stacked*: two of the same lifetime, side by side in memory;
- *joined*: what ends at a time and what begins then, with the same bytes. Either side may be one
  buffer, or a few of the same lifetime;
- a *wheel*: four around a fifth, as a pinwheel, which no straight cut separates.

Some are together in every packing, and most others are, unless they fit by accident: that is the
likelier, the more buffers there are to choose from and the smaller the numbers that agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import chain, combinations, product
from math import comb, gcd, inf, log
from random import Random
from typing import NamedTuple

__all__ = ["Forest", "Piece"]

_SUBSETS = 100  # of one number of equally long lived pieces are tried, not more
_TASTE = 3.0  # how much some kinds of fits are preferred, differently each time
_STOP = 0.25  # chance that a piece that is taken apart stays in large parts

_Pieces = tuple["Piece", ...]
_Group = dict["Piece", None]  # a set that keeps its order: the same instance, the same answer
_Sums = dict[int, dict[int, list[_Pieces]]]  # by bytes, then by number of pieces


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """A buffer, or a rectangle made of others."""

    start: int
    end: int
    size: int
    number: int = -1  # of the buffer
    parts: tuple[tuple[Piece, int], ...] = ()  # with their offsets


class _Fit(NamedTuple):
    """Pieces that may belong together."""

    accident: float  # logarithm of how many fit by accident; -inf: they are together for certain
    kind: int
    rows: tuple[Sequence[_Pieces], ...]  # one of each is to be chosen


_STACK, _JOIN, _WHEEL = 0, 1, 2


def _stacked(pieces: _Pieces) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    parts: list[tuple[Piece, int]] = []
    offset = 0
    for piece in pieces:
        parts.append((piece, offset))
        offset += piece.size
    return Piece(pieces[0].start, pieces[0].end, offset, parts=tuple(parts))


def _joined(before: Piece, after: Piece) -> Piece:
    return Piece(before.start, after.end, before.size, parts=((before, 0), (after, 0)))


def _wheel(pieces: _Pieces) -> Piece:
    """Lay the pieces out: below, right, above, left, middle."""
    below, right, _, left, _ = pieces
    offsets = 0, 0, right.size, below.size, below.size
    parts = tuple(zip(pieces, offsets, strict=True))
    return Piece(left.start, right.end, below.size + left.size, parts=parts)


class Forest:
    """A full rectangle as pieces, fewer and fewer.

    Parameters
    ----------
    start, end, size : equally long lists of int
        Buffers that fill the capacity at every time.
    """

    def __init__(self, start: Sequence[int], end: Sequence[int], size: Sequence[int]) -> None:
        times = sorted({*start, *end})
        self.alive: _Group = {}
        self._starting: dict[int, _Group] = {t: {} for t in times}
        self._ending: dict[int, _Group] = {t: {} for t in times}
        self._unit = gcd(*size)
        self._joins: dict[int, list[_Fit]] = {}  # known for a time, until something changes there
        self._steps: dict[int, tuple[dict[int, list[_Pieces]], ...]] = {}
        for i, (first, last, need) in enumerate(zip(start, end, size, strict=True)):
            self._add(Piece(first, last, need, i))

    def copy(self) -> Forest:
        """Make a forest that changes on its own."""
        other = copy(self)
        other.alive = self.alive.copy()
        other._starting = {t: row.copy() for t, row in self._starting.items()}
        other._ending = {t: row.copy() for t, row in self._ending.items()}
        other._joins, other._steps = self._joins.copy(), self._steps.copy()
        return other

    def offsets(self, found: Iterable[tuple[Piece, int]]) -> dict[int, int]:
        """Offsets of the buffers, from those of the pieces they became."""
        rest, known = list(found), dict[int, int]()
        while rest:
            piece, offset = rest.pop()
            if piece.parts:
                rest += [(part, offset + at) for part, at in piece.parts]
            else:
                known[piece.number] = offset
        return known

    # ---- fewer pieces, and more ----------------------------------------------------------
    def merge(self, left: int, random: Random) -> None:
        """Unite the least accidental fit, until so many pieces are left or nothing fits."""
        noise = random.uniform(0.1, 1.0)
        taste = 0.0, random.gauss(0.0, _TASTE), random.gauss(0.0, _TASTE)
        while len(self.alive) > left:
            fit = min(
                chain(self._all_joins(), self._stacks(), self._wheels()),
                key=lambda fit: fit.accident + taste[fit.kind] + noise * random.gauss(0.0, 1.0),
                default=None,
            )
            if fit is None:
                return
            chosen = [random.choice(row) for row in fit.rows]
            if fit.kind == _JOIN:
                self._replace(chosen[0] + chosen[1], _joined(*map(_stacked, chosen)))
            elif fit.kind == _STACK:
                pair = tuple(random.sample(chosen[0], 2))
                self._replace(pair, _stacked(pair))
            else:
                self._replace(chosen[0], _wheel(chosen[0]))

    def shake(self, times: int, random: Random) -> None:
        """Take pieces apart, several times, around a piece that nothing fitted."""
        centre = random.choice(list(self.alive))
        for _ in range(times):
            t = random.choice((centre.start, centre.end))
            row = [p for p in chain(self._starting[t], self._ending[t]) if p.parts]
            row = row or [p for p in self.alive if p.parts]
            if row:
                self._take_apart(random.choice(row), t, random)

    def _take_apart(self, piece: Piece, t: int, random: Random) -> None:
        """Take apart a piece, one of its parts, one of the parts of that, …, mostly near `t`."""
        while True:
            parts = [part for part, _ in piece.parts]
            self._remove(piece)
            for part in parts:
                self._add(part)
            inner = [part for part in parts if part.parts]
            if not inner or random.random() < _STOP:
                return
            piece = random.choice([p for p in inner if t in (p.start, p.end)] or inner)

    def _replace(self, pieces: _Pieces, by: Piece) -> None:
        for piece in pieces:
            self._remove(piece)
        self._add(by)

    def _add(self, piece: Piece) -> None:
        self.alive[piece] = self._starting[piece.start][piece] = None
        self._ending[piece.end][piece] = None
        self._forget(piece)

    def _remove(self, piece: Piece) -> None:
        del self.alive[piece], self._starting[piece.start][piece], self._ending[piece.end][piece]
        self._forget(piece)

    def _forget(self, piece: Piece) -> None:
        for t in (piece.start, piece.end):
            self._joins.pop(t, None)
            self._steps.pop(t, None)

    # ---- joined --------------------------------------------------------------------------
    def _all_joins(self) -> Iterator[_Fit]:
        for t in self._ending:
            if t not in self._joins:
                self._joins[t] = list(self._joins_at(t))
            yield from self._joins[t]

    def _joins_at(self, t: int) -> Iterator[_Fit]:
        before, after = self._ending[t], self._starting[t]
        ends, ways_to_end = self._sums(before)
        starts, ways_to_start = self._sums(after)
        everything = len(before) + len(after)
        for total in ends.keys() & starts.keys():
            ways, a, b = min(
                (ways_to_end[a] * ways_to_start[b], a, b)
                for a, b in product(ends[total], starts[total])
            )
            rows = ends[total][a], starts[total][b]
            if everything == 2:
                yield _Fit(-inf, _JOIN, rows)
            elif a + b < everything:  # everything has the same bytes as everything: no wonder
                yield _Fit(log(ways * self._unit / total), _JOIN, rows)

    def _sums(self, pieces: _Group) -> tuple[_Sums, dict[int, int]]:
        """Pieces of one lifetime by their bytes, and how many such sets of each number exist."""
        lifetimes: dict[tuple[int, int], list[Piece]] = {}
        for piece in pieces:
            lifetimes.setdefault((piece.start, piece.end), []).append(piece)
        sums: _Sums = {}
        ways: dict[int, int] = {}
        for row in lifetimes.values():
            for number in range(1, len(row) + 1):
                if number > 1 and comb(len(row), number) > _SUBSETS:
                    break
                ways[number] = ways.get(number, 0) + comb(len(row), number)
                for chosen in combinations(row, number):
                    total = sum([piece.size for piece in chosen])
                    sums.setdefault(total, {}).setdefault(number, []).append(chosen)
        return sums, ways

    # ---- stacked -------------------------------------------------------------------------
    def _stacks(self) -> Iterator[_Fit]:
        groups: dict[tuple[int, int], list[Piece]] = {}
        for piece in self.alive:
            groups.setdefault((piece.start, piece.end), []).append(piece)
        for (start, end), row in groups.items():
            if len(row) < 2:
                continue
            starting, ending = len(self._starting[start]), len(self._ending[end])
            # in the place of one piece, or giving place to one, they stand side by side
            heirs = starting == len(row) and len(self._ending[start]) <= 1
            past = ending == len(row) and len(self._starting[end]) <= 1
            ways = (starting - 1) * (ending - 1) / (end - start + 1)
            yield _Fit(-inf if heirs or past else log(ways), _STACK, ([tuple(row)],))

    # ---- wheels --------------------------------------------------------------------------
    def _wheels(self) -> Iterator[_Fit]:
        for middle in self.alive:
            before = self._steps_at(middle.start)[0].get(middle.size)
            after = self._steps_at(middle.end)[1].get(middle.size)
            if not before or not after:
                continue
            for (left, above), (below, right) in product(before, after):
                if left.start == below.start and right.end == above.end:
                    wheel = below, right, above, left, middle
                    yield _Fit(self._accident(middle), _WHEEL, ([wheel],))

    def _accident(self, middle: Piece) -> float:
        start, end = middle.start, middle.end
        ways = len(self._ending[start]) * len(self._starting[start])
        ways *= len(self._ending[end]) * len(self._starting[end])
        return log(ways / (middle.size / self._unit + 1) ** 2 / (end - start + 1))

    def _steps_at(self, t: int) -> tuple[dict[int, list[_Pieces]], ...]:
        """Pairs of what ends and what begins, by how much larger one is: the first, the second."""
        if t not in self._steps:
            down: dict[int, list[_Pieces]] = {}
            up: dict[int, list[_Pieces]] = {}
            for pair in product(self._ending[t], self._starting[t]):
                step = pair[0].size - pair[1].size
                (down if step > 0 else up).setdefault(abs(step), []).append(pair)
            self._steps[t] = down, up
        return self._steps[t]
