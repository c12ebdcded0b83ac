"""Symbol files are written byte for byte as MXNet does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlstudio.core.node import Node
from dlstudio.graph.compose import auxiliary, topological
from dlstudio.graph.json_names import RENAMED, json_name

if TYPE_CHECKING:
    from dlstudio.graph.symbol import Symbol

__all__ = ["dumps"]

_VERSION = 10901


def dumps(symbol: Symbol, *, remove_amp_cast: bool = True) -> str:
    """Write a symbol as JSON text, in MXNet's layout.

    Parameters
    ----------
    remove_amp_cast : bool
        Leave out casts that automatic mixed precision inserted.
    """
    data = _described(_without_amp_casts(symbol) if remove_amp_cast else symbol.outputs_)
    data["attrs"] = {"mxnet_version": ["int", _VERSION]}
    return _spell_graph(data)


def _described(outputs: Sequence[tuple[Node, int]]) -> dict[str, Any]:
    """A graph as the object that files hold."""
    nodes = topological(outputs)
    numbers = {id(n): i for i, n in enumerate(nodes)}
    aux = auxiliary(nodes)

    def entry(node: Node, index: int) -> list[int]:
        # the third number is a version: states that the operator updates count as written once
        return [numbers[id(node)], index, int(id(node) in aux)]

    rows = [0]
    for node in nodes:
        rows.append(rows[-1] + _entries_in_files(node))
    return {
        "nodes": [_record(n, [entry(*edge) for edge in n.inputs]) for n in nodes],
        "arg_nodes": [i for i, n in enumerate(nodes) if n.is_variable],
        "node_row_ptr": rows,
        "heads": [[numbers[id(n)], i, 0] for n, i in outputs],
    }


def _without_amp_casts(symbol: Symbol) -> tuple[tuple[Node, int], ...]:
    """Outputs of the symbol whose readers read past the casts."""
    new: dict[int, Node] = {}

    def moved(edge: tuple[Node, int]) -> tuple[Node, int]:
        node, index = edge
        while node.op is not None and node.op.name in ("amp_cast", "amp_multicast"):
            node, index = node.inputs[index]
        return new.get(id(node), node), index

    for node in topological(symbol.outputs_):
        edges = tuple(moved(edge) for edge in node.inputs)
        if edges != node.inputs:
            new[id(node)] = Node(
                node.op, edges, node.attrs, node.name, node.raw, node.span, node.scope
            )
    return tuple(moved(edge) for edge in symbol.outputs_)


def _entries_in_files(node: Node) -> int:
    """Count of a node's outputs as MXNet 1.9 numbers them: max pooling has a hidden workspace."""
    if node.op is not None and node.op.name == "Pooling" and node.attrs.get("pool_type") == "max":
        return 2
    return node.n_outputs


def _record(node: Node, inputs: list[list[int]]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "op": "null" if node.op is None else json_name(node.op),
        "name": node.name,
    }
    if node.raw:
        known = RENAMED.get(node.op.name, {}) if node.op is not None else {}
        names = {ours: theirs for theirs, ours in known.items()}
        record["attrs"] = dict(sorted((names.get(k, k), v) for k, v in node.raw.items()))
    record["inputs"] = inputs
    if node.op is not None and node.op.flags.graphs:
        inside = (node.attrs[name].symbol for name in node.op.flags.graphs)
        record["subgraphs"] = [_described(symbol.outputs_) for symbol in inside]
    return record


def _spell_graph(data: dict[str, Any]) -> str:
    """Lay the text out as MXNet's writer does, so that files compare equal."""
    nodes = ", \n".join(_indent(_spell_node(n), 4) for n in data["nodes"])
    parts = [f'  "nodes": [\n{nodes}\n  ]']
    parts += [f'  "{key}": {_spell_numbers(data[key])}' for key in ("arg_nodes", "node_row_ptr")]
    parts.append(f'  "heads": {json.dumps(data["heads"])}')
    if "attrs" in data:  # of the file, not of graphs inside it
        parts.append(f'  "attrs": {json.dumps(data["attrs"])}')
    return "{\n" + ", \n".join(parts) + "\n}"


def _spell_node(record: Mapping[str, Any]) -> str:
    lines = [f'  "op": {json.dumps(record["op"])}', f'  "name": {json.dumps(record["name"])}']
    if "attrs" in record:
        lines.append(f'  "attrs": {_spell_object(record["attrs"])}')
    lines.append(f'  "inputs": {json.dumps(record["inputs"])}')
    if "subgraphs" in record:
        graphs = ", \n".join(_indent(_spell_graph(g), 4) for g in record["subgraphs"])
        lines.append(f'  "subgraphs": [\n{graphs}\n  ]')
    return "{\n" + ", \n".join(lines) + "\n}"


def _quoted(text: str) -> str:
    # letters of all languages stay readable; halves of surrogate pairs cannot be written so
    readable = text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)
    return json.dumps(text, ensure_ascii=not readable)


def _spell_object(attrs: Mapping[str, str]) -> str:
    items = [f"{_quoted(k)}: {_quoted(v)}" for k, v in attrs.items()]
    if len(items) == 1:
        return "{" + items[0] + "}"
    return "{\n" + ", \n".join(f"    {item}" for item in items) + "\n  }"


def _spell_numbers(numbers: list[int]) -> str:
    if len(numbers) <= 10:
        return json.dumps(numbers)
    return "[\n" + ", \n".join(f"    {n}" for n in numbers) + "\n  ]"


def _indent(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.split("\n"))
