"""Choose an order of equations that keeps little memory alive at a time."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from dlstudio.graph.ir import Eqn, Graph, effectful, mutated
from dlstudio.graph.storage import Storages, analyse

__all__ = ["order", "peak_bytes"]


def peak_bytes(graph: Graph, storages: Storages | None = None) -> int:
    """Largest sum of bytes of storages that live at the same time, inputs and outputs aside."""
    storages = storages or analyse(graph)
    change = [0] * (len(graph.eqns) + 2)
    first, last = _lives(graph, storages)
    for root, start in first.items():
        size = graph.avals[root].nbytes
        change[start] += size
        change[last[root] + 1] -= size
    live = peak = 0
    for delta in change:
        live += delta
        peak = max(peak, live)
    return peak


def _lives(graph: Graph, storages: Storages) -> tuple[dict[int, int], dict[int, int]]:
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for k, eqn in enumerate(graph.eqns):
        for value in (*eqn.outs, *eqn.reads):
            root = storages.root[value]
            if root not in storages.external:
                first.setdefault(root, k)
                last[root] = k
    return first, last


def order(graph: Graph) -> Graph:
    """Reorder within the forward half and within the backward half, if that lowers the peak.

    Random and writing equations keep their order among themselves, so that the same numbers are
    drawn; ready equations that free more than they allocate go first.
    """
    storages, split = analyse(graph), graph.split
    forward = _greedy(graph, graph.eqns[:split], storages, after=graph.eqns[split:])
    backward = _greedy(graph, graph.eqns[split:], storages, after=())
    halves = [
        replace(graph, eqns=(*a, *b))
        for a in (graph.eqns[:split], forward)
        for b in (graph.eqns[split:], backward)
    ]
    return min(halves, key=lambda g: peak_bytes(g, storages))  # the first of equals: unchanged


def _greedy(
    graph: Graph, eqns: Sequence[Eqn], storages: Storages, after: Sequence[Eqn]
) -> tuple[Eqn, ...]:
    """List scheduling: of the ready equations run the one that leaves least memory alive."""
    pending = {storages.root[v] for e in after for v in e.reads}  # must live on
    reads = [{storages.root[v] for v in eqn.reads} for eqn in eqns]
    readers = Counter(root for roots in reads for root in roots)  # those still to come
    users, missing = _dependencies(eqns, storages)

    def cost(k: int) -> int:
        made = sum(_size(graph, storages, v) for v in eqns[k].outs if storages.root[v] == v)
        last = (r for r in reads[k] if readers[r] == 1 and r not in pending)
        return made - sum(_size(graph, storages, r) for r in last)

    ready = [k for k, n in enumerate(missing) if n == 0]
    chosen: list[Eqn] = []
    heapq.heapify(ready)
    while ready:
        # few equations are ready at a time, so that looking at all of them stays cheap
        k = min(ready[:32], key=lambda k: (cost(k), k))
        ready.remove(k)
        heapq.heapify(ready)
        readers.subtract(reads[k])
        chosen.append(eqns[k])
        for user in users[k]:
            missing[user] -= 1
            if missing[user] == 0:
                heapq.heappush(ready, user)
    return tuple(chosen)


def _size(graph: Graph, storages: Storages, root: int) -> int:
    return 0 if root in storages.external else graph.avals[root].nbytes


def _dependencies(eqns: Sequence[Eqn], storages: Storages) -> tuple[list[list[int]], list[int]]:
    """Who must come after whom: readers after makers, writers after readers, effects in order."""
    made = {v: k for k, e in enumerate(eqns) for v in e.outs}
    edges: list[set[int]] = [set() for _ in eqns]
    readers: dict[int, list[int]] = {}
    last_effect: int | None = None
    for k, eqn in enumerate(eqns):
        edges[k].update(made[v] for v in eqn.reads if v in made)
        if effectful(eqn):
            if last_effect is not None:
                edges[k].add(last_effect)
            last_effect = k
            for value in mutated(eqn):
                edges[k].update(readers.get(storages.root[value], ()))
        for v in eqn.reads:
            readers.setdefault(storages.root[v], []).append(k)
    users: list[list[int]] = [[] for _ in eqns]
    for k, before in enumerate(edges):
        for j in before - {k}:
            users[j].append(k)
    return users, [len(before - {k}) for k, before in enumerate(edges)]
