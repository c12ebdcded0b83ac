"""Loops and branches in pictures: the graph inside stands in a scope of its own, which opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from dlstudio.viz.drawing import DrawEdge, DrawNode, Shape

__all__ = ["Inner", "edges_of_graph", "graph_inside", "symbol_inside"]

Source = tuple[str, int]  # id of the node that makes a value, and which of its outputs it is


class Inner(NamedTuple):
    """What stands inside a loop or branch."""

    nodes: list[DrawNode]
    edges: list[DrawEdge]
    scopes: dict[str, str]  # kind of each scope: what loop or branch it is

    def add(self, other: Inner) -> None:
        """Take over what stands inside a node further inside."""
        self.nodes.extend(other.nodes)
        self.edges.extend(other.edges)
        self.scopes.update(other.scopes)


def scope_inside(scope: str, name: str, part: str, parts: int) -> str:
    """Scope of one graph inside node `name`."""
    own = _joined(scope, name)
    return f"{own}/{part}" if parts > 1 else own


def _joined(scope: str, name: str) -> str:
    return f"{scope}/{name}" if scope else name


# ---- symbols -----------------------------------------------------------------------------------
def symbol_inside(
    node: Any, key: str, scope: str, sources: Sequence[Source], shapes: Sequence[Shape | None],
    draw: Callable[..., DrawNode],
) -> Inner:  # fmt: skip
    """Nodes and edges of the symbols inside `node`; results flow into the node itself.

    Parameters
    ----------
    node : Node with graphs inside
    key, scope : its id and its scope in the picture
    sources, shapes : where its inputs come from, and their shapes
    draw : ``draw(node, key, scope, avals)`` makes the picture of one node
    """
    from dlstudio.graph.control.locations import feeds

    found = Inner([], [], {_joined(scope, node.name): node.op.name.lstrip("_")})
    places = feeds(node.op, node.attrs)
    for part, order in places.items():
        inner = node.attrs[part]
        own = scope_inside(scope, node.name, part, len(places))
        given = [shapes[i] for i in order]
        if part == "body":
            cut = len(node.attrs["in_data_locs"])
            given = [
                s[1:] or (1,) if s and i < cut else s for i, s in zip(order, given, strict=True)
            ]
        fed = {n: sources[i] for n, i in zip(inner.names, order, strict=True)}
        _draw_symbol(found, inner, f"{key}.{part}", own, fed, given, draw, key)
    return found


def _draw_symbol(
    found: Inner, inner: Any, key: str, scope: str, fed: Mapping[str, Source],
    shapes: Sequence[Shape | None], draw: Callable[..., DrawNode], end: str,
) -> None:  # fmt: skip
    from dlstudio.graph.passes.infer import infer_nodes
    from dlstudio.graph.symbol import topological

    outputs = inner.symbol.outputs_
    stated = {n: s for n, s in zip(inner.names, shapes, strict=True) if s is not None}
    facts = infer_nodes(outputs, stated)
    made: dict[int, str] = {}

    def source(edge: Any) -> Source:
        return (made[id(edge[0])], edge[1]) if edge[0].op else fed[edge[0].name]

    for place, node in enumerate(topological(outputs)):
        if node.op is None:
            continue
        own = made[id(node)] = f"{key}.{place}"
        sources = [source(edge) for edge in node.inputs]
        sizes = [facts.shape(edge) for edge in node.inputs]
        if node.op.flags.graphs:
            deeper = symbol_inside(node, own, scope, sources, sizes, draw)
            found.add(deeper)
        else:
            found.edges.extend(
                DrawEdge(start, own, size, port)
                for (start, port), size in zip(sources, sizes, strict=True)
            )
        found.nodes.append(draw(node, own, scope, facts))
    for edge in outputs:
        start, port = source(edge)
        found.edges.append(DrawEdge(start, end, facts.shape(edge), port))


# ---- compiled graphs ---------------------------------------------------------------------------
def graph_inside(
    eqn: Any, key: str, sources: Sequence[Source], draw: Callable[..., DrawNode]
) -> Inner:
    """Nodes and edges of the compiled graphs inside an equation."""
    kind = eqn.op.name.removeprefix("graph_")
    found = Inner([], [], {_joined(eqn.scope, eqn.name): kind})
    names = [name for name in eqn.op.flags.graphs if eqn.attrs[name] is not None]
    for part in names:
        graph = eqn.attrs[part]
        own = scope_inside(eqn.scope, eqn.name, part, len(names))
        inputs = [x for x in graph.inputs if x.kind != "constant"]
        # the graphs take the last of the equation's inputs: a count or condition stands before
        fed = zip(reversed(inputs), reversed(sources), strict=False)
        maker = {x.value: source for x, source in fed}
        _draw_graph(found, graph, f"{key}.{part}", own, maker, draw)
        found.edges.extend(
            DrawEdge(maker[v][0], key, tuple(graph.avals[v].shape), maker[v][1])
            for v in graph.outputs
            if v in maker
        )
    return found


def _draw_graph(
    found: Inner, graph: Any, key: str, scope: str, maker: dict[int, Source],
    draw: Callable[..., DrawNode],
) -> None:  # fmt: skip
    for place, eqn in enumerate(graph.eqns):
        own = f"{key}.{place}"
        placed = eqn._replace(scope=scope)
        found.edges.extend(edges_of_graph(placed, own, graph, maker, draw, found))
        found.nodes.append(draw(placed, own, graph))
        maker.update({value: (own, port) for port, value in enumerate(eqn.outs)})


def edges_of_graph(
    eqn: Any, key: str, graph: Any, maker: Mapping[int, Source], draw: Callable[..., DrawNode],
    found: Inner,
) -> list[DrawEdge]:  # fmt: skip
    """Edges into an equation; what stands inside it is added to `found`."""
    known = [v for v in eqn.reads if v in maker]  # constants inside are not drawn
    if not eqn.op.flags.graphs:
        return [DrawEdge(maker[v][0], key, tuple(graph.avals[v].shape), maker[v][1]) for v in known]
    found.add(graph_inside(eqn, key, [maker[v] for v in known], draw))
    return []
