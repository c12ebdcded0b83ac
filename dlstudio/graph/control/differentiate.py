"""Gradients of loops and branches: loops and branches over the gradients of the graphs inside.

The forward equation is extended to hand out what its gradient reads, one row per step; the
gradient runs the steps backwards, carrying the gradients of states and adding up those of
constants (weights). What is only another view of a value is made again instead of kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlstudio.core.avals import Aval, is_floating
from dlstudio.core.registry import OPS
from dlstudio.graph.control.loops import BRANCH, LOOP
from dlstudio.graph.ir import Eqn, Graph, Input, Origin, Ref, mutated

if TYPE_CHECKING:
    from dlstudio.graph.passes.gradient import Sweep

__all__ = ["differentiate"]


def differentiate(sweep: Sweep, eqn: Eqn, heads: Sequence[Ref | None]) -> None:
    """Push the gradients of a loop's or branch's outputs to its inputs."""
    (_Loop if eqn.op is LOOP else _Branch)(sweep, eqn, heads).push()


class _Inner:
    """The reverse sweep of one graph inside.

    Parameters
    ----------
    graph : Graph
    wanted : values of inputs whose gradient is asked for
    heads : outputs, by position, whose gradient arrives
    """

    def __init__(self, graph: Graph, wanted: set[int], heads: Sequence[int]) -> None:
        from dlstudio.graph.passes.gradient import Sweep, influenced

        self.graph, self.sweep = graph, Sweep(graph)
        self.called = {x.value: x.name for x in graph.inputs}
        self.called |= {v: e.name or e.op.name for e in graph.eqns for v in e.outs}
        sweep, builder = self.sweep, self.sweep.builder
        sweep.wanted = influenced(graph, wanted)
        builder.origin = Origin(role="backward")
        self.heads: dict[int, int] = {}  # position of the output -> the input for its gradient
        for i in heads:
            name = f"{self.called[graph.outputs[i]]}_grad"
            ref = builder.input(name, "head_gradient", graph.avals[graph.outputs[i]])
            self.called[ref.value] = name
            sweep.accumulate(graph.outputs[i], ref)
            self.heads[i] = ref.value
        for eqn in reversed(graph.eqns):
            sweep.visit(eqn)
        self.gradients = {v: sweep.finish(self.called[v], v, "write").value for v in sorted(wanted)}

        # name of what each is the gradient of
        self.of = {g: self.called[v] for v, g in self.gradients.items()}

    def add(self, value: int) -> tuple[int, int]:
        """Add the gradient of `value` to a further input; return that input and the sum."""
        builder, name = self.sweep.builder, self.called[value]
        builder.origin = Origin(name, "", "", "", "backward")
        old = builder.input(f"{name}_sum", "gradient", self.graph.avals[value])
        self.called[old.value] = f"{name}_sum"
        gradient = builder.ref(self.gradients[value])
        total = builder.emit(OPS["add"], (old, gradient), {}).value
        self.of[total] = name
        return old.value, total

    def close(self, outputs: Sequence[int]) -> None:
        """Split into halves; `outputs` are those of the backward half."""
        self.sweep.write_aux()
        eqns = self.sweep.builder.eqns
        split = len(self.graph.eqns)
        self.forward, backward = tuple(eqns[:split]), list(eqns[split:])
        self.called |= {v: e.name or e.op.name for e in self.forward for v in e.outs}
        self.backward = self._with_views(backward, outputs)
        self.reads = {v for e in self.backward for v in e.reads} | set(outputs)
        made = {v for e in self.forward for v in e.outs}
        again = {v for e in self.backward for v in e.outs}
        self.kept = sorted((self.reads & made) - again)

    def _with_views(self, backward: list[Eqn], outputs: Sequence[int]) -> tuple[Eqn, ...]:
        """Make views of forward values again, in front: keeping them would copy them each step."""
        reads = {v for e in backward for v in e.reads} | set(outputs)
        front: list[Eqn] = []
        for eqn in reversed(self.forward):
            if eqn.op.flags.view and not mutated(eqn) and reads.intersection(eqn.outs):
                front.append(eqn._replace(role="backward"))
                reads.update(eqn.reads)
        return (*reversed(front), *backward)

    def constants(self) -> tuple[Input, ...]:
        """Inputs with values of their own."""
        return tuple(x for x in self.sweep.builder.inputs if x.kind == "constant")

    def first_half(self, kept: Sequence[int]) -> Graph:
        """The graph, which also gives `kept`."""
        graph = self.graph
        outputs = (*graph.outputs, *kept)
        return replace(
            graph, eqns=self.forward, outputs=outputs, avals=self.sweep.builder.avals,
            names=tuple(self.called[v] for v in outputs), heads=len(outputs),
        )  # fmt: skip

    def second_half(self, inputs: Sequence[int], outputs: Sequence[int]) -> Graph:
        """The gradient as a graph of its own."""
        given = tuple(Input(v, self.called.get(v, "unused"), "argument") for v in inputs)
        return replace(
            self.graph, inputs=(*given, *self.constants()), eqns=self.backward,
            outputs=tuple(outputs), avals=self.sweep.builder.avals,
            names=tuple(f"{self.of[v]}_grad" for v in outputs), heads=0,
        )  # fmt: skip


def _extend(sweep: Sweep, eqn: Eqn, attrs: dict[str, Any], place: int, kept: list[Aval]) -> Eqn:
    """Put an equation with further outputs, from number `place` on, where `eqn` stands."""
    builder = sweep.builder
    fresh = tuple(builder._fresh(aval) for aval in kept)
    new = eqn._replace(
        attrs={**eqn.attrs, **attrs}, outs=(*eqn.outs[:place], *fresh, *eqn.outs[place:])
    )
    builder.eqns[next(k for k, e in enumerate(builder.eqns) if e is eqn)] = new
    return new


def _writes(graph: Graph) -> tuple[int, ...]:
    """Positions of inputs that the graph writes into (moving averages)."""
    written = {v for e in graph.eqns for v in mutated(e)}
    return tuple(i for i, x in enumerate(graph.inputs) if x.value in written)


# ---- loops -------------------------------------------------------------------------------------
@dataclass
class _Pass:
    """One input of the gradient's loop: its value inside, and what feeds it outside."""

    inside: int
    outside: Ref


class _Loop:
    def __init__(self, sweep: Sweep, eqn: Eqn, heads: Sequence[Ref | None]) -> None:
        self.sweep, self.eqn, self.heads = sweep, eqn, heads
        self.body: Graph = eqn.attrs["body"]
        self.scanned, self.carried = eqn.attrs["scanned"], eqn.attrs["carried"]
        self.stacked = eqn.attrs["stacked"]
        self.inputs = [x.value for x in self.body.inputs[: len(eqn.ins)]]
        self.wanted = self._wanted()

    def _wanted(self) -> set[int]:
        """Inputs of the body that need gradients; a state does once an earlier step does."""
        from dlstudio.graph.passes.gradient import influenced

        body, found = self.body, set[int]()
        for inside, outside in zip(self.inputs, self.eqn.ins, strict=True):
            if outside in self.sweep.wanted and is_floating(body.avals[inside].dtype):
                found.add(inside)
        states = self.inputs[self.scanned : self.scanned + self.carried]
        while True:
            reached = influenced(body, found)
            after = body.outputs[self.stacked :]
            new = {
                s
                for s, v in zip(states, after, strict=True)
                if v in reached and is_floating(body.avals[s].dtype)
            }
            if new <= found:
                return found
            found |= new

    def push(self) -> None:
        """Extend the forward loop, emit the backward one, and hand the gradients on."""
        if not self.wanted:
            return
        inner = self._inner()
        wanted = self._split_wanted()
        sums = {v: inner.add(v) for v in wanted[2]}
        gradients = [inner.gradients[v] for v in (*wanted[0], *wanted[1])]
        outputs = [*gradients, *(total for _, total in sums.values())]
        inner.close(outputs)
        rows = self._kept_rows(inner)
        states = [inner.heads[self._state_output(v)] for v in wanted[1]]
        scanned = [p for p in self._scanned(inner, rows) if p.inside in inner.reads]
        constants = [
            _Pass(v, self._ref(self.eqn.ins[self.inputs.index(v)]))
            for v in self.inputs[self.scanned + self.carried :]
            if v in inner.reads or v in self._updated(inner)
        ]
        carried = [*states, *(old for old, _ in sums.values())]
        order = [*(p.inside for p in scanned), *carried, *(p.inside for p in constants)]
        graph = inner.second_half(order, outputs)
        starts = [*self._state_heads(wanted[1]), *(self._zeros(v) for v in wanted[2])]
        found = self._emit(graph, scanned, starts, constants, len(wanted[0]))
        self._deliver([*wanted[0], *wanted[1], *wanted[2]], found)

    # ---- parts -----------------------------------------------------------------------------
    def _inner(self) -> _Inner:
        from dlstudio.graph.passes.gradient import influenced

        reached = influenced(self.body, self.wanted)
        arriving = [
            i
            for i in range(self.stacked)
            if self.heads[i] is not None and self.body.outputs[i] in reached
        ]
        states = [self._state_output(v) for v in self._split_wanted()[1]]
        return _Inner(self.body, self.wanted, [*arriving, *states])

    def _split_wanted(self) -> tuple[list[int], list[int], list[int]]:
        """Wanted inputs: rows, states, constants."""
        cuts = (self.scanned, self.scanned + self.carried)
        parts = self.inputs[: cuts[0]], self.inputs[cuts[0] : cuts[1]], self.inputs[cuts[1] :]
        rows, states, constants = ([v for v in part if v in self.wanted] for part in parts)
        return rows, states, constants

    def _state_output(self, state: int) -> int:
        return self.stacked + self.inputs.index(state) - self.scanned

    def _ref(self, value: int) -> Ref:
        ref = self.sweep.builder.ref(value)
        assert ref is not None
        return ref

    def _updated(self, inner: _Inner) -> set[int]:
        return {v for e in inner.backward for v in mutated(e)}

    def _kept_rows(self, inner: _Inner) -> dict[int, Ref]:
        """Extend the forward loop by what the gradient reads: value inside -> stacked outside."""
        body, eqn = self.body, self.eqn
        stacks = dict(zip(body.outputs[: self.stacked], eqn.outs, strict=False))
        states = set(self.inputs[self.scanned : self.scanned + self.carried])
        kept = [v for v in (*inner.kept, *sorted(states & inner.reads)) if v not in stacks]
        avals = inner.sweep.builder.avals
        rows = [Aval((eqn.attrs["limit"], *avals[v].shape), avals[v].dtype) for v in kept]
        end = self.stacked + self.carried
        self.eqn = _extend(self.sweep, eqn, {"body": inner.first_half(kept)}, end, rows)
        stacks.update(zip(kept, self.eqn.outs[end:], strict=False))
        return {v: self._ref(out) for v, out in stacks.items()}

    def _scanned(self, inner: _Inner, rows: dict[int, Ref]) -> list[_Pass]:
        """What the backward loop reads a row of in each step."""
        found: list[_Pass] = []
        for i, inside in inner.heads.items():
            head = self.heads[i] if i < self.stacked else None
            if head is not None:
                found.append(_Pass(inside, head))
        found += [_Pass(v, ref) for v, ref in rows.items()]
        pairs = zip(self.inputs, self.eqn.ins, strict=True)
        return found + [_Pass(v, self._ref(out)) for v, out in list(pairs)[: self.scanned]]

    def _state_heads(self, states: Sequence[int]) -> list[Ref]:
        """Gradients of the last step's states, with which the backward loop starts."""
        return [self.heads[self._state_output(v)] or self._zeros(v) for v in states]

    def _zeros(self, value: int) -> Ref:
        aval, builder = self.body.avals[value], self.sweep.builder
        return builder.F.zeros(shape=aval.shape, dtype=aval.dtype.name)

    def _emit(
        self, graph: Graph, scanned: Sequence[_Pass], starts: Sequence[Ref],
        constants: Sequence[_Pass], stacked: int,
    ) -> list[Ref]:  # fmt: skip
        counted = self.eqn.attrs["cond"] is not None
        count = [self._ref(self.eqn.outs[-1])] if counted else []
        operands = [*count, *(p.outside for p in scanned), *starts,
                    *(p.outside for p in constants)]  # fmt: skip
        attrs = {
            "body": graph, "limit": self.eqn.attrs["limit"], "scanned": len(scanned),
            "carried": len(starts), "stacked": stacked, "reverse": True, "counted": counted,
            "writes": tuple(i + counted for i in _writes(graph)),
        }  # fmt: skip
        found = self.sweep.builder.emit(LOOP, operands, {**LOOP.attrs, **attrs})
        return list(found) if isinstance(found, tuple) else [found]

    def _deliver(self, values: Sequence[int], found: Sequence[Ref]) -> None:
        for value, gradient in zip(values, found, strict=True):
            outside = self.eqn.ins[self.inputs.index(value)]
            if outside in self.sweep.wanted:
                self.sweep.accumulate(outside, gradient)


# ---- branches ----------------------------------------------------------------------------------
class _Branch:
    def __init__(self, sweep: Sweep, eqn: Eqn, heads: Sequence[Ref | None]) -> None:
        self.sweep, self.eqn, self.heads = sweep, eqn, heads
        self.graphs: list[Graph] = [eqn.attrs["then"], eqn.attrs["orelse"]]
        self.arriving = [i for i, h in enumerate(heads) if h is not None]
        self.places = [
            i
            for i, v in enumerate(eqn.ins[1:])
            if v in sweep.wanted and is_floating(sweep.graph.avals[v].dtype)
        ]

    def push(self) -> None:
        """Extend the forward branch, emit the backward one, and hand the gradients on."""
        if not self.places:
            return
        inners = [self._inner(graph) for graph in self.graphs]
        kept = [inner.kept for inner in inners]
        self._extend(inners)
        first = self.eqn.attrs["common"]
        rows = self.eqn.outs[first : first + len(kept[0]) + len(kept[1])]
        operands = [self.eqn.ins[0], *(h.value for h in self.heads if h is not None), *rows,
                    *self.eqn.ins[1:]]  # fmt: skip
        then, orelse = (self._second_half(inners, number) for number in (0, 1))
        attrs = {
            "then": then, "orelse": orelse, "common": len(self.places),
            "writes": tuple(sorted({i + 1 for g in (then, orelse) for i in _writes(g)})),
        }  # fmt: skip
        builder = self.sweep.builder
        refs = [builder.ref(v) for v in operands]
        found = builder.emit(BRANCH, refs, {**BRANCH.attrs, **attrs})
        gradients = found if isinstance(found, tuple) else (found,)
        for place, gradient in zip(self.places, gradients, strict=True):
            self.sweep.accumulate(self.eqn.ins[place + 1], gradient)

    def _inner(self, graph: Graph) -> _Inner:
        inner = _Inner(graph, {graph.inputs[p].value for p in self.places}, self.arriving)
        inner.close(self._gradients(inner))
        return inner

    def _gradients(self, inner: _Inner) -> list[int]:
        return [inner.gradients[inner.graph.inputs[p].value] for p in self.places]

    def _extend(self, inners: Sequence[_Inner]) -> None:
        common = self.eqn.attrs["common"]
        then, orelse = (inner.first_half(inner.kept) for inner in inners)
        kept = [i.sweep.builder.avals[v] for i in inners for v in i.kept]
        attrs = {"then": then, "orelse": orelse}
        self.eqn = _extend(self.sweep, self.eqn, attrs, common, kept)

    def _second_half(self, inners: Sequence[_Inner], number: int) -> Graph:
        """The gradient of one branch, with the inputs that both take."""
        inner, other = inners[number], inners[1 - number]
        avals = inner.sweep.builder.avals
        fresh = max(avals) + 1
        strangers: list[int] = []
        for v in other.kept:  # what the other branch kept: nobody reads it here
            avals[fresh] = other.sweep.builder.avals[v]
            strangers.append(fresh)
            fresh += 1
        kept = [*inner.kept, *strangers] if number == 0 else [*strangers, *inner.kept]
        given = [x.value for x in self.graphs[number].inputs[: len(self.eqn.ins) - 1]]
        order = [*(inner.heads[i] for i in self.arriving), *kept, *given]
        return inner.second_half(order, self._gradients(inner))
