"""Shapes and dtypes: of symbols whose inputs are partly unknown, and of whole graphs.

In a symbol an unknown shape is None and an unknown dimension is -1. Nodes are visited
forwards and backwards until nothing new is learned: `infer_shapes` and `infer_types` say what one
node tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace as replaced
from typing import TYPE_CHECKING, Any

from dlstudio.graph.compose import Output, topological
from dlstudio.graph.passes.facts import Facts, Shape, known, node_outputs, read_variable, zero_sized
from dlstudio.graph.passes.infer_shapes import visit
from dlstudio.graph.passes.infer_types import learn_dtypes

if TYPE_CHECKING:
    from dlstudio.core.node import Node
    from dlstudio.graph.ir import Graph

__all__ = ["Facts", "infer", "infer_dtypes", "infer_nodes", "known", "node_outputs"]

_ROUNDS = 32  # two are enough for feed-forward nets; more only for shapes that flow to and fro


def infer_nodes(
    outputs: Sequence[Output],
    shapes: Mapping[str, Shape | None],
    dtypes: Mapping[str, Any] | None = None,
    *,
    typed: bool = True,
) -> Facts:
    """Learn shapes and dtypes of every node below `outputs`.

    Parameters
    ----------
    outputs : the symbol's outputs
    shapes : shapes of variables by name; -1 stands for an unknown dimension
    dtypes : dtypes of variables by name
    typed : learn dtypes too; without, those that are not known are no mistake

    Raises
    ------
    ShapeError, DTypeError
        If shapes or dtypes contradict each other; the message names the node and its line.
    """
    facts, nodes = Facts(), topological(outputs)
    for node in nodes:
        if node.is_variable:
            read_variable(facts, node, shapes, dtypes or {})
    applied = [node for node in nodes if node.op is not None]
    pending = _settle(facts, applied)
    zero_sized(facts, nodes)
    pending = _settle(facts, pending)
    if not typed:
        return facts
    learn_dtypes(facts, nodes)
    _settle(facts, pending)  # what waited for dtypes
    return facts


def _settle(facts: Facts, pending: Sequence[Node]) -> list[Node]:
    """Visit nodes until nothing new is learned; return those that may have more to tell."""
    order = list(pending)
    for _ in range(_ROUNDS):
        facts.changed = False
        order = [node for node in order if not visit(facts, node)]
        if not facts.changed:
            break
        order.reverse()
    return order


def infer_dtypes(
    outputs: Sequence[Output], dtypes: Mapping[str, Any], *, assume: bool = True
) -> Facts:
    """Learn dtypes alone; see `infer_types.learn_dtypes` for `assume`."""
    facts, nodes = Facts(), topological(outputs)
    for node in nodes:
        if node.is_variable:
            read_variable(facts, node, {}, dtypes)
    learn_dtypes(facts, nodes, assume=assume)
    return facts


def infer(graph: Graph) -> Graph:
    """Recompute the avals of every value from those of the inputs (after a pass changed dtypes)."""
    avals = {x.value: graph.avals[x.value] for x in graph.inputs}
    for eqn in graph.eqns:
        avals.update(zip(eqn.outs, eqn.infer([avals[i] for i in eqn.ins]), strict=True))
    return replaced(graph, avals=avals)
