"""Forget forward values and compute them again in the backward half: time traded for memory.

Backward reads most of what forward computed, so that a training plan of N layers holds N layers at
its peak. Kept are instead the values at the borders of about sqrt(N) segments; the inside of a
segment is computed a second time, from its border, when the backward half gets there. One more
forward pass at most, for memory that grows like sqrt(N).

Which borders, and what besides them is worth its bytes, is found by planning: candidates are
written out as graphs, their peak is the memory plan's, and the one that repeats least within the
budget wins.

References
----------
Chen, Xu, Zhang, Guestrin, "Training Deep Nets with Sublinear Memory Cost", 2016.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import accumulate, product
from math import isqrt
from operator import is_
from typing import NamedTuple

from dlstudio.errors import ParamError, explain
from dlstudio.graph import memory
from dlstudio.graph.ir import Eqn, Graph
from dlstudio.graph.passes.replay import Replay, is_heavy, work
from dlstudio.graph.storage import analyse

__all__ = ["recompute", "told"]

_REACH = 6  # equations: half a block of layers
_ROUNDS = 6  # of aiming lower, where a plan takes more than was measured


def recompute(
    graph: Graph, budget: int | None = None, *, mirror: bool = False,
    unordered: Graph | None = None,
) -> Graph:  # fmt: skip
    """Let the backward half compute forward values again instead of keeping them.

    Parameters
    ----------
    graph : Graph
        Placed, ordered, with its backward half. Nodes it calls `mirrored`, made under
        ``AttrScope(force_mirroring="True")``, are repeated whatever else is asked for.
    budget : int, bytes, optional
        What arenas may take together. Nothing is repeated if the plan fits as it is.
    mirror : bool
        Repeat whatever is cheap beside a convolution or a product, as MXNet does under
        ``MXNET_BACKWARD_DO_MIRROR=1``.
    unordered : Graph, optional
        The same before the pass `order`, which makes backward read much of what forward computed
        as early as it can: a good thing only if it is kept anyway. This order is tried first.

    Returns
    -------
    Graph
        Random numbers that are drawn again are the same, and moving averages are written once.
        The graph itself, if it has no backward half or nothing is gained.

    Raises
    ------
    ParamError
        If no plan found fits the budget; the message says how many bytes the smallest takes.
    """
    if graph.split == len(graph.eqns) or not (budget or mirror or graph.mirrored):
        return graph
    sources = [Replay(g, analyse(g)) for g in _orders(graph, unordered)]
    found = graph
    if mirror or graph.mirrored:
        plans = (graph, *(_mirrored(source, cheap=mirror) for source in sources))
        found = min(plans, key=memory.peak_bytes)
    if budget is not None and memory.plan(found).arena_bytes > budget:
        found = _within(sources, budget)
    return replace(found, history=graph.history) if found is not graph else graph


def _orders(graph: Graph, unordered: Graph | None) -> list[Graph]:
    """The orders to try."""
    if unordered is None or all(map(is_, graph.eqns, unordered.eqns)):
        return [graph]
    return [unordered, graph]


def told(before: Graph, after: Graph) -> Iterator[str]:
    """Sentences on what is gained, and what it costs."""
    peaks = memory.peak_bytes(before), memory.peak_bytes(after)
    yield f"peak of live bytes: {peaks[0]:,} -> {peaks[1]:,}"
    again = [work(after, e) for e in after.eqns if e.role == "recompute"]
    share = sum(again) / max(1, sum(work(before, e) for e in before.eqns[: before.split]))
    yield f"{len(again)} equations run twice: about {share:.0%} of the forward half's work"


# ---- MXNet's mirroring -----------------------------------------------------------------------
def _mirrored(source: Replay, *, cheap: bool) -> Graph:
    """Repeat the forced nodes, and all cheap ones if asked to."""

    def repeats(eqn: Eqn) -> bool:
        if eqn.op.flags.random:  # MXNet keeps the masks of Dropout
            return False
        return eqn.name in source.graph.mirrored or (cheap and not is_heavy(source.graph, eqn))

    return source.keeping(r for r in source.able if not repeats(source.forward[source.maker[r]]))


# ---- a byte budget ---------------------------------------------------------------------------
class _Found(NamedTuple):
    """A candidate: what it keeps, its number of segments, its peak, and the work it repeats."""

    kept: frozenset[int]
    parts: int
    peak: int
    repeats: int


def _within(sources: list[Replay], budget: int) -> Graph:
    """Find a plan within `budget` that repeats little work."""
    smallest = 0
    for lean, source in product((False, True), sources):
        graph, taken = _smallest(source, budget, lean=lean)
        if taken <= budget:
            return graph
        smallest = min(taken, smallest or taken)
    raise _too_small(sources[-1].graph, budget, smallest)


def _smallest(source: Replay, budget: int, *, lean: bool) -> tuple[Graph, int]:
    """Find the plan of this order that repeats least within `budget`, or the smallest found."""
    search = _Search(source, lean=lean)
    goal, found = budget, search.best(budget)
    best, smallest = source.graph, -1
    for number in range(_ROUNDS):
        graph = source.keeping(found.kept, lean=lean)
        taken = memory.plan(graph).arena_bytes
        if smallest < 0 or taken < smallest:
            best, smallest = graph, taken
        if taken <= budget:
            break
        # small values were not measured, and offsets can cost a little: aim lower
        goal = int(goal * budget / taken * (1 - number / 100))
        again = search.filled(found.parts, goal)
        found = again if again.peak <= goal else search.best(goal)
        if found.peak > goal:
            break
    return best, smallest


def _too_small(graph: Graph, budget: int, smallest: int) -> ParamError:
    needed = memory.plan(graph).arena_bytes
    gained = f"{smallest:,} where values are computed again"
    if smallest >= needed:
        gained = "no fewer where values are computed again"
    least = min(smallest, needed)
    return ParamError(
        explain(
            f"memory_budget={budget:,} bytes are too few: the plan takes {needed:,} bytes, and "
            f"{gained}.",
            f"at least {least:,} bytes. Parameters, gradients and outputs are not counted.",
            f"memory_budget={least}, or a smaller batch",
        )
    )


class _Search:
    """Numbers of segments tried, each filled up with what is worth most for its bytes."""

    def __init__(self, source: Replay, *, lean: bool) -> None:
        self.source, self.crossing, self.lean = source, source.crossing(), lean
        self.passing = [sum(source.nbytes(r) for r in roots) for roots in self.crossing]
        made = [0] * (len(self.crossing) + 1)
        for root in source.wanted:
            made[source.maker[root]] += source.nbytes(root)
        self.made = list(accumulate(made))  # bytes that backward wants, up to each equation
        self._first: dict[int, _Found] = {}
        self._ranked: dict[int, list[int]] = {}

    def best(self, budget: int) -> _Found:
        """Find the least work within `budget`, or the smallest peak if nothing fits."""
        count = sum(root not in self.source.small for root in self.source.wanted)
        root = max(1, isqrt(count))
        most = max(1, len(self.crossing) // 3)
        likely = dict.fromkeys(min(most, max(1, n)) for n in (root // 2, root, root * 2, 1))
        found = min((self.filled(n, budget) for n in likely), key=partial(_order, budget))
        others = (min(most, max(1, n)) for n in (root * 4, root // 4, root * 8))
        for parts in others if found.peak > budget else ():
            found = min(found, self.filled(parts, budget), key=partial(_order, budget))
        return found

    def borders(self, parts: int) -> frozenset[int]:
        """Values that pass the borders of segments, equal in bytes, cut where least passes."""
        kept: set[int] = set()
        for i in range(1, parts):
            lo, at, hi = (
                bisect_right(self.made, self.made[-1] * (i + d) / parts) for d in (-0.5, 0, 0.5)
            )
            # where single values are as large as a segment, the next narrow place is farther off
            first, last = min(lo + 1, at - _REACH), max(hi + 1, at + _REACH)
            window = range(max(1, first), min(last, len(self.crossing)))
            if window:
                kept |= self.crossing[min(window, key=self.passing.__getitem__)]
        return frozenset(kept & self.source.able)

    def filled(self, parts: int, budget: int) -> _Found:
        """Keep besides the borders, as far as the budget goes, what saves most for its bytes."""
        first, ranked = self._start(parts)
        if first.peak <= budget:
            return self._refined(first, ranked, 0, len(ranked) + 1, budget)
        # without borders one long chain is repeated at once: keeping more can lower the peak
        best, step = first, max(1, len(ranked) // 8)
        for count in range(len(ranked) - step, 0, -step):
            found = self._keeping(first, ranked[:count])
            if found.peak <= budget:
                return self._refined(found, ranked, count, count + step, budget)
            best = min(best, found, key=partial(_order, budget))
        return best

    def _start(self, parts: int) -> tuple[_Found, list[int]]:
        """Keep the borders only; and what else could be kept, the most worthwhile first."""
        if parts not in self._first:
            source = self.source
            kept = source.small | self.borders(parts)
            measured = source.measure(kept, lean=self.lean)
            self._first[parts] = _Found(kept, parts, measured.peak, measured.repeats)
            self._ranked[parts] = sorted(
                measured.again & source.able & source.wanted - kept,
                key=lambda v: (-source.costs[v] / source.nbytes(v), source.maker[v], v),
            )
        return self._first[parts], self._ranked[parts]

    def _refined(self, best: _Found, ranked: list[int], lo: int, hi: int, budget: int) -> _Found:
        """Between `lo` values more, which fit, and `hi`, which do not: as many as fit."""
        first = self._first[best.parts]
        while hi - lo > max(1, len(ranked) // 64):
            middle = (lo + hi) // 2
            found = self._keeping(first, ranked[:middle])
            if found.peak > budget:
                hi = middle
            else:
                lo, best = middle, min(best, found, key=partial(_order, budget))
        return best

    def _keeping(self, first: _Found, more: list[int]) -> _Found:
        kept = first.kept.union(more)
        measured = self.source.measure(kept, lean=self.lean)
        return _Found(kept, first.parts, measured.peak, measured.repeats)


def _order(budget: int, found: _Found) -> tuple[bool, int]:
    """Sort key: candidates within the budget first, then by work; others by their peak."""
    fits = found.peak <= budget
    return not fits, found.repeats if fits else found.peak
