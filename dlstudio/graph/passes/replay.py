"""Computing forward values a second time in the backward half, instead of keeping them.

`Replay` knows which values could be computed again, and writes the graph in which only those of a
given set are kept: every other one that the backward half reads is computed once more, right before
its first reader, from what is kept. The choice of the set is `recompute`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from math import prod
from typing import NamedTuple

from dlstudio.core.avals import Aval
from dlstudio.graph import memory
from dlstudio.graph.ir import ABSENT, Eqn, Graph, effectful, mutated
from dlstudio.graph.operators import ASSIGN, CROSS
from dlstudio.graph.storage import Storages

__all__ = ["Measure", "Replay", "is_heavy", "work"]

# Operators that do far more arithmetic than they move bytes. The second number is the input whose
# axes but the first say how many multiply-adds one element of the output takes.
HEAVY = {
    "Convolution": 1,
    "Deconvolution": 1,
    "FullyConnected": 1,
    "fused_conv_relu": 1,
    "fused_conv_relu_pool": 1,
    "fused_dense_relu": 1,
}
_PRODUCTS = frozenset(("dot", "matmul", "batch_dot", "linalg_gemm", "linalg_gemm2", "RNN"))
_SMALL = 0.01  # of the bytes that a plan keeps
_PER_BYTE = 4  # multiply-adds in the time in which one byte comes from memory and goes back


def work(graph: Graph, eqn: Eqn) -> int:
    """Estimate how long an equation takes, in multiply-adds; moving bytes is counted as such."""
    moved = sum(graph.avals[v].nbytes for v in (*eqn.reads, *eqn.outs))
    return _PER_BYTE * moved + _products(graph, eqn)


def is_heavy(graph: Graph, eqn: Eqn) -> bool:
    """Whether an equation computes far longer than moving its operands takes."""
    moved = sum(graph.avals[v].nbytes for v in (*eqn.reads, *eqn.outs))
    return eqn.op.name in HEAVY or work(graph, eqn) > 2 * _PER_BYTE * moved


def _products(graph: Graph, eqn: Eqn) -> int:
    out = graph.avals[eqn.outs[0]].size
    if eqn.op.name in HEAVY:
        return out * prod(graph.avals[eqn.ins[HEAVY[eqn.op.name]]].shape[1:])
    if eqn.op.name in _PRODUCTS:  # as many terms as the larger operand has axes' lengths in common
        first = graph.avals[eqn.ins[0]]
        return out * (first.shape[-1] if first.shape else 1)
    return 0


def _states_last(eqns: tuple[Eqn, ...]) -> tuple[Eqn, ...]:
    """The writing of moving averages at the end: what is computed again reads the old ones."""
    read = {v for eqn in eqns for v in eqn.reads}
    late = [eqn for eqn in eqns if eqn.op is ASSIGN and read.isdisjoint(eqn.outs)]
    names = {id(eqn) for eqn in late}
    return (*(eqn for eqn in eqns if id(eqn) not in names), *late)


class Replay:
    """A graph with a backward half, and what it could compute again.

    Values are known by their storage: a view of a kept array is there as long as the array is.

    Attributes
    ----------
    maker : dict
        Number of the forward equation that makes a value, for every value inside the plan.
    wanted : set of int
        Storages that the backward half reads: what a plan without recomputation keeps.
    able : set of int
        Storages that can be computed again.
    """

    def __init__(self, graph: Graph, storages: Storages) -> None:
        self.graph, self.storages, self.root = graph, storages, storages.root
        self.forward = graph.eqns[: graph.split]
        self.backward = _states_last(graph.eqns[graph.split :])
        self.maker = {
            v: k
            for k, eqn in enumerate(self.forward)
            for v in eqn.outs
            if storages.root[v] not in storages.external
        }
        read = {self.root[v] for eqn in self.backward for v in eqn.reads}
        self.wanted = {r for r in read if r in self.maker}
        frozen = self._changing()
        self.able = {
            r
            for r, k in self.maker.items()
            if self.root[r] == r and not self._bound(self.forward[k], frozen)
        }

    def _changing(self) -> set[int]:
        """Storages that some equation writes into while somebody may still compute again."""
        readers = (
            k for k, e in enumerate(self.backward) if not self.maker.keys().isdisjoint(e.ins)
        )
        writers = (*self.forward, *self.backward[: max(readers, default=0)])
        return {self.root[v] for eqn in writers for v in mutated(eqn)}

    def _bound(self, eqn: Eqn, frozen: set[int]) -> bool:
        """Whether an equation runs once only: it writes, crosses devices, or reads what changes."""
        if eqn.op is CROSS or eqn.op.flags.dynamic or mutated(eqn):
            return True
        if effectful(eqn) and not eqn.op.flags.random:
            return True
        return any(self.root[v] in frozen for v in eqn.reads)

    # ---- sizes ---------------------------------------------------------------------------
    def nbytes(self, root: int) -> int:
        """Bytes of a storage."""
        return self.graph.avals[root].nbytes

    @cached_property
    def costs(self) -> dict[int, int]:
        """What computing each storage again takes, in multiply-adds.

        That includes its inputs, as far as nobody else in the backward half wants them.
        """
        found: dict[int, int] = {}
        for k, eqn in enumerate(self.forward):
            before = {self.root[v] for v in eqn.reads} & self.able - self.wanted
            total = self._works[k] + sum(found[r] for r in before)
            found.update((v, total) for v in eqn.outs if v in self.able)
        return found

    @cached_property
    def _works(self) -> list[int]:
        return [work(self.graph, eqn) for eqn in self.forward]

    @cached_property
    def _limit(self) -> int:
        """The largest size so small that all storages up to it are a hundredth of what is kept."""
        room = _SMALL * sum(self.nbytes(r) for r in self.wanted)
        limit = 0
        for size, count in sorted(Counter(map(self.nbytes, self.able)).items()):
            room -= size * count
            if room < 0:
                break
            limit = size
        return limit

    @cached_property
    def small(self) -> frozenset[int]:
        """Storages too small to be worth computing twice."""
        return frozenset(r for r in self.able if self.nbytes(r) <= self._limit)

    @cached_property
    def _light(self) -> tuple[frozenset[int], tuple[Eqn, ...], tuple[Eqn, ...]]:
        """Storages that matter little for the peak, and the equations that touch any other.

        Most of a backward half are sums and moving averages of channels: leaving them out makes
        measuring a plan three times faster.
        """
        roots = set(self.root.values()) - self.storages.external
        dust = self.storages.external | {r for r in roots if self.nbytes(r) <= self._limit}

        def counts(eqn: Eqn) -> bool:
            return any(self.root[v] not in dust for v in (*eqn.reads, *eqn.outs))

        forward = tuple(filter(counts, self.forward))
        return frozenset(dust), forward, tuple(filter(counts, self.backward))

    def crossing(self) -> list[set[int]]:
        """For each place before an equation of the forward half, the storages that pass it."""
        last: dict[int, int] = {}
        for k, eqn in enumerate(self.forward):
            for v in eqn.reads:
                if v in self.maker:
                    last[self.root[v]] = k
        ends: dict[int, list[int]] = {}
        for root, k in last.items():
            ends.setdefault(k, []).append(root)
        found: list[set[int]] = []
        alive: set[int] = set()
        for k, eqn in enumerate(self.forward):
            found.append(set(alive))
            alive.update(r for v in eqn.outs if (r := self.root[v]) in last and last[r] > k)
            alive.difference_update(ends.get(k, ()))
        return found

    # ---- writing -------------------------------------------------------------------------
    def keeping(self, kept: Iterable[int], *, lean: bool = False) -> Graph:
        """Write the graph that keeps these storages, and those that cannot be computed again.

        `lean` forgets cheap values once more, if all they were computed again for is others.
        """
        return _Writing(self, frozenset(kept), lean=lean).graph(self.forward, self.backward)

    def measure(self, kept: Collection[int], *, lean: bool = False) -> Measure:
        """Nearly what the plan that keeps these storages takes, and what it repeats."""
        dust, forward, backward = self._light
        writing = _Writing(self, frozenset(kept), lean=lean)
        graph = writing.graph(forward, backward)
        again = {v: o for v, o in writing.new.items() if self.root[o] == o}
        storages = Storages(
            root={**self.root, **writing.roots},
            contiguous={**self.storages.contiguous, **dict.fromkeys(writing.new, True)},
            external=dust | {v for v, old in again.items() if old in dust},
            views=frozenset(),
        )
        repeats = sum(self._works[k] for k in writing.repeated)
        return Measure(memory.peak_bytes(graph, storages), repeats, frozenset(again.values()))


class Measure(NamedTuple):
    """The peak of live bytes of a plan, the work it repeats, and what it computes again."""

    peak: int
    repeats: int
    again: frozenset[int]


class _Writing:
    """The backward half under construction."""

    def __init__(self, source: Replay, kept: frozenset[int], *, lean: bool) -> None:
        self.source, self.kept, self.lean = source, kept, lean
        self.next = source.graph.next_value
        self.copies: dict[int, int] = {}  # value -> the value that repeats it
        self.new: dict[int, int] = {}  # the other way round
        self.roots: dict[int, int] = {}  # new value -> the one whose memory it lies in
        self.passing: set[int] = set()  # cheap values that one demand has copied
        self.repeated: list[int] = []  # numbers of forward equations
        self.eqns: list[Eqn] = []

    def graph(self, forward: Sequence[Eqn], backward: Sequence[Eqn]) -> Graph:
        """Write these equations, and those that some of the second half need once more."""
        before = self.source.graph
        self.eqns += forward
        for eqn in backward:
            for value in eqn.reads:
                if value not in self.copies:
                    self._provide(value)
            self.eqns.append(self._reading_copies(eqn))
            for value in self.passing.difference(eqn.reads):
                del self.copies[value]
            self.passing.clear()
        avals: dict[int, Aval] = {v: before.avals[old] for v, old in self.new.items()}
        devices = {v: before.devices[o] for v, o in self.new.items() if o in before.devices}
        return replace(
            before,
            eqns=tuple(self.eqns),
            avals={**before.avals, **avals},
            devices={**before.devices, **devices},
            again=self.new,
        )

    def _lost(self, value: int) -> bool:
        """Whether a value is neither kept nor computed again yet."""
        source = self.source
        if value not in source.maker or value in self.copies:
            return False
        root = source.root[value]
        return root in source.able and root not in self.kept

    def _provide(self, value: int) -> None:
        """Append what computes a value again, its inputs first; depth is that of the network."""
        stack = [value] if self._lost(value) else []
        while stack:
            number = self.source.maker[stack[-1]]
            eqn = self.source.forward[number]
            missing = [v for v in eqn.reads if self._lost(v)]
            if missing:
                stack += missing
                continue
            if self._lost(stack.pop()):
                self.repeated.append(number)
                self._repeat(eqn)

    def _repeat(self, eqn: Eqn) -> None:
        again = self._reading_copies(eqn)
        # what is kept is read where it is; the copy beside it is made and forgotten
        lost = [v for v in eqn.outs if self._lost(v)]
        outs = tuple(self._fresh(v) for v in eqn.outs)
        self.copies.update((v, o) for v, o in zip(eqn.outs, outs, strict=True) if v in lost)
        if self.lean and not is_heavy(self.source.graph, eqn):
            self.passing.update(lost)
        self.eqns.append(again._replace(outs=outs, role="recompute"))

    def _reading_copies(self, eqn: Eqn) -> Eqn:
        if self.copies.keys().isdisjoint(eqn.ins):
            return eqn
        return eqn._replace(ins=tuple(i if i == ABSENT else self.copies.get(i, i) for i in eqn.ins))

    def _fresh(self, value: int) -> int:
        new, self.next = self.next, self.next + 1
        self.new[new] = value
        root = self.source.root[value]
        self.roots[new] = new if root == value else self.copies.get(root, root)
        return new
