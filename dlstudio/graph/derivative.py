"""`Symbol.gradient`: the gradient of a symbol as a symbol, to compose, differentiate and save.

One node holds the symbol it differentiates. When it is compiled, the operators inside are written
down and swept backwards by their own gradient rules, as equations of the graph around the node.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlstudio.core.interpret import Avals, Interpreter, made
from dlstudio.core.params import Shape
from dlstudio.core.registry import Flags, Names, Op, composite
from dlstudio.errors import ArgumentError, explain
from dlstudio.graph.compose import apply, topological
from dlstudio.graph.control.subgraph import InnerGraph, Subgraph, evaluate

if TYPE_CHECKING:
    from dlstudio.graph.symbol_class import Symbol

__all__ = ["GRADIENT", "derivative"]

Value = Any


class GraphText(InnerGraph):
    """Domain of an attribute that holds a graph, in files as the text of a symbol file."""

    describe = "a symbol, or its JSON text"

    def convert(self, value: Any) -> Subgraph:
        """Read text, wrap a symbol; a subgraph passes."""
        if isinstance(value, str):
            from dlstudio.graph.json import loads

            return Subgraph(loads(value, "the graph inside"))
        return super().convert(value)

    def text(self, value: Any) -> str:
        """Spell the graph as its symbol file."""
        return value.symbol.tojson()

    def invalid(self) -> tuple[Any, ...]:
        """Values that must be refused."""
        return ("graph", 3)


class _Noting(Interpreter):
    """F that computes by another F and notes what it was asked for."""

    def __init__(self, F: Any) -> None:
        self._inner = F
        self.entries: list[tuple[Op, tuple[Value, ...], tuple[Value, ...], dict[str, Any]]] = []

    def reader(self, op: Op) -> Any:
        """Note operators; composites are noted as what they are made of."""

        def run(*operands: Value, **given: Any) -> Any:
            attrs = {**op.attrs, **given}
            if op.expand is not None:
                return op.expand(self, *operands, **attrs)
            if op.flags.mode:
                attrs.setdefault("training", getattr(self._inner, "training", False))
            result = getattr(self._inner, op.name)(*operands, **attrs)
            several = isinstance(result, (tuple, list))
            self.entries.append((op, operands, tuple(result) if several else (result,), attrs))
            return result

        return run


class _Sweep:
    """Cotangents by value; the last operator is visited first."""

    def __init__(self, F: Any, wanted: Sequence[Value]) -> None:
        self.F = F
        self.reached = {id(value) for value in wanted}
        self.cotangents: dict[int, Value] = {}

    def mark(self, entries: Sequence[Any]) -> None:
        """Note which values hang on the wanted ones: only they need gradients."""
        for _, operands, outs, _ in entries:
            if any(id(x) in self.reached for x in operands):
                self.reached.update(id(out) for out in outs)

    def accumulate(self, value: Value, g: Value) -> None:
        """Add `g` to what has arrived for `value`."""
        old = self.cotangents.get(id(value))
        self.cotangents[id(value)] = g if old is None else self.F.add(old, g)

    def visit(self, op: Op, operands: Any, outs: Any, attrs: dict[str, Any]) -> None:
        """Push the gradients of an operator's outputs to its inputs."""
        heads = tuple(self.cotangents.pop(id(out), None) for out in outs)
        if all(head is None for head in heads) or not op.differentiable:
            return
        rule: Any = op.grad
        one = len(outs) == 1
        found = rule(
            self.F, heads[0] if one else heads, outs[0] if one else outs, *operands, **attrs
        )
        for x, g in zip(operands, found, strict=False):
            if g is not None and id(x) in self.reached:
                self.accumulate(x, made(g))


def _complete(shapes: Sequence[Any], attrs: dict[str, Any]) -> list[Any]:
    return attrs["graph"].complete(shapes)[0]


def _states(attrs: dict[str, Any]) -> tuple[int, ...]:
    inner: Subgraph = attrs["graph"]
    return tuple(i for i, name in enumerate(inner.names) if name in inner.states)


_LINE = (
    '{"nodes": [{"op": "null", "name": "x", "inputs": []}, '
    '{"op": "square", "name": "y", "inputs": [[0, 0, 0]]}], "heads": [[1, 0, 0]]}'
)


@composite(
    "_gradient",
    names=Names(json="_gradient", output="grad"),
    params={"graph": GraphText(), "wrt": Shape(0)},
    flags=Flags(amp="fp32"),
    complete=_complete,
    complete_dtypes=lambda dtypes, attrs: attrs["graph"].complete_dtypes(dtypes),
    aux_inputs=_states,
    outputs=lambda attrs: len(attrs["wrt"]),
    samples=lambda s: [s(2, 3, graph=_LINE, wrt=(0,)), s(0, 3, graph=_LINE, wrt=(0,))],
)
def GRADIENT(F: Any, *data: Value, graph: Subgraph, wrt: tuple[int, ...]) -> Any:  # noqa: N802
    """Gradients of the sum of a graph's outputs with respect to inputs number `wrt`."""
    wanted = [data[i] for i in wrt]
    if F is Avals:  # gradients are like what they are gradients of, if the graph takes the inputs
        graph.infer(data)
        return wanted[0] if len(wanted) == 1 else tuple(wanted)
    noted = _Noting(F)
    heads = evaluate(graph, data, lambda op, xs, attrs: getattr(noted, op.name)(*xs, **attrs))
    sweep = _Sweep(F, wanted)
    sweep.mark(noted.entries)
    for head in heads:
        if id(head) in sweep.reached:
            sweep.accumulate(head, F.ones(shape=tuple(head.shape), dtype=head.dtype.name))
    for entry in reversed(noted.entries):
        sweep.visit(*entry)
    found = tuple(_finished(F, sweep.cotangents.get(id(x)), x) for x in wanted)
    return found[0] if len(found) == 1 else found


def _finished(F: Any, g: Value, x: Value) -> Value:
    """The gradient in the dtype of its variable; zeros if nothing hangs on it."""
    if g is None:
        return F.zeros(shape=tuple(x.shape), dtype=x.dtype.name)
    return g if g.dtype == x.dtype else F.cast(g, dtype=x.dtype.name)


def derivative(symbol: Symbol, wrt: str | Sequence[str]) -> Symbol:
    """Symbol of the gradients of `symbol` with respect to arguments; see `Symbol.gradient`."""
    names = [wrt] if isinstance(wrt, str) else list(wrt)
    variables = [n for n in topological(symbol.outputs_) if n.is_variable]
    positions = {n.name: i for i, n in enumerate(variables)}
    known = symbol.list_arguments()
    for name in names:
        if name not in known:
            raise ArgumentError(
                explain(f"gradient: the symbol has no argument {name!r}.", f"some of {known}.")
            )
    attrs = {"graph": symbol, "wrt": tuple(positions[name] for name in names)}
    edges = [(n, 0) for n in variables]
    return type(symbol)._of(apply(GRADIENT, edges, attrs, hint="gradient"))
