"""Reading Gluon blocks: traced into a symbol, run once on the tape, or drawn as a tree."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from math import prod
from typing import Any

from dlstudio.viz.drawing import DrawEdge, Drawing, DrawNode, Shape

__all__ = ["from_block"]

Shapes = Mapping[str, Shape] | None


def from_block(block: Any, shape: Shapes, data: Any) -> Drawing:
    """Read a block.

    A hybrid block is traced into a symbol. A plain one is run once if there is data; without data
    its operators are not known, so the blocks themselves are drawn, nested as they are.
    """
    inputs = _inputs(shape, data)
    if hasattr(block, "hybrid_forward"):
        drawing = _from_hybrid(block, shape, inputs)
    elif inputs:
        from dlstudio.viz.tapes import traced

        drawing = traced(block, inputs, block.name)
    else:
        drawing = None
    if drawing is None:
        return _tree(block)
    return replace(drawing, title=block.name, scopes=dict(_kinds(block, block._local_name)))


def _inputs(shape: Shapes, data: Any) -> tuple[Any, ...]:
    """Tensors to call the block with: the data, or zeros of the given shapes."""
    if data is not None:
        return tuple(data) if isinstance(data, tuple | list) else (data,)
    from dlstudio import nd

    return tuple(nd.zeros(size) for size in (shape or {}).values())


def _from_hybrid(block: Any, shape: Shapes, inputs: tuple[Any, ...]) -> Drawing | None:
    from dlstudio.viz.sources import from_symbol

    if inputs:
        names, symbol, _ = block._graph(inputs)
        arguments = set(symbol.list_inputs())
        shapes = {n: tuple(x.shape) for n, x in zip(names, inputs, strict=False) if n in arguments}
        return from_symbol(symbol, shapes, None)
    symbol = _traced_without_data(block)
    return None if symbol is None else from_symbol(symbol, shape, None)


def _traced_without_data(block: Any) -> Any:
    """Answer the graph of the last trace, or trace on nameless inputs; None where neither works."""
    from dlstudio.gluon.compiled import retrace, tracer_needed
    from dlstudio.gluon.structure import flatten

    if block._last_structure in block._graphs:
        return block._graphs[block._last_structure].symbol
    if tracer_needed(block):
        return None  # array code: it has to run on arrays to be known
    from dlstudio import sym

    inputs = [sym.var(f"data{i}") for i in range(_input_count(block))]
    return retrace(block, flatten(tuple(inputs))[1]).symbol


def _input_count(block: Any) -> int:
    """Count the inputs that `hybrid_forward` cannot do without."""
    parameters = list(inspect.signature(block.hybrid_forward).parameters.values())[1:]
    needed = [
        p
        for p in parameters
        if p.kind is p.POSITIONAL_OR_KEYWORD
        and p.default is p.empty
        and p.name not in block._reg_params
    ]
    return max(1, len(needed))


def _kinds(block: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the scope path and class name of every block below."""
    yield path, type(block).__name__
    for child in block._children.values():
        yield from _kinds(child, f"{path}/{child._local_name}")


# ---- the tree ----------------------------------------------------------------------------------
def _tree(block: Any) -> Drawing:
    """Draw the blocks; arrows are drawn only where a container says what follows what."""
    leaves = [
        (path, leaf) for path, leaf in _places(block, block._local_name) if not leaf._children
    ]
    keys = {path: f"n{place}" for place, (path, _) in enumerate(leaves)}
    nodes = tuple(_leaf(keys[path], path, leaf) for path, leaf in leaves)
    edges = tuple(
        DrawEdge(keys[before], keys[after])
        for before, after in _sequence(block, block._local_name)
        if before in keys and after in keys
    )
    kinds = dict(_kinds(block, block._local_name))
    return Drawing(nodes, edges, title=block.name, scopes=kinds, note="tree")


def _places(block: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, block
    for child in block._children.values():
        yield from _places(child, f"{path}/{child._local_name}")


def _leaf(key: str, path: str, block: Any) -> DrawNode:
    sizes = [p.shape for p in block._reg_params.values() if p.shape is not None]
    known = [prod(size) for size in sizes if all(n > 0 for n in size)]
    return DrawNode(
        id=key, name=block.name, label=path.rsplit("/", 1)[-1], op=type(block).__name__,
        scope=path.rpartition("/")[0], params=sum(known), detail=block._alias(),
    )  # fmt: skip


def _sequence(block: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield (leaf, next leaf) inside sequential containers."""
    places = [(f"{path}/{child._local_name}", child) for child in block._children.values()]
    if "Sequential" in type(block).__name__:
        for (before, first), (after, second) in pairwise(places):
            yield _end(before, first, -1), _end(after, second, 0)
    for inner, child in places:
        yield from _sequence(child, inner)


def _end(path: str, block: Any, which: int) -> str:
    """Path of the first (0) or last (-1) leaf of nested sequential containers."""
    while block._children and "Sequential" in type(block).__name__:
        block = list(block._children.values())[which]
        path = f"{path}/{block._local_name}"
    return path
