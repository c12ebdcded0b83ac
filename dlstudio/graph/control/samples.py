"""Samples of loops and branches for the sweep: small bodies that use all kinds of inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.node import Node
from dlstudio.core.registry import OPS
from dlstudio.graph.compose import Output
from dlstudio.graph.control.loops import arranged
from dlstudio.graph.control.subgraph import Subgraph
from dlstudio.graph.ir import Graph
from dlstudio.graph.symbol_class import Symbol

__all__ = ["branch_samples", "cond_samples", "foreach_samples", "loop_samples", "while_samples"]

Array = Any


def _var(name: str) -> Output:
    return Node(None, (), {}, name), 0


def _call(op: str, *inputs: Output, **attrs: Any) -> Output:
    record = OPS[op]
    return Node(record, inputs, record.parse(attrs), f"{op}_"), 0


def _step() -> Subgraph:
    """``x * w + s, tanh(x * s)``."""
    x, s, w = _var("x"), _var("s"), _var("w")
    output = _call("add", _call("multiply", x, w), s)
    return Subgraph(Symbol([output, _call("tanh", _call("multiply", x, s))]))


def _growing() -> tuple[Subgraph, Subgraph]:
    """``sum(v) < 6`` and ``v * w, v + w``."""
    v, w = _var("v"), _var("w")
    asked = _call("less_scalar", _call("sum", v), scalar=6)
    done = Symbol([_call("multiply", v, w), _call("add", v, w)])
    return Subgraph(Symbol([asked])), Subgraph(done)


def _branches() -> tuple[Subgraph, Subgraph, Subgraph]:
    p, x, y = _var("p"), _var("x"), _var("y")
    yes, no = _call("multiply", x, y), _call("tanh", x)
    return Subgraph(Symbol([p])), Subgraph(Symbol([yes])), Subgraph(Symbol([no]))


def foreach_samples(s: Any) -> list[Any]:
    """Rows of matrices and of vectors, with a weight."""
    attrs = {
        "body": _step(), "num_outputs": 2, "num_out_data": 1, "in_data_locs": (0,),
        "in_state_locs": (2,), "remain_locs": (1,),
    }  # fmt: skip
    return [s((3, 2), (2,), (2,), **attrs), s((2,), (1,), (1,), **attrs)]


def while_samples(s: Any) -> list[Any]:
    """A loop that ends by its condition, one that ends at its limit, one that never starts."""
    asked, done = _growing()
    attrs = {
        "cond": asked, "func": done, "num_outputs": 2, "num_out_data": 1, "cond_input_locs": (0,),
        "func_input_locs": (0, 1), "func_var_locs": (0,),
    }  # fmt: skip
    return [s((2,), (2,), max_iterations=n, **attrs) for n in (6, 2, 0)]


def cond_samples(s: Any) -> list[Any]:
    """Both branches."""
    pred, yes, no = _branches()
    attrs = {
        "pred": pred, "then_branch": yes, "else_branch": no, "num_outputs": 1,
        "cond_input_locs": (0,), "then_input_locs": (1, 2), "else_input_locs": (1,),
    }  # fmt: skip
    return [s(s.ints(1, high=1) + k, (3,), (3,), **attrs) for k in (0, 1)]


# ---- the compiler's operators ------------------------------------------------------------------
def _graph(inner: Subgraph, names: tuple[str, ...]) -> Graph:
    """A graph over whole numbers: its dtypes are fixed."""
    from dlstudio.graph.lower import lower

    aval = Aval((2,), np.dtype(np.int64))
    graph = lower(inner.symbol, avals=dict.fromkeys(names, aval))
    return arranged(graph, [(name, aval) for name in names])


def loop_samples(s: Any) -> list[Any]:
    """Forwards and backwards; and as long as a condition holds."""
    x, state, w = _var("x"), _var("s"), _var("w")
    step = Symbol([_call("multiply", x, w), _call("add", x, state)])
    asked, done = (_graph(part, ("v", "w")) for part in _growing())
    rows = {
        "body": _graph(Subgraph(step), ("x", "s", "w")), "limit": 3, "scanned": 1, "carried": 1,
        "stacked": 1,
    }  # fmt: skip
    growing = {
        "body": done, "cond": asked, "limit": 6, "scanned": 0, "carried": 1, "stacked": 1,
    }  # fmt: skip
    vector = s.ints(2, high=3) + 1
    return [
        s(s.ints(3, 2, high=5), vector, vector + 1, **rows),
        s(s.ints(3, 2, high=5), vector, vector + 1, reverse=True, **rows),
        s(vector, vector, **growing),
    ]


def branch_samples(s: Any) -> list[Any]:
    """Both branches."""
    x, y = _var("x"), _var("y")
    yes, no = Symbol([_call("multiply", x, y)]), Symbol([_call("negative", x)])
    then, orelse = (_graph(Subgraph(part), ("x", "y")) for part in (yes, no))
    attrs = {"then": then, "orelse": orelse, "common": 1}
    vector = s.ints(2, high=3) + 1
    return [s(s.ints(1, high=1) + k, vector, vector + 1, **attrs) for k in (0, 1)]
