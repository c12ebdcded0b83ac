"""Append the reverse sweep of a graph: the symbolic gradient, by the operators' own rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dlstudio.core.interpret import made
from dlstudio.core.registry import OPS
from dlstudio.errors import GradError, explain
from dlstudio.graph.control.differentiate import differentiate
from dlstudio.graph.ir import ABSENT, Builder, Eqn, Graph, Origin, Ref
from dlstudio.graph.operators import ASSIGN

__all__ = ["Sweep", "gradient", "influenced"]


class Sweep:
    """Cotangents of values, and the auxiliary states as they stand after each update."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.builder = graph, Builder(graph)
        self.cotangents: dict[int, Ref] = {}
        self.aux: dict[int, Ref] = {}
        self.aux_origin: dict[int, Origin] = {}
        self.wanted: set[int] = set()

    def seed(self) -> None:
        """Give every head an input for its gradient."""
        builder, graph = self.builder, self.graph
        for name, value in zip(graph.names, graph.outputs[: graph.heads], strict=False):
            # one value may be an output twice: its gradients are added, in the backward half
            builder.origin = Origin(name, "", "", "", "backward")
            head = builder.input(f"{name}_grad", "head_gradient", graph.avals[value])
            self.accumulate(value, head)

    def accumulate(self, value: int, g: Ref) -> None:
        """Add `g` to what has arrived for `value`."""
        old = self.cotangents.get(value)
        self.cotangents[value] = g if old is None else self.builder.F.add(old, g)

    def visit(self, eqn: Eqn) -> None:
        """Push the gradients of an equation's outputs to its inputs."""
        heads = tuple(self.cotangents.get(v) for v in eqn.outs)
        if all(h is None for h in heads):
            return
        self.builder.origin = Origin(eqn.name, eqn.device, eqn.span, eqn.scope, "backward")
        if eqn.op.flags.graphs:
            differentiate(self, eqn, heads)
            return
        if not eqn.op.differentiable:
            return
        ref = self.builder.ref
        outs, ins = tuple(ref(v) for v in eqn.outs), [ref(v) for v in eqn.ins]
        if eqn.op.aux_update is not None and self.graph.training:
            self._update_aux(eqn, outs, ins)
        if not self.wanted.intersection(eqn.reads):
            return
        single = len(outs) == 1
        rule: Any = eqn.op.grad  # differentiable, hence a rule
        results = rule(
            self.builder.F,
            heads[0] if single else heads,
            outs[0] if single else outs,
            *ins,
            **eqn.attrs,
        )
        self._push(eqn, results)

    def _push(self, eqn: Eqn, results: Sequence[Any]) -> None:
        for position, (value, found) in enumerate(zip(eqn.ins, results, strict=False)):
            if found is None or value == ABSENT or value not in self.wanted:
                continue
            g = self._as_ref(made(found))
            if g.shape != self.graph.avals[value].shape:
                raise GradError(
                    explain(
                        f"the gradient rule of {eqn.where()} gives input {position} "
                        f"a gradient of shape "
                        f"{g.shape}, but the input has shape {self.graph.avals[value].shape}."
                    )
                )
            self.accumulate(value, g)

    def _as_ref(self, gradient: Any) -> Ref:
        """What a rule answered; an array it made itself becomes a constant."""
        if isinstance(gradient, Ref):
            return gradient
        ref = self.builder.ref(self.builder.operand(gradient))
        assert ref is not None
        return ref

    def _update_aux(self, eqn: Eqn, outs: tuple[Any, ...], ins: list[Any]) -> None:
        """Plan the writing of moving averages; MXNet does it in the backward half."""
        op = eqn.op
        assert op.aux_update is not None
        positions = [op.inputs.index(name) for name in op.aux]
        current = list(ins)
        for p in positions:
            current[p] = self.aux.get(eqn.ins[p], ins[p])
        new = op.aux_update(self.builder.F, outs, *current, **eqn.attrs)
        if new is None:
            return
        for p, value in zip(positions, new, strict=True):
            self.aux[eqn.ins[p]] = value
            self.aux_origin[eqn.ins[p]] = self.builder.origin

    def write_aux(self) -> None:
        """Append the `assign` equations, after everything that reads the old values."""
        for target, value in self.aux.items():
            self.builder.origin = self.aux_origin[target]
            self.builder.emit(ASSIGN, (self.builder.ref(target), value), {})

    def finish(self, name: str, value: int, req: str) -> Ref:
        """The gradient of one argument, as an output of its own."""
        builder, aval = self.builder, self.graph.avals[value]
        found = self.cotangents.get(value)
        builder.origin = Origin(name, "", "", "", "backward")
        if found is None:  # nothing depends on it
            zero = np.broadcast_to(np.zeros((), aval.dtype), aval.shape)
            found = builder.input(f"{name}_zero_grad", "constant", aval, zero)
        if found.dtype != aval.dtype:
            found = builder.F.cast(found, dtype=aval.dtype.name)
        if req == "add":
            old = builder.input(f"{name}_old_grad", "gradient", aval)
            found = builder.emit(OPS["add"], (old, found), {})
        return found


def influenced(graph: Graph, sources: set[int]) -> set[int]:
    """Values that depend on `sources`: only they need gradients."""
    found = set(sources)
    for eqn in graph.eqns:
        if found.intersection(eqn.reads):
            found.update(eqn.outs)
    return found


def gradient(graph: Graph, requests: Mapping[str, str]) -> Graph:
    """Append gradients of the heads, weighted by new inputs ``NAME_grad``, for arguments.

    Parameters
    ----------
    graph : Graph
        The forward graph, with avals.
    requests : mapping of argument name to "write" or "add"
        With "add", the old gradient becomes an input (kind "gradient") that is added.

    Returns
    -------
    Graph
        Outputs are the heads and then one gradient per request, in the order of `requests`.

    Raises
    ------
    GradError
        If a gradient rule answers a gradient of the wrong shape.
    """
    by_name = {x.name: x.value for x in graph.inputs if x.kind == "argument"}
    sweep = Sweep(graph)
    sweep.wanted = influenced(graph, {by_name[name] for name in requests})
    sweep.seed()
    for eqn in reversed(graph.eqns):
        sweep.visit(eqn)
    outputs = [sweep.finish(name, by_name[name], req) for name, req in requests.items()]
    sweep.write_aux()
    builder = sweep.builder
    return replace(
        graph,
        inputs=tuple(builder.inputs),
        eqns=tuple(builder.eqns),
        outputs=(*graph.outputs, *(ref.value for ref in outputs)),
        names=(*graph.names, *(f"{name}_grad" for name in requests)),
        avals=builder.avals,
    )
