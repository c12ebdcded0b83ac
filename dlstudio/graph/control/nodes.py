"""Nodes of loops and branches: bodies cut out of the graph around them, and what feeds them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from dlstudio.core.node import Node, caller_span, current_scope
from dlstudio.core.registry import Op
from dlstudio.graph.compose import SUBGRAPH, Output, topological
from dlstudio.graph.control.operators import COND, FOREACH, WHILE
from dlstudio.graph.control.subgraph import Subgraph
from dlstudio.graph.scopes import AttrScope, NameManager, hidden
from dlstudio.graph.symbol_class import Symbol

__all__ = ["Cut", "make_cond", "make_foreach", "make_while"]


class Cut:
    """A body cut out of the graph around it.

    Parameters
    ----------
    name : str
        The subgraph's name, which nodes inside carry.
    placeholders : list of Symbol
        Variables that stand for the function's arguments.
    outputs : list of Symbol
        What the function returned.

    Attributes
    ----------
    inner : Subgraph
    free : dict from variable name to the edge outside that feeds it
    """

    def __init__(
        self, name: str, placeholders: Sequence[Symbol], outputs: Sequence[Symbol]
    ) -> None:
        self._name = name
        self._own = {id(p.outputs_[0][0]) for p in placeholders}
        self._moved: dict[tuple[int, int], Output] = {}
        self._taken: set[str] = {p.outputs_[0][0].name for p in placeholders}
        self.free: dict[str, Output] = {}
        edges = [edge for symbol in outputs for edge in symbol.outputs_]
        for node in topological(edges):
            if self._inside(node):
                self._rebuild(node)
        self.inner = Subgraph(Symbol([self._edge(edge) for edge in edges]))

    def _inside(self, node: Node) -> bool:
        return node.op is not None and node.raw.get(SUBGRAPH) == self._name

    def _rebuild(self, node: Node) -> None:
        edges = tuple(self._edge(edge) for edge in node.inputs)
        if edges != node.inputs:
            node_ = Node(node.op, edges, node.attrs, node.name, node.raw, node.span, node.scope)
            for i in range(node.n_outputs):
                self._moved[id(node), i] = (node_, i)

    def _edge(self, edge: Output) -> Output:
        node, index = edge
        if id(node) in self._own:
            return edge
        key = (id(node), index)
        if key not in self._moved:
            self._moved[key] = edge if self._inside(node) else self._freed(edge)
        return self._moved[key]

    def _freed(self, edge: Output) -> Output:
        """Make a variable inside for a value outside."""
        node, index = edge
        wanted = node.name if node.is_variable else f"{node.name}_output{index}"
        name = wanted
        for number in itertools.count(1):
            if name not in self._taken:
                break
            name = f"{wanted}_{number}"
        self._taken.add(name)
        self.free[name] = edge
        return (node if node.is_variable and name == wanted else Node(None, (), {}, name)), 0


def _apply(
    record: Op, edges: Sequence[Output], attrs: dict[str, Any], called: str | None = None
) -> Symbol:
    """Make the node; its text attributes are those of MXNet's files."""
    parsed = record.parse(attrs)
    graphs = record.flags.graphs
    raw = {k: record.params[k].text(parsed[k]) for k in attrs if k not in graphs}
    if raw.pop("np_shape", "False") == "True":
        raw["__np_shape__"] = "True"
    raw["num_args"] = str(len(edges) + len(graphs))
    raw.update({hidden(k): v for k, v in AttrScope.current.get().items()})
    name: str = NameManager.current.get(called, record.name)
    node = Node(record, tuple(edges), parsed, name, raw, caller_span(), current_scope())
    return Symbol._of(node)


def make_foreach(
    inner: Subgraph, edges: Sequence[Output], free: dict[str, Output], stand_ins: Sequence[str],
    split: int, n_outputs: int, *, np_shape: bool,
) -> Symbol:  # fmt: skip
    """Make a ``_foreach`` node.

    Parameters
    ----------
    inner : outputs first, then states
    edges : data and states outside
    free : edges that feed the further variables, by their names inside
    stand_ins : variables inside for `edges`
    split : how many of `edges` are data
    n_outputs : how many of `inner`'s outputs are no states
    """
    where = {name: i for i, name in enumerate(inner.names)}
    locations = [where.get(name, -1) for name in stand_ins]
    attrs = {
        "body": inner, "num_outputs": len(inner.symbol.outputs_), "num_out_data": n_outputs,
        "in_state_locs": locations[split:], "in_data_locs": locations[:split],
        "remain_locs": [where[name] for name in free], "np_shape": np_shape,
    }  # fmt: skip
    return _apply(FOREACH, [*edges, *free.values()], attrs)


def make_while(
    asked: Any, done: Any, edges: Sequence[Output], stand_ins: Sequence[str], n_outputs: int,
    limit: int,
) -> Symbol:  # fmt: skip
    """Make a ``_while_loop`` node from two cut graphs (`Cut`, or alike: `inner` and `free`)."""
    union = _Union(edges, stand_ins)
    where = {name: i for i, name in enumerate(done.inner.names)}
    attrs = {
        "cond": asked.inner, "func": done.inner, "max_iterations": limit,
        "num_outputs": len(done.inner.symbol.outputs_), "num_out_data": n_outputs,
        "cond_input_locs": union.locations(asked), "func_input_locs": union.locations(done),
        "func_var_locs": [where.get(name, -1) for name in stand_ins],
    }  # fmt: skip
    return _apply(WHILE, union.edges, attrs)


class _Union:
    """Inputs of a node with several graphs inside: each edge once."""

    def __init__(self, edges: Sequence[Output], stand_ins: Sequence[str]) -> None:
        self.edges = list(edges)
        self._named = dict(zip(stand_ins, range(len(edges)), strict=True))
        self._known: dict[tuple[int, int], int] = {}

    def locations(self, cut: Any) -> list[int]:
        """For each variable of a cut graph: the number of the edge that feeds it."""
        return [
            self._named[name] if name in self._named else self._place(cut.free[name])
            for name in cut.inner.names
        ]

    def _place(self, edge: Output) -> int:
        key = (id(edge[0]), edge[1])
        if key not in self._known:
            self._known[key] = len(self.edges)
            self.edges.append(edge)
        return self._known[key]


def make_cond(cuts: Sequence[Any]) -> Symbol:
    """Make a ``_cond`` node from the cut graphs of pred, then_func and else_func."""
    union = _Union((), ())
    pred, yes, no = ((cut.inner, union.locations(cut)) for cut in cuts)
    attrs = {
        "pred": pred[0], "then_branch": yes[0], "else_branch": no[0],
        "num_outputs": len(yes[0].symbol.outputs_), "cond_input_locs": pred[1],
        "then_input_locs": yes[1], "else_input_locs": no[1],
    }  # fmt: skip
    return _apply(COND, union.edges, attrs)
