"""Leave out what need not be computed: identities, constants, repetitions and unused results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from dlstudio.core.interpret import raw
from dlstudio.graph.ir import ABSENT, Eqn, Graph, Input, effectful

__all__ = [
    "dead_code",
    "fold_constants",
    "merge_repeated",
    "remove_identities",
    "rename",
    "simplify",
]

_FOLD_LIMIT = 1 << 20  # bytes; larger constants are cheaper to make than to keep
_NEVER = frozenset(("graph_copy", "graph_assign"))


def rename(graph: Graph, mapping: dict[int, int], eqns: list[Eqn]) -> Graph:
    """Put `eqns` into the graph, reading and answering values through `mapping`."""

    def moved(value: int) -> int:
        while value in mapping:
            value = mapping[value]
        return value

    new = tuple(e._replace(ins=tuple(i if i == ABSENT else moved(i) for i in e.ins)) for e in eqns)
    return replace(graph, eqns=new, outputs=tuple(moved(v) for v in graph.outputs))


# ---- identities ------------------------------------------------------------------------------
def _same_aval(graph: Graph, eqn: Eqn) -> bool:
    return graph.avals[eqn.ins[0]] == graph.avals[eqn.outs[0]]


def _always(graph: Graph, eqn: Eqn) -> bool:
    return True


# operators that may give back exactly their first input, and when they do
_IDENTITIES: dict[str, Callable[[Graph, Eqn], bool]] = {
    "identity": _always,
    "BlockGrad": _always,
    "sum_to": _same_aval,
    "broadcast_to": _same_aval,
    "reshape": _same_aval,
    "cast": _same_aval,
    "amp_cast": _same_aval,
    "Flatten": _same_aval,
    "multiply_scalar": lambda graph, eqn: (
        _same_aval(graph, eqn) and type(eqn.attrs["scalar"]) is float and eqn.attrs["scalar"] == 1.0
    ),
    "Dropout": lambda graph, eqn: not eqn.attrs.get("training") and len(eqn.outs) == 1,
}


def remove_identities(graph: Graph) -> Graph:
    """Remove operators that return their input, such as a cast to the same dtype."""
    mapping: dict[int, int] = {}
    kept = []
    for eqn in graph.eqns:
        test = _IDENTITIES.get(eqn.op.name)
        if test is not None and len(eqn.outs) == 1 and test(graph, eqn):
            mapping[eqn.outs[0]] = eqn.ins[0]
        else:
            kept.append(eqn)
    return rename(graph, mapping, kept) if mapping else graph


# ---- repetitions -----------------------------------------------------------------------------
def merge_repeated(graph: Graph) -> Graph:
    """Compute equal effect-free equations once (common subexpressions)."""
    seen: dict[Any, Eqn] = {}
    mapping: dict[int, int] = {}
    kept = []
    for eqn in graph.eqns:
        eqn = eqn._replace(ins=tuple(mapping.get(i, i) for i in eqn.ins))  # noqa: PLW2901
        key = (eqn.op, eqn.ins, eqn.device, repr(sorted(eqn.attrs.items())))
        other = None if effectful(eqn) else seen.setdefault(key, eqn)
        if other is None or other is eqn:
            kept.append(eqn)
        else:
            mapping.update(zip(eqn.outs, other.outs, strict=True))
    return rename(graph, mapping, kept) if mapping else graph


# ---- constants -------------------------------------------------------------------------------
def fold_constants(graph: Graph) -> Graph:
    """Compute now what depends on constants only."""
    data = {x.value: x.data for x in graph.inputs if x.kind == "constant"}
    inputs, kept = list(graph.inputs), []
    functions = raw(np)
    for eqn in graph.eqns:
        if not _foldable(graph, eqn, data):
            kept.append(eqn)
            continue
        result = getattr(functions, eqn.op.name)(*(data[i] for i in eqn.ins), **eqn.attrs)
        for value, array in zip(
            eqn.outs, result if isinstance(result, tuple) else (result,), strict=True
        ):
            data[value] = np.asarray(array)
            inputs.append(
                Input(value, f"{eqn.name or eqn.op.name}_{value}", "constant", data[value])
            )
    return (
        replace(graph, inputs=tuple(inputs), eqns=tuple(kept))
        if len(kept) < len(graph.eqns)
        else graph
    )


def _foldable(graph: Graph, eqn: Eqn, data: dict[int, Any]) -> bool:
    if effectful(eqn) or eqn.op.flags.dynamic or eqn.op.name in _NEVER:
        return False
    size = sum(graph.avals[v].nbytes for v in eqn.outs)
    return size <= _FOLD_LIMIT and all(i in data for i in eqn.ins)


# ---- unused results --------------------------------------------------------------------------
def dead_code(graph: Graph) -> Graph:
    """Drop equations and constants nobody reads; random and writing equations always stay."""
    live = set(graph.outputs)
    kept = []
    for eqn in reversed(graph.eqns):
        if effectful(eqn) or live.intersection(eqn.outs):
            live.update(eqn.reads)
            kept.append(eqn)
    inputs = tuple(x for x in graph.inputs if x.kind != "constant" or x.value in live)
    if len(kept) == len(graph.eqns) and len(inputs) == len(graph.inputs):
        return graph
    return replace(graph, eqns=tuple(reversed(kept)), inputs=inputs)


def simplify(graph: Graph) -> Graph:
    """All of the above, in the order in which one feeds the next."""
    return dead_code(merge_repeated(fold_constants(remove_identities(graph))))
