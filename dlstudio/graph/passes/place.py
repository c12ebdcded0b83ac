"""Decide where each equation runs, and write every crossing between devices as a copy.

A node made under ``AttrScope(ctx_group="a")`` runs on ``group2ctx["a"]``. Any other runs where
most bytes of its inputs are; gradient equations run where their forward ran.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from dlstudio.graph.ir import ABSENT, Builder, Eqn, Graph, Origin, mutated
from dlstudio.graph.operators import CROSS

__all__ = ["place", "place_together"]


def place(graph: Graph, default: str, pinned: Mapping[str, str] | None = None) -> Graph:
    """Give every value a device and insert copies.

    Parameters
    ----------
    graph : Graph
        Devices already stated in equations and in `graph.devices` are kept.
    default : device of everything that nothing else decides, e.g. "cpu(0)"
    pinned : mapping, optional
        Device of inputs by name: where the arrays given to `bind` lie.

    Returns
    -------
    Graph
        Every equation has a device and reads only values that lie on it.
    """
    where = dict(graph.devices)
    for x in graph.inputs:
        if pinned and x.name in pinned:
            where[x.value] = pinned[x.name]
    forward: dict[str, str] = {}
    _place_zero_gradients(graph, where)
    _place_free_inputs(graph, where, default)
    decided = [_decide(graph, e, where, forward, default) for e in graph.eqns]
    for x in graph.inputs:
        where.setdefault(x.value, default)
    if set(where.values()) <= {default}:
        return replace(graph, eqns=tuple(decided), devices=where)
    return _with_copies(replace(graph, eqns=tuple(decided)), where)


def place_together(graph: Graph, default: str, pinned: Mapping[str, str] | None = None) -> Graph:
    """Run everything on `default`, whatever groups the user has made; see `place`."""
    eqns = tuple(eqn._replace(device=default) for eqn in graph.eqns)
    return place(replace(graph, eqns=eqns, devices={}), default, pinned)


def _place_free_inputs(graph: Graph, where: dict[int, str], default: str) -> None:
    """Weights and constants nobody placed follow the group of their first reader."""
    heads = {
        f"{n}_grad": v for n, v in zip(graph.names, graph.outputs[: graph.heads], strict=False)
    }
    stated = {v: e.device for e in graph.eqns for v in e.outs if e.device}
    readers = {v: e for e in reversed(graph.eqns) for v in e.ins}  # the first of each value
    for x in graph.inputs:
        if x.value in where:
            continue
        if x.kind == "head_gradient" and heads.get(x.name) in stated:
            where[x.value] = stated[heads[x.name]]
            continue
        reader = readers.get(x.value)
        if reader is not None and reader.device:
            where[x.value] = reader.device
        elif x.kind in ("argument", "auxiliary") or reader is None:
            where[x.value] = default


def _place_zero_gradients(graph: Graph, where: dict[int, str]) -> None:
    """A gradient that is a constant lies where its argument lies."""
    arguments = {x.name: x.value for x in graph.inputs if x.kind == "argument"}
    constants = {x.value for x in graph.inputs if x.kind == "constant"}
    for name, value in zip(graph.names[graph.heads :], graph.outputs[graph.heads :], strict=True):
        place = where.get(arguments.get(name.removesuffix("_grad"), -1))
        if value in constants and place is not None:
            where.setdefault(value, place)


def _decide(
    graph: Graph, eqn: Eqn, where: dict[int, str], forward: dict[str, str], default: str
) -> Eqn:
    device = eqn.device
    if not device and eqn.role != "forward":
        device = forward.get(eqn.name, "")
    if eqn.op.flags.mutates:  # a state is written where it lives
        written = mutated(eqn)
        device = where.get(written[0], device) if written else device
    if not device:
        votes: Counter[str] = Counter()
        for i in eqn.reads:
            if i in where:
                votes[where[i]] += graph.avals[i].nbytes + 1
        device = votes.most_common(1)[0][0] if votes else default
    if eqn.role == "forward":
        forward[eqn.name] = device
    for i in eqn.reads:  # constants and head gradients nobody placed
        where.setdefault(i, device)
    for v in eqn.outs:
        where[v] = device
    return eqn._replace(device=device)


def _with_copies(graph: Graph, where: dict[int, str]) -> Graph:
    builder = Builder(replace(graph, eqns=()))
    builder._next = graph.next_value
    copies: dict[tuple[int, str], int] = {}
    called = {x.value: x.name for x in graph.inputs}
    called |= {v: e.name or e.op.name for e in graph.eqns for v in e.outs}
    eqns: list[Eqn] = []

    def on(value: int, device: str, eqn: Eqn) -> int:
        if value == ABSENT or where[value] == device:
            return value
        key = (value, device)
        if key not in copies:
            ref = builder.ref(value)
            assert ref is not None
            role = eqn.role
            builder.origin = Origin(f"{called[value]}_copy", device, eqn.span, eqn.scope, role)
            copies[key] = builder.emit(CROSS, (ref,), {"device": device}).value
            where[copies[key]] = device
            eqns.append(builder.eqns.pop()._replace(device=device))
        return copies[key]

    for eqn in graph.eqns:  # `on` appends the copies first
        ins = tuple(on(i, eqn.device, eqn) for i in eqn.ins)
        eqns.append(eqn._replace(ins=ins))
    outputs = list(graph.outputs)
    named = {x.name: x.value for x in reversed(graph.inputs)}
    for k in range(graph.heads, len(outputs)):  # a gradient lies where its argument lies
        name = graph.names[k].removesuffix("_grad")
        source = named.get(name, outputs[k])
        origin = Eqn(CROSS, (), (), {}, name, where[source], "", "", "backward")
        outputs[k] = on(outputs[k], where[source], origin)
    return replace(
        graph, eqns=tuple(eqns), outputs=tuple(outputs), avals=builder.avals, devices=where
    )
