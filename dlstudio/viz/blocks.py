"""Reading Gluon blocks: traced into a symbol, run once on the tape, or drawn as a tree."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from math import prod
from typing import Any

from dlstudio.errors import ArgumentError, GradError, InitError, explain
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

        drawing = replace(traced(block, inputs, block.name), note="tape")
    else:
        drawing = None
    if drawing is None:
        return _tree(block)
    kinds = {**drawing.scopes, **dict(_kinds(block, block._local_name))}
    return replace(drawing, title=block.name, scopes=kinds)


def _inputs(shape: Shapes, data: Any) -> tuple[Any, ...]:
    """Tensors to call the block with: the data, or zeros of the given shapes."""
    if data is not None:
        return _tensors(tuple(data) if isinstance(data, tuple | list) else (data,))
    from dlstudio import nd

    return tuple(nd.zeros(size) for size in (shape or {}).values())


def _tensors(data: tuple[Any, ...]) -> tuple[Any, ...]:
    for x in data:
        if not hasattr(x, "context"):
            raise ArgumentError(
                explain(
                    f"data= holds a {type(x).__name__}.",
                    "the tensors that the block is called with.",
                    "data=mx.nd.array(x)",
                )
            )
    return data


def _from_hybrid(block: Any, shape: Shapes, inputs: tuple[Any, ...]) -> Drawing | None:
    """Draw the plan that a hybridized block runs, or else the graph it was traced into."""
    from dlstudio.viz import tapes
    from dlstudio.viz.sources import from_graph, from_symbol

    plan = _plan_of(block, inputs) if block._active else None
    if plan is not None:
        return replace(from_graph(plan, None, None), note="plan")
    if not inputs:
        symbol = _traced_without_data(block)
        return None if symbol is None else from_symbol(symbol, shape, None)
    if block._dynamic:  # has no plan: what ran just now is what there is
        with suppress(GradError):  # unless nothing of it is on the tape
            return replace(tapes.traced(block, inputs, block.name), note="tape")
    traced = block._graph(inputs)
    arguments = set(traced.symbol.list_inputs())
    pairs = zip(traced.names, inputs, strict=False)
    shapes = {name: tuple(x.shape) for name, x in pairs if name in arguments}
    drawing = _placed(from_symbol(traced.symbol, shapes, None), block, str(inputs[0].context))
    return replace(drawing, note="" if block._active else "captured")


def _plan_of(block: Any, inputs: tuple[Any, ...]) -> Any:
    """Answer the graph of the plan for `inputs` (compiled now if need be), or of the last one."""
    from dlstudio import autograd

    if inputs:
        try:
            with autograd.pause():
                block(*inputs)
        except InitError:
            return None  # no parameters yet: the traced graph needs none
        return None if block._cached_op is None else block._cached_op.graph(train=False)
    cached = block._cached_op
    return cached.graph() if cached is not None and cached.planned else None


def _placed(drawing: Drawing, block: Any, device: str) -> Drawing:
    """Fill in where eager operators run: on their context group's device, or on the data's."""
    groups = {name: str(ctx) for name, ctx in (block._flags.get("group2ctx") or {}).items()}
    nodes = tuple(replace(n, device=groups.get(n.device, device)) for n in drawing.nodes)
    return replace(drawing, nodes=nodes)


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
    root = block._local_name
    drawn = [(path, inner) for path, inner in _places(root, block) if _is_drawn(inner)]
    keys = {path: f"n{place}" for place, (path, _) in enumerate(drawn)}
    nodes = tuple(_block_node(keys[path], path, inner) for path, inner in drawn)
    edges = tuple(DrawEdge(keys[a], keys[b]) for a, b in _sequence(root, block) if a and b)
    return Drawing(nodes, edges, title=block.name, scopes=dict(_kinds(block, root)), note="tree")


def _places(path: str, block: Any) -> Iterator[tuple[str, Any]]:
    yield path, block
    for inner, child in _children(path, block):
        yield from _places(inner, child)


def _children(path: str, block: Any) -> list[tuple[str, Any]]:
    return [(f"{path}/{child._local_name}", child) for child in block._children.values()]


def _is_drawn(block: Any) -> bool:
    """Tell whether a block computes itself: `Dense` does, `Sequential` does not."""
    return not block._children or bool(block._reg_params)


def _is_chain(block: Any) -> bool:
    """Tell whether what a block holds runs one after the other."""
    return "Sequential" in type(block).__name__ or _is_drawn(block)


def _block_node(key: str, path: str, block: Any) -> DrawNode:
    sizes = [p.shape for p in block._reg_params.values() if p.shape is not None]
    known = [prod(size) for size in sizes if all(n > 0 for n in size)]
    outer, _, label = path.rpartition("/")
    return DrawNode(
        id=key, name=block.name, label=label, op=type(block).__name__,
        scope=path if block._children else outer, params=sum(known),
    )  # fmt: skip


def _sequence(path: str, block: Any) -> Iterator[tuple[str, str]]:
    """Yield the paths of blocks drawn that follow each other; "" where that is not known."""
    stages = _stages(path, block)
    if _is_chain(block):
        for before, after in pairwise(stages):
            yield _end(*before, -1), _end(*after, 0)
    for inner, child in _children(path, block):
        yield from _sequence(inner, child)


def _stages(path: str, block: Any) -> list[tuple[str, Any]]:
    own = [(path, None)] if _is_drawn(block) else []
    return [*own, *_children(path, block)]


def _end(path: str, block: Any, which: int) -> str:
    """Path of the first (0) or last (-1) block drawn of a chain; "" for what is no chain."""
    if block is None or not block._children:
        return path
    return _end(*_stages(path, block)[which], which) if _is_chain(block) else ""
