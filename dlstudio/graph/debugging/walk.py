"""One half of a plan, run one equation at a time; and the run's place in the random streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from dlstudio.core.device import Device
from dlstudio.core.random import Stream, stream_of
from dlstudio.graph.program import Frame, Program

__all__ = ["Draws", "Walk"]

Array = Any


class Walk:
    """The stepped twin of one half, bound to its arrays and paused before the next equation.

    Parameters
    ----------
    frame : Frame
    half : "forward" or "backward"
    arrays : list of arrays, those of ``program.params[half]``
    draws : Draws
    """

    def __init__(self, frame: Frame, half: str, arrays: list[Array], draws: Draws) -> None:
        self.program, self._draws = frame.program, draws
        functions = frame.stepping(half)
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
        with self._on(device), self._draws.drawing():
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
    """The run's own place in the random streams, so that it draws what any run draws.

    While a step runs the streams stand where the run has left them. In between they are
    everybody's: what the user draws while the debugger stands changes nothing.
    """

    def __init__(self, program: Program) -> None:
        self._streams = {device: stream_of(device) for device in program.devices.values()}
        self._start = {device: stream.counter for device, stream in self._streams.items()}
        self._now = dict(self._start)

    def rewind(self) -> None:
        """Begin anew; the streams go back as well, unless others have drawn since."""
        for device, stream in self._streams.items():
            if stream.counter == self._now[device]:
                stream.counter = self._start[device]
        self._now = dict(self._start)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Let the run draw; others go on behind it, or where they were if they drew themselves."""
        others = {device: self._stream(device).counter for device in self._streams}
        undrawn = {device for device, count in others.items() if count == self._now[device]}
        self._set(self._now)
        try:
            yield
        finally:
            self._now = {device: stream.counter for device, stream in self._streams.items()}
            self._set({d: self._now[d] if d in undrawn else n for d, n in others.items()})

    def _stream(self, device: Device) -> Stream:
        """The stream of a device; a new one, from its beginning, if it was seeded since."""
        stream = stream_of(device)
        if stream is not self._streams[device]:
            self._streams[device] = stream
            self._start[device] = self._now[device] = stream.counter
        return stream

    @contextmanager
    def undrawn(self) -> Iterator[None]:
        """Let the streams stand where they stood before the run."""
        now = {device: stream.counter for device, stream in self._streams.items()}
        self._set(self._start)
        try:
            yield
        finally:
            self._set(now)

    def _set(self, counters: Mapping[Device, int]) -> None:
        for device, count in counters.items():
            self._streams[device].counter = count
