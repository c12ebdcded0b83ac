"""Readers: one function per kind of object that holds a computation, each answering a `Drawing`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from dlstudio.errors import ArgumentError, explain
from dlstudio.viz.drawing import DrawEdge, Drawing, DrawNode, Shape
from dlstudio.viz.loops import Inner, edges_of_graph, symbol_inside
from dlstudio.viz.scopes import prefix_scopes

__all__ = ["attr_texts", "detail_text", "display_name", "op_name", "reader_of", "with_params"]

Shapes = Mapping[str, Shape] | None
Reader = Callable[[Any, Shapes, Any], Drawing]

# Names that MXNet and Gluon give to learned values; `plot_network(hide_weights=True)` goes by them.
_WEIGHT = re.compile(
    r"_(weight|bias|gamma|beta|alpha|moving_mean|moving_var|running_mean|running_var|parameters|"
    r"state|state_cell|(i2h|h2h)_\w+)$"
)
_LEARNED_INPUTS = frozenset(
    {"weight", "bias", "gamma", "beta", "moving_mean", "moving_var", "parameters"}
)
_DETAILS = ("kernel", "stride", "num_filter", "num_hidden", "act_type", "pool_type", "p", "axis")


def reader_of(obj: Any) -> Reader:
    """Choose the reader for `obj` by what it offers.

    Raises
    ------
    ArgumentError
        If nothing fits.
    """
    for fits, reader in _READERS:
        if fits(obj):
            return reader
    raise ArgumentError(
        explain(
            f"{type(obj).__name__} holds no computation that could be drawn.",
            "a Block, Symbol, Graph, Executor, a tensor recorded by autograd, or a function.",
            "drawing_of(net, data=x)",
        )
    )


# ---- symbols ---------------------------------------------------------------------------------
def from_symbol(symbol: Any, shape: Shapes, data: Any) -> Drawing:
    """Read a symbol; with `shape` (or `data` for its first inputs) every value has its shape."""
    if shape is None and data is not None:
        tensors = data if isinstance(data, tuple | list) else (data,)
        shape = {n: tuple(x.shape) for n, x in zip(symbol.list_inputs(), tensors, strict=False)}
    avals = _inferred(symbol, shape or {})
    aux = set(symbol.list_auxiliary_states())
    nodes = _symbol_nodes(symbol)
    scopes = _symbol_scopes(nodes)
    keys = {id(node): f"n{place}" for place, node in enumerate(nodes)}
    learned = _learned(nodes) | aux
    drawn = {
        id(node): _symbol_node(node, keys[id(node)], avals, scopes, learned, aux) for node in nodes
    }
    edges: list[DrawEdge] = []
    pictures: list[DrawNode] = []
    kinds: dict[str, str] = {}
    for node in nodes:
        pictures.append(drawn[id(node)])
        if node.op is not None and node.op.flags.graphs:
            sources = [(keys[id(source)], port) for source, port in node.inputs]
            sizes = [avals.get((id(n), port), (None, ""))[0] for n, port in node.inputs]
            scope = scopes.get(id(node), "")
            inner = symbol_inside(node, keys[id(node)], scope, sources, sizes, _inner_node)
            pictures[-1:] = [*inner.nodes, pictures[-1]]
            edges += inner.edges
            kinds.update(inner.scopes)
            continue
        edges += [
            DrawEdge(
                keys[id(source)], keys[id(node)], avals.get((id(source), port), (None, ""))[0], port
            )
            for source, port in node.inputs
        ]
    title = symbol.name or "network"
    return Drawing(with_params(pictures, edges), tuple(edges), title=title, scopes=kinds)


def _inner_node(node: Any, key: str, scope: str, facts: Any) -> DrawNode:
    """Draw a node of a graph inside a loop or branch."""
    edges = [(node, port) for port in range(node.n_outputs)]
    avals = {
        (id(node), port): (facts.shape((node, port)), str(facts.dtype((node, port)) or ""))
        for _, port in edges
    }
    return _symbol_node(node, key, avals, {id(node): scope}, set(), set())


def _symbol_nodes(symbol: Any) -> list[Any]:
    from dlstudio.graph.symbol import topological

    return topological(symbol.outputs_)


def _inferred(symbol: Any, shape: Mapping[str, Shape]) -> dict[tuple[int, int], tuple[Any, str]]:
    """Infer (shape, dtype) of every output as far as `shape` and the symbol's attributes allow."""
    from dlstudio.core.unknown import stated
    from dlstudio.graph.passes.infer import infer_nodes, known

    _check_names(symbol, shape)
    facts = infer_nodes(symbol.outputs_, {name: stated(s) for name, s in shape.items()})
    found: dict[tuple[int, int], tuple[Any, str]] = {}
    for node in _symbol_nodes(symbol):
        for port in range(node.n_outputs):
            size, dtype = facts.shape((node, port)), facts.dtype((node, port))
            name = dtype.name if dtype is not None else ""
            found[id(node), port] = (
                tuple(size) if size is not None and known(size) else None,
                name,
            )
    return found


def _check_names(symbol: Any, shape: Mapping[str, Shape]) -> None:
    inputs = [*symbol.list_arguments(), *symbol.list_auxiliary_states()]
    for name in shape:
        if name not in inputs:
            raise ArgumentError(
                explain(
                    f"shape= names an input {name!r} that the symbol does not have.",
                    f"some of {', '.join(inputs[:12])}.",
                )
            )


def _symbol_scopes(nodes: Sequence[Any]) -> dict[int, str]:
    """Scopes that Gluon recorded, or else those that the names tell."""
    operators = [node for node in nodes if not node.is_variable]
    if any(node.scope for node in operators):
        return {id(node): node.scope for node in operators}
    by_name = prefix_scopes(node.name for node in operators)
    return {id(node): by_name[node.name] for node in operators}


def _learned(nodes: Sequence[Any]) -> set[str]:
    """Names of variables that hold learned values, by their name or by who reads them."""
    found = {node.name for node in nodes if node.is_variable and _WEIGHT.search(node.name)}
    for node in nodes:
        if node.is_variable:
            continue
        names = node.op.inputs_for(node.attrs, len(node.inputs))
        for (source, _), name in zip(node.inputs, names, strict=False):
            if source.is_variable and name in _LEARNED_INPUTS:
                found.add(source.name)
    return found


def _symbol_node(
    node: Any, key: str, avals: Mapping[Any, Any], scopes: Mapping[int, str],
    learned: set[str], aux: set[str],
) -> DrawNode:  # fmt: skip
    shape, dtype = avals.get((id(node), 0), (None, ""))
    outputs = [avals.get((id(node), port), (None, "")) for port in range(node.n_outputs)]
    is_weight = node.is_variable and node.name in learned
    op = "" if node.is_variable else op_name(node.op)
    return DrawNode(
        id=key, name=node.name, label=node.name, op=op,
        kind="operator" if op else "auxiliary" if node.name in aux else "variable",
        weight=is_weight, scope=scopes.get(id(node), ""), shape=shape, dtype=dtype,
        nbytes=sum(_nbytes(*value) for value in outputs),
        params=prod(shape) if is_weight and shape is not None else 0,
        device=str(node.raw.get("ctx_group") or node.raw.get("__ctx_group__") or ""),
        attrs=attr_texts(node.op, node.attrs) if op else dict(node.raw), span=node.span,
        detail=detail_text(node.op, node.attrs) if op else "",
    )  # fmt: skip


def op_name(op: Any) -> str:
    """Name an operator as MXNet's files and users do."""
    if op is None:
        return "Function"
    names = op.names
    found = names.json or names.nd.split(" ")[0] or names.np.split(" ")[0]
    # MXNet's internal names of NumPy operators (_npi_sum) say less than the table's (sum)
    return op.name if not found or found.startswith("_np") else found


def display_name(name: str) -> str:
    """Give the name that pictures use for the operator called `name` in the table."""
    from dlstudio.core.registry import OPS

    return op_name(OPS[name]) if name in OPS else name


def with_params(nodes: Any, edges: Sequence[DrawEdge]) -> tuple[DrawNode, ...]:
    """Give each operator the number of learned elements that it reads."""
    from dataclasses import replace

    found = {node.id: node for node in nodes}
    read: dict[str, int] = {}
    for source, target in {(edge.source, edge.target) for edge in edges}:
        weight = found[source]
        if weight.weight and weight.kind == "variable":
            read[target] = read.get(target, 0) + weight.params
    return tuple(replace(n, params=read[n.id]) if n.id in read else n for n in found.values())


# ---- graphs and executors ----------------------------------------------------------------------
def from_graph(graph: Any, shape: Shapes, data: Any) -> Drawing:
    """Read a `graph.ir.Graph`: its equations with their devices, roles and source lines."""
    del shape, data
    read = {value for eqn in graph.eqns for value in eqn.reads}
    maker: dict[int, tuple[str, int]] = {}
    nodes: list[DrawNode] = []
    for place, given in enumerate(graph.inputs):
        maker[given.value] = (f"i{place}", 0)
        # a loss ignores the gradient from above: its input would hang in the air
        if given.value in read or given.kind in ("argument", "auxiliary"):
            nodes.append(_graph_input(given, f"i{place}", graph))
    edges: list[DrawEdge] = []
    kinds: dict[str, str] = {}
    for place, eqn in enumerate(graph.eqns):
        key = f"e{place}"
        inner = Inner([], [], kinds)
        edges += edges_of_graph(eqn, key, graph, maker, _equation, inner)
        nodes += [*inner.nodes, _equation(eqn, key, graph)]
        edges += inner.edges
        maker.update({value: (key, port) for port, value in enumerate(eqn.outs)})
    return Drawing(with_params(nodes, edges), tuple(edges), title="graph", scopes=kinds)


def _graph_input(given: Any, key: str, graph: Any) -> DrawNode:
    aval = graph.avals[given.value]
    is_aux = given.kind == "auxiliary"
    is_weight = is_aux or bool(_WEIGHT.search(given.name))
    return DrawNode(
        id=key, name=given.name, label=given.name, kind="auxiliary" if is_aux else "variable",
        weight=is_weight, shape=tuple(aval.shape), dtype=str(aval.dtype), nbytes=aval.nbytes,
        params=aval.size if is_weight else 0, device=str(graph.devices.get(given.value, "")),
        role="backward" if given.kind in ("head_gradient", "gradient") else "forward",
    )  # fmt: skip


def _equation(eqn: Any, key: str, graph: Any) -> DrawNode:
    avals = [graph.avals[value] for value in eqn.outs]
    return DrawNode(
        id=key, name=eqn.name, label=eqn.name, op=op_name(eqn.op),
        scope=eqn.scope, shape=tuple(avals[0].shape) if avals else None,
        dtype=str(avals[0].dtype) if avals else "", nbytes=sum(aval.nbytes for aval in avals),
        device=str(eqn.device), attrs=attr_texts(eqn.op, eqn.attrs), span=eqn.span,
        detail=detail_text(eqn.op, eqn.attrs), role=eqn.role,
    )  # fmt: skip


def from_holder(holder: Any, shape: Shapes, data: Any) -> Drawing:
    """Read the graph that an executor, a compiled function or a program runs."""
    graph = holder.graph() if callable(holder.graph) else holder.graph
    return from_graph(graph, shape, data)


# ---- tapes, functions, blocks ------------------------------------------------------------------
def from_tensor(tensor: Any, shape: Shapes, data: Any) -> Drawing:
    """Read the tape behind a recorded tensor."""
    from dlstudio.viz.tapes import from_outputs

    del shape, data
    return from_outputs([tensor], "autograd tape")


def from_function(function: Any, shape: Shapes, data: Any) -> Drawing:
    """Run a function once under `autograd.record` and read the tape."""
    from dlstudio.viz.tapes import traced

    del shape
    return traced(function, data, getattr(function, "__name__", "function"))


def from_block(block: Any, shape: Shapes, data: Any) -> Drawing:
    """Trace a hybrid block symbolically, run a plain one once, or draw it as a tree of blocks."""
    from dlstudio.viz.blocks import from_block as read

    return read(block, shape, data)


def _is_symbol(obj: Any) -> bool:
    return hasattr(obj, "outputs_") and hasattr(obj, "list_arguments")


_READERS: tuple[tuple[Callable[[Any], bool], Reader], ...] = (
    (_is_symbol, from_symbol),
    (lambda obj: hasattr(obj, "eqns") and hasattr(obj, "avals"), from_graph),
    (lambda obj: hasattr(obj, "collect_params") and callable(obj), from_block),
    (lambda obj: hasattr(obj, "graph"), from_holder),
    (lambda obj: hasattr(obj, "_entry"), from_tensor),
    (callable, from_function),
)


# ---- texts -------------------------------------------------------------------------------------
def _nbytes(shape: Shape | None, dtype: str) -> int:
    import numpy as np

    if shape is None:
        return 0
    return prod(shape) * np.dtype(dtype or "float32").itemsize


def attr_texts(op: Any, attrs: Mapping[str, Any]) -> dict[str, str]:
    """Attributes as text, those first that differ from the operator's default."""
    defaults = op.attrs if op is not None else {}
    hidden = (*op.flags.graphs, "plan") if op is not None and op.flags.graphs else ()
    items = [
        (name, value, value == defaults.get(name))
        for name, value in attrs.items()
        if name not in hidden
    ]
    items.sort(key=lambda item: item[2])
    return {name: str(value) for name, value, _ in items}


def detail_text(op: Any, attrs: Mapping[str, Any]) -> str:
    """Write the few attributes that tell one operator from another: ``7×7 /2, 64``."""
    defaults = op.attrs if op is not None else {}
    given = {name: attrs[name] for name in _DETAILS if attrs.get(name) not in (None, ())}
    given = {name: value for name, value in given.items() if value != defaults.get(name)}
    window = [_window(name, given[name]) for name in ("kernel", "stride") if name in given]
    rest = [_value(name, value) for name, value in given.items() if name not in _WINDOW]
    return ", ".join(text for text in (" ".join(filter(None, window)), *rest) if text)


_WINDOW = ("kernel", "stride")


def _window(name: str, value: Any) -> str:
    sizes = tuple(value) if isinstance(value, tuple | list) else (value,)
    if name == "kernel":
        return "×".join(map(str, sizes))
    if set(sizes) == {1}:
        return ""
    return "/" + ("×".join(map(str, sizes)) if len(set(sizes)) > 1 else str(sizes[0]))


def _value(name: str, value: Any) -> str:
    return f"{name}={value}" if name in ("p", "axis") else str(value)
