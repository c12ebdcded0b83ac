"""The graph the compiler works on: a frozen, straight-line list of equations over numbered values.

Passes are pure functions ``Graph -> Graph``. Gradient rules and composite operators write into a
graph through `Builder.F`, whose references know their shape and dtype.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from dlstudio.core.avals import Aval, aval_of
from dlstudio.core.backends.numpy import too_large
from dlstudio.core.interpret import Interpreter
from dlstudio.errors import GraphError, OutOfMemoryError, explain
from dlstudio.graph import options
from dlstudio.graph.observe import observe

if TYPE_CHECKING:
    from dlstudio.core.registry import Op

__all__ = [
    "ABSENT",
    "Builder",
    "Change",
    "Eqn",
    "Graph",
    "Input",
    "Ref",
    "draws",
    "effectful",
    "inner_graphs",
    "mutated",
    "verify",
]

_ADDRESSABLE = 1 << 47  # bytes that a process can name; NumPy refuses larger arrays
ABSENT = -1  # stands among `ins` for an optional input that is not given
Role = Literal["forward", "backward", "recompute", "update", "copy"]
Kind = Literal["argument", "auxiliary", "head_gradient", "gradient", "constant"]


class Input(NamedTuple):
    """A value that comes from outside; constants carry their array in `data`."""

    value: int
    name: str
    kind: str
    data: Any = None


class Eqn(NamedTuple):
    """``outs = op(ins, attrs)``. `device` is "" until placed; `name` is that of the user's node."""

    op: Op
    ins: tuple[int, ...]
    outs: tuple[int, ...]
    attrs: dict[str, Any]
    name: str
    device: str
    span: str
    scope: str
    role: str

    @property
    def reads(self) -> tuple[int, ...]:
        """Values read, without the absent ones."""
        return tuple(i for i in self.ins if i != ABSENT)

    def infer(self, avals: Sequence[Aval | None]) -> tuple[Aval, ...]:
        """Avals of the outputs."""
        attrs = {k: v for k, v in self.attrs.items() if k != "training"}
        result = self.op.infer(*avals, **attrs)
        return (result,) if isinstance(result, Aval) else tuple(result)

    def where(self) -> str:
        """Name the equation in a message: ``conv0 (Convolution, net.py:12)``."""
        facts = [self.op.name, *(x for x in (self.scope, self.span) if x)]
        return f"{self.name or self.op.name} ({', '.join(facts)})"


class Change(NamedTuple):
    """What one pass did: counts of equations before and after, and a sentence per change."""

    name: str
    before: int
    after: int
    notes: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """The change as text, its counts first."""
        counts = [f"{self.before} -> {self.after} equations"]
        for sign, word in (("+", "added"), ("-", "removed"), ("~", "changed")):
            number = sum(note.startswith(f"{sign} ") for note in self.notes)
            counts += [f"{number} {word}"] if number else []
        yield f"{self.name}: {', '.join(counts)}{'' if self.notes else ', nothing to do'}"
        yield from (f"    {note}" for note in self.notes)


@dataclass(frozen=True)
class Graph:
    """Equations in an executable order.

    `outputs` are the visible results first (`heads` of them), then gradients; `names` runs
    parallel. `devices` says where each value lies, once `place` has run. `split` is the number of
    leading equations that belong to the forward half. `mirrored` names the nodes that the user
    wants computed a second time instead of kept; `again` maps values that the backward half does
    compute a second time to those they repeat.
    """

    inputs: tuple[Input, ...]
    eqns: tuple[Eqn, ...]
    outputs: tuple[int, ...]
    avals: Mapping[int, Aval]
    names: tuple[str, ...] = ()
    heads: int = 0
    devices: Mapping[int, str] = field(default_factory=dict)
    training: bool = False
    history: tuple[Change, ...] = ()
    again: Mapping[int, int] = field(default_factory=dict)
    mirrored: frozenset[str] = frozenset()

    @cached_property
    def split(self) -> int:
        """Index of the first equation of the backward half."""
        found = (i for i, e in enumerate(self.eqns) if e.role not in ("forward", "copy"))
        return next(found, len(self.eqns))

    @property
    def differentiated(self) -> bool:
        """Whether gradients follow the heads among the outputs."""
        return len(self.outputs) > self.heads

    @property
    def next_value(self) -> int:
        """A value number not used yet."""
        return 1 + max(self.avals, default=-1)

    def producers(self) -> dict[int, int]:
        """Index of the equation that makes each value."""
        return {v: k for k, eqn in enumerate(self.eqns) for v in eqn.outs}

    def input_named(self, name: str, kind: str = "argument") -> Input:
        """The input called `name`."""
        for x in self.inputs:
            if x.name == name and x.kind == kind:
                return x
        raise GraphError(
            explain(
                f"the graph has no {kind} {name!r}.", f"one of {[x.name for x in self.inputs]}."
            )
        )

    def explain(self, *names: str) -> str:
        """Say in text what each pass changed.

        Parameters
        ----------
        *names : str
            Only these passes; all of them if none is named.

        Returns
        -------
        str
            A heading per pass, and below it a line per change: ``+`` added, ``-`` removed, ``~``
            replaced or moved; the node's name, its operator, layer and source line.
        """
        told = [c for c in self.history if not names or c.name in names]
        lines = [line for change in told for line in change.lines()]
        return "\n".join(lines) or "no pass has run on this graph"

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    @staticmethod
    def of(
        symbol: Any,
        shapes: Any = None,
        dtypes: Any = None,
        *,
        training: bool = False,
        **options: Any,
    ) -> Graph:
        """Lower a Symbol; see `dlstudio.graph.lower.lower`."""
        from dlstudio.graph.lower import lower

        return lower(symbol, shapes, dtypes, training=training, **options)


def _lines(graph: Graph) -> Iterator[str]:
    def spell(value: int) -> str:
        if value == ABSENT:
            return "none"
        aval = graph.avals[value]
        return f"v{value}:{aval.dtype.name}{list(aval.shape)}".replace(" ", "")

    for x in graph.inputs:
        yield f"{spell(x.value)} = {x.kind} {x.name}"
    for e in graph.eqns:
        attrs = ", ".join(
            f"{k}={v!r}" for k, v in e.attrs.items() if e.op.attrs.get(k, inspect) != v
        )
        outs = ", ".join(spell(o) for o in e.outs)
        ins = ", ".join("none" if i == ABSENT else f"v{i}" for i in e.ins)
        place = f"  @{e.device}" if e.device else ""
        operands = ", ".join(x for x in (ins, attrs) if x)
        yield f"{outs} = {e.op.name}({operands})  # {e.role} {e.name} {e.span}{place}"
    yield "return " + ", ".join(f"v{o}" for o in graph.outputs)


def mutated(eqn: Eqn) -> tuple[int, ...]:
    """Values an equation writes into; of a variadic operator all it is given."""
    if eqn.op.flags.graphs:
        return tuple(eqn.ins[p] for p in eqn.attrs["writes"])
    if not eqn.op.flags.mutates:
        return ()
    if eqn.op.variadic:
        return eqn.reads
    return tuple(
        eqn.ins[p] for p in eqn.op.flags.mutates if p < len(eqn.ins) and eqn.ins[p] != ABSENT
    )


def effectful(eqn: Eqn) -> bool:
    """Whether an equation does more than compute: it is never merged, dropped or doubled."""
    if eqn.op.flags.graphs:
        return any(effectful(e) for graph in inner_graphs(eqn) for e in graph.eqns)
    return eqn.op.flags.random or bool(eqn.op.flags.mutates)


def draws(eqn: Eqn) -> bool:
    """Whether an equation, or one of a graph inside it, draws random numbers."""
    return eqn.op.flags.random or any(draws(e) for g in inner_graphs(eqn) for e in g.eqns)


def inner_graphs(eqn: Eqn) -> tuple[Graph, ...]:
    """Graphs that the attributes of a loop or branch hold."""
    found = (eqn.attrs[name] for name in eqn.op.flags.graphs)
    return tuple(graph for graph in found if graph is not None)


class Ref:
    """A value of a graph under construction."""

    __slots__ = ("aval", "builder", "value")

    def __init__(self, builder: Builder, value: int, aval: Aval) -> None:
        self.builder, self.value, self.aval = builder, value, aval

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self.aval.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Element type."""
        return self.aval.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.aval.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.aval.size

    def __repr__(self) -> str:
        return f"<v{self.value} {self.aval.dtype.name}{list(self.aval.shape)}>"


class _Emitting(Interpreter):
    """F whose operators append equations."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    @property
    def training(self) -> bool:
        """The mode of the graph."""
        return self._builder.training

    def reader(self, op: Op) -> Any:
        builder = self._builder

        def run(*refs: Any, **attrs: Any) -> Any:
            return builder.emit(op, refs, attrs)

        return run


class Origin(NamedTuple):
    """Where the next equations come from."""

    name: str = ""
    device: str = ""
    span: str = ""
    scope: str = ""
    role: str = "forward"


class Builder:
    """Appends equations."""

    def __init__(self, graph: Graph | None = None, *, training: bool = False) -> None:
        self.F: Any = _Emitting(self)
        self.origin = Origin()
        self.training = training if graph is None else graph.training
        self.inputs: list[Input] = [] if graph is None else list(graph.inputs)
        self.eqns: list[Eqn] = [] if graph is None else list(graph.eqns)
        self.avals: dict[int, Aval] = {} if graph is None else dict(graph.avals)
        self._next = 0 if graph is None else graph.next_value

    def ref(self, value: int) -> Ref | None:
        """Reference to a value; None for an absent one."""
        return None if value == ABSENT else Ref(self, value, self.avals[value])

    def input(self, name: str, kind: str, aval: Aval, data: Any = None) -> Ref:
        """Append an input."""
        value = self._fresh(aval)
        self.inputs.append(Input(value, name, kind, data))
        return Ref(self, value, aval)

    def emit(self, op: Op, refs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        """Append ``op(refs)``; one reference or a tuple of them comes back."""
        op = op.covered or op
        operands = [self.operand(x) for x in refs]
        if op.expand is not None:
            return op.expand(self.F, *(self.ref(i) for i in operands), **attrs)
        eqn = self._equation(op, operands, attrs)
        found = tuple(Ref(self, v, self.avals[v]) for v in eqn.outs)
        return found[0] if len(found) == 1 else found

    def _equation(self, op: Op, operands: list[int], stated: Mapping[str, Any]) -> Eqn:
        while operands and operands[-1] == ABSENT:
            operands.pop()
        attrs = {**op.attrs, **stated}
        if op.flags.mode:
            attrs.setdefault("training", self.training)
        eqn = Eqn(op, tuple(operands), (), attrs, *self.origin)
        given = [None if i == ABSENT else self.avals[i] for i in operands]
        rules = "infer" not in options.current().off
        avals = eqn.infer(given) if rules else observe(eqn, given)
        eqn = eqn._replace(outs=tuple(self._fresh(a) for a in avals))
        self.eqns.append(eqn)
        return eqn

    def operand(self, x: Any) -> int:
        """Value of a reference, of None (absent), or of an array, which becomes a constant."""
        if isinstance(x, Ref):
            return x.value
        if x is None:
            return ABSENT
        array = np.asarray(x)
        return self.input(f"constant{self._next}", "constant", aval_of(array), array).value

    def _fresh(self, aval: Aval) -> int:
        value, self._next = self._next, self._next + 1
        made = self.avals[value] = Aval(tuple(aval.shape), np.dtype(aval.dtype))
        if made.nbytes > _ADDRESSABLE:
            where = f"{self.origin.name} {self.origin.span}".strip() or "the graph"
            raise OutOfMemoryError(f"{where} makes {too_large(*made)}")
        return value


def verify(graph: Graph) -> Graph:
    """Check what every pass must keep (single assignment, order, shapes), and return `graph`."""
    made = {x.value for x in graph.inputs}
    if len(made) != len(graph.inputs):
        raise GraphError("two inputs of the graph share a value")
    for k, eqn in enumerate(graph.eqns):
        for value in eqn.reads:
            if value not in made:
                raise GraphError(f"equation {k}, {eqn.where()}, reads v{value} before it is made")
        for value in eqn.outs:
            if value in made:
                raise GraphError(f"equation {k}, {eqn.where()}, makes v{value} a second time")
            made.add(value)
        inferred = eqn.infer([None if i == ABSENT else graph.avals[i] for i in eqn.ins])
        stated = tuple(graph.avals[v] for v in eqn.outs)
        if tuple(inferred) != stated:
            raise GraphError(
                f"equation {k}, {eqn.where()}, is said to give {stated}, but gives {inferred}"
            )
    missing = [v for v in graph.outputs if v not in made]
    if missing:
        raise GraphError(f"outputs {missing} are never made")
    return graph
