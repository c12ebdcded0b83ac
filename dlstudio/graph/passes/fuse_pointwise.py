"""Put one equation in the place of a chain of elementwise ones: memory is read and written once.

Chains are of float32 and of operators that the compiled machine of `kernels.chains` has. A value
is computed inside the chain if only the chain reads it. Steps that move down to their
reader keep what they read alive until there; where that would cost memory, they stay.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.graph.ir import ABSENT, Eqn, Graph, mutated
from dlstudio.graph.passes.rewrite import Rewrite, make
from dlstudio.graph.pointwise import POINTWISE, Step
from dlstudio.graph.storage import Storages, analyse
from dlstudio.kernels.chain_codes import INPUTS, instruction

__all__ = ["fuse_pointwise"]

_LEAST_STEPS = 3  # below, the machine's own copying costs what it saves
_LARGE, _LEAST_STEPS_LARGE = 1 << 17, 6  # elements from which NumPy streams as fast, on one thread
_MOST_STEPS = 24  # longer chains run, but read badly


def fuse_pointwise(graph: Graph) -> Graph:
    """Join chains of elementwise equations into one that works block by block."""
    from dlstudio import kernels

    if kernels.mode() == "numpy":
        return graph
    chains = _Chains(graph, analyse(graph))
    for k, eqn in enumerate(graph.eqns):
        if chains.fits(eqn):
            chains.add(k, eqn)
    return chains.finish()


class _Chains:
    """Chains found so far: lists of equations, by the value in which each ends."""

    def __init__(self, graph: Graph, storages: Storages) -> None:
        self.graph, self.storages = graph, storages
        self.work = Rewrite(graph)
        self.ending: dict[int, list[int]] = {}
        self.writes = [0]  # how many equations before each one write into an input
        for eqn in graph.eqns:
            self.writes.append(self.writes[-1] + bool(mutated(eqn)))

    def fits(self, eqn: Eqn) -> bool:
        """Whether an equation may be a step: elementwise, equal shapes, memory in order."""
        if not eqn.op.flags.pointwise or len(eqn.outs) != 1 or ABSENT in eqn.ins or not eqn.ins:
            return False
        if not eqn.device.startswith("cpu") or instruction(eqn.op.name, eqn.attrs) is None:
            return False
        avals, order = self.graph.avals, self.storages.contiguous
        shape, dtype = avals[eqn.outs[0]]
        return dtype == np.float32 and all(
            order[i] and avals[i].dtype == dtype
            and (avals[i].shape == shape or self._is_number(i, shape))
            for i in eqn.ins
        )  # fmt: skip

    def _is_number(self, value: int, shape: tuple[int, ...]) -> bool:
        aval = self.graph.avals[value]
        return aval.size == 1 and aval.ndim <= len(shape)

    def add(self, k: int, eqn: Eqn) -> None:
        """Start a chain with an equation, or lengthen those it reads."""
        chain = [k]
        for value in dict.fromkeys(eqn.ins):
            before = self.ending.get(value)
            if before is not None and self._joins(before, k, chain):
                chain = sorted({*before, *chain})
                del self.ending[value]
        self.ending[eqn.outs[0]] = chain

    def _joins(self, before: list[int], k: int, chain: list[int]) -> bool:
        end, eqn = self.graph.eqns[before[-1]], self.graph.eqns[k]
        value = end.outs[0]
        if self.work.only_reader(value) != k or end.device != eqn.device or end.role != eqn.role:
            return False
        joined = {*before, *chain}
        if len(joined) > _MOST_STEPS or len(self._inputs(sorted(joined))) > INPUTS:
            return False
        if self.graph.avals[value].shape != self.graph.avals[eqn.outs[0]].shape:
            return False
        unwritten = self.writes[before[0]] == self.writes[k]
        return unwritten and (before[-1] == k - 1 or self._spares_memory(before, value))

    def _spares_memory(self, before: list[int], value: int) -> bool:
        """Whether the inputs that die in `before` are no larger than the value it makes."""
        dying = 0
        for i in self._inputs(before):
            readers = self.work.readers.get(i, [])
            inside = self.storages.root[i] not in self.storages.external
            if inside and max(readers) <= before[-1]:
                dying += self.graph.avals[i].nbytes
        return dying <= self.graph.avals[value].nbytes

    def _inputs(self, chain: list[int]) -> list[int]:
        """Values a chain reads from outside, in order."""
        eqns = [self.graph.eqns[k] for k in chain]
        made = {e.outs[0] for e in eqns}
        return list(dict.fromkeys(i for e in eqns for i in e.ins if i not in made))

    # ---- rewriting -----------------------------------------------------------------------
    def finish(self) -> Graph:
        """Write every chain that is long enough as one equation."""
        for value, chain in self.ending.items():
            if len(chain) >= _least_steps(self.graph.avals[value].size):
                self._write(chain)
        return self.work.finish()

    def _write(self, chain: list[int]) -> None:
        inputs = self._inputs(chain)
        eqns = [self.graph.eqns[k] for k in chain]
        last = eqns[-1]
        attrs: dict[str, Any] = {"steps": _steps(eqns, inputs)}
        new = make(self.work, last, POINTWISE, tuple(inputs), last.outs, attrs)
        if new is not None:
            self.work.put(chain[-1], chain, [new])


def _least_steps(size: int) -> int:
    """Steps from which a chain over arrays of `size` elements is faster than its parts."""
    from dlstudio.kernels.threads import budget

    return _LEAST_STEPS_LARGE if size > _LARGE and budget() == 1 else _LEAST_STEPS


def _steps(eqns: list[Eqn], inputs: list[int]) -> tuple[Step, ...]:
    number = {v: i for i, v in enumerate(inputs)}
    steps: list[Step] = []
    for eqn in eqns:
        operands = tuple(number[i] for i in eqn.ins)
        steps.append((eqn.op.name, operands, tuple(eqn.attrs.items())))
        number[eqn.outs[0]] = len(number)
    return tuple(steps)
