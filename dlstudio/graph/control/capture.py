"""Loops and branches met while ordinary array code is captured: their bodies become graphs.

The user's function runs once, on the first row, under a tracer of its own; what it uses from
outside becomes inputs of the node. Unrolled, the graph would have the length of this one call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from dlstudio.core import tape
from dlstudio.core.dispatch import Attrs, invoke
from dlstudio.core.node import Node
from dlstudio.core.tensor import Tensor
from dlstudio.graph.compose import Output
from dlstudio.graph.control.compose import check_branches, check_count
from dlstudio.graph.control.inference import check_iterations
from dlstudio.graph.control.locations import slice_shape
from dlstudio.graph.control.nests import flatten, pair, regroup
from dlstudio.graph.control.nodes import make_cond, make_foreach, make_while
from dlstudio.graph.control.subgraph import Subgraph
from dlstudio.graph.symbol_class import Symbol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlstudio.graph.tracing import Tracer

__all__ = ["cond", "foreach", "while_loop"]

Nest = Any


class _Traced(NamedTuple):
    """What a `Cut` is for symbols: a graph and what feeds its further variables."""

    inner: Subgraph
    free: dict[str, Output]
    tensors: dict[str, Tensor]
    form: Any


def _stand_in(x: Tensor, array: Any) -> Tensor:
    return type(x)._wrap(array, x._device)


def _trace(
    outer: Tracer, names: Sequence[str], tensors: Sequence[Tensor], function: Callable[[], Any]
) -> _Traced:
    """Run `function` while its operators are noted; `tensors` are its variables."""
    from dlstudio.graph.tracing import Tracer

    with Tracer(dict(zip(names, tensors, strict=True))) as tracer:
        try:
            found, form = flatten(function())
            edges = [tracer.edge(x) for x in found]
        finally:
            outer.dynamic = outer.dynamic or tracer.dynamic
    free = {name: outer.edge(x) for name, x in tracer.constants.items()}
    return _Traced(Subgraph(Symbol(edges)), free, dict(tracer.constants), form)


def _finish(outer: Tracer, symbol: Symbol, tensors: dict[int, Tensor], cls: type[Tensor]) -> Any:
    """Compute a node's values, and let them stand for its outputs."""
    node = symbol.outputs_[0][0]
    assert node.op is not None
    operands = [tensors[i] for i in range(len(node.inputs))]
    with _untraced():
        found = invoke(node.op, operands, Attrs(node.attrs), cls)
    outputs = list(found) if isinstance(found, (list, tuple)) else [found]
    outer.stand_for(outputs, symbol.outputs_)
    return outputs


@contextmanager
def _untraced() -> Iterator[None]:
    state = tape.state
    before = state.tracer, state.recording
    state.tracer, state.recording = None, False
    try:
        yield
    finally:
        state.tracer, state.recording = before


# ---- foreach -----------------------------------------------------------------------------------
def foreach(
    outer: Tracer, body: Callable[..., Any], data: Nest, init_states: Nest, *, np_shape: bool
) -> tuple[Nest, Nest]:
    """`foreach` on arrays, noted as one node."""
    rows, rows_form = flatten(data)
    states, states_form = flatten(init_states)
    firsts = [
        _stand_in(x, x._data[0].reshape(slice_shape(x.shape, np_shape=np_shape))) for x in rows
    ]
    # new views: the same array outside may be used inside as well, where it is another value
    olds = [_stand_in(x, x._data[...]) for x in states]
    names = [*(f"data{i}" for i in range(len(rows))), *(f"state{i}" for i in range(len(states)))]
    sizes: list[int] = []

    def run() -> Nest:
        returned = body(regroup(firsts, rows_form), regroup(olds, states_form))
        output, new = pair("foreach", "body", returned)
        sizes.extend((len(flatten(output)[0]), len(flatten(new)[0])))
        return [output, new]

    traced = _trace(outer, names, [*firsts, *olds], run)
    check_count("foreach", "body", sizes[1], len(states))
    given = [*rows, *states]
    made = make_foreach(
        traced.inner, [outer.edge(x) for x in given], traced.free, names, len(rows), sizes[0],
        np_shape=np_shape,
    )  # fmt: skip
    tensors = dict(enumerate([*given, *traced.tensors.values()]))
    return tuple(regroup(_finish(outer, made, tensors, type(given[0])), traced.form))  # type: ignore[return-value]  # two nests


# ---- while_loop --------------------------------------------------------------------------------
def while_loop(
    outer: Tracer, cond: Callable[..., Any], func: Callable[..., Any], loop_vars: Nest, limit: Any
) -> tuple[Nest, Nest]:
    """`while_loop` on arrays, noted as one node."""
    states, form = flatten(loop_vars)
    limit = check_iterations(limit, states)
    names = [f"var{i}" for i in range(len(states))]
    sizes: list[int] = []

    def arguments(olds: Sequence[Tensor]) -> Sequence[Any]:
        nest = regroup(olds, form)
        return nest if isinstance(loop_vars, (list, tuple)) else [nest]

    def step(olds: Sequence[Tensor]) -> Nest:
        output, new = pair("while_loop", "func", func(*arguments(olds)))
        sizes.extend((len(flatten(output)[0]), len(flatten(new)[0])))
        return [output, new]

    parts: list[_Traced] = []
    for run in (lambda olds: cond(*arguments(olds)), step):
        olds = [_stand_in(x, x._data[...]) for x in states]
        parts.append(_trace(outer, names, olds, lambda run=run, olds=olds: run(olds)))
    check_count("while_loop", "func", sizes[1], len(states))
    edges = [outer.edge(x) for x in states]
    made = make_while(parts[0], parts[1], edges, names, sizes[0], limit)
    tensors = _operands(made, outer, parts, states)
    return tuple(regroup(_finish(outer, made, tensors, type(states[0])), parts[1].form))  # type: ignore[return-value]  # two nests


def _operands(
    made: Symbol, outer: Tracer, parts: Sequence[_Traced], first: Sequence[Tensor]
) -> dict[int, Tensor]:
    """The tensors behind a node's inputs."""
    node: Node = made.outputs_[0][0]
    behind = {
        (id(edge[0]), edge[1]): part.tensors[name]
        for part in parts
        for name, edge in part.free.items()
    }
    found = dict(enumerate(first))
    for i, (source, index) in enumerate(node.inputs[len(first) :], len(first)):
        found[i] = behind[id(source), index]
    return found


# ---- cond --------------------------------------------------------------------------------------
def cond(
    outer: Tracer, pred: Tensor, then_func: Callable[[], Nest], else_func: Callable[[], Nest]
) -> Nest:
    """`cond` on arrays, noted as one node: both functions run once."""
    asked = _Traced(
        Subgraph(Symbol([(Node(None, (), {}, "pred"), 0)])),
        {"pred": outer.edge(pred)},
        {"pred": pred},
        None,
    )
    yes, no = (_trace(outer, (), (), function) for function in (then_func, else_func))
    check_branches(yes.form, no.form)
    parts = [asked, yes, no]
    made = make_cond(parts)
    found = _finish(outer, made, _operands(made, outer, parts, ()), type(pred))
    return regroup(found, yes.form)
