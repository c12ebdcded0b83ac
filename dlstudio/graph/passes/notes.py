"""What a pass did, in sentences: found by comparing the graph before it and after it."""

from __future__ import annotations

from collections.abc import Iterator

from dlstudio.core.avals import Aval
from dlstudio.graph.ir import Graph, inner_graphs
from dlstudio.graph.passes.order import peak_bytes
from dlstudio.graph.passes.recompute import told
from dlstudio.graph.passes.simplify import repetitions

__all__ = ["notes"]


def notes(name: str, before: Graph, after: Graph) -> Iterator[str]:
    """Sentences on what the pass `name` changed."""
    if name == "infer":
        yield from _known(after)
    elif name == "order":
        yield from _moved(before, after)
    elif name == "compile_bodies":
        yield from _inside(after)
    elif after is not before:
        if name == "recompute":
            yield from told(before, after)
        yield from _replaced(before, after)
        yield from _added_and_removed(name, before, after)


def _spelled(aval: Aval) -> str:
    return f"{aval.dtype.name}[{', '.join(map(str, aval.shape))}]"


def _known(graph: Graph) -> Iterator[str]:
    """What inference found: shapes and dtypes of the variables, and of the outputs."""
    for x in graph.inputs:
        yield f"{x.name}: {_spelled(graph.avals[x.value])}"
    for name, value in zip(graph.names, graph.outputs, strict=False):
        yield f"{name}: {_spelled(graph.avals[value])}"


def _inside(graph: Graph) -> Iterator[str]:
    """What the passes did on the graphs inside loops and branches."""
    for eqn in graph.eqns:
        for number, inner in enumerate(inner_graphs(eqn)):
            part = [name for name in eqn.op.flags.graphs if eqn.attrs[name] is not None][number]
            yield f"~ {eqn.where()}: {part} has {len(inner.eqns)} equations"
            for change in inner.history:
                start = "    " if change.name == "compile_bodies" else f"    {change.name}: "
                yield from (f"{start}{note}" for note in change.notes if note != "switched off")


def _moved(before: Graph, after: Graph) -> Iterator[str]:
    old = {id(e): k for k, e in enumerate(before.eqns)}
    steps = [(old.get(id(e), k), k, e) for k, e in enumerate(after.eqns)]
    moved = [f"~ {e.where()}: step {was} -> {k}" for was, k, e in steps if was != k]
    if moved:
        yield f"peak of live bytes: {peak_bytes(before):,} -> {peak_bytes(after):,}"
        yield from moved


def _replaced(before: Graph, after: Graph) -> Iterator[str]:
    """Values that another operator makes now, or with another shape or dtype."""
    makers = {v: e for e in before.eqns for v in e.outs}
    for eqn in after.eqns:
        old = makers.get(eqn.outs[0]) if eqn.outs else None
        if old is None:
            continue
        if old.op.name != eqn.op.name:
            yield f"~ {old.where()} -> {eqn.op.name}"
            continue
        was, now = before.avals[eqn.outs[0]], after.avals[eqn.outs[0]]
        if was != now:
            yield f"~ {eqn.where()}: {_spelled(was)} -> {_spelled(now)}"


def _added_and_removed(name: str, before: Graph, after: Graph) -> Iterator[str]:
    old_values = {v for e in before.eqns for v in e.outs}
    new_values = {v for e in after.eqns for v in e.outs}
    fates = _fates(name, before, after)
    for eqn in before.eqns:
        if not new_values.intersection(eqn.outs):
            yield f"- {eqn.where()}{fates.get(eqn.outs[0], '')}"
    for eqn in after.eqns:
        if not old_values.intersection(eqn.outs):
            what = "again" if name == "recompute" else ""
            what = _spelled(after.avals[eqn.outs[0]]) if name in ("amp", "layout") else what
            place = f"on {eqn.device}" if name == "place" else ""
            yield " ".join(x for x in (f"+ {eqn.where()}", what, place) if x)
    constants = {x.value for x in before.inputs} - {x.value for x in after.inputs}
    yield from (f"- constant {x.name}" for x in before.inputs if x.value in constants)


def _fates(name: str, before: Graph, after: Graph) -> dict[int, str]:
    """What has become of the values of removed equations, where that can be told."""
    avals = after.avals
    found = {
        x.value: f": now the constant {_spelled(avals[x.value])}"
        for x in after.inputs
        if x.kind == "constant"
    }
    if name == "merge_repeated":
        makers = {v: e for e in before.eqns for v in e.outs}
        same = repetitions(before)[0]
        found |= {v: f": the same as {makers[o].where()}" for v, o in same.items()}
    return found
