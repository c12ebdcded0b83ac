"""The neutral picture model: what every drawing of a network is made of, before any layout.

`drawing_of` turns anything that holds a computation (block, symbol, graph, executor, recorded
tensor, function) into a `Drawing`; `dot`, `summary`, `export` and the GraphView widget read it and
never look at the engine again. A drawing shows what the engine holds and derives nothing anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from dlstudio.viz.palette import category_of
from dlstudio.viz.units import bytes_text, count_text, shape_text

__all__ = ["NOTES", "DrawEdge", "DrawNode", "Drawing", "drawing_of"]

# What a reader must know about a picture, by the key that drawings carry in `note`. The browser has
# the same keys in its own language.
NOTES = {
    "tree": "Tree of blocks: pass data= to see the flow of data.",
    "plan": "Compiled plan: captured once, and run by every call with inputs of these shapes.",
    "captured": "Not hybridized: each call runs these operators one by one. "
    "hybridize() captures them once.",
    "tape": "Recorded by one call: code that is not hybridized runs, and is drawn, anew each time.",
}

Kind = Literal["operator", "variable", "auxiliary"]
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DrawNode:
    """One operator, variable or auxiliary state.

    Parameters
    ----------
    id : str
        Unique in its drawing.
    name, label : str
        The full name, and the short one written into the picture.
    op : str
        Operator name; empty for variables.
    kind : "operator" | "variable" | "auxiliary"
    weight : bool
        A learned or auxiliary value, which pictures leave out unless asked for.
    scope : str
        Path of the block it belongs to, ``"stage1/block0"``, or empty.
    shape : tuple of int or None
        Of the first output; None where it is not known.
    dtype, device, span : str
        Span is the source line, ``"net.py:12"``; each may be empty.
    nbytes : int
        Bytes of all outputs.
    params : int
        Elements of the learned values read by this operator (or held by this variable).
    attrs : dict of str to str
    detail : str
        The two or three attributes that matter, ``"5×5, 20"``.
    role : str
        "forward", "backward", "update" or "copy".
    time_ns : int
        Measured time, summed over runs; 0 where nothing was measured.
    """

    id: str
    name: str
    label: str
    op: str = ""
    kind: Kind = "operator"
    weight: bool = False
    scope: str = ""
    shape: Shape | None = None
    dtype: str = ""
    nbytes: int = 0
    params: int = 0
    device: str = ""
    attrs: Mapping[str, str] = field(default_factory=dict[str, str])
    span: str = ""
    detail: str = ""
    role: str = "forward"
    time_ns: int = 0

    @property
    def category(self) -> str:
        """Colour category of the operator (see `palette`)."""
        return category_of(self.op) if self.kind == "operator" else "other"


@dataclass(frozen=True, slots=True)
class DrawEdge:
    """A value on its way: output `port` of node `source` is read by node `target`."""

    source: str
    target: str
    shape: Shape | None = None
    port: int = 0


@dataclass(frozen=True)
class Drawing:
    """Nodes in an order in which they could run, and the edges between them.

    `scopes` names the kind of each scope where it is known (``{"stage1": "HybridSequential"}``),
    and `note` is a key of `NOTES` where a reader must know something about the picture.
    """

    nodes: tuple[DrawNode, ...]
    edges: tuple[DrawEdge, ...]
    title: str = "network"
    scopes: Mapping[str, str] = field(default_factory=dict[str, str])
    note: str = ""

    @property
    def operators(self) -> tuple[DrawNode, ...]:
        """The nodes that compute."""
        return tuple(node for node in self.nodes if node.kind == "operator")

    @property
    def params(self) -> int:
        """Elements of all learned values, each counted once however often it is read."""
        return sum(n.params for n in self.nodes if n.kind == "variable" and n.weight)

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices in use, in order of appearance."""
        return tuple(dict.fromkeys(node.device for node in self.nodes if node.device))

    def node(self, name: str) -> DrawNode:
        """Find a node by its id, or by its name."""
        for found in self.nodes:
            if found.id == name:
                return found
        return next(found for found in self.nodes if found.name == name)

    def with_times(self, events: Iterable[Any]) -> Drawing:
        """Add measured times: the summed durations of the `OpRan` events of each node.

        A plan gives several equations the name of one node (the three gradients of a dense layer),
        so events are told apart by operator and phase too, and else by their order, which repeats.
        """
        finder = _NodeFinder(self.operators)
        spent: dict[str, int] = {}
        for event in events:
            if hasattr(event, "op") and hasattr(event, "start"):
                node_id = finder.find(event.name, event.op, event.phase)
                spent[node_id] = spent.get(node_id, 0) + event.end - event.start
        nodes = tuple(replace(n, time_ns=spent.get(n.id, n.time_ns)) for n in self.nodes)
        return replace(self, nodes=nodes)

    def describe(self) -> str:
        """Say in one line what the picture shows."""
        text = f"{self.title}: {len(self.operators)} operators"
        if self.params:
            text += f", {count_text(self.params)} parameters"
        if len(self.devices) > 1:
            text += f", on {', '.join(self.devices)}"
        return text

    def rows(self) -> list[dict[str, str]]:
        """List the operators as text: the alternative to the picture."""
        sources: dict[str, list[str]] = {}
        names = {node.id: node.name for node in self.nodes if not node.weight}
        for edge in self.edges:
            if edge.source in names:
                sources.setdefault(edge.target, []).append(names[edge.source])
        return [_row(node, sources.get(node.id, [])) for node in self.operators]


class _NodeFinder:
    """Finds the node that an event on the bus is about."""

    def __init__(self, operators: Sequence[DrawNode]) -> None:
        self.alike: dict[tuple[str, str, str], list[str]] = {}
        self.named: dict[str, str] = {}
        self.seen: Counter[tuple[str, str, str]] = Counter()
        for node in operators:
            role = "forward" if node.role == "copy" else node.role
            self.alike.setdefault((node.name, node.op, role), []).append(node.id)
            self.named.setdefault(node.name, node.id)

    def find(self, name: str, op: str, phase: str) -> str:
        """Return the id of the node, or "" if it is not in the drawing."""
        from dlstudio.viz.sources import display_name

        key = (name, display_name(op), phase)
        ids = self.alike.get(key)
        if ids is None:  # a fused operator stands for the last of the operators drawn
            return self.named.get(name, "") if phase == "forward" else ""
        self.seen[key] += 1
        return ids[(self.seen[key] - 1) % len(ids)]


def _row(node: DrawNode, sources: list[str]) -> dict[str, str]:
    return {
        "name": node.name,
        "op": node.op,
        "from": ", ".join(sources),
        "shape": shape_text(node.shape),
        "params": count_text(node.params) if node.params else "",
        "bytes": bytes_text(node.nbytes) if node.nbytes else "",
        "device": node.device,
        "line": node.span,
    }


def drawing_of(
    obj: Any,
    shape: Mapping[str, Shape] | None = None,
    data: Any = None,
    title: str | None = None,
) -> Drawing:
    """Read the computation that `obj` holds.

    Parameters
    ----------
    obj : Drawing, Symbol, Graph, Executor, Block, NDArray recorded by autograd, or callable
        A hybrid block is traced symbolically; a plain block or a function is run once under
        `autograd.record`, which needs `data`. A plain block without data is drawn as a tree.
    shape : dict of str to tuple, optional
        Input shapes, to infer and write the shape of every value.
    data : NDArray or tuple of NDArray, optional
        Inputs of a block or function; they give shapes too.
    title : str, optional
        Written above the picture; by default the name of `obj`.

    Raises
    ------
    ArgumentError
        If `obj` holds no computation.
    """
    if isinstance(obj, Drawing):
        return obj
    drawing = _reader_of(obj)(obj, shape, data)
    from dlstudio.viz.scopes import tidy

    return tidy(drawing if title is None else replace(drawing, title=title))


def _reader_of(obj: Any) -> Callable[[Any, Mapping[str, Shape] | None, Any], Drawing]:
    from dlstudio.viz import sources

    return sources.reader_of(obj)
