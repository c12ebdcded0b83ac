"""Leave out what need not be computed: constants, repetitions and unused results."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from dlstudio.core.interpret import raw
from dlstudio.graph.ir import ABSENT, Eqn, Graph, Input, effectful
from dlstudio.graph.passes import algebra

__all__ = [
    "dead_code",
    "fold_constants",
    "merge_repeated",
    "rename",
    "repetitions",
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


# ---- repetitions -----------------------------------------------------------------------------
def merge_repeated(graph: Graph) -> Graph:
    """Compute equal effect-free equations once (common subexpressions)."""
    mapping, kept = repetitions(graph)
    return rename(graph, mapping, kept) if mapping else graph


def repetitions(graph: Graph) -> tuple[dict[int, int], list[Eqn]]:
    """Values that repeat an earlier one, with that one; and the equations without repetitions."""
    seen: dict[Any, Eqn] = {}
    mapping: dict[int, int] = {}
    kept = []
    for eqn in graph.eqns:
        eqn = eqn._replace(ins=tuple(mapping.get(i, i) for i in eqn.ins))  # noqa: PLW2901
        key = (eqn.op, eqn.ins, eqn.device, _spelled(eqn))
        other = None if effectful(eqn) else seen.setdefault(key, eqn)
        if other is None or other is eqn:
            kept.append(eqn)
        else:
            mapping.update(zip(eqn.outs, other.outs, strict=True))
    return mapping, kept


def _spelled(eqn: Eqn) -> tuple[Any, ...]:
    """Attributes as a key: 1, 1.0 and True differ; objects are equal only to themselves."""
    return tuple((k, v.__class__, _token(v)) for k, v in sorted(eqn.attrs.items()))


def _token(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple((v.__class__, _token(v)) for v in value)
    plain = value is None or isinstance(value, (str, int, float, complex, np.generic))
    return repr(value) if plain else id(value)  # the text of a large array leaves most of it out


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
            data[value] = np.asarray(array, order="C")  # kernels read memory in order
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
    """Algebra and all of the above, in the order in which one feeds the next."""
    return dead_code(merge_repeated(algebra.simplify(fold_constants(graph))))
