"""The operators of symbols that hold symbols: ``_foreach``, ``_while_loop`` and ``_cond``.

Their attributes are those of MXNet's files. Run eagerly they are ordinary Python over the
operators inside, so that the tape records each step; compiled, `lowering` makes loops of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Bool, Int
from dlstudio.core.random import next_generator
from dlstudio.core.registry import Flags, Names, NotDifferentiable, Op, op
from dlstudio.errors import GraphError, explain
from dlstudio.graph.control.inference import (
    completed,
    completed_dtypes,
    infer_cond,
    infer_foreach,
    infer_while,
)
from dlstudio.graph.control.locations import Locations, feeds, loop_variables, slice_shape
from dlstudio.graph.control.subgraph import InnerGraph, Subgraph, evaluate

__all__ = ["COND", "FOREACH", "WHILE"]

Array = Any
Attrs = dict[str, Any]
Locs = tuple[int, ...]
_EXPANDED = NotDifferentiable("its expansion is")


# ---- running operator by operator --------------------------------------------------------------
def _through(F: Any) -> Callable[..., Any]:
    def call(inner: Op, operands: Sequence[Any], attrs: Attrs) -> Any:
        return F.reader(inner)(*operands, **attrs)

    return call


def _bare(xp: Any, training: bool) -> Any:
    """F over bare arrays that hands operators their mode and random numbers."""
    return _Bare(xp, training)


class _Bare:
    def __init__(self, xp: Any, training: bool) -> None:
        self.xp, self.training = xp, training

    def reader(self, inner: Op) -> Callable[..., Any]:
        """Return the function that runs one operator."""
        xp, runtime = self.xp, {"training": self.training} if inner.flags.mode else {}

        def run(*arrays: Array, **attrs: Any) -> Any:
            if inner.flags.random:
                runtime["rng"] = next_generator(_device(xp))
            result = inner.forward(xp, *arrays, **{**inner.attrs, **attrs, **runtime})
            return result if isinstance(result, (tuple, list)) else xp.asarray(result)

        return run

    def __getattr__(self, name: str) -> Callable[..., Any]:
        from dlstudio.core.registry import OPS

        return self.reader(OPS[name])


def _device(xp: Any) -> Any:
    from dlstudio.core.device import current_context, gpu

    device = current_context()
    return device if device.xp is xp else gpu(0)


def _rows(F: Any, arrays: Sequence[Any], t: int, np_shape: bool) -> list[Any]:
    return [
        F.reshape(
            F.slice_axis(x, axis=0, begin=t, end=t + 1),
            shape=slice_shape(tuple(x.shape), np_shape=np_shape),
        )
        for x in arrays
    ]


def _truth(value: Any) -> bool:
    array = getattr(value, "_data", value)
    if not hasattr(array, "reshape"):
        raise GraphError(
            explain(
                "a while_loop or cond stands in a symbol whose gradient was asked for as a symbol.",
                "operators whose steps do not hang on values.",
                "executor.backward(), or autograd.grad(..., create_graph=True) on arrays",
            )
        )
    return bool(array.reshape(-1)[0])


def _expand_foreach(F: Any, *data: Any, **attrs: Any) -> list[Any]:
    split, sources = len(attrs["in_data_locs"]), feeds(FOREACH, attrs)["body"]
    states = list(data[split : split + len(attrs["in_state_locs"])])
    rest, count = data[split + len(states) :], attrs["num_out_data"]
    steps: list[list[Any]] = []
    for t in range(data[0].shape[0]):
        given = [*_rows(F, data[:split], t, attrs["np_shape"]), *states, *rest]
        found = evaluate(attrs["body"], [given[i] for i in sources], _through(F))
        steps.append(found[:count])
        states = found[count:]
    return [*(F.stack(*column, axis=0) for column in zip(*steps, strict=True)), *states]


def _expand_while(F: Any, *data: Any, **attrs: Any) -> list[Any]:
    given, sources, variables = list(data), feeds(WHILE, attrs), loop_variables(attrs)
    count, limit = attrs["num_out_data"], attrs["max_iterations"]
    steps: list[list[Any]] = []

    def inside(name: str) -> list[Any]:
        return evaluate(attrs[name], [given[i] for i in sources[name]], _through(F))

    while len(steps) < limit and _truth(inside("cond")[0]):
        found = inside("func")
        steps.append(found[:count])
        for variable, new in zip(variables, found[count:], strict=True):
            given[variable] = new
    avals = infer_while(*(Aval(tuple(x.shape), np.dtype(x.dtype)) for x in data), **attrs)
    return [*_padded(F, steps, avals[:count], limit), *(given[i] for i in variables)]


def _padded(F: Any, steps: list[list[Any]], avals: Sequence[Aval], limit: int) -> Iterator[Any]:
    """Stack the outputs; rows that were not reached are zero."""
    for number, aval in enumerate(avals):
        rows = [step[number] for step in steps]
        if not rows:
            yield F.zeros(shape=aval.shape, dtype=aval.dtype.name)
            continue
        row = F.zeros(shape=aval.shape[1:], dtype=aval.dtype.name)
        yield F.stack(*rows, *[row] * (limit - len(rows)), axis=0)


def _expand_cond(F: Any, *data: Any, **attrs: Any) -> list[Any]:
    sources = feeds(COND, attrs)

    def inside(name: str) -> list[Any]:
        return evaluate(attrs[name], [data[i] for i in sources[name]], _through(F))

    return inside("then_branch" if _truth(inside("pred")[0]) else "else_branch")


def _forward(expand: Callable[..., Any]) -> Callable[..., Any]:
    def forward(xp: Any, *data: Array, training: bool = False, **attrs: Any) -> Any:
        found = expand(_bare(xp, training), *data, **attrs)
        given = {id(x) for x in data}
        owned = tuple(x.copy() if id(x) in given or x.base is not None else x for x in found)
        return owned[0] if len(owned) == 1 else owned

    return forward


def _states(record: Callable[[], Op]) -> Callable[[Attrs], Locs]:
    """Inputs that operators inside update themselves."""

    def positions(attrs: Attrs) -> Locs:
        found = {
            source
            for name, sources in feeds(record(), attrs).items()
            for variable, source in zip(attrs[name].names, sources, strict=True)
            if variable in attrs[name].states
        }
        return tuple(sorted(found))

    return positions


def _rules(record: Callable[[], Op]) -> dict[str, Any]:
    """What the three have in common; `record` is asked later, when the operator exists."""
    return dict(
        complete=lambda shapes, attrs: completed(record(), shapes, attrs),
        complete_dtypes=lambda dtypes, attrs: completed_dtypes(record(), dtypes, attrs),
        aux_inputs=_states(record),
        outputs=lambda attrs: attrs["num_outputs"],
        second_order="the operators inside are checked",
    )


def _samples(name: str) -> Callable[..., Any]:
    def made(s: Any) -> Any:
        from dlstudio.graph.control import samples  # which need graphs: loaded with the sweep

        return getattr(samples, name)(s)

    return made


# ---- the records -------------------------------------------------------------------------------
_GRAPH, _LOCS, _BOOL = InnerGraph(), Locations(), Bool()


def _foreach(
    xp: Any, *data: Array, body: Subgraph, num_outputs: int, num_out_data: int, in_state_locs: Locs,
    in_data_locs: Locs, remain_locs: Locs, np_shape: bool = False, training: bool = False,
) -> Any:  # fmt: skip
    """Run a graph over the first axis of its data, handing states from step to step."""
    return _forward(_expand_foreach)(
        xp, *data, training=training, body=body, num_out_data=num_out_data, np_shape=np_shape,
        in_state_locs=in_state_locs, in_data_locs=in_data_locs, remain_locs=remain_locs,
    )  # fmt: skip


FOREACH = op(
    "_foreach",
    infer=infer_foreach,
    grad=_EXPANDED,
    expand=_expand_foreach,
    names=Names(json="_foreach"),
    flags=Flags(mode=True, amp="fp32", graphs=("body",)),
    params={
        "body": _GRAPH, "in_state_locs": _LOCS, "in_data_locs": _LOCS, "remain_locs": _LOCS,
        "num_outputs": Int(0), "num_out_data": Int(0), "np_shape": _BOOL,
    },
    samples=_samples("foreach_samples"),
    **_rules(lambda: FOREACH),
)(_foreach)  # fmt: skip


def _while_loop(
    xp: Any, *data: Array, cond: Subgraph, func: Subgraph, num_outputs: int, num_out_data: int,
    max_iterations: int, cond_input_locs: Locs, func_input_locs: Locs, func_var_locs: Locs,
    training: bool = False,
) -> Any:  # fmt: skip
    """Run a graph as long as another says so, at most `max_iterations` times."""
    return _forward(_expand_while)(
        xp, *data, training=training, cond=cond, func=func, num_out_data=num_out_data,
        max_iterations=max_iterations, cond_input_locs=cond_input_locs,
        func_input_locs=func_input_locs, func_var_locs=func_var_locs,
    )  # fmt: skip


WHILE = op(
    "_while_loop",
    infer=infer_while,
    grad=_EXPANDED,
    expand=_expand_while,
    names=Names(json="_while_loop"),
    flags=Flags(mode=True, amp="fp32", graphs=("cond", "func")),
    params={
        "cond": _GRAPH, "func": _GRAPH, "cond_input_locs": _LOCS, "func_input_locs": _LOCS,
        "func_var_locs": _LOCS, "num_outputs": Int(0), "num_out_data": Int(0),
        "max_iterations": Int(0),
    },
    samples=_samples("while_samples"),
    **_rules(lambda: WHILE),
)(_while_loop)  # fmt: skip


def _cond(
    xp: Any, *data: Array, pred: Subgraph, then_branch: Subgraph, else_branch: Subgraph,
    num_outputs: int, cond_input_locs: Locs, then_input_locs: Locs, else_input_locs: Locs,
    training: bool = False,
) -> Any:  # fmt: skip
    """Run one of two graphs, as a third one decides."""
    return _forward(_expand_cond)(
        xp, *data, training=training, pred=pred, then_branch=then_branch, else_branch=else_branch,
        cond_input_locs=cond_input_locs, then_input_locs=then_input_locs,
        else_input_locs=else_input_locs,
    )  # fmt: skip


COND = op(
    "_cond",
    infer=infer_cond,
    grad=_EXPANDED,
    expand=_expand_cond,
    names=Names(json="_cond"),
    flags=Flags(mode=True, amp="fp32", graphs=("pred", "then_branch", "else_branch")),
    params={
        "pred": _GRAPH, "then_branch": _GRAPH, "else_branch": _GRAPH, "cond_input_locs": _LOCS,
        "then_input_locs": _LOCS, "else_input_locs": _LOCS, "num_outputs": Int(0),
    },
    samples=_samples("cond_samples"),
    **_rules(lambda: COND),
)(_cond)  # fmt: skip
