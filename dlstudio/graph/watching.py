"""What a running plan tells the bus: operators, slots taken and freed; for watched twins only."""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, NamedTuple

from dlstudio.core.watch import buffer_of
from dlstudio.graph.ir import Eqn
from dlstudio.graph.operators import ASSIGN
from dlstudio.trace import bus
from dlstudio.trace.events import OpRan, SlotFreed, SlotTaken

if TYPE_CHECKING:
    from dlstudio.core.device import Device
    from dlstudio.graph.memory import Buffer
    from dlstudio.graph.program import Frame, Program

__all__ = ["Watcher"]

Array = Any


class _Step(NamedTuple):
    """All that is known of a step before it runs."""

    op: str
    name: str
    device: str
    phase: str
    span: str
    shape: tuple[int, ...]
    reads: int  # how many of the arrays are inputs
    places: tuple[tuple[Device, str, str], ...]  # device, owner and category of each array
    taken: tuple[Buffer, ...]
    freed: tuple[Buffer, ...]


class Watcher:
    """Called after every step of a watched plan."""

    def __init__(self, frame: Frame) -> None:
        program = frame.program
        self.plan = program.number
        views = program.storages.views
        self.steps = [
            None if k in views and eqn.op is not ASSIGN else _describe(program, k, eqn)
            for k, eqn in enumerate(program.graph.eqns)
        ]

    def __call__(self, number: int, start: int, arrays: tuple[Array, ...]) -> None:
        """Report the step that began at `start` (ns) and has just ended."""
        step = self.steps[number]
        if step is None:
            return  # a view computes nothing
        end = perf_counter_ns()
        for b in step.taken:
            previous = b.in_place_of or b.was
            bus.emit(SlotTaken(self.plan, b.device, b.offset, b.nbytes, b.owner, previous, start))
        numbers = [buffer_of(a, *place) for a, place in zip(arrays, step.places, strict=True)]
        ins, outs = tuple(numbers[: step.reads]), tuple(numbers[step.reads :])
        op, name, device, phase, span, shape = step[:6]
        bus.emit(OpRan(op, name, device, start, end, ins, outs, shape, phase, span))
        for b in step.freed:
            bus.emit(SlotFreed(self.plan, b.device, b.offset, b.nbytes, b.owner, end))


def _describe(program: Program, k: int, eqn: Eqn) -> _Step:
    buffers = program.memory.buffers
    heirs = {b.over for b in buffers}  # what was taken over is not freed
    values = [v for v in (*eqn.reads, *eqn.outs) if v not in program.unused]
    return _Step(
        op=eqn.op.name,
        name=eqn.name,
        device=eqn.device or "cpu(0)",
        phase=_PHASES.get(eqn.role, eqn.role),
        span=eqn.span,
        shape=program.graph.avals[eqn.outs[0]].shape,
        reads=len(eqn.reads),
        places=tuple(_place(program, eqn, v) for v in values),
        taken=tuple(b for b in buffers if b.first == k),
        freed=tuple(b for b in buffers if b.last == k and b.value not in heirs),
    )


def _place(program: Program, eqn: Eqn, value: int) -> tuple[Device, str, str]:
    """Where the array of a value lies, whose it is, and what it is for."""
    graph, root = program.graph, program.storages.root[value]
    device = program.devices[graph.devices.get(root, eqn.device or "cpu(0)")]
    if root not in program.storages.external:
        return device, f"plan {program.number}", "arena"
    source = next((x for x in graph.inputs if x.value == root), None)
    if source is None:
        return device, eqn.name, "activation" if eqn.role == "forward" else "gradient"
    wanted = graph.names[graph.heads :]
    if source.kind == "argument" and wanted and f"{source.name}_grad" not in wanted:
        return device, source.name, "data"
    return device, source.name, _CATEGORIES.get(source.kind, "other")


_PHASES = {"copy": "forward", "recompute": "backward"}
_CATEGORIES = {
    "argument": "parameter",
    "auxiliary": "parameter",
    "gradient": "gradient",
    "head_gradient": "gradient",
}
