"""Reading autograd's tape: what really ran, in the order in which it ran."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any, Literal

import numpy as np

from dlstudio.errors import ArgumentError, GradError, explain
from dlstudio.viz.drawing import DrawEdge, Drawing, DrawNode

__all__ = ["from_outputs", "traced"]


def traced(function: Callable[..., Any], data: Any, title: str) -> Drawing:
    """Run ``function(*data)`` once while recording, and draw what was recorded.

    Parameters
    ----------
    function : callable
        Takes and returns tensors (a tuple or list of them is fine).
    data : NDArray or tuple of NDArray
        They are not changed: the run uses detached tensors on the same memory.
    title : str

    Raises
    ------
    ArgumentError
        Without `data`.
    """
    if data is None:
        raise ArgumentError(
            explain(
                f"{title} must run once to be drawn, and no data was given.",
                "inputs: operators become known by running.",
                "drawing_of(f, data=x)   or   GraphView(f, data=(x, y))",
            )
        )
    from dlstudio import autograd
    from dlstudio.trace import bus

    tensors = data if isinstance(data, tuple | list) else (data,)
    names = ["data"] if len(tensors) == 1 else [f"data{i}" for i in range(len(tensors))]
    inputs = [_fresh(x, name) for x, name in zip(tensors, names, strict=True)]
    leave = bus.subscribe(_ignore)  # blocks and source lines are noted while somebody watches
    try:
        with autograd.record(train_mode=False):
            results = function(*inputs)
    finally:
        leave()
    return from_outputs(_flattened(results), title, data=names)


def _ignore(event: Any) -> None:
    del event


def _fresh(x: Any, name: str) -> Any:
    """Detach `x` and let it want a gradient, so that every operator it reaches is recorded."""
    if not hasattr(x, "detach"):
        return x
    x = x.detach()
    x.attach_grad()
    x._entry.name = name
    return x


def _flattened(results: Any) -> list[Any]:
    if isinstance(results, tuple | list):
        return [tensor for part in results for tensor in _flattened(part)]
    return [results]


def from_outputs(tensors: Sequence[Any], title: str, data: Sequence[str] = ()) -> Drawing:
    """Draw everything on the tape that leads to `tensors`.

    Parameters
    ----------
    tensors : sequence of NDArray
    title : str
    data : sequence of str
        Names of leaves that are inputs and not learned values.

    Raises
    ------
    GradError
        If none of them was recorded.
    """
    tails = [t._entry for t in tensors if hasattr(getattr(t, "_entry", None), "parents")]
    if not tails:
        raise GradError(
            explain(
                "This tensor is not on autograd's tape.",
                "the result of operators that ran while recording, before backward.",
                "with autograd.record(): y = net(x)   and then   GraphView(y)",
            )
        )
    reader = _TapeReader(data)
    for entry in _oldest_first(tails):
        reader.read(entry)
    from dlstudio.viz.sources import with_params

    return Drawing(with_params(reader.nodes, reader.edges), tuple(reader.edges), title=title)


def _oldest_first(tails: Sequence[Any]) -> list[Any]:
    found: dict[int, Any] = {}
    waiting = list(tails)
    while waiting:
        entry = waiting.pop()
        if id(entry) in found:
            continue
        found[id(entry)] = entry
        above = (parent[0] for parent in entry.parents if parent is not None)
        waiting += [source for source in above if hasattr(source, "parents")]
    return sorted(found.values(), key=lambda entry: entry.seq)


class _TapeReader:
    """Turns entries into nodes; a leaf or an unrecorded input becomes a variable."""

    def __init__(self, data: Sequence[str]) -> None:
        self.data = frozenset(data)
        self.nodes: list[DrawNode] = []
        self.edges: list[DrawEdge] = []
        # (id of an entry, output) or (id of a leaf or array, 0) -> node id and port
        self.made: dict[tuple[int, int], tuple[str, int]] = {}
        self.shapes: dict[tuple[str, int], tuple[int, ...] | None] = {}
        self.counts: dict[str, int] = {}

    def read(self, entry: Any) -> None:
        if "symbol" in (entry.extra or {}):
            self._splice(entry)
        else:
            self._operator(entry)

    def _operator(self, entry: Any) -> None:
        from dlstudio.viz.sources import attr_texts, detail_text, op_name

        extra = entry.extra or {}
        op = op_name(entry.op) if entry.op is not None else extra.get("name", "Function")
        sources = [self._source(entry, place) for place in range(len(entry.parents))]
        key = f"e{len(self.nodes)}"
        outputs = entry.outputs or ()
        for port in range(entry.count):
            self.made[id(entry), port] = (key, port)
            self.shapes[key, port] = _shape(outputs[port]) if port < len(outputs) else None
        name = self._unique(op.lower().lstrip("_"))
        self.nodes.append(
            DrawNode(
                id=key, name=name, label=name, op=op, scope=extra.get("scope", ""),
                shape=self.shapes[key, 0], dtype=_dtype(outputs[0]) if outputs else "",
                nbytes=sum(_nbytes(value) for value in outputs), device=str(entry.device),
                attrs=attr_texts(entry.op, entry.attrs), span=extra.get("span", ""),
                detail=detail_text(entry.op, entry.attrs),
            )
        )  # fmt: skip
        self._connect(sources, key)

    def _connect(self, sources: Sequence[tuple[str, int] | None], key: str) -> None:
        for found in sources:
            if found is not None:
                self.edges.append(DrawEdge(found[0], key, self.shapes.get(found), found[1]))

    def _source(self, entry: Any, place: int) -> tuple[str, int] | None:
        """Find, or draw, what input `place` of an entry is; None for an absent input."""
        parent = entry.parents[place]
        value = entry.inputs[place] if entry.inputs and place < len(entry.inputs) else None
        if parent is None:
            return None if value is None else self._constant(entry, place, value)
        source, port = parent
        if (id(source), port) not in self.made:
            is_weight = source.name != "" and source.name not in self.data  # parameters have names
            shown = value if source.grad is None else source.grad
            self._variable((id(source), 0), source.name or self._unique("leaf"), is_weight, shown)
        return self.made[id(source), port]

    def _constant(self, entry: Any, place: int, value: Any) -> tuple[str, int]:
        """Draw an input that no gradient flows to; the same array is drawn once."""
        is_array = isinstance(value, np.ndarray)
        owner = (id(value), 0) if is_array else (id(entry), -1 - place)
        if owner not in self.made:
            names = entry.op.inputs_for(entry.attrs, len(entry.parents)) if entry.op else ()
            name = names[place] if place < len(names) else "input"
            if entry.op is not None and name in entry.op.aux:
                self._variable(owner, self._unique(name), True, value, "auxiliary")
            else:
                self._variable(owner, self._unique(name), False, value)
        return self.made[owner]

    def _variable(
        self,
        owner: tuple[int, int],
        name: str,
        is_weight: bool,
        value: Any,
        kind: Literal["variable", "auxiliary"] = "variable",
    ) -> None:
        key = f"v{len(self.nodes)}"
        shape = _shape(value)
        self.made[owner] = (key, 0)
        self.shapes[key, 0] = shape
        self.nodes.append(
            DrawNode(
                id=key, name=name, label=name, kind=kind, weight=is_weight, shape=shape,
                dtype=_dtype(value), nbytes=_nbytes(value),
                params=prod(shape) if is_weight and shape is not None else 0,
            )
        )  # fmt: skip

    def _splice(self, entry: Any) -> None:
        """Put the graph of a hybridized block in the place of its one entry."""
        from dlstudio.viz.sources import from_symbol

        symbol, arguments = entry.extra["symbol"], entry.extra["arguments"]
        given = dict(zip(arguments, range(len(entry.parents)), strict=False))
        parents = {n: self._source(entry, place) for n, place in given.items()}
        # the rule of such an entry holds the arrays of the call, in the order of the arguments
        arrays = getattr(entry.extra["custom"], "arrays", ())
        shapes = {n: tuple(array.shape) for n, array in zip(arguments, arrays, strict=False)}
        inner = from_symbol(symbol, shapes, None)
        keys = self._take(inner, parents, str(entry.device))
        for edge in inner.edges:
            source = keys[edge.source]
            self.edges.append(replace(edge, source=source, target=keys[edge.target]))
        places = {id(node): place for place, node in enumerate(_topological(symbol))}
        for port, (node, index) in enumerate(symbol.outputs_):
            key = keys[inner.nodes[places[id(node)]].id]
            self.made[id(entry), port] = (key, index)
            self.shapes[key, index] = inner.nodes[places[id(node)]].shape

    def _take(self, inner: Drawing, parents: Any, device: str) -> dict[str, str]:
        """Copy the nodes of a block's graph; its variables are what the tape already drew."""
        keys: dict[str, str] = {}
        for node in inner.nodes:
            found = parents.get(node.name) if node.kind != "operator" else None
            if found is not None:
                keys[node.id] = found[0]
                continue
            keys[node.id] = f"s{len(self.nodes)}"
            placed = node.device or (device if node.kind == "operator" else "")
            self.nodes.append(replace(node, id=keys[node.id], device=placed))
        return keys

    def _unique(self, stem: str) -> str:
        count = self.counts[stem] = self.counts.get(stem, -1) + 1
        return f"{stem}{count}"


def _topological(symbol: Any) -> list[Any]:
    from dlstudio.graph.symbol import topological

    return topological(symbol.outputs_)


def _shape(value: Any) -> tuple[int, ...] | None:
    shape = getattr(value, "shape", None)
    return None if shape is None else tuple(int(size) for size in shape)


def _dtype(value: Any) -> str:
    dtype = getattr(value, "dtype", None)
    return "" if dtype is None else np.dtype(dtype).name


def _nbytes(value: Any) -> int:
    shape = _shape(value)
    return 0 if shape is None else prod(shape) * np.dtype(value.dtype).itemsize
