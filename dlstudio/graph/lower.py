"""Symbol -> Graph: infer what the inputs are, then write every node as equations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.errors import GraphError, MXNetError, ShapeError, explain
from dlstudio.graph.compose import auxiliary, check_unique, label, topological
from dlstudio.graph.control.lowering import lower_node
from dlstudio.graph.control.subgraph import is_dynamic
from dlstudio.graph.ir import Builder, Graph, Origin, Ref
from dlstudio.graph.passes.infer import infer_nodes
from dlstudio.graph.passes.infer import known as is_known

if TYPE_CHECKING:
    from dlstudio.core.node import Node
    from dlstudio.graph.symbol import Symbol

__all__ = ["input_avals", "lower"]

Groups = Mapping[str, Any]
_TRUE = ("True", "true", "1")


def lower(
    symbol: Symbol,
    shapes: Mapping[str, Any] | None = None,
    dtypes: Mapping[str, Any] | None = None,
    *,
    avals: Mapping[str, Aval] | None = None,
    training: bool = False,
    group2ctx: Groups | None = None,
) -> Graph:
    """Write `symbol` as a graph.

    Parameters
    ----------
    symbol : Symbol
    shapes, dtypes : mapping from variable names; what is left out is inferred
    avals : exact shape and dtype of every variable, instead of `shapes` and `dtypes`
    training : the mode that operators such as Dropout run in
    group2ctx : device of each ``ctx_group``

    Raises
    ------
    ShapeError, DTypeError, GraphError
        If the variables cannot be inferred or contradict each other.
    """
    nodes = topological(symbol.outputs_)
    check_unique(nodes)
    known = input_avals(symbol, shapes or {}, dtypes or {}) if avals is None else avals
    builder, aux = Builder(training=training), auxiliary(nodes)
    shaped = _creators(symbol, nodes, known)
    values: dict[int, tuple[Ref, ...]] = {}
    devices: dict[int, str] = {}
    for node in nodes:
        device = _device(node, group2ctx)
        if node.is_variable:
            kind = "auxiliary" if id(node) in aux else "argument"
            ref = builder.input(node.name, kind, known[node.name])
            values[id(node)] = (ref,)
            if device:
                devices[ref.value] = device
        else:
            attrs = {**node.attrs, **shaped.get(id(node), {})}
            values[id(node)] = _write(builder, node, attrs, values, device)
    outputs = tuple(values[id(n)][i].value for n, i in symbol.outputs_)
    return Graph(
        inputs=tuple(builder.inputs),
        eqns=tuple(builder.eqns),
        outputs=outputs,
        avals=builder.avals,
        names=tuple(symbol.list_outputs()),
        heads=len(outputs),
        devices=devices,
        training=training,
        mirrored=frozenset(n.name for n in nodes if n.raw.get("__force_mirroring__") in _TRUE),
    )


def _write(
    builder: Builder,
    node: Node,
    attrs: Mapping[str, Any],
    values: Mapping[int, tuple[Ref, ...]],
    device: str,
) -> tuple[Ref, ...]:
    op = node.op
    assert op is not None
    if is_dynamic(node):
        raise _dynamic(node)
    builder.origin = Origin(node.name, device, node.span, node.scope)
    refs = [values[id(n)][i] for n, i in node.inputs]
    try:
        if op.flags.graphs:
            result = lower_node(builder, node, refs, lower)
        else:
            result = builder.emit(op, refs, attrs)
    except MXNetError as error:
        raise type(error)(f"{label(node)}: {error}") from None
    except (ValueError, TypeError, IndexError, ZeroDivisionError) as error:
        shown = ", ".join(f"{r.dtype.name}{list(r.shape)}" for r in refs)
        raise ShapeError(explain(f"{label(node)} cannot take {shown}: {error}")) from error
    return (
        result
        if isinstance(result, tuple)
        else tuple(result)
        if isinstance(result, list)
        else (result,)
    )


def _creators(
    symbol: Symbol, nodes: list[Node], known: Mapping[str, Aval]
) -> dict[int, dict[str, Any]]:
    """Shapes of arrays made with an unknown dimension, such as ``zeros(shape=(0, 4))``.

    MXNet programs start recurrent states so: what reads them says how large they are.
    """
    open_ = [n for n in nodes if n.op and not n.inputs and 0 in (n.attrs.get("shape") or ())]
    if not open_:
        return {}
    shapes = {name: aval.shape for name, aval in known.items()}
    dtypes = {name: aval.dtype for name, aval in known.items()}
    facts = infer_nodes(symbol.outputs_, shapes, dtypes)
    found = {id(n): facts.shape((n, 0)) for n in open_}
    return {key: {"shape": shape} for key, shape in found.items() if is_known(shape)}


def _dynamic(node: Node) -> GraphError:
    return GraphError(
        explain(
            f"the shape that {label(node)} gives depends on values.",
            "shapes that are known before anything is computed.",
            "run it with mx.nd, or in a block: hybridized blocks with such operators run eagerly",
        )
    )


def _device(node: Node, group2ctx: Groups | None) -> str:
    if not group2ctx:
        return ""
    group = node.raw.get("__ctx_group__", "")
    return str(group2ctx[group]) if group in group2ctx else ""


def input_avals(
    symbol: Symbol, shapes: Mapping[str, Any], dtypes: Mapping[str, Any]
) -> dict[str, Aval]:
    """Shape and dtype of every variable; raise ShapeError naming those that stay unknown."""
    facts = infer_nodes(symbol.outputs_, shapes, dtypes)
    found: dict[str, Aval] = {}
    unknown: list[Node] = []
    for node in topological(symbol.outputs_):
        if not node.is_variable:
            continue
        shape = facts.shape((node, 0))
        if shape is None or not is_known(shape):
            unknown.append(node)
        else:
            found[node.name] = Aval(shape, facts.dtype((node, 0)) or np.dtype(np.float32))
    if unknown:
        names = ", ".join(label(n) for n in unknown[:5])
        raise ShapeError(
            explain(
                f"the shapes of {len(unknown)} arguments cannot be inferred: {names}.",
                "enough shapes to infer all others; usually those of the data.",
                f"simple_bind(ctx, {unknown[0].name}=(batch, ...))",
            )
        )
    return found
