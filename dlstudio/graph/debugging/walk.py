"""One half of a plan, run one equation at a time; and the random numbers set aside for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from dlstudio.core.random import stream_of
from dlstudio.graph.program import Frame, Program, device_of

__all__ = ["Draws", "Walk"]

Array = Any


class Walk:
    """The stepped twin of one half, bound to its arrays and paused before the next equation.

    Parameters
    ----------
    frame : Frame
    half : "forward" or "backward"
    arrays : list of arrays, those of ``program.params[half]``
    draw : function from the name of a device to a random generator
    """

    def __init__(
        self, frame: Frame, half: str, arrays: list[Array], draw: Callable[[str], Any]
    ) -> None:
        self.program = frame.program
        functions = frame.stepping(half, draw)
        self._parts = {device: make(*arrays) for device, make in functions.items()}
        self._next: dict[str, tuple[int, tuple[Array, ...]] | None] = {}
        for device in self._parts:
            self._resume(device)

    def advance(self, k: int) -> tuple[Array, ...]:
        """Run equation `k`, the next one of its device.

        Returns
        -------
        tuple of arrays
            What it has read, then what it has written; inputs that it has written over are copies
            taken before.
        """
        device = self.program.graph.eqns[k].device or "cpu(0)"
        paused = self._next[device]
        assert paused is not None
        assert paused[0] == k
        arrays = self._kept(k, paused[1])
        self._resume(device)
        return arrays

    def _resume(self, device: str) -> None:
        with self._on(device):
            self._next[device] = next(self._parts[device], None)

    def _on(self, device: str) -> AbstractContextManager[Any]:
        place = self.program.devices[device]
        if place.device_type != "gpu":
            return nullcontext()
        return place.xp.cuda.Device(place.device_id)

    def _kept(self, k: int, arrays: tuple[Array, ...]) -> tuple[Array, ...]:
        """Replace inputs that equation `k` will write over by copies."""
        if k in self.program.storages.views:
            return arrays
        eqn = self.program.graph.eqns[k]
        count = len(eqn.reads)
        written = [*arrays[count:], *(arrays[i] for i in _mutated_positions(eqn))]
        ins = (a.copy() if any(_overlap(a, w) for w in written) else a for a in arrays[:count])
        return (*ins, *arrays[count:])

    def close(self) -> None:
        """Give the paused functions up."""
        for part in self._parts.values():
            getattr(part, "close", tuple)()


def _mutated_positions(eqn: Any) -> list[int]:
    """Positions among the arrays of what an equation writes into though it is an input."""
    if not eqn.op.flags.mutates:
        return []
    if eqn.op.variadic:
        return list(range(len(eqn.reads)))
    return [eqn.reads.index(eqn.ins[p]) for p in eqn.op.flags.mutates if p < len(eqn.ins)]


def _overlap(a: Array, b: Array) -> bool:
    """Whether two arrays may share bytes; of a GPU's arrays whether they begin together."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return bool(np.may_share_memory(a, b))
    return hasattr(a, "data") and getattr(a.data, "ptr", 0) == getattr(b.data, "ptr", 1)


class Draws:
    """Random numbers set aside for one half, so that a debugged run draws what any run draws.

    They are taken from the streams at once: what the user draws while the debugger stands does
    not change them, and a restart draws them again.
    """

    def __init__(self, program: Program, half: str) -> None:
        split = program.graph.split
        eqns = program.graph.eqns
        mine = eqns[:split] if half == "forward" else eqns[split:]
        self._count: dict[str, int] = {}
        for eqn in mine:
            if eqn.op.flags.random and eqn.role != "recompute":  # which draws the same again
                device = eqn.device or "cpu(0)"
                self._count[device] = self._count.get(device, 0) + 1
        self._streams = {d: stream_of(device_of(d)) for d in self._count}
        self._first = {d: _take(self._streams[d], n) for d, n in self._count.items()}
        self.rewind()

    def rewind(self) -> None:
        """Draw the same numbers again."""
        self._drawn = dict.fromkeys(self._count, 0)

    def __call__(self, device: str) -> tuple[Any, int]:
        """Return a device's stream, and the number of its next draw."""
        number = self._first[device] + self._drawn[device]
        self._drawn[device] += 1
        return self._streams[device], number

    def give_back(self) -> None:
        """Make the numbers undrawn, unless others have drawn since."""
        for device, stream in self._streams.items():
            first, count = self._first[device], self._count[device]
            if stream.counter == first + count - 1:
                stream.counter = first - 1

    @contextmanager
    def undrawn(self) -> Iterator[None]:
        """Let the streams stand where they stood before these numbers were taken."""
        now = {d: s.counter for d, s in self._streams.items()}
        for device, stream in self._streams.items():
            stream.counter = self._first[device] - 1
        try:
            yield
        finally:
            for device, stream in self._streams.items():
                stream.counter = now[device]


def _take(stream: Any, count: int) -> int:
    """Take `count` numbers of a stream; return the first."""
    with stream.lock:
        stream.counter += count
        return stream.counter - count + 1
