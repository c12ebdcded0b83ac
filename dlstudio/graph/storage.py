"""Which values share memory: views, and whether they are C-contiguous.

Lifetimes are computed on storages, not on values: a view keeps its base alive, and nothing may be
written in place while another view of the same storage is still to be read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.backends.numpy import aligned_empty
from dlstudio.core.registry import OPS
from dlstudio.errors import OutOfMemoryError
from dlstudio.graph.ir import ABSENT, Builder, Eqn, Graph, Origin
from dlstudio.graph.operators import ASSIGN

__all__ = ["Storages", "analyse", "separate_outputs"]


@dataclass(frozen=True)
class Storages:
    """For each value: the value whose memory it lies in (itself unless it is a view)."""

    root: dict[int, int]
    contiguous: dict[int, bool]
    external: frozenset[int]  # roots that come from outside or go outside
    views: frozenset[int]  # indices of equations that only make a view

    def members(self) -> dict[int, list[int]]:
        """Values by root."""
        found: dict[int, list[int]] = {}
        for value, root in self.root.items():
            found.setdefault(root, []).append(value)
        return found


def analyse(graph: Graph) -> Storages:
    """Find views by running each view operator once on uninitialised memory of the right shape.

    Nothing is read or written there, so that the operating system provides no pages for it.
    """
    root = {x.value: x.value for x in graph.inputs}
    dummies: dict[int, Any] = {}
    views = set()
    for k, eqn in enumerate(graph.eqns):
        aliases = _aliases(graph, eqn, dummies)
        for value, dummy in zip(eqn.outs, aliases, strict=True):
            root[value] = value if dummy is None else root[eqn.ins[0]]
            if dummy is not None:
                dummies[value] = dummy
        if all(dummy is not None for dummy in aliases):
            views.add(k)
    contiguous = {v: v not in dummies or bool(dummies[v].flags.c_contiguous) for v in root}
    external = {x.value for x in graph.inputs} | {root[v] for v in graph.outputs}
    return Storages(root, contiguous, frozenset(external), frozenset(views))


def _aliases(graph: Graph, eqn: Eqn, dummies: dict[int, Any]) -> list[Any]:
    """For each output a stand-in array if it is a view of input 0, else None."""
    nothing = [None] * len(eqn.outs)
    if not eqn.op.flags.view or not eqn.ins or eqn.ins[0] == ABSENT:
        return nothing
    source = eqn.ins[0]
    aval = graph.avals[source]
    if aval.size == 0:
        return nothing
    dummy = dummies.get(source)
    if dummy is None:
        dummy = dummies.setdefault(source, _uninitialised(eqn, aval))
    if eqn.op is ASSIGN:
        return [dummy]
    result = eqn.op.forward(np, dummy, **eqn.attrs)
    parts = result if isinstance(result, (tuple, list)) else (result,)
    return [part if _shares(part, dummy) else None for part in parts]


def _uninitialised(eqn: Eqn, aval: Aval) -> Any:
    try:
        return aligned_empty(aval.shape, aval.dtype)
    except OutOfMemoryError as error:
        raise OutOfMemoryError(f"{eqn.where()} reads {error}") from None


def _shares(part: Any, dummy: Any) -> bool:
    return isinstance(part, np.ndarray) and (part is dummy or np.may_share_memory(part, dummy))


def separate_outputs(graph: Graph) -> Graph:
    """Copy outputs that would share memory with an input or with another output."""
    storages = analyse(graph)
    inputs = {x.value for x in graph.inputs}
    written = {o for e in graph.eqns if e.op is ASSIGN for o in e.outs}
    taken: set[int] = set()
    copies: list[tuple[int, int]] = []
    for position, value in enumerate(graph.outputs):
        root = storages.root[value]
        whole = graph.avals[root].nbytes == graph.avals[value].nbytes and storages.contiguous[value]
        if root in inputs or root in taken or value in written or not whole:
            copies.append((position, value))
        else:
            taken.add(root)
    return _copied(graph, copies) if copies else graph


def _copied(graph: Graph, copies: list[tuple[int, int]]) -> Graph:
    builder, outputs = Builder(replace(graph, eqns=())), list(graph.outputs)
    builder._next = graph.next_value
    producers = graph.producers()
    devices = dict(graph.devices)
    front: list[Eqn] = []
    back: list[Eqn] = []
    for position, value in copies:
        source = graph.eqns[producers[value]] if value in producers else None
        device = devices.get(value, source.device if source else "")
        is_head = position < graph.heads
        name = graph.names[position] if position < len(graph.names) else ""
        builder.origin = Origin(name, device, "", "", "forward" if is_head else "backward")
        ref = builder.ref(value)
        assert ref is not None
        eqn = Eqn(OPS["identity"], (value,), (builder._fresh(ref.aval),), {}, *builder.origin)
        outputs[position] = eqn.outs[0]
        devices[eqn.outs[0]] = device
        (front if is_head else back).append(eqn)
    split = graph.split
    eqns = (*graph.eqns[:split], *front, *graph.eqns[split:], *back)
    return replace(graph, eqns=eqns, outputs=tuple(outputs), avals=builder.avals, devices=devices)
