"""Replacing equations: who reads what, what is removed, what stands in its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from dlstudio.core.avals import Aval
from dlstudio.core.registry import Op
from dlstudio.graph.ir import Eqn, Graph

__all__ = ["Rewrite", "make"]


class Rewrite:
    """Replacements collected so far, and who reads what."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.outputs = set(graph.outputs)
        self.next = graph.next_value
        self.new_avals: dict[int, Aval] = {}
        self.readers: dict[int, list[int]] = {}
        for k, eqn in enumerate(graph.eqns):
            for value in dict.fromkeys(eqn.reads):
                self.readers.setdefault(value, []).append(k)
        self.removed: set[int] = set()
        self.placed: dict[int, list[Eqn]] = {}  # index of an old equation -> what stands there

    def eqn(self, k: int) -> Eqn:
        """Equation number k of the graph as it was."""
        return self.graph.eqns[k]

    def private_readers(self, value: int) -> list[int]:
        """Equations that read a value, none if it is an output, too."""
        return [] if value in self.outputs else self.readers.get(value, [])

    def only_reader(self, value: int) -> int | None:
        """Find the one equation that reads a value nobody outside needs."""
        found = self.private_readers(value)
        return found[0] if len(found) == 1 and found[0] not in self.removed else None

    def fresh(self, aval: Aval) -> int:
        """Make a new value."""
        self.new_avals[self.next] = aval
        self.next += 1
        return self.next - 1

    def aval(self, value: int) -> Aval:
        """Shape and dtype of an old or new value."""
        return self.new_avals.get(value) or self.graph.avals[value]

    def put(self, at: int, old: list[int], new: list[Eqn]) -> None:
        """Replace the equations `old` by `new`, which stand where `at` stood."""
        self.removed.update(old)
        self.placed.setdefault(at, []).extend(new)

    def finish(self) -> Graph:
        """Build the rewritten graph."""
        if not self.removed:
            return self.graph
        return replace(
            self.graph,
            eqns=tuple(self._rewritten()),
            avals={**self.graph.avals, **self.new_avals},
        )

    def _rewritten(self) -> Iterator[Eqn]:
        for k, eqn in enumerate(self.graph.eqns):
            yield from self.placed.get(k, ())
            if k not in self.removed:
                yield eqn


def make(
    work: Rewrite, like: Eqn, op: Op, ins: tuple[int, ...], outs: tuple[int, ...],
    attrs: dict[str, Any],
) -> Eqn | None:  # fmt: skip
    """Build the fused equation, if there is a kernel for it."""
    from dlstudio import kernels

    given = {**op.attrs, **{name: attrs[name] for name in op.attrs if name in attrs}}
    avals = [work.aval(i) for i in ins], [work.aval(o) for o in outs]
    if kernels.find(op.name, *avals, given) is None:
        return None
    return like._replace(op=op, ins=ins, outs=outs, attrs=given)
