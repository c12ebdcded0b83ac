"""`Subgraph`: a symbol that stands inside an operator, and what its variables are fed with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dlstudio.core.avals import Aval
from dlstudio.core.params import Param
from dlstudio.errors import ShapeError, explain
from dlstudio.graph.compose import auxiliary, check_unique, topological
from dlstudio.graph.passes.infer import infer_nodes, known

if TYPE_CHECKING:
    from dlstudio.core.node import Node
    from dlstudio.graph.symbol_class import Symbol

__all__ = ["InnerGraph", "Subgraph", "evaluate", "is_dynamic"]

_MEMO = 64  # signatures remembered per subgraph
Shape = tuple[int, ...]


class Subgraph:
    """A symbol inside an operator. Two are equal only if they are the same object.

    Parameters
    ----------
    symbol : Symbol

    Attributes
    ----------
    names : tuple of str
        Its variables in the order of the graph; operators say by number what each is fed with.
    states : frozenset of str
        Those that operators inside update themselves (moving averages).
    """

    __slots__ = ("_inferred", "names", "states", "symbol")

    def __init__(self, symbol: Symbol) -> None:
        nodes = topological(symbol.outputs_)
        check_unique(nodes, "a loop or branch")
        aux = auxiliary(nodes)
        self.symbol = symbol
        self.names = tuple(n.name for n in nodes if n.is_variable)
        self.states = frozenset(n.name for n in nodes if id(n) in aux)
        self._inferred: dict[Any, tuple[Aval, ...]] = {}

    def __repr__(self) -> str:
        return f"<subgraph {', '.join(self.symbol.list_outputs())}>"

    @property
    def variables(self) -> list[Node]:
        """The variable nodes, in the order of `names`."""
        return [n for n in topological(self.symbol.outputs_) if n.is_variable]

    @property
    def dynamic(self) -> bool:
        """Whether some shape inside depends on values."""
        return any(is_dynamic(n) for n in topological(self.symbol.outputs_))

    def infer(self, given: Sequence[Aval]) -> tuple[Aval, ...]:
        """Avals of the outputs for those of the variables.

        Raises
        ------
        ShapeError, DTypeError
            If an operator inside refuses them, or an output stays unknown.
        """
        key = tuple(given)
        found = self._inferred.get(key)
        if found is None:
            if len(self._inferred) >= _MEMO:
                self._inferred.clear()
            found = self._inferred[key] = self._infer(given)
        return found

    def _infer(self, given: Sequence[Aval]) -> tuple[Aval, ...]:
        shapes = {name: a.shape for name, a in zip(self.names, given, strict=True)}
        dtypes = {name: a.dtype for name, a in zip(self.names, given, strict=True)}
        outputs = self.symbol.outputs_
        facts = infer_nodes(outputs, shapes, dtypes)
        found: list[Aval] = []
        for edge, name in zip(outputs, self.symbol.list_outputs(), strict=True):
            shape, dtype = facts.shape(edge), facts.dtype(edge)
            if shape is None or dtype is None:
                raise ShapeError(
                    explain(f"the shape of {name} inside a loop or branch cannot be inferred.")
                )
            found.append(Aval(shape, dtype))
        return tuple(found)

    def complete(
        self, shapes: Sequence[Shape | None]
    ) -> tuple[list[Shape | None], list[Shape | None]]:
        """What can be said of the variables' and outputs' shapes when only some are known."""
        stated = {n: s for n, s in zip(self.names, shapes, strict=True) if s is not None}
        facts = infer_nodes(self.symbol.outputs_, stated)

        def settled(shape: Shape | None) -> Shape | None:
            return shape if known(shape) else None

        variables = [settled(facts.shape((node, 0))) for node in self.variables]
        return variables, [settled(facts.shape(edge)) for edge in self.symbol.outputs_]

    def complete_dtypes(self, dtypes: Sequence[Any]) -> list[Any]:
        """Dtypes of the variables when only some are known."""
        from dlstudio.graph.passes.infer import infer_dtypes

        stated = {n: d for n, d in zip(self.names, dtypes, strict=True) if d is not None}
        facts = infer_dtypes(self.symbol.outputs_, stated, assume=False)
        return [facts.dtype((node, 0)) for node in self.variables]


class InnerGraph(Param):
    """Domain of attributes that hold a graph."""

    describe = "a symbol: what the loop or branch computes"

    def convert(self, value: Any) -> Subgraph:
        """Wrap a symbol; a subgraph passes."""
        if isinstance(value, Subgraph):
            return value
        if not hasattr(value, "outputs_"):
            raise TypeError(value)
        return Subgraph(value)

    def text(self, value: Any) -> str:
        """Name the outputs; files hold the graph itself in a field of its own."""
        return ", ".join(value.symbol.list_outputs())

    def invalid(self) -> tuple[Any, ...]:
        """Values that must be refused."""
        return ("graph", 3)


def is_dynamic(node: Node) -> bool:
    """Whether the shapes a node gives depend on values, its own or those of a graph inside it."""
    if node.op is None:
        return False
    if node.op.flags.dynamic:
        return True
    inner = (node.attrs[name] for name in node.op.flags.graphs)
    return any(isinstance(graph, Subgraph) and graph.dynamic for graph in inner)


Call = Callable[[Any, Sequence[Any], dict[str, Any]], Any]


def evaluate(inner: Subgraph, values: Sequence[Any], call: Call) -> list[Any]:
    """Compute a subgraph operator by operator; ``call(op, operands, attrs)`` computes one."""
    done: dict[int, Sequence[Any]] = {}
    feeds = iter(values)
    for node in topological(inner.symbol.outputs_):
        if node.op is None:
            done[id(node)] = (next(feeds),)
            continue
        result = call(node.op, [done[id(n)][i] for n, i in node.inputs], node.attrs)
        done[id(node)] = result if isinstance(result, (tuple, list)) else (result,)
    return [done[id(n)][i] for n, i in inner.symbol.outputs_]
