"""Running loops and branches in a plan.

A plan is bound to a workspace, the bytes that the plan around gives it, once per frame. A call then
makes no arrays: rows are views, carried values go to and fro between two buffers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dlstudio.core.avals import Aval
from dlstudio.graph.control.loops import steps_of
from dlstudio.graph.memory import rounded
from dlstudio.trace import bus

if TYPE_CHECKING:
    from dlstudio.graph.program import Frame, Program

__all__ = ["BranchPlan", "LoopPlan"]

Array = Any
Attrs = dict[str, Any]


class _Space:
    """Lays buffers out in a workspace."""

    def __init__(self) -> None:
        self.nbytes = 0

    def take(self, nbytes: int) -> slice:
        """The next bytes, from a cache line on."""
        start, self.nbytes = self.nbytes, self.nbytes + rounded(nbytes)
        return slice(start, start + nbytes)


def _view(workspace: Array, where: slice, aval: Aval) -> Array:
    return workspace[where].view(aval.dtype).reshape(aval.shape)


class _Part:
    """One compiled graph inside, and its place in the workspace."""

    def __init__(self, program: Program, inputs: int, space: _Space) -> None:
        self.program = program
        graph = program.graph
        self.arenas = {device: space.take(n) for device, n in program.memory.arenas.items()}
        # number of each external value: inputs first, then outputs
        self.numbers = {x.value: i for i, x in enumerate(graph.inputs[:inputs])}
        self.numbers.update({v: inputs + i for i, v in enumerate(graph.outputs)})

    def bind(self, workspace: Array) -> Runner:
        """A runner whose buffers lie in `workspace`."""
        arenas = {device: workspace[where] for device, where in self.arenas.items()}
        return Runner(self, self.program.frame(arenas))


class Runner:
    """Runs one graph on arrays: `values` holds its inputs and then its outputs."""

    def __init__(self, part: _Part, frame: Frame) -> None:
        self.frame = frame
        self.halves = [
            (name, getattr(frame, name), [part.numbers[v] for v in half.params])
            for name, half in part.program.halves.items()
        ]

    def __call__(self, values: Sequence[Array]) -> None:
        """Compute the outputs into their arrays."""
        from dlstudio.graph import program

        watched = bus.subscribers or program.poison
        for name, function, numbers in self.halves:
            arrays = [values[i] for i in numbers]
            if watched:
                self.frame.run(name, arrays)
            else:
                function(*arrays)


def _true(array: Array) -> bool:
    return bool(array.reshape(-1)[0])


# ---- loops -------------------------------------------------------------------------------------
class LoopPlan:
    """How a loop runs.

    Attributes
    ----------
    nbytes : int
        Bytes of workspace it needs.
    programs : list of Program
        Plans of the graphs inside.
    """

    def __init__(self, attrs: Attrs, built: dict[str, Program | None]) -> None:
        body, cond = built["body"], built["cond"]
        assert body is not None
        self.attrs = attrs
        self.programs = [p for p in (body, cond) if p is not None]
        graph = body.graph
        given = len([x for x in graph.inputs if x.kind != "constant"])
        first, end = attrs["stacked"], attrs["stacked"] + attrs["carried"]
        space = _Space()
        self.body = _Part(body, given, space)
        carried = [graph.avals[v] for v in graph.outputs[first:end]]
        self.spare = [(space.take(a.nbytes), a) for a in carried]
        self.cond: _Part | None = None
        if cond is not None:
            self.cond = _Part(cond, given - attrs["scanned"], space)
            aval = cond.graph.avals[cond.graph.outputs[0]]
            self.answer = (space.take(aval.nbytes), aval)
        self.nbytes = space.nbytes

    def bind(self, workspace: Array) -> Callable[..., None]:
        """``run(*outputs, *inputs)`` with all buffers in `workspace`."""
        return _Loop(self, workspace)


class _Loop:
    def __init__(self, plan: LoopPlan, workspace: Array) -> None:
        self.plan, self.body = plan, plan.body.bind(workspace)
        self.spare = [_view(workspace, *where) for where in plan.spare]
        if plan.cond is not None:
            self.cond = plan.cond.bind(workspace)
            self.answer = _view(workspace, *plan.answer)

    def __call__(self, *arrays: Array) -> None:
        attrs, plan = self.plan.attrs, self.plan
        count = len(plan.body.program.graph.outputs)
        outs, given = arrays[:count], arrays[count:]
        steps = None
        if plan.cond is not None:
            steps, given = given[0], given[1:]
        known = None
        if attrs["counted"]:
            known, given = int(given[0][0]), given[1:]
        order = steps_of(attrs["limit"], known, reverse=attrs["reverse"])
        taken = self._run(order, given, outs)
        if steps is not None:
            steps[0] = taken
        if taken < attrs["limit"]:
            for out in outs[: attrs["stacked"]]:
                out[taken:] = 0

    def _run(self, order: range, given: Sequence[Array], outs: Sequence[Array]) -> int:
        """Take the steps; return how many. The last carried values end in `outs`."""
        scanned, stacked, carried = (self.plan.attrs[k] for k in ("scanned", "stacked", "carried"))
        rows, states = given[:scanned], given[scanned : scanned + carried]
        constants = given[scanned + carried :]
        stacks, kept = outs[:stacked], outs[stacked + carried :]
        ends = outs[stacked : stacked + carried]
        # the buffers alternate so that the last step writes where the result belongs
        buffers = (ends, self.spare) if len(order) % 2 else (self.spare, ends)
        taken, body = 0, self.body
        for t in order:
            if self.plan.cond is not None and not self._goes_on(states, constants):
                break
            new = buffers[taken % 2]
            ins = (*(x[t, ...] for x in rows), *states, *constants)
            body([*ins, *(y[t, ...] for y in stacks), *new, *(k[t, ...] for k in kept)])
            states, taken = new, taken + 1
        if states is not ends:
            for end, state in zip(ends, states, strict=True):
                end[...] = state
        return taken

    def _goes_on(self, states: Sequence[Array], constants: Sequence[Array]) -> bool:
        self.cond([*states, *constants, self.answer])
        return _true(self.answer)


# ---- branches ----------------------------------------------------------------------------------
class BranchPlan:
    """How a branch runs; see `LoopPlan`. Only one graph runs: they share their bytes."""

    def __init__(self, attrs: Attrs, built: dict[str, Program | None]) -> None:
        self.parts: list[_Part] = []
        self.programs = [p for p in (built["then"], built["orelse"]) if p is not None]
        self.common, self.nbytes = attrs["common"], 0
        for program in self.programs:
            space = _Space()
            given = len([x for x in program.graph.inputs if x.kind != "constant"])
            self.parts.append(_Part(program, given, space))
            self.nbytes = max(self.nbytes, space.nbytes)
        self.counts = [len(p.graph.outputs) for p in self.programs]

    def bind(self, workspace: Array) -> Callable[..., None]:
        """``run(*outputs, pred, *inputs)`` with all buffers in `workspace`."""
        return _Branch(self, workspace)


class _Branch:
    def __init__(self, plan: BranchPlan, workspace: Array) -> None:
        self.common, self.split = plan.common, plan.counts[0]
        self.total = self.split + plan.counts[1] - plan.common
        self.then, self.orelse = (part.bind(workspace) for part in plan.parts)

    def __call__(self, *arrays: Array) -> None:
        outs, pred, inputs = arrays[: self.total], arrays[self.total], arrays[self.total + 1 :]
        if _true(pred):
            self.then([*inputs, *outs[: self.split]])
        else:
            self.orelse([*inputs, *outs[: self.common], *outs[self.split :]])
