"""The compiler's loop and branch: operators over graphs, as plans run them.

``graph_loop`` runs `body` for each row of its scanned inputs, or as long as `cond` says so:

    [count] + scanned (T, ...) + carried + constants
        -> stacked (T, ...) + carried [+ kept (T, ...)] [+ steps taken]

``graph_branch`` runs `then` or `orelse` on its inputs. Both are written here slowly and clearly,
equation by equation; `bodies` compiles the graphs and `run` executes them in a plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.device import current_context, gpu
from dlstudio.core.params import Anything, Bool, Int
from dlstudio.core.random import next_generator
from dlstudio.core.registry import Flags, NotDifferentiable, op
from dlstudio.graph.ir import ABSENT, Graph, Input

__all__ = ["BRANCH", "LOOP", "arranged", "compute", "steps_of"]

Array = Any
_IN_GRAPHS = NotDifferentiable("graphs have a rule of their own for it, which looks inside")
COUNT = Aval((1,), np.dtype(np.int64))  # how many steps a loop took


def arranged(graph: Graph, order: Sequence[tuple[str, Aval]]) -> Graph:
    """Give `graph` inputs in this order; those it does not read are added."""
    known = {x.name: x for x in graph.inputs if x.kind != "constant"}
    avals, fresh = dict(graph.avals), graph.next_value
    inputs: list[Input] = []
    for name, aval in order:
        if name not in known:
            known[name] = Input(fresh, name, "argument")
            avals[fresh] = aval
            fresh += 1
        inputs.append(known[name])
    constants = [x for x in graph.inputs if x.kind == "constant"]
    return replace(graph, inputs=(*inputs, *constants), avals=avals)


# ---- slow and clear ----------------------------------------------------------------------------
def compute(xp: Any, graph: Graph, arrays: Sequence[Array]) -> list[Array]:
    """Outputs of a graph, equation by equation; constants need not be given."""
    given = iter(arrays)
    values: dict[int, Any] = {ABSENT: None}
    for x in graph.inputs:
        values[x.value] = xp.asarray(x.data) if x.kind == "constant" else next(given)
    for eqn in graph.eqns:
        runtime = {"rng": next_generator(_device(xp))} if eqn.op.flags.random else {}
        ins = [values[i] for i in eqn.ins]
        result = eqn.op.forward(xp, *ins, **eqn.attrs, **runtime)
        parts = result if isinstance(result, (tuple, list)) else (result,)
        values.update(zip(eqn.outs, (xp.asarray(p) for p in parts), strict=True))
    return [values[v] for v in graph.outputs]


def _device(xp: Any) -> Any:
    device = current_context()
    return device if device.xp is xp else gpu(0)


def steps_of(limit: int, count: int | None, *, reverse: bool) -> range:
    """Rows in the order in which a loop visits them."""
    taken = limit if count is None else count
    return range(taken - 1, -1, -1) if reverse else range(taken)


def _samples() -> Any:
    from dlstudio.graph.control import samples  # which need these operators

    return samples


# ---- the loop ----------------------------------------------------------------------------------
def _infer_loop(
    *avals: Aval, body: Graph, cond: Graph | None, limit: int, stacked: int, carried: int,
    workspace: int, **_: Any,
) -> tuple[Aval, ...]:  # fmt: skip
    found = [body.avals[v] for v in body.outputs]
    rows = [Aval((limit, *a.shape), a.dtype) for a in found]
    end = stacked + carried
    tail = [COUNT] if cond is not None else []
    return (*rows[:stacked], *found[stacked:end], *rows[end:], *tail, *_workspace(workspace))


def _workspace(nbytes: int) -> list[Aval]:
    return [Aval((nbytes,), np.dtype(np.uint8))] if nbytes else []


_LOOP_PARAMS = {
    "body": Anything(), "cond": Anything(), "plan": Anything(), "writes": Anything(),
    "limit": Int(0), "scanned": Int(0), "carried": Int(0), "stacked": Int(0), "workspace": Int(0),
    "reverse": Bool(), "counted": Bool(),
}  # fmt: skip


@op(
    "graph_loop",
    infer=_infer_loop,
    grad=_IN_GRAPHS,
    flags=Flags(amp="fp32", graphs=("body", "cond")),
    params=_LOOP_PARAMS,
    outputs=lambda attrs: len(_infer_loop(**attrs)),
    visible=lambda attrs: attrs["stacked"] + attrs["carried"],
    samples=lambda s: _samples().loop_samples(s),
    second_order="it has no gradient rule",
)
def LOOP(  # noqa: N802  a record, not a function
    xp: Any, *data: Array, body: Graph, limit: int, scanned: int, carried: int, stacked: int,
    cond: Graph | None = None, reverse: bool = False, counted: bool = False,
    writes: tuple[int, ...] = (), workspace: int = 0, plan: Any = None,
) -> tuple[Array, ...]:  # fmt: skip
    """Run `body` for each row of the scanned inputs, handing carried values on.

    What the body gives after its stacked and carried outputs is kept for the gradient, row by row.
    """
    count = int(data[0][0]) if counted else None
    rows, rest = data[counted : counted + scanned], data[counted + scanned :]
    states, constants = list(rest[:carried]), rest[carried:]
    avals = [body.avals[v] for v in body.outputs]
    end = stacked + carried
    outs = [xp.zeros((limit, *a.shape), a.dtype) for a in (*avals[:stacked], *avals[end:])]
    taken = 0
    for t in steps_of(limit, count, reverse=reverse):
        if cond is not None and not compute(xp, cond, [*states, *constants])[0].reshape(-1)[0]:
            break
        found = compute(xp, body, [*(x[t, ...] for x in rows), *states, *constants])
        for out, value in zip(outs, (*found[:stacked], *found[end:]), strict=True):
            out[t] = value
        states = found[stacked:end]
        taken += 1
    steps = [xp.asarray([taken], dtype="int64")] if cond is not None else []
    space = [xp.zeros(a.shape, a.dtype) for a in _workspace(workspace)]
    last = (xp.array(s) for s in states)
    return (*outs[:stacked], *last, *outs[stacked:], *steps, *space)


# ---- the branch --------------------------------------------------------------------------------
def _infer_branch(
    *avals: Aval, then: Graph, orelse: Graph, common: int, workspace: int, **_: Any
) -> tuple[Aval, ...]:
    yes, no = ([g.avals[v] for v in g.outputs] for g in (then, orelse))
    return (*yes, *no[common:], *_workspace(workspace))


@op(
    "graph_branch",
    infer=_infer_branch,
    grad=_IN_GRAPHS,
    flags=Flags(amp="fp32", graphs=("then", "orelse")),
    params={
        "then": Anything(), "orelse": Anything(), "plan": Anything(), "writes": Anything(),
        "common": Int(0), "workspace": Int(0),
    },
    outputs=lambda attrs: len(_infer_branch(**attrs)),
    visible=lambda attrs: attrs["common"],
    samples=lambda s: _samples().branch_samples(s),
    second_order="it has no gradient rule",
)  # fmt: skip
def BRANCH(  # noqa: N802  a record, not a function
    xp: Any, pred: Array, *data: Array, then: Graph, orelse: Graph, common: int,
    writes: tuple[int, ...] = (), workspace: int = 0, plan: Any = None,
) -> tuple[Array, ...]:  # fmt: skip
    """Run `then` on the inputs if `pred` is true, else `orelse`.

    The first `common` outputs are those of either; what the other graph would keep for its
    gradient stays zero.
    """
    taken = bool(pred.reshape(-1)[0])
    found = compute(xp, then if taken else orelse, data)
    avals = _infer_branch(then=then, orelse=orelse, common=common, workspace=workspace)
    outs = [xp.zeros(a.shape, a.dtype) for a in avals]
    first = common if taken else len(then.outputs)
    for place, value in zip((*range(common), *range(first, len(avals))), found, strict=False):
        outs[place] = xp.array(value)
    return tuple(outs)
