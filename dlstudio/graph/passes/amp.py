"""Automatic mixed precision: casts, so that heavy operators run in 16 bits and delicate ones in 32.

Every operator's entry says what it wants (``flags.amp``): products of matrices and convolutions
run in 16 bits ("fp16"), exponentials, norms and losses in 32 ("fp32"), all others in what they are
given, the wider dtype where operands differ ("widest"). Parameters stay in 32 bits and are cast on
their way in, so that small updates are not lost; their gradients are cast back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core.avals import Aval, is_floating
from dlstudio.core.registry import OPS
from dlstudio.graph.ir import ABSENT, Eqn, Graph, Origin

if TYPE_CHECKING:
    from dlstudio.core.registry import Op

__all__ = ["Policy", "amp", "wanted_dtypes"]

WIDE = np.dtype(np.float32)
Condition = tuple[str, str, frozenset[str]]


@dataclass(frozen=True)
class Policy:
    """Which operators run in 16 bits.

    Attributes
    ----------
    dtype : "float16" or "bfloat16"
    lp16, fp32 : names of operators, besides those whose entry says so; these lists win
    conditional : (operator, parameter, values as text) that run in 32 bits
    excluded : names of nodes that are left alone
    """

    dtype: str = "float16"
    lp16: frozenset[str] = frozenset()
    fp32: frozenset[str] = frozenset()
    conditional: tuple[Condition, ...] = ()
    excluded: frozenset[str] = frozenset()

    @property
    def low(self) -> np.dtype[Any]:
        """The 16-bit dtype."""
        return np.dtype(self.dtype)

    def kind(self, op: Op, attrs: Mapping[str, Any], name: str = "") -> str:
        """What an operator wants: "fp16", "fp32" or "widest"; "" to be left alone."""
        if name in self.excluded or op.name == "amp_cast":
            return ""
        for operator, parameter, values in self.conditional:
            if op.name == operator and str(attrs.get(parameter)) in values:
                return "fp32"
        if op.name in self.fp32 or op.flags.graphs:  # what goes in and out has 32 bits
            return "fp32"
        return "fp16" if op.name in self.lp16 else op.flags.amp


def wanted_dtypes(kind: str, dtypes: list[Any], low: np.dtype[Any]) -> list[Any]:
    """Dtype each input is to have, None where it stays as it is.

    Parameters
    ----------
    kind : as `Policy.kind` answers
    dtypes : of the inputs, None for absent ones
    """
    takes_part = [d is not None and d in (low, WIDE) for d in dtypes]
    if kind == "widest":
        floats = {d for d, part in zip(dtypes, takes_part, strict=True) if part}
        target = WIDE if len(floats) > 1 else None
    else:
        target = {"fp16": low, "fp32": WIDE}.get(kind)
    return [
        target if part and target is not None and d != target else None
        for d, part in zip(dtypes, takes_part, strict=True)
    ]


def amp(graph: Graph, policy: Policy) -> Graph:
    """Cast to 16 bits where that is fast, and back to 32 where it would be inexact.

    Parameters
    ----------
    graph : Graph
        Forward graph: the gradient pass writes the casts back.
    policy : Policy

    Returns
    -------
    Graph
        A value is cast once to each dtype, however many read it. States that operators write, such
        as moving averages, keep their dtype.
    """
    work = _Work(graph, policy)
    for eqn in graph.eqns:
        work.visit(eqn)
    if len(work.eqns) == len(graph.eqns):
        return graph
    return replace(graph, eqns=tuple(work.eqns), avals=work.avals)


class _Work:
    """The equations so far, and what each value was cast to."""

    def __init__(self, graph: Graph, policy: Policy) -> None:
        self.policy, self.low = policy, policy.low
        self.avals: dict[int, Aval] = dict(graph.avals)
        self.next = graph.next_value
        self.eqns: list[Eqn] = []
        self.cast: dict[tuple[int, Any], int] = {}  # (value, dtype) -> the value in that dtype
        self.called = {x.value: x.name for x in graph.inputs}

    def visit(self, eqn: Eqn) -> None:
        """Keep an equation, with casts before it where it wants other dtypes."""
        eqn = eqn._replace(ins=self._operands(eqn))
        avals = eqn.infer([None if i == ABSENT else self.avals[i] for i in eqn.ins])
        self.avals.update(zip(eqn.outs, avals, strict=True))
        self.called.update(dict.fromkeys(eqn.outs, eqn.name or eqn.op.name))
        self.eqns.append(eqn)

    def _operands(self, eqn: Eqn) -> tuple[int, ...]:
        kind = self.policy.kind(eqn.op, eqn.attrs, eqn.name)
        dtypes = [None if i == ABSENT else self.avals[i].dtype for i in eqn.ins]
        states = {eqn.op.inputs.index(n) for n in eqn.op.aux} | set(eqn.op.flags.mutates)
        wanted = wanted_dtypes(kind, dtypes, self.low)
        return tuple(
            i if dtype is None or position in states else self._as(i, dtype, eqn)
            for position, (i, dtype) in enumerate(zip(eqn.ins, wanted, strict=True))
        )

    def _as(self, value: int, dtype: np.dtype[Any], reader: Eqn) -> int:
        """The value in another dtype: one that is there already, or a new cast."""
        found = self.cast.get((value, dtype))
        if found is not None:
            return found
        result, self.next = self.next, self.next + 1
        name = f"{self.called[value]}_{dtype.name}"
        origin = Origin(name, reader.device, reader.span, reader.scope, "forward")
        attrs = {"dtype": dtype.name}
        self.eqns.append(Eqn(OPS["amp_cast"], (value,), (result,), attrs, *origin))
        self.avals[result] = Aval(self.avals[value].shape, dtype)
        self.called[result] = name
        self.cast[value, dtype] = result
        if dtype == WIDE and is_floating(self.avals[value].dtype):
            self.cast[result, self.low] = value  # widened without loss: going back is free
        return result
