"""Shapes and dtypes of loops and branches, from those of the graphs inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlstudio.core.avals import Aval
from dlstudio.core.registry import OPS, Op
from dlstudio.errors import DTypeError, ParamError, ShapeError, explain
from dlstudio.graph.control.locations import feeds, loop_variables, slice_shape

__all__ = [
    "check_iterations", "check_states", "check_truth", "completed", "completed_dtypes",
    "infer_cond", "infer_foreach", "infer_while",
]  # fmt: skip

Attrs = dict[str, Any]


# ---- inference ---------------------------------------------------------------------------------
def infer_foreach(*avals: Aval, **attrs: Any) -> Any:
    """Avals of the outputs of ``_foreach``."""
    split = len(attrs["in_data_locs"])
    length = _length(avals[:split])
    rows = [Aval(slice_shape(a.shape, np_shape=attrs["np_shape"]), a.dtype) for a in avals[:split]]
    given = [*rows, *avals[split:]]
    found = attrs["body"].infer([given[i] for i in feeds(OPS["_foreach"], attrs)["body"]])
    count = attrs["num_out_data"]
    states = avals[split : split + len(attrs["in_state_locs"])]
    check_states("foreach", states, found[count:])
    return _answer([*(Aval((length, *a.shape), a.dtype) for a in found[:count]), *states])


def _length(avals: Sequence[Aval]) -> int:
    lengths = {a.shape[0] if a.shape else 0 for a in avals}
    if len(lengths) != 1 or 0 in lengths:
        raise ShapeError(
            explain(
                f"foreach: data of shapes {[a.shape for a in avals]}.",
                "arrays of one length, at least 1, in their first axis.",
            )
        )
    return lengths.pop()


def check_states(owner: str, before: Sequence[Aval], after: Sequence[Aval]) -> None:
    """Refuse states that a step gives back with another shape or dtype."""
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        if old.shape != new.shape:
            raise ShapeError(
                explain(
                    f"{owner}: state {number} has shape {old.shape} before a step, {new.shape} "
                    "after it.",
                    "states that keep their shape, as every step runs the same graph.",
                )
            )
        if old.dtype != new.dtype:
            raise DTypeError(
                explain(
                    f"{owner}: state {number} is {old.dtype} before a step, {new.dtype} after it.",
                    "states that keep their dtype.",
                    f'state.astype("{new.dtype}") before the loop, or a cast at its end',
                )
            )


def _answer(avals: list[Aval]) -> Any:
    return avals[0] if len(avals) == 1 else tuple(avals)


def infer_while(*avals: Aval, **attrs: Any) -> Any:
    """Avals of the outputs of ``_while_loop``."""
    sources, count = feeds(OPS["_while_loop"], attrs), attrs["num_out_data"]
    check_truth("while_loop: cond", attrs["cond"].infer([avals[i] for i in sources["cond"]]))
    found = attrs["func"].infer([avals[i] for i in sources["func"]])
    states = [avals[i] for i in loop_variables(attrs)]
    check_states("while_loop", states, found[count:])
    outputs = [Aval((attrs["max_iterations"], *a.shape), a.dtype) for a in found[:count]]
    return (*outputs, *states)


def check_truth(what: str, avals: Sequence[Aval]) -> None:
    """Refuse conditions of several elements."""
    if avals[0].size != 1:
        raise ShapeError(
            explain(
                f"{what} is an array of shape {avals[0].shape}.",
                "one element, which is true or false.",
                "(x > 0).sum() > 0 asks for any, (x > 0).min() for all",
            )
        )


def infer_cond(*avals: Aval, **attrs: Any) -> Any:
    """Avals of the outputs of ``_cond``."""
    sources = feeds(OPS["_cond"], attrs)
    found = {name: attrs[name].infer([avals[i] for i in at]) for name, at in sources.items()}
    check_truth("cond: pred", found["pred"])
    for number, pair in enumerate(zip(found["then_branch"], found["else_branch"], strict=True)):
        if pair[0] != pair[1]:
            kind = ShapeError if pair[0].shape != pair[1].shape else DTypeError
            raise kind(
                explain(
                    f"cond: output {number} is {pair[0].dtype}{list(pair[0].shape)} of then_func, "
                    f"but {pair[1].dtype}{list(pair[1].shape)} of else_func.",
                    "branches that give the same shapes and dtypes: a graph has one of each.",
                )
            )
    return _answer(list(found["then_branch"]))


# ---- inputs that are not known yet -------------------------------------------------------------
def completed(record: Op, shapes: Sequence[Any], attrs: Attrs) -> list[Any]:
    """Fill in shapes of inputs from what the graphs inside say of their variables."""
    known = list(shapes)
    split = len(attrs.get("in_data_locs", ()))
    rows = [
        slice_shape(s, np_shape=attrs["np_shape"]) if i < split and s is not None else s
        for i, s in enumerate(known)
    ]
    for _ in range(2):  # what a state turns out to be may say what a weight is
        for name, sources in feeds(record, attrs).items():
            variables, outputs = attrs[name].complete([rows[i] for i in sources])
            for source, shape in zip(sources, variables, strict=True):
                rows[source] = shape if rows[source] is None else rows[source]
            for source, shape in zip(_carried(record, name, attrs), outputs[::-1], strict=False):
                rows[source] = shape if rows[source] is None else rows[source]
    return [known[i] if i < split else rows[i] for i in range(len(known))]


def _carried(record: Op, name: str, attrs: Attrs) -> Sequence[int]:
    """Inputs that the last outputs of graph `name` become in the next step, last first."""
    if record.name == "_foreach":
        split = len(attrs["in_data_locs"])
        return range(split + len(attrs["in_state_locs"]) - 1, split - 1, -1)
    return loop_variables(attrs)[::-1] if name == "func" else ()


def completed_dtypes(record: Op, dtypes: Sequence[Any], attrs: Attrs) -> list[Any]:
    """Fill in dtypes of inputs likewise."""
    known = list(dtypes)
    for name, sources in feeds(record, attrs).items():
        found = attrs[name].complete_dtypes([known[i] for i in sources])
        for source, dtype in zip(sources, found, strict=True):
            if known[source] is None:
                known[source] = dtype
    return known


def check_iterations(limit: Any, variables: Sequence[Any]) -> int:
    """Return `max_iterations` as a number; raise ParamError if it is missing or negative."""
    if limit is None or not variables or int(limit) < 0:
        raise ParamError(
            explain(
                f"while_loop: max_iterations={limit}, {len(variables)} loop_vars.",
                "a number of iterations from 0 on, and at least one loop variable.",
                "while_loop(cond, func, [i], max_iterations=10)",
            )
        )
    return int(limit)
