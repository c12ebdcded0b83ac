"""A symbol as text, node by node, in the form that MXNet's `debug_str` has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dlstudio.graph.compose import auxiliary, topological

if TYPE_CHECKING:
    from dlstudio.core.node import Node
    from dlstudio.graph.symbol_class import Symbol

__all__ = ["describe"]


def describe(symbol: Symbol) -> str:
    """Outputs, then every node with its inputs and attributes."""
    nodes = topological(symbol.outputs_)
    aux = auxiliary(nodes)
    lines = ["Symbol Outputs:"]
    lines += [f"\toutput[{i}]={node.name}({k})" for i, (node, k) in enumerate(symbol.outputs_)]
    for node in nodes:
        lines += [f"Variable:{node.name}"] if node.op is None else _operator(node, aux)
    return "\n".join(lines) + "\n"


def _operator(node: Node, aux: set[int]) -> Iterator[str]:
    assert node.op is not None
    yield "--------------------"
    yield f"Op:{node.op.names.json or node.op.name}, Name={node.name}"
    if node.inputs:
        yield "Inputs:"
    for k, (child, i) in enumerate(node.inputs):
        # states that the operator updates count as written once
        version = f" version={int(id(child) in aux)}" if child.is_variable else ""
        yield f"\targ[{k}]={child.name}({i}){version}"
    if node.raw:
        yield "Attrs:"
        yield from (f"\t{key}={value}" for key, value in sorted(node.raw.items()))
    for name in node.op.flags.graphs:  # of a loop or branch
        yield f"Graph {name}:"
        yield from (f"\t{line}" for line in describe(node.attrs[name].symbol).splitlines())
