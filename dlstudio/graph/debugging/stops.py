"""Where to stop: an operator by name or index, or a condition on what an operator computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dlstudio.errors import IndexRangeError, ParamError, explain
from dlstudio.graph.compose import topological
from dlstudio.graph.debugging.values import nearest
from dlstudio.graph.memory import SUFFIXES

if TYPE_CHECKING:
    from dlstudio.graph.debugging.debugger import Here
    from dlstudio.graph.ir import Graph
    from dlstudio.graph.program import Program
    from dlstudio.graph.symbol import Symbol

__all__ = ["Breakpoint", "Target", "gradient_norm_above", "not_finite", "target_of"]

Condition = Callable[["Here"], Any]


class Target(NamedTuple):
    """A place to stop at: any of some steps, or the first that fulfils a condition."""

    label: str
    steps: frozenset[int] = frozenset()
    condition: Condition | None = None

    def met(self, here: Here) -> str:
        """Why to stop here, or nothing."""
        if self.condition is None:
            return self.label if here.index in self.steps else ""
        answer = self.condition(here)
        # a condition may say why; a NumPy bool or an array of one element is an answer, too
        return answer if isinstance(answer, str) else self.label if bool(answer) else ""


class Breakpoint:
    """A target that `cont` and the other commands stop at, every time.

    Attributes
    ----------
    number : int
    label : str
    enabled : bool
        May be switched off and on.
    hits : int
        How often the debugger stopped here.
    """

    def __init__(self, number: int, target: Target) -> None:
        self.number, self.target, self.enabled, self.hits = number, target, True, 0

    @property
    def label(self) -> str:
        """What it waits for."""
        return self.target.label

    def __repr__(self) -> str:
        state = "" if self.enabled else ", off"
        return f"<Breakpoint {self.number}: {self.label}, {self.hits} hits{state}>"


# ---- conditions --------------------------------------------------------------------------------
def not_finite(here: Here) -> str:
    """Stop at the first operator that writes a NaN or an infinity.

    Examples
    --------
    >>> debugger.run_to(mx.graph.not_finite)  # doctest: +SKIP
    """
    for name, array in here.written():
        if array.dtype.kind not in "fc":
            continue
        xp = _functions_of(array)
        wrong = int((~xp.isfinite(array)).sum())
        if wrong:
            nan = int(xp.isnan(array).sum())
            counts = [f"{n} {what}" for n, what in ((nan, "NaN"), (wrong - nan, "Inf")) if n]
            return f"{here.name} wrote {' and '.join(counts)} into {name}{_inherited(here)}"
    return ""


def _inherited(here: Here) -> str:
    """Where the wrong values came from, if an operand had some before."""
    for name, array in here.read():
        if array.dtype.kind in "fc" and not _functions_of(array).isfinite(array).all():
            return f"; {name}, which it read, held some already"
    return ""


def gradient_norm_above(limit: float) -> Condition:
    """Stop at the first operator of the backward half whose result has a larger norm.

    Parameters
    ----------
    limit : float
        Of the root of the sum of squares.

    Examples
    --------
    >>> debugger.run_to(mx.graph.gradient_norm_above(100.0))  # doctest: +SKIP
    """

    def condition(here: Here) -> str:
        if here.phase != "backward":
            return ""
        for name, array in here.written():
            if array.dtype.kind in "fc":
                norm = float((abs(array.astype("float64")) ** 2).sum()) ** 0.5
                if not norm <= limit:  # a NaN is above every limit
                    return f"{name} has norm {norm:.4g}, above {limit:.4g}"
        return ""

    condition.__name__ = f"a gradient of norm above {limit:g}"
    return condition


def _functions_of(array: Any) -> Any:
    if isinstance(array, np.ndarray):
        return np
    import cupy

    return cupy


# ---- names -------------------------------------------------------------------------------------
def target_of(where: Any, program: Program, symbol: Symbol) -> Target:
    """Read what a user gave as a place to stop.

    Parameters
    ----------
    where : str, int or callable
        Name of a node (``"conv0"``; ``"conv0 gradient"`` for its gradient only, ``"conv0 again"``
        where it is computed again), of a block (``"net0/stage1"``), or of an operator
        (``"Convolution"``); index of a step; or a condition, a function of `Debugger.at`.

    Raises
    ------
    ParamError, IndexRangeError
        If there is no such operator.
    """
    if isinstance(where, str):
        return _named(where, program, symbol)
    if callable(where):
        return Target(_label(where), condition=where)
    if isinstance(where, bool) or not hasattr(where, "__index__"):
        raise ParamError(
            explain(
                f"run_to: {where!r} is no place to stop at.",
                "the name of an operator, its index, or a function that answers whether to stop.",
                'debugger.run_to("conv0")',
            )
        )
    return Target(f"step {_index(where, program)}", frozenset([_index(where, program)]))


def _label(condition: Condition) -> str:
    """Name a condition in messages."""
    if condition is not_finite:
        return "a value that is not finite"
    name = getattr(condition, "__name__", "<lambda>")
    return "the condition" if name == "<lambda>" else name.replace("_", " ")


def _index(where: Any, program: Program) -> int:
    k, count = where.__index__(), len(program.graph.eqns)
    if not -count <= k < count:
        raise IndexRangeError(
            explain(f"there is no step {k}.", f"0 to {count - 1}: the plan has {count} steps.")
        )
    return k % count


def _named(name: str, program: Program, symbol: Symbol) -> Target:
    graph = program.graph
    found = _of_node(name, graph)
    wanted = range(len(graph.eqns)) if _suffixed(name) else range(graph.split)
    if not any(k in wanted for k in found):
        inside, suffix = _absorbed(name, graph, symbol), _suffixed(name)
        more = _of_node(f"{inside}{suffix}", graph) if inside else set[int]()
        if more:
            # what there is of its own gradient stays; of the other node the forward step counts
            joined = found | ({k for k in more if k in wanted} if found else more)
            return Target(f"{name}, in {inside}", frozenset(joined))
    found = found or _of_block(name, graph) or _of_operator(name, graph)
    if not found:
        raise _unknown(name, program, symbol)
    return Target(name, frozenset(found))


def _suffixed(name: str) -> str:
    """The suffix that limits a name to some of its steps, or nothing."""
    return next((suffix for suffix in SUFFIXES.values() if name.endswith(suffix)), "")


def _of_node(name: str, graph: Graph) -> set[int]:
    """Steps of a node: the one that gives its output, and those of the backward half."""
    for role, suffix in SUFFIXES.items():
        if name.endswith(suffix):
            plain = name.removesuffix(suffix)
            return {k for k, e in enumerate(graph.eqns) if (e.name, e.role) == (plain, role)}
    steps = [k for k, e in enumerate(graph.eqns) if e.name == name]
    backward = {k for k in steps if k >= graph.split}
    forward = [k for k in steps if k < graph.split]
    return backward | set(forward[-1:])


def _of_block(name: str, graph: Graph) -> set[int]:
    """First steps of a block, forward and backward."""
    inside = [
        k for k, e in enumerate(graph.eqns) if e.scope == name or e.scope.startswith(f"{name}/")
    ]
    halves = ([k for k in inside if (k < graph.split) is forward] for forward in (True, False))
    return {steps[0] for steps in halves if steps}


def _of_operator(name: str, graph: Graph) -> set[int]:
    return {k for k, e in enumerate(graph.eqns) if e.op.name == name}


def _absorbed(name: str, graph: Graph, symbol: Symbol) -> str:
    """Find the node whose equation computes node `name` too, since a pass joined the two."""
    nodes = topological(symbol.outputs_)
    plain = name.removesuffix(_suffixed(name))
    mine = next((n for n in nodes if n.op is not None and n.name == plain), None)
    planned = {e.name for e in graph.eqns[: graph.split]}
    reached = {id(mine)}
    for node in nodes if mine is not None else ():  # readers come after what they read
        if any(id(source) in reached for source, _ in node.inputs):
            if node.name in planned:
                return node.name
            reached.add(id(node))
    return ""


def _unknown(name: str, program: Program, symbol: Symbol) -> ParamError:
    known = list(_all_names(program.graph))
    nodes = [n.name for n in topological(symbol.outputs_) if n.op is not None]
    if name in nodes:
        return ParamError(
            explain(
                f"{name!r} is not computed: a pass folded it away, or nothing needs it.",
                "the name of a step of the plan.",
                "see what each pass did with debugger.graph.explain()",
            )
        )
    fix = nearest(name, known) or "debugger.list() shows the plan"
    return ParamError(
        explain(
            f"the plan has no operator {name!r}.",
            f"a node, a block or an operator: {', '.join(map(repr, known[:4]))}, ...",
            fix,
        )
    )


def _all_names(graph: Graph) -> Iterator[str]:
    seen: dict[str, None] = {}
    for eqn in graph.eqns:
        for name in (eqn.name, eqn.scope, eqn.op.name):
            if name:
                seen.setdefault(name)
    yield from seen
