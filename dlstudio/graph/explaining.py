"""`explain`: what each pass changed in whatever has a plan."""

from __future__ import annotations

from typing import Any

from dlstudio.errors import ArgumentError
from dlstudio.errors import explain as message
from dlstudio.graph import pipeline
from dlstudio.graph.ir import Graph

__all__ = ["explain"]


def explain(target: Any = None, *passes: str, train: bool | None = None) -> str:
    """Say in text what each pass changed; without a target, what the passes are.

    Parameters
    ----------
    target : Executor, HybridBlock that has been called, CachedOp, Program or Graph; optional
    *passes : str
        Only these, by any name that `without` takes; all of them if none is named.
    train : bool, optional
        The plan for training or for inference; by default the one the target shows itself:
        an executor the one for training if gradients are wanted, a block its last.

    Returns
    -------
    str
        See `Graph.explain`.

    Raises
    ------
    ArgumentError
        If the target has no plan.

    Examples
    --------
    >>> import dlstudio as mx
    >>> net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name="fc")
    >>> executor = net.simple_bind(mx.cpu(), data=(2, 5))
    >>> mx.graph.explain(executor, "dead code")
    'dead_code: 5 -> 5 equations, nothing to do'
    """
    if target is None:
        return "\n".join(f"{name}: {what}" for name, what in pipeline.passes().items())
    return _graph(target, train).explain(*(pipeline.canonical(name) for name in passes))


def _graph(target: Any, train: bool | None) -> Graph:
    if isinstance(target, Graph):
        return target
    if hasattr(target, "plan"):
        return (target.plan() if train is None else target.plan(train=train)).graph
    graph = getattr(target, "graph", None)
    if isinstance(graph, Graph):
        return graph
    raise ArgumentError(
        message(
            f"explain: {type(target).__name__} has no plan.",
            "an Executor, a HybridBlock that is hybridized and has been called, or a plan.",
            "executor = symbol.simple_bind(mx.cpu(), data=...); mx.graph.explain(executor)",
        )
    )
