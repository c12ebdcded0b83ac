"""What a running plan tells the bus: operators, slots taken and freed; for watched twins only."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from dlstudio.core.watch import buffer_of
from dlstudio.graph.ir import Eqn
from dlstudio.graph.operators import ASSIGN
from dlstudio.trace import bus
from dlstudio.trace.events import OpRan, SlotFreed, SlotTaken

if TYPE_CHECKING:
    from dlstudio.graph.memory import Buffer
    from dlstudio.graph.program import Frame

__all__ = ["Watcher"]

Array = Any


class Watcher:
    """Called after every step of a watched plan."""

    def __init__(self, frame: Frame) -> None:
        program = frame.program
        self.plan, self.eqns = program.number, program.graph.eqns
        self.avals, self.storages = program.graph.avals, program.storages
        self.unused = program.unused
        self.arenas, self.devices = frame.arenas, program.devices
        self.taken: dict[int, list[Buffer]] = {}
        self.freed: dict[int, list[Buffer]] = {}
        heirs = {b.over for b in program.memory.buffers}  # taken over, not freed
        for b in program.memory.buffers:
            self.taken.setdefault(b.first, []).append(b)
            if b.value not in heirs:
                self.freed.setdefault(b.last, []).append(b)
        self.kinds = {x.value: (x.name, x.kind) for x in program.graph.inputs}

    def __call__(self, step: int, start: int, arrays: tuple[Array, ...]) -> None:
        """Report the step that began at `start` (ns) and has just ended."""
        if step in self.storages.views and self.eqns[step].op is not ASSIGN:
            return  # a view computes nothing
        end = perf_counter_ns()
        eqn = self.eqns[step]
        for b in self.taken.get(step, ()):
            previous = b.in_place_of or (b.previous[0] if b.previous else "")
            bus.emit(SlotTaken(self.plan, b.device, b.offset, b.nbytes, b.owner, previous, start))
        ins, outs = self._numbers(eqn, arrays)
        shape = self.avals[eqn.outs[0]].shape
        device = eqn.device or "cpu(0)"
        role = "forward" if eqn.role == "copy" else eqn.role
        bus.emit(OpRan(eqn.op.name, eqn.name, device, start, end, ins, outs, shape, role, eqn.span))
        for b in self.freed.get(step, ()):
            bus.emit(SlotFreed(self.plan, b.device, b.offset, b.nbytes, b.owner, end))

    def _numbers(
        self, eqn: Eqn, arrays: tuple[Array, ...]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Buffer numbers of a step's inputs and outputs."""
        values = [v for v in (*eqn.reads, *eqn.outs) if v not in self.unused]
        numbers = [self._number(v, a, eqn) for v, a in zip(values, arrays, strict=True)]
        cut = len(eqn.reads)
        return tuple(numbers[:cut]), tuple(numbers[cut:])

    def _number(self, value: int, array: Array, eqn: Eqn) -> int:
        root = self.storages.root[value]
        name, kind = self.kinds.get(root, (eqn.name, "output"))
        device = self.devices[eqn.device or "cpu(0)"]
        if root not in self.storages.external:
            return buffer_of(array, device, f"plan {self.plan}", "arena")
        return buffer_of(array, device, name, _CATEGORIES.get(kind, "other"))


_CATEGORIES: dict[str, str] = {
    "argument": "parameter",
    "auxiliary": "parameter",
    "gradient": "gradient",
    "head_gradient": "gradient",
    "output": "activation",
}
Watch = Callable[[int, int, tuple[Array, ...]], None]
