"""Packing instances without any waste: a full rectangle of time × memory, cut up and shuffled.

The peak of such an instance equals its capacity, and at no time is a single byte free: the best
packing is tight everywhere. Greedy orders miss it as soon as there are a few dozen buffers, so
these are what `dlstudio.graph.pack.pack` with a capacity is tested and timed on.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

__all__ = ["STYLES", "TightPacking", "tight_packing"]

Array = Any
Rectangle = tuple[int, int, int, int]  # first time, time after the last, lowest byte, byte above
_Cutter = Callable[[np.random.Generator, int], tuple[list[Rectangle], int]]


class TightPacking(NamedTuple):
    """Buffers that fill `capacity` at every time, and the offsets they were cut from."""

    lower: Array
    upper: Array
    size: Array
    capacity: int
    offsets: Array


def tight_packing(style: str, count: int, seed: int) -> TightPacking:
    """Cut a rectangle into buffers and shuffle them.

    Parameters
    ----------
    style : str
        One of `STYLES`.
    count : int
        Number of buffers; a style of small coordinates may stop a few short of it.
    seed : int
        The same seed gives the same instance.

    Returns
    -------
    TightPacking
        Four int64 arrays of shape (N,), and the capacity: the height of the rectangle.
    """
    rng = np.random.default_rng([seed, count, list(STYLES).index(style)])
    pieces, capacity = STYLES[style](rng, count)
    first, after, low, high = np.array(pieces, np.int64)[rng.permutation(len(pieces))].T
    return TightPacking(first, after, high - low, capacity, low)


# ---- which piece to cut, and where -----------------------------------------------------------
def _any(rng: np.random.Generator, pieces: list[Rectangle]) -> int:
    return int(rng.integers(len(pieces)))


def _largest(rng: np.random.Generator, pieces: list[Rectangle]) -> int:
    """Take a piece with a probability in proportion to its area."""
    area = np.array([float(t1 - t0) * (m1 - m0) for t0, t1, m0, m1 in pieces])
    return int(rng.choice(len(pieces), p=area / area.sum()))


def _halves(
    rng: np.random.Generator, piece: Rectangle, margin: float = 0.0, upright: float = 0.5
) -> list[Rectangle]:
    """Cut across time with probability `upright`, else across memory; [] where that is too thin."""
    t0, t1, m0, m1 = piece
    along = rng.random() < upright
    start, end = (t0, t1) if along else (m0, m1)
    if end - start < 2:
        return []
    skip = int((end - start) * margin)
    cut = int(rng.integers(start + max(1, skip), max(start + 2, end - skip)))
    if along:
        return [(t0, cut, m0, m1), (cut, t1, m0, m1)]
    return [(t0, t1, m0, cut), (t0, t1, cut, m1)]


def _pinwheel(rng: np.random.Generator, piece: Rectangle) -> list[Rectangle]:
    """Five pieces around a middle one, which no straight cut separates; [] if it is too small."""
    t0, t1, m0, m1 = piece
    if t1 - t0 < 3 or m1 - m0 < 3:
        return []
    left, right = sorted(int(x) for x in rng.choice(np.arange(1, min(t1 - t0, 99)), 2, False))
    left, right = (t0 + x * (t1 - t0) // min(t1 - t0, 99) for x in (left, right))
    below, above = sorted(int(x) for x in rng.choice(np.arange(1, min(m1 - m0, 99)), 2, False))
    below, above = (m0 + x * (m1 - m0) // min(m1 - m0, 99) for x in (below, above))
    turned = [
        (t0, right, m0, below), (right, t1, m0, above), (left, t1, above, m1),
        (t0, left, below, m1), (left, right, below, above),
    ]  # fmt: skip
    if rng.random() < 0.5:
        return turned
    return [(t0 + t1 - b, t0 + t1 - a, low, high) for a, b, low, high in turned]


def _cut(
    rng: np.random.Generator, count: int, steps: int, height: int,
    choose: Callable[[np.random.Generator, list[Rectangle]], int] = _any,
    margin: float = 0.0, wheels: float = 0.0, upright: float = 0.5,
) -> list[Rectangle]:  # fmt: skip
    pieces: list[Rectangle] = [(0, steps, 0, height)]
    for _ in range(100 * count):
        if len(pieces) >= count:
            break
        i = choose(rng, pieces)
        wheel = rng.random() < wheels
        parts = _pinwheel(rng, pieces[i]) if wheel else _halves(rng, pieces[i], margin, upright)
        if parts:
            pieces[i : i + 1] = parts
    return pieces


# ---- styles ----------------------------------------------------------------------------------
def _coarse(rng: np.random.Generator, count: int) -> tuple[list[Rectangle], int]:
    return _cut(rng, count, 40, 200, _largest), 200


def _fine(rng: np.random.Generator, count: int) -> tuple[list[Rectangle], int]:
    return _cut(rng, count, 1_000_000, 1 << 30, _largest), 1 << 30


def _uneven(rng: np.random.Generator, count: int) -> tuple[list[Rectangle], int]:
    return _cut(rng, count, 400, 10_000), 10_000


def _crumbs(rng: np.random.Generator, count: int) -> tuple[list[Rectangle], int]:
    """Cut any piece, small ones too, so that many end up as one step or a few bytes."""
    return _cut(rng, count, 100, 4096), 4096


def _even(rng: np.random.Generator, count: int) -> tuple[list[Rectangle], int]:
    return _cut(rng, count, 1000, 100_000, _largest, margin=0.3), 100_000


def _aligned(rng: np.random.Generator, count: int) -> tuple[list[Rectangle], int]:
    pieces = _cut(rng, count, 200, 1024, _largest)
    return [(t0, t1, 64 * m0, 64 * m1) for t0, t1, m0, m1 in pieces], 64 * 1024


def _wheels(rng: np.random.Generator, count: int) -> tuple[list[Rectangle], int]:
    return _cut(rng, count, 1000, 1 << 20, _largest, wheels=0.7), 1 << 20


def _small_wheels(rng: np.random.Generator, count: int) -> tuple[list[Rectangle], int]:
    return _cut(rng, count, 100, 400, _largest, wheels=0.7), 400


def _long(rng: np.random.Generator, count: int) -> tuple[list[Rectangle], int]:
    """Few buffers that live long among many that come and go, as weights and activations do."""
    bands = _cut(rng, 16, 500, 1 << 16, _largest, upright=0.0)
    keep = 6
    while len(bands) < count:
        i = int(rng.integers(keep, len(bands)))
        bands[i : i + 1] = _halves(rng, bands[i], upright=0.8) or [bands[i]]
    return bands, 1 << 16


def _mosaic(rng: np.random.Generator, count: int) -> tuple[list[Rectangle], int]:
    """Tiles of random shapes laid on a grid cell by cell: neither nested cuts nor wheels."""
    side = max(2, int((count * 6) ** 0.5))
    free = np.ones((side, side), bool)
    pieces: list[Rectangle] = []
    for t, m in np.ndindex(side, side):
        if not free[t, m]:
            continue
        wide, high = (int(x) for x in rng.integers(1, 6, 2))
        after = t + 1
        while after < min(side, t + wide) and free[after, m]:
            after += 1
        top = m + 1
        while top < min(side, m + high) and free[t:after, top].all():
            top += 1
        free[t:after, m:top] = False
        pieces.append((t, after, m, top))
    return pieces, side


def _grid(rng: np.random.Generator, count: int) -> tuple[list[Rectangle], int]:
    """Unite neighbours of a grid with random lines: whatever meets at a line has much in common."""
    steps, height = 1000, 1 << 20
    lines = int((3 * count) ** 0.5)
    times = [0, *np.sort(rng.choice(np.arange(1, steps), lines, False)).tolist(), steps]
    bytes_ = [0, *np.sort(rng.choice(np.arange(1, height), lines, False)).tolist(), height]
    pieces = [(*t, *m) for t in pairwise(times) for m in pairwise(bytes_)]
    while len(pieces) > count:
        t0, t1, m0, m1 = pieces[int(rng.integers(len(pieces)))]
        fits = [p for p in pieces if p[:2] == (t0, t1) and p[2] == m1]
        fits += [p for p in pieces if p[2:] == (m0, m1) and p[0] == t1]
        if fits:
            other = fits[int(rng.integers(len(fits)))]
            pieces = [p for p in pieces if p not in ((t0, t1, m0, m1), other)]
            pieces.append((t0, other[1], m0, other[3]))
    return pieces, height


STYLES: dict[str, _Cutter] = {
    "coarse": _coarse,
    "fine": _fine,
    "uneven": _uneven,
    "even": _even,
    "aligned": _aligned,
    "wheels": _wheels,
    "small wheels": _small_wheels,
    "long": _long,
    "mosaic": _mosaic,
    "crumbs": _crumbs,
    "grid": _grid,
}
