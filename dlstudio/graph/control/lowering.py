"""From ``_foreach``, ``_while_loop`` and ``_cond`` nodes to the compiler's loop and branch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.registry import OPS
from dlstudio.errors import ShapeError, explain
from dlstudio.graph.control.inference import check_states, check_truth
from dlstudio.graph.control.locations import feeds, loop_variables, slice_shape
from dlstudio.graph.control.loops import BRANCH, LOOP, arranged
from dlstudio.graph.control.operators import COND, FOREACH
from dlstudio.graph.control.subgraph import Subgraph
from dlstudio.graph.ir import Builder, Graph, Ref, mutated

if TYPE_CHECKING:
    from dlstudio.core.node import Node

__all__ = ["lower_node"]

Lower = Callable[..., Graph]


def lower_node(builder: Builder, node: Node, refs: Sequence[Ref], lower: Lower) -> list[Ref]:
    """Write a loop or branch as an equation; `lower` lowers the graphs inside."""
    assert node.op is not None
    if node.op is LOOP or node.op is BRANCH:  # lowered already
        found = builder.emit(node.op, refs, node.attrs)
        return list(found) if isinstance(found, tuple) else [found]
    inside = _Inside(node, builder.training, lower)
    if node.op is FOREACH:
        return _foreach(builder, inside, list(refs))
    if node.op is COND:
        return _cond(builder, inside, list(refs))
    return _while(builder, inside, list(refs))


class _Inside:
    """Lowers the graphs of one node."""

    def __init__(self, node: Node, training: bool, lower: Lower) -> None:
        assert node.op is not None
        self.attrs = node.attrs
        self.sources = feeds(node.op, node.attrs)
        self.training, self._lower = training, lower

    def graph(self, name: str, avals: Sequence[Aval], order: Sequence[int]) -> Graph:
        """Graph of attribute `name`: its inputs are the node's inputs, in this order.

        `avals` are those of the node's inputs as the graph sees them, rows being cut off.
        """
        inner: Subgraph = self.attrs[name]
        sources = self.sources[name]
        graph = self._lower(
            inner.symbol,
            avals={n: avals[s] for n, s in zip(inner.names, sources, strict=True)},
            training=self.training,
        )
        called = {s: n for n, s in zip(inner.names, sources, strict=True)}
        return arranged(graph, [(called.get(i, f"input{i}"), avals[i]) for i in order])


def _writes(graphs: Sequence[Graph | None], order: Sequence[int]) -> tuple[int, ...]:
    """Positions among an equation's inputs that its graphs write into."""
    found: set[int] = set()
    for graph in graphs:
        if graph is not None:
            written = {v for e in graph.eqns for v in mutated(e)}
            found |= {order[i] for i, x in enumerate(graph.inputs) if x.value in written}
    return tuple(sorted(found))


def _avals(graph: Graph) -> list[Aval]:
    return [graph.avals[v] for v in graph.outputs]


# ---- loops -------------------------------------------------------------------------------------
def _foreach(builder: Builder, inside: _Inside, refs: list[Ref]) -> list[Ref]:
    attrs = inside.attrs
    split, carried = len(attrs["in_data_locs"]), len(attrs["in_state_locs"])
    length = _length(refs[:split])
    for i, ref in enumerate(refs[:split]):  # rows of a vector have one element in `nd`
        row = slice_shape(ref.shape, np_shape=attrs["np_shape"])
        if (length, *row) != ref.shape:
            refs[i] = builder.emit(OPS["reshape"], [ref], {"shape": (length, *row)})
    avals = [Aval(r.shape[i < split :], r.dtype) for i, r in enumerate(refs)]
    order = range(len(refs))
    body = inside.graph("body", avals, order)
    count = attrs["num_out_data"]
    check_states("foreach", avals[split : split + carried], _avals(body)[count:])
    return _emit(
        builder, refs, body=body, limit=length, scanned=split, carried=carried, stacked=count,
        writes=_writes([body], order),
    )[: len(body.outputs)]  # fmt: skip


def _length(refs: Sequence[Ref]) -> int:
    lengths = {r.shape[0] if r.shape else 0 for r in refs}
    if len(lengths) != 1:
        raise ShapeError(
            explain(
                f"foreach: data of shapes {[r.shape for r in refs]}.",
                "arrays of one length in their first axis.",
            )
        )
    return lengths.pop()


def _while(builder: Builder, inside: _Inside, refs: list[Ref]) -> list[Ref]:
    attrs, variables = inside.attrs, loop_variables(inside.attrs)
    order = [*variables, *(i for i in range(len(refs)) if i not in variables)]
    avals = [Aval(r.shape, r.dtype) for r in refs]
    cond, func = inside.graph("cond", avals, order), inside.graph("func", avals, order)
    count = attrs["num_out_data"]
    check_truth("while_loop: cond", _avals(cond))
    check_states("while_loop", [avals[i] for i in variables], _avals(func)[count:])
    return _emit(
        builder, [refs[i] for i in order], body=func, cond=cond, limit=attrs["max_iterations"],
        scanned=0, carried=len(variables), stacked=count,
        writes=_writes([func], range(len(order))),
    )[: len(func.outputs)]  # fmt: skip


def _emit(builder: Builder, refs: Sequence[Ref], **attrs: Any) -> list[Ref]:
    found = builder.emit(LOOP, refs, {**LOOP.attrs, **attrs})
    return list(found) if isinstance(found, tuple) else [found]


# ---- the branch --------------------------------------------------------------------------------
def _cond(builder: Builder, inside: _Inside, refs: list[Ref]) -> list[Ref]:
    avals = [Aval(r.shape, r.dtype) for r in refs]
    order = range(len(refs))
    pred = _inlined(builder, inside, refs, avals)
    then, orelse = (inside.graph(name, avals, order) for name in ("then_branch", "else_branch"))
    for number, (a, b) in enumerate(zip(_avals(then), _avals(orelse), strict=True)):
        if a != b:
            raise ShapeError(
                explain(
                    f"cond: output {number} is {a.dtype}{list(a.shape)} of then_func, but "
                    f"{b.dtype}{list(b.shape)} of else_func.",
                    "branches that give the same shapes and dtypes.",
                )
            )
    found = builder.emit(
        BRANCH, [pred, *refs],
        {"then": then, "orelse": orelse, "common": len(then.outputs),
         "writes": _writes([then, orelse], range(1, len(refs) + 1))},
    )  # fmt: skip
    return list(found) if isinstance(found, tuple) else [found]


def _inlined(builder: Builder, inside: _Inside, refs: Sequence[Ref], avals: Sequence[Aval]) -> Ref:
    """The predicate is always computed: its equations stand in the graph around the branch."""
    graph = inside.graph("pred", avals, range(len(refs)))
    check_truth("cond: pred", _avals(graph))
    values: dict[int, Any] = {}
    given = iter(refs)
    for x in graph.inputs:
        values[x.value] = np.asarray(x.data) if x.kind == "constant" else next(given)
    for eqn in graph.eqns:
        builder.origin = builder.origin._replace(name=eqn.name, span=eqn.span, scope=eqn.scope)
        result = builder.emit(eqn.op, [values.get(i) for i in eqn.ins], eqn.attrs)
        values.update(zip(eqn.outs, result if isinstance(result, tuple) else [result], strict=True))
    return values[graph.outputs[0]]
