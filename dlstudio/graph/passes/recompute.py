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
from itertools import accumulate
from typing import NamedTuple

from dlstudio.errors import ParamError, explain
from dlstudio.graph import memory
from dlstudio.graph.ir import Eqn, Graph
from dlstudio.graph.passes.replay import HEAVY, Replay, work
from dlstudio.graph.storage import analyse

__all__ = ["recompute"]

_PARTS = (1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 64)  # numbers of segments tried
_ROUNDS = 4


class _Found(NamedTuple):
    """A plan: its peak of live bytes, the work it repeats, what it keeps."""

    peak: int
    repeats: int
    kept: frozenset[int]


def recompute(graph: Graph, budget: int | None = None, *, mirror: bool = False) -> Graph:
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
    source = Replay(graph, analyse(graph))
    found = graph
    if mirror or graph.mirrored:
        found = _mirrored(source, cheap=mirror)
    if budget is not None and memory.plan(found).arena_bytes > budget:
        found = _within(source, budget)
    return found


# ---- MXNet's mirroring -----------------------------------------------------------------------
def _mirrored(source: Replay, *, cheap: bool) -> Graph:
    """Repeat the forced nodes, and all cheap ones if asked to, where that lowers the peak."""

    def repeats(eqn: Eqn) -> bool:
        if eqn.op.flags.random:  # MXNet keeps the masks of Dropout
            return False
        return eqn.name in source.graph.mirrored or (cheap and not _is_heavy(source.graph, eqn))

    kept = [r for r in source.able if not repeats(source.forward[source.maker[r]])]
    after = source.keeping(kept)
    return after if memory.peak_bytes(after) < memory.peak_bytes(source.graph) else source.graph


def _is_heavy(graph: Graph, eqn: Eqn) -> bool:
    moved = sum(graph.avals[v].nbytes for v in (*eqn.reads, *eqn.outs))
    return eqn.op.name in HEAVY or work(graph, eqn) > 8 * moved


# ---- a byte budget ---------------------------------------------------------------------------
def _within(source: Replay, budget: int) -> Graph:
    """Find the plan within `budget` that repeats least work."""
    goal, smallest = budget, None
    for _ in range(_ROUNDS):
        found = _search(source, goal)
        graph = source.keeping(found.kept)
        taken = memory.plan(graph).arena_bytes
        if taken <= budget:
            return graph
        smallest = min(taken, smallest or taken)
        if found.peak > goal:
            break
        # small values were not measured, and offsets can cost a little: aim lower
        goal = int(goal * budget / taken)
    raise _too_small(source.graph, budget, smallest or 0)


def _too_small(graph: Graph, budget: int, smallest: int) -> ParamError:
    needed = memory.plan(graph).arena_bytes
    return ParamError(
        explain(
            f"memory_budget={budget:,} bytes are too few: the plan takes {needed:,} bytes, and "
            f"{smallest:,} where values are computed again.",
            f"at least {smallest:,} bytes. Parameters, gradients and outputs are not counted.",
            f"memory_budget={smallest}, or a smaller batch",
        )
    )


def _search(source: Replay, budget: int) -> _Found:
    """Try numbers of segments, fill up each with what is worth most, and take the cheapest."""
    crossing = source.crossing()
    best: _Found | None = None
    tried: set[frozenset[int]] = set()
    for parts in _PARTS:
        kept = source.small | _borders(source, crossing, parts)
        if kept in tried or (parts > 1 and parts * 3 > len(crossing)):
            continue
        tried.add(kept)
        found = _fill(source, kept, budget)
        if best is None or _better(found, best, budget):
            best = found
    assert best is not None
    return best


def _better(a: _Found, b: _Found, budget: int) -> bool:
    """Whether plan `a` is better than `b`: within the budget first, then less work."""
    if (a.peak <= budget) != (b.peak <= budget):
        return a.peak <= budget
    return a.repeats < b.repeats if a.peak <= budget else a.peak < b.peak


def _borders(source: Replay, crossing: list[set[int]], parts: int) -> frozenset[int]:
    """Values that pass the borders of `parts` segments, equal in bytes, cut where least passes."""
    made = [0] * (len(crossing) + 1)
    for root in source.wanted:
        made[source.maker[root]] += source.nbytes(root)
    total = list(accumulate(made))
    passing = [sum(source.nbytes(r) for r in roots) for roots in crossing]
    kept: set[int] = set()
    for i in range(1, parts):
        lo = bisect_right(total, total[-1] * (i - 0.5) / parts)
        hi = bisect_right(total, total[-1] * (i + 0.5) / parts)
        window = range(lo + 1, min(hi + 1, len(crossing)))
        if window:
            kept |= crossing[min(window, key=passing.__getitem__)]
    return frozenset(kept & source.able)


def _fill(source: Replay, kept: frozenset[int], budget: int) -> _Found:
    """Keep besides, as far as the budget goes, what saves most work for its bytes."""
    first = source.measure(kept)
    best = _Found(first.peak, first.repeats, kept)
    ranked = sorted(
        first.again & source.able - kept,
        key=lambda v: (-source.costs[v] / source.nbytes(v), source.maker[v], v),
    )
    lo, hi = 0, len(ranked) + 1  # the first `lo` fit
    while first.peak <= budget and hi - lo > max(1, len(ranked) // 64):
        middle = (lo + hi) // 2
        more = kept.union(ranked[:middle])
        found = source.measure(more)
        if found.peak > budget:
            hi = middle
            continue
        lo = middle
        if found.repeats < best.repeats:
            best = _Found(found.peak, found.repeats, more)
    return best
