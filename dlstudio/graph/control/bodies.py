"""The pass that compiles the graphs inside loops and branches, each into a plan of its own.

All passes run on them as on the graph around. The memory their plans need, an arena and a second
set of carried values, becomes one more output of the equation: it takes part in the plan of the
graph around, and its bytes serve other equations before and after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.registry import OPS
from dlstudio.graph.control.loops import LOOP
from dlstudio.graph.control.run import BranchPlan, LoopPlan
from dlstudio.graph.ir import ABSENT, Builder, Eqn, Graph
from dlstudio.graph.storage import analyse

if TYPE_CHECKING:
    from dlstudio.graph.program import Program

__all__ = ["compile_bodies", "everywhere", "programs"]

# what is decided for the whole graph, before its gradients or after all else
_AROUND = ("amp", "layout", "recompute")


def compile_bodies(graph: Graph) -> Graph:
    """Give every loop and branch of a placed graph its plan; the graph itself if it has none."""
    if not has_graphs(graph):
        return graph
    graph = _contiguous(graph)
    avals, next_value = dict(graph.avals), graph.next_value
    devices, eqns = dict(graph.devices), list[Eqn]()
    for eqn in graph.eqns:
        if eqn.op.flags.graphs:
            eqn = _planned(eqn)  # noqa: PLW2901
            if eqn.attrs["workspace"]:
                avals[next_value] = Aval((eqn.attrs["workspace"],), np.dtype(np.uint8))
                devices[next_value] = eqn.device
                eqn = eqn._replace(outs=(*eqn.outs, next_value))  # noqa: PLW2901
                next_value += 1
        eqns.append(eqn)
    return replace(graph, eqns=tuple(eqns), avals=avals, devices=devices)


def everywhere(graph: Graph, function: Callable[[Graph], Graph]) -> Graph:
    """Apply a pass that changes dtypes to a graph and to those inside its loops and branches.

    What a graph inside gives keeps its dtype: the state of one step goes into the next.
    """
    eqns: list[Eqn] = []
    for eqn in graph.eqns:
        held = {name: eqn.attrs[name] for name in eqn.op.flags.graphs}
        changed = {
            name: _restored(everywhere(inner, function), inner)
            for name, inner in held.items()
            if inner is not None
        }
        eqns.append(eqn._replace(attrs={**eqn.attrs, **changed}) if changed else eqn)
    return function(replace(graph, eqns=tuple(eqns)) if has_graphs(graph) else graph)


def _restored(after: Graph, before: Graph) -> Graph:
    """Cast outputs back to the dtypes they had."""
    builder, outputs = Builder(after), list(after.outputs)
    for place, (new, old) in enumerate(zip(after.outputs, before.outputs, strict=True)):
        dtype = before.avals[old].dtype
        if after.avals[new].dtype != dtype:
            ref = builder.F.cast(builder.ref(new), dtype=dtype.name)
            outputs[place] = ref.value
    if outputs == list(after.outputs):
        return after
    return replace(after, eqns=tuple(builder.eqns), outputs=tuple(outputs), avals=builder.avals)


def has_graphs(graph: Graph) -> bool:
    """Whether a graph has loops or branches."""
    return any(e.op.flags.graphs for e in graph.eqns)


def programs(graph: Graph) -> list[Program]:
    """Plans of the graphs inside a compiled graph, and of those inside them."""
    found: list[Program] = []
    for eqn in graph.eqns:
        if eqn.op.flags.graphs and eqn.attrs["plan"] is not None:
            for inner in eqn.attrs["plan"].programs:
                found += [inner, *programs(inner.graph)]
    return found


def _contiguous(graph: Graph) -> Graph:
    """Copy what a loop would read out of order: kernels inside want rows in order."""
    contiguous = analyse(graph).contiguous
    fresh, avals, devices = graph.next_value, dict(graph.avals), dict(graph.devices)
    eqns: list[Eqn] = []
    for eqn in graph.eqns:
        ins = list(eqn.ins)
        if eqn.op.flags.graphs:
            for position, value in enumerate(eqn.ins):
                if value == ABSENT or contiguous[value]:
                    continue
                copy = eqn._replace(op=OPS["identity"], ins=(value,), outs=(fresh,), attrs={})
                avals[fresh], devices[fresh] = avals[value], eqn.device
                eqns.append(copy)
                ins[position] = fresh
                fresh += 1
        eqns.append(eqn._replace(ins=tuple(ins)))
    return replace(graph, eqns=tuple(eqns), avals=avals, devices=devices)


def _planned(eqn: Eqn) -> Eqn:
    from dlstudio.graph.pipeline import compile_graph
    from dlstudio.graph.program import Program

    built: dict[str, Program | None] = {}
    compiled: dict[str, Any] = {}
    for name in eqn.op.flags.graphs:
        graph = eqn.attrs[name]
        if graph is None:
            built[name] = None
            continue
        compiled[name] = compile_graph(graph, device=eqn.device, without=_AROUND)
        built[name] = Program(compiled[name], f"{name} of {eqn.name or eqn.op.name}")
    attrs = {**eqn.attrs, **compiled}
    plan = (LoopPlan if eqn.op is LOOP else BranchPlan)(attrs, built)
    return eqn._replace(attrs={**attrs, "plan": plan, "workspace": plan.nbytes})
