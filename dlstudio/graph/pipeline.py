"""The passes in their order, each of which can be switched off by name to see what it does.

with pipeline.without("merge_repeated", "order"):
    executor = net.simple_bind(mx.cpu(), data=(32, 1, 28, 28))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from dlstudio.errors import ParamError
from dlstudio.graph.ir import Change, Graph
from dlstudio.graph.passes.fuse import fuse
from dlstudio.graph.passes.gradient import gradient
from dlstudio.graph.passes.order import order, peak_bytes
from dlstudio.graph.passes.place import place
from dlstudio.graph.passes.simplify import (
    dead_code,
    fold_constants,
    merge_repeated,
    remove_identities,
)
from dlstudio.graph.storage import separate_outputs

__all__ = ["NAMES", "compile_graph", "without"]

Pass = Callable[[Graph], Graph]
_ALWAYS = ("gradient", "place", "separate_outputs")  # without these a graph does not run
_OPTIONAL: tuple[tuple[str, Pass], ...] = (
    ("remove_identities", remove_identities),
    ("fold_constants", fold_constants),
    ("merge_repeated", merge_repeated),
    ("dead_code", dead_code),
)
NAMES = (*(name for name, _ in _OPTIONAL), "fuse", "order")
_off: ContextVar[frozenset[str]] = ContextVar("passes switched off", default=frozenset())


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Switch passes off for graphs compiled inside.

    Raises
    ------
    ParamError
        If there is no such pass, or nothing runs without it.
    """
    for name in names:
        if name not in NAMES:
            raise ParamError(f"without: {name!r} is not one of the optional passes {NAMES}.")
    token = _off.set(_off.get() | set(names))
    try:
        yield
    finally:
        _off.reset(token)


def compile_graph(
    graph: Graph,
    requests: Mapping[str, str] | None = None,
    *,
    device: str = "cpu(0)",
    pinned: Mapping[str, str] | None = None,
) -> Graph:
    """Run all passes.

    Parameters
    ----------
    graph : Graph
        Forward graph with avals.
    requests : gradients wanted, "write" or "add" by argument name
    device : where everything runs that nothing else places
    pinned : devices of inputs by name

    Returns
    -------
    Graph
        Placed and ordered; `history` says what each pass did.
    """
    if requests:
        graph = _apply(graph, "gradient", lambda g: gradient(g, requests))
    for name, function in _OPTIONAL:
        graph = _apply(graph, name, function)
    graph = _apply(graph, "place", lambda g: place(g, device, pinned))
    graph = _apply(graph, "fuse", fuse)
    graph = _apply(graph, "separate_outputs", separate_outputs)
    return _apply(graph, "order", order)


def _apply(graph: Graph, name: str, function: Pass) -> Graph:
    if name in _off.get():
        return replace(
            graph,
            history=(
                *graph.history,
                Change(name, len(graph.eqns), len(graph.eqns), ("switched off",)),
            ),
        )
    after = function(graph)
    change = Change(name, len(graph.eqns), len(after.eqns), tuple(_notes(name, graph, after)))
    return replace(after, history=(*graph.history, change))


def _notes(name: str, before: Graph, after: Graph) -> Iterator[str]:
    """Sentences on what a pass changed."""
    if after is before:
        return
    if name == "order":
        old, new = peak_bytes(before), peak_bytes(after)
        if new != old:
            yield f"peak of live bytes: {old:,} -> {new:,}"
        return
    if name == "fuse":  # values keep their numbers: only the operators change
        yield from (f"+ {e.where()}" for e in after.eqns if e.op.name.startswith("fused_"))
    old_values = {v for e in before.eqns for v in e.outs}
    new_values = {v for e in after.eqns for v in e.outs}
    for eqn in before.eqns:
        if not new_values.intersection(eqn.outs):
            yield f"- {eqn.where()}"
    for eqn in after.eqns:
        if not old_values.intersection(eqn.outs):
            yield f"+ {eqn.where()}" + (f" on {eqn.device}" if name == "place" else "")
