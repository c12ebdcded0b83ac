"""What a network takes in memory, found by planning it; nothing is allocated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlstudio.graph import pipeline
from dlstudio.graph.lower import lower
from dlstudio.graph.program import Program
from dlstudio.graph.symbol import var
from dlstudio.graph.symbol_class import Symbol

if TYPE_CHECKING:
    from dlstudio.graph.ir import Graph

__all__ = ["Footprint", "footprint"]


@dataclass(frozen=True)
class Footprint:
    """Bytes of a network, by what they are for.

    The first five are arrays that belong to the user and that every plan needs. The others count
    what lies between them (activations, and gradients of activations), which is what a plan can
    do well or badly: `arena_bytes` is what is allocated for it.

    Attributes
    ----------
    data_bytes, parameter_bytes, state_bytes : int
        Inputs whose shapes were given; learned arguments; auxiliary states.
    gradient_bytes : int
        Gradients of the parameters; 0 for inference.
    output_bytes : int
        Results.
    naive_bytes : int
        Every value in memory of its own.
    inplace_bytes : int
        Where an operator may, it writes over an input that nobody reads any more.
    arena_bytes : int
        Values that are not alive at the same time share memory.
    lower_bound_bytes : int
        The largest sum of bytes alive at one step of this order: no arena can be smaller.
    """

    data_bytes: int
    parameter_bytes: int
    state_bytes: int
    gradient_bytes: int
    output_bytes: int
    naive_bytes: int
    inplace_bytes: int
    arena_bytes: int
    lower_bound_bytes: int

    @property
    def total_bytes(self) -> int:
        """All that is allocated: the user's arrays and the arena."""
        mine = self.data_bytes + self.parameter_bytes + self.state_bytes
        return mine + self.gradient_bytes + self.output_bytes + self.arena_bytes

    def __str__(self) -> str:
        rows = [(name, getattr(self, f"{name.replace(' ', '_')}_bytes")) for name in _ROWS]
        return "\n".join(f"{name:12} {n:>16,} B" for name, n in rows)


_ROWS = ("data", "parameter", "state", "gradient", "output", "naive", "inplace", "arena",
         "lower bound", "total")  # fmt: skip


def footprint(
    network: Symbol | Callable[..., Any], shapes: Mapping[str, tuple[int, ...]], *,
    training: bool = True, without: Any = (), layout: str | None = None,
    memory_budget: int | None = None,
) -> Footprint:  # fmt: skip
    """Plan a network and say what it takes.

    Parameters
    ----------
    network : Symbol, or HybridBlock whose inputs are those of `shapes`
    shapes : shapes of data and labels by name; everything else is a parameter
    training : bool
        With gradients of all parameters, or forward only.
    without, layout, memory_budget
        As for `Symbol.simple_bind`.

    Returns
    -------
    Footprint

    Examples
    --------
    >>> import dlstudio as mx
    >>> net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=10, name="fc")
    >>> mx.graph.footprint(net, {"data": (32, 100)}).parameter_bytes
    4040
    """
    inputs = (var(name) for name in shapes)
    symbol = network if isinstance(network, Symbol) else network(*inputs)
    graph = lower(symbol, shapes, training=training)
    wanted = [x.name for x in graph.inputs if x.kind == "argument" and x.name not in shapes]
    with pipeline.wishes(without, layout, memory_budget):
        graph = pipeline.compile_graph(graph, dict.fromkeys(wanted, "write") if training else {})
    plan = Program(graph).memory
    return Footprint(
        data_bytes=_inputs(graph, "argument", lambda name: name in shapes),
        parameter_bytes=_inputs(graph, "argument", lambda name: name not in shapes),
        state_bytes=_inputs(graph, "auxiliary", lambda name: True),
        gradient_bytes=sum(graph.avals[v].nbytes for v in graph.outputs[graph.heads :]),
        output_bytes=sum(graph.avals[v].nbytes for v in graph.outputs[: graph.heads]),
        naive_bytes=plan.naive_bytes,
        inplace_bytes=plan.inplace_bytes,
        arena_bytes=plan.arena_bytes,
        lower_bound_bytes=plan.lower_bound_bytes,
    )


def _inputs(graph: Graph, kind: str, among: Callable[[str], bool]) -> int:
    mine = (x.value for x in graph.inputs if x.kind == kind and among(x.name))
    return sum(graph.avals[v].nbytes for v in mine)
