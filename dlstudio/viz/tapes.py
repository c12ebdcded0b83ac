"""Reading autograd's tape: what really ran, in the order in which it ran."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from dlstudio.errors import ArgumentError, GradError, explain
from dlstudio.viz.drawing import DrawEdge, Drawing, DrawNode

__all__ = ["from_outputs", "traced"]

# id of a leaf of the tape -> (name, whether it is a learned value)
LeafNames = Mapping[int, tuple[str, bool]]


def traced(function: Callable[..., Any], data: Any, leaves: LeafNames, title: str) -> Drawing:
    """Run ``function(*data)`` once while recording, and draw what was recorded.

    Parameters
    ----------
    function : callable
        Takes and returns tensors (a tuple or list of them is fine).
    data : NDArray or tuple of NDArray
        They are not changed: the run uses detached tensors on the same memory.
    leaves : dict
        Names of tensors that the function reads besides `data`, by the id of their tape leaf.
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

    inputs = [_fresh(x) for x in (data if isinstance(data, tuple | list) else (data,))]
    names = dict(leaves)
    for place, x in enumerate(inputs):
        if x._entry is not None:
            names[id(x._entry)] = ("data" if len(inputs) == 1 else f"data{place}", False)
    unsubscribe = bus.subscribe(
        _ignore
    )  # lines and scopes are recorded only while somebody watches
    try:
        with autograd.record(train_mode=False):
            results = function(*inputs)
    finally:
        unsubscribe()
    return from_outputs(_flattened(results), names, title)


def _ignore(event: Any) -> None:
    del event


def _fresh(x: Any) -> Any:
    """Detach `x` and let it want a gradient, so that every operator it reaches is recorded."""
    if not hasattr(x, "detach"):
        return x
    x = x.detach()
    if x.dtype.__name__.startswith("float") if isinstance(x.dtype, type) else True:
        x.attach_grad()
    return x


def _flattened(results: Any) -> list[Any]:
    if isinstance(results, tuple | list):
        return [tensor for part in results for tensor in _flattened(part)]
    return [results]


def from_outputs(tensors: Sequence[Any], leaves: LeafNames, title: str) -> Drawing:
    """Draw everything on the tape that leads to `tensors`.

    Raises
    ------
    GradError
        If none of them was recorded.
    """
    tails = [t._entry for t in tensors if getattr(t, "_entry", None) is not None]
    reader = _TapeReader(leaves)
    for entry in _oldest_first(tails):
        reader.read(entry)
    if not reader.nodes:
        raise GradError(
            explain(
                "These tensors are not on autograd's tape.",
                "the result of operators that ran while recording.",
                "with autograd.record(): y = net(x)   and then   GraphView(y)",
            )
        )
    from dlstudio.viz.sources import with_params

    return Drawing(with_params(reader.nodes, reader.edges), tuple(reader.edges), title=title)


def _oldest_first(tails: Sequence[Any]) -> list[Any]:
    found: dict[int, Any] = {}
    waiting = list(tails)
    while waiting:
        entry = waiting.pop()
        if id(entry) in found or not hasattr(entry, "parents"):
            continue
        found[id(entry)] = entry
        waiting += [parent[0] for parent in entry.parents if parent is not None]
    return sorted(found.values(), key=lambda entry: entry.seq)


class _TapeReader:
    """Turns entries into nodes; a leaf or an unrecorded input becomes a variable."""

    def __init__(self, leaves: LeafNames) -> None:
        self.leaves = leaves
        self.nodes: list[DrawNode] = []
        self.edges: list[DrawEdge] = []
        self.keys: dict[int, str] = {}
        self.counts: dict[str, int] = {}

    def read(self, entry: Any) -> None:
        key = self._key("e")
        inputs = entry.inputs or (None,) * len(entry.parents)
        for place, parent in enumerate(entry.parents):
            value = inputs[place] if place < len(inputs) else None
            if parent is not None:
                self._connect(parent, key, value)
            elif value is not None:
                self._constant(entry, place, key, value)
        self.keys[id(entry)] = key
        self.nodes.append(self._operator(entry, key))

    def _key(self, letter: str) -> str:
        return f"{letter}{len(self.nodes)}"

    def _connect(self, parent: tuple[Any, int], key: str, value: Any) -> None:
        source, port = parent
        if id(source) not in self.keys:
            self._leaf(source, value)
        shape = (
            source.avals[port].shape if hasattr(source, "avals") else getattr(value, "shape", None)
        )
        self.edges.append(DrawEdge(self.keys[id(source)], key, _shape(shape), port))

    def _leaf(self, leaf: Any, value: Any) -> None:
        grad = leaf.grad if leaf.grad is not None else value
        name, is_weight = self.leaves.get(id(leaf), (f"leaf{len(self.keys)}", False))
        self._variable(id(leaf), name, is_weight, grad)

    def _constant(self, entry: Any, place: int, key: str, value: Any) -> None:
        """Draw an input that no gradient flows to; the same array is drawn once."""
        owner = id(value) if hasattr(value, "ctypes") else id(entry) ^ (place + 1)
        if owner not in self.keys:
            names = entry.op.inputs_for(entry.attrs, len(entry.parents)) if entry.op else ()
            name = names[place] if place < len(names) else f"input{place}"
            self._variable(owner, self._unique(name), name != "data", value)
        self.edges.append(DrawEdge(self.keys[owner], key, _shape(getattr(value, "shape", None))))

    def _variable(self, owner: int, name: str, is_weight: bool, value: Any) -> None:
        shape = _shape(getattr(value, "shape", None))
        size = prod(shape) if shape is not None else 0
        self.keys[owner] = self._key("v")
        self.nodes.append(
            DrawNode(
                id=self.keys[owner], name=name, label=name, kind="variable", weight=is_weight,
                shape=shape, dtype=_dtype(value), nbytes=size * _itemsize(value),
                params=size if is_weight else 0, device=_device(value),
            )
        )  # fmt: skip

    def _operator(self, entry: Any, key: str) -> DrawNode:
        from dlstudio.viz.sources import attr_texts, detail_text, op_name

        op = op_name(entry.op) if entry.op is not None else (entry.name or "Function")
        first = entry.avals[0] if entry.avals else None
        name = entry.name or self._unique(op.lower().lstrip("_"))
        return DrawNode(
            id=key, name=name, label=name, op=op, scope=entry.scope,
            shape=_shape(first.shape) if first else None, dtype=str(first.dtype) if first else "",
            nbytes=sum(aval.nbytes for aval in entry.avals), device=str(entry.device),
            attrs=attr_texts(entry.op, entry.attrs), span=entry.span,
            detail=detail_text(entry.op, entry.attrs),
        )  # fmt: skip

    def _unique(self, stem: str) -> str:
        count = self.counts[stem] = self.counts.get(stem, -1) + 1
        return f"{stem}{count}"


def _shape(shape: Any) -> tuple[int, ...] | None:
    return None if shape is None else tuple(int(size) for size in shape)


def _dtype(value: Any) -> str:
    import numpy as np

    dtype = getattr(value, "dtype", None)
    return "" if dtype is None else np.dtype(dtype).name


def _itemsize(value: Any) -> int:
    import numpy as np

    dtype = getattr(value, "dtype", None)
    return 0 if dtype is None else np.dtype(dtype).itemsize


def _device(value: Any) -> str:
    return str(getattr(value, "context", "") or "")
