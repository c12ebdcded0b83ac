"""Shapes and dtypes: of symbols whose inputs are partly unknown, and of whole graphs.

In a symbol an unknown shape is None and an unknown dimension is 0, as in MXNet. An operator's
`complete` rule fills in what its inputs must be (the weight of a convolution); its `infer` rule
says what comes out. Nodes are visited until nothing new is learned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace as replaced
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import DType
from dlstudio.core.params import Shape as ShapeParam
from dlstudio.errors import DTypeError, MXNetError, ShapeError, explain
from dlstudio.graph.compose import Output, label, topological

if TYPE_CHECKING:
    from dlstudio.core.node import Node
    from dlstudio.graph.ir import Graph

__all__ = ["Facts", "infer", "infer_nodes", "known"]

Shape = tuple[int, ...]
_CODES = ("float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool")
_NUMBERS = frozenset(str(i) for i in range(len(_CODES)))  # files hold MXNet's numbers of dtypes
_SHAPE, _DTYPE = ShapeParam(0), DType()
_ROUNDS = 8  # two are enough for feed-forward nets; more only for shapes that flow backwards


def known(shape: Shape | None) -> bool:
    """Whether every dimension is known."""
    return shape is not None and 0 not in shape


class Facts:
    """What is known so far of each node output: shapes and dtypes, None where unknown."""

    def __init__(self) -> None:
        self.shapes: dict[tuple[int, int], Shape | None] = {}
        self.dtypes: dict[tuple[int, int], np.dtype[Any] | None] = {}
        self.changed = False

    def shape(self, edge: Output) -> Shape | None:
        """Shape of a node output, 0 for unknown dimensions."""
        return self.shapes.get((id(edge[0]), edge[1]))

    def dtype(self, edge: Output) -> np.dtype[Any] | None:
        """Dtype of a node output."""
        return self.dtypes.get((id(edge[0]), edge[1]))

    def learn_shape(self, edge: Output, shape: Shape | None, because: Node) -> None:
        """Merge `shape` with what is known; raise ShapeError on a contradiction."""
        if shape is None:
            return
        key, old = (id(edge[0]), edge[1]), self.shape(edge)
        merged = _merge(old, tuple(shape))
        if merged is None:
            raise ShapeError(
                explain(
                    f"{label(because)} needs {edge[0].name} to have shape {tuple(shape)}, "
                    f"but {label(edge[0])} has shape {old}.",
                    "one shape for each variable.",
                    f"change the shape given for {edge[0].name!r}, or the layer that uses it",
                )
            )
        if merged != old:
            self.shapes[key], self.changed = merged, True

    def learn_dtype(self, edge: Output, dtype: Any) -> None:
        """Note the dtype of an output that had none."""
        if dtype is not None and self.dtype(edge) is None:
            self.dtypes[id(edge[0]), edge[1]], self.changed = np.dtype(dtype), True


def _merge(old: Shape | None, new: Shape) -> Shape | None:
    if old is None:
        return new
    if len(old) != len(new) or any(a and b and a != b for a, b in zip(old, new, strict=True)):
        return None
    return tuple(a or b for a, b in zip(old, new, strict=True))


def infer_nodes(
    outputs: Sequence[Output],
    shapes: Mapping[str, Shape | None],
    dtypes: Mapping[str, Any] | None = None,
    *,
    partial: bool = False,
) -> Facts:
    """Learn shapes and dtypes of every node below `outputs`.

    Parameters
    ----------
    outputs : the symbol's outputs
    shapes : shapes of variables by name; 0 stands for an unknown dimension
    dtypes : dtypes of variables by name
    partial : leave operators that cannot be inferred yet unknown, instead of raising

    Raises
    ------
    ShapeError, DTypeError
        If shapes or dtypes contradict each other; the message names the node and its line.
    """
    facts, nodes = Facts(), topological(outputs)
    for node in nodes:
        if node.is_variable:
            _read_variable(facts, node, shapes, dtypes or {})
    pending = [node for node in nodes if node.op is not None]
    for _ in range(_ROUNDS):
        facts.changed = False
        pending = [node for node in pending if not _visit(facts, node, partial=partial)]
        if not facts.changed:
            break
    return facts


def _read_variable(
    facts: Facts, node: Node, shapes: Mapping[str, Shape | None], dtypes: Mapping[str, Any]
) -> None:
    edge = (node, 0)
    where = f"{label(node)}: attribute"
    if "__shape__" in node.raw:
        stated = _SHAPE.parse(node.raw["__shape__"], f"{where} __shape__")
        facts.learn_shape(edge, stated, node)
    if shapes.get(node.name) is not None:
        facts.learn_shape(edge, shapes[node.name], node)
    if dtypes.get(node.name) is not None:
        facts.learn_dtype(edge, dtypes[node.name])
    elif "__dtype__" in node.raw:
        text = node.raw["__dtype__"]
        name = _CODES[int(text)] if text in _NUMBERS else text
        facts.learn_dtype(edge, _DTYPE.parse(name, f"{where} __dtype__"))


def _visit(facts: Facts, node: Node, *, partial: bool) -> bool:
    """Learn what a node tells; answer whether it has nothing more to tell."""
    _complete_shapes(facts, node)
    _complete_dtypes(facts, node)
    shapes = [facts.shape(edge) for edge in node.inputs]
    if any(shape is None for shape in shapes):
        return False
    unsure = not all(known(shape) for shape in shapes)
    dtypes = [facts.dtype(edge) for edge in node.inputs]
    avals = [Aval(s, d) for s, d in zip(shapes, dtypes, strict=True)]  # type: ignore[arg-type]
    try:
        results = node_outputs(node, avals)
    except MXNetError:
        if unsure or (partial and any(dtype is None for dtype in dtypes)):
            return False  # a dimension that is still 0 explains nothing yet
        raise
    for i, aval in enumerate(results):
        # with unknown dimensions around, zeros in the result may stand for anything
        facts.learn_shape((node, i), aval.shape, node)
        facts.learn_dtype((node, i), aval.dtype)
    return not unsure and all(known(aval.shape) for aval in results)


def node_outputs(node: Node, avals: Sequence[Aval]) -> tuple[Aval, ...]:
    """Avals of all outputs of `node`; errors name the node and its line."""
    assert node.op is not None
    try:
        result = node.op.infer(*avals, **node.attrs)
    except MXNetError as error:
        raise type(error)(f"{label(node)}: {error}") from None
    except (ValueError, TypeError, IndexError, ZeroDivisionError, OverflowError) as error:
        wrong = DTypeError if isinstance(error, TypeError) else ShapeError
        given = ", ".join(f"{a.dtype.name}{list(a.shape)}" for a in avals)
        raise wrong(explain(f"{label(node)} cannot take {given}: {error}")) from error
    return (result,) if isinstance(result, Aval) else tuple(result)


def _complete_shapes(facts: Facts, node: Node) -> None:
    op = node.op
    assert op is not None
    shapes = [facts.shape(edge) for edge in node.inputs]
    if op.complete is None or all(known(shape) for shape in shapes):
        return
    names = op.inputs_for(node.attrs, len(node.inputs))
    asked = tuple(s if known(s) or i == 0 else None for i, s in enumerate(shapes))
    try:
        filled = op.complete(asked, node.attrs)
    except (MXNetError, TypeError, IndexError, ValueError):
        return  # not enough is known; `infer` explains if it never becomes enough
    for i, (edge, shape) in enumerate(zip(node.inputs, filled, strict=False)):
        if shape is not None and None not in shape and not known(shapes[i]):
            facts.learn_shape(edge, shape, node)
    assert len(names) >= len(node.inputs) or op.variadic


def _complete_dtypes(facts: Facts, node: Node) -> None:
    """Unknown inputs take the floating dtype of the first known input, else float32."""
    dtypes = [facts.dtype(edge) for edge in node.inputs]
    first = next((d for d in dtypes if d is not None and d.kind == "f"), np.dtype(np.float32))
    for edge, dtype in zip(node.inputs, dtypes, strict=True):
        if dtype is None and edge[0].is_variable:
            facts.learn_dtype(edge, first)


def infer_dtypes(outputs: Sequence[Output], dtypes: Mapping[str, Any]) -> Facts:
    """Dtypes alone, where shapes are not known: an output follows `dtype=` or its first input."""
    facts = Facts()
    for node in topological(outputs):
        if node.is_variable:
            _read_variable(facts, node, {}, dtypes)
            continue
        _complete_dtypes(facts, node)
        stated = node.attrs.get("dtype")
        first = next((facts.dtype(e) for e in node.inputs), None)
        for i in range(node.n_outputs):
            facts.learn_dtype((node, i), stated or first or np.float32)
    return facts


def infer(graph: Graph) -> Graph:
    """Recompute the avals of every value from those of the inputs (after a pass changed dtypes)."""
    avals = {x.value: graph.avals[x.value] for x in graph.inputs}
    for eqn in graph.eqns:
        avals.update(zip(eqn.outs, eqn.infer([avals[i] for i in eqn.ins]), strict=True))
    return replaced(graph, avals=avals)
