"""A graph ready to run: kernels chosen, memory planned, text generated; and frames to run it in.

A `Program` is immutable and shared. A `Frame` is one set of arenas with the functions bound to
it; whoever runs the program holds a frame for as long as its buffers are needed.
"""

from __future__ import annotations

import itertools
import linecache
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np

from dlstudio.core.device import Device
from dlstudio.core.random import Stream, stream_of
from dlstudio.graph import codegen, memory
from dlstudio.graph.control.bodies import programs
from dlstudio.graph.ir import ABSENT, Graph, draws
from dlstudio.graph.storage import Storages, analyse
from dlstudio.trace import bus

__all__ = ["Frame", "Program", "poison"]

Array = Any
_numbers = itertools.count(1)

# Debugging switch: fill every arena with NaN before each run, so that a buffer read before it is
# written, or after somebody else has taken its place, shows in the result.
poison = False


def device_of(text: str) -> Device:
    """Read a device from its text, "cpu(1)"."""
    kind, _, number = text.partition("(")
    return Device(kind, int(number.rstrip(")") or 0))


def choose_kernels(graph: Graph, storages: Storages) -> dict[int, Callable[..., None]]:
    """Ask for a kernel per equation; most need all arrays they touch to be C-contiguous."""
    from dlstudio import kernels

    found: dict[int, Callable[..., None]] = {}
    for k, eqn in enumerate(graph.eqns):
        if k in storages.views or eqn.op.flags.mutates or eqn.device.startswith("gpu"):
            continue
        if eqn.op.flags.graphs:  # has a plan of its own
            continue
        in_order = all(storages.contiguous[v] for v in eqn.reads)
        if not in_order and not kernels.takes_views(eqn.op.name):
            continue
        ins = tuple(None if i == ABSENT else graph.avals[i] for i in eqn.ins)
        outs = tuple(graph.avals[o] for o in eqn.outs)
        kernel = kernels.find(eqn.op.name, ins, outs, eqn.attrs)
        if kernel is not None:
            found[k] = kernel
    if sys.stderr is not None and sys.stderr.isatty():  # notebooks are told by their monitor
        news = kernels.announcement()
        if news:
            print(news, file=sys.stderr)
    return found


def _unused(graph: Graph, kernels: dict[int, Any]) -> frozenset[int]:
    """Outputs nobody reads, of equations that can skip them (compiled kernels write them all)."""
    read = {v for e in graph.eqns for v in e.reads} | set(graph.outputs)
    return frozenset(
        v
        for k, e in enumerate(graph.eqns)
        if k not in kernels and len(e.outs) > 1 and not e.op.flags.graphs
        for v in e.outs
        if v not in read
    )


def _compiled(program: Program, source: str, name: str) -> Any:
    """Code of a text. Tracebacks and debuggers show its lines for as long as the program lives."""
    filename = f"<dlstudio {name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    weakref.finalize(program, linecache.cache.pop, filename, None)
    return compile(source, filename, "exec")


class Program:
    """A graph that has been through all passes, with its memory plan and its text."""

    def __init__(self, graph: Graph, title: str = "graph") -> None:
        title = title.replace("\0", " ")  # Python takes no such name of a program
        self.graph, self.title, self.number = graph, title, next(_numbers)
        self.storages = analyse(graph)
        self.kernels = choose_kernels(graph, self.storages)
        self.unused = _unused(graph, self.kernels)
        self.memory = memory.plan(graph, self.storages, self.unused)
        self._text = self._write("")
        self._code = _compiled(self, self._text.source, f"plan {title} {self.number}")
        self.halves = {half.name: half for half in self._text.halves}
        self.params = {name: half.params for name, half in self.halves.items()}
        self.devices = {d: device_of(d) for d in self._device_names()}
        self._draws = [device_of(d) for d in sorted({e.device for e in graph.eqns if draws(e)})]

    def streams(self) -> list[Stream]:
        """Random streams the plan draws from, as they are now: a new seed makes new ones."""
        return [stream_of(device) for device in self._draws]

    def _device_names(self) -> list[str]:
        places = {e.device or "cpu(0)" for e in self.graph.eqns} | set(self.memory.arenas)
        places.update(d for half in self.halves.values() for d in half.devices)
        return sorted(places | set(self.graph.devices.values()))

    def _write(self, twin: codegen.Twin) -> codegen.Text:
        return codegen.write(
            self.graph,
            self.storages,
            self.memory,
            self.kernels,
            self.unused,
            twin=twin,
            title=self.title,
        )

    @property
    def source(self) -> str:
        """The generated text; below it that of the plans inside loops and branches."""
        inner = (f"\n\n{program._text.source}" for program in programs(self.graph))
        return "".join([self._text.source, *inner])

    def __str__(self) -> str:
        return self.source

    def _repr_markdown_(self) -> str:
        """The text with its syntax highlighted, as the last value of a notebook's cell."""
        return f"```python\n{self.source}\n```"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the text to a file, to be read, compared or opened in an editor.

        Parameters
        ----------
        path : path
            Its folder is made if it does not exist.

        Returns
        -------
        Path
            Of the file.
        """
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self.source, encoding="utf-8")
        return target

    @cached_property
    def watched(self) -> tuple[codegen.Text, Any]:
        """Text and code of the watched twin, made when somebody first watches."""
        return self._twin("watched")

    @cached_property
    def stepped(self) -> tuple[codegen.Text, Any]:
        """Text and code of the stepped twin, made when somebody first debugs."""
        return self._twin("stepped")

    def _twin(self, twin: codegen.Twin) -> tuple[codegen.Text, Any]:
        text = self._write(twin)
        return text, _compiled(self, text.source, f"{twin} plan {self.title} {self.number}")

    @property
    def lines(self) -> Mapping[int, int]:
        """Line of `source`, from 1, by index of equation."""
        return self._text.lines

    @property
    def names(self) -> Mapping[int, str]:
        """Identifier in `source` by value."""
        return self._text.names

    @property
    def parallel(self) -> bool:
        """Whether some half runs on several devices."""
        return any(len(half.devices) > 1 for half in self.halves.values())

    def frame(self, arenas: Mapping[str, Array] | None = None) -> Frame:
        """Bind the functions to `arenas`, bytes by device; made if they are not given."""
        return Frame(self, arenas)


class Frame:
    """Arenas of one run, and the functions that compute in them.

    `forward(*arrays)` and `backward(*arrays)` take the arrays of `Program.params` in order.
    """

    __slots__ = (
        "_drawn", "_floats", "_watched", "arenas", "backward", "forward", "program", "signals",
    )  # fmt: skip

    def __init__(self, program: Program, arenas: Mapping[str, Array] | None = None) -> None:
        self.program = program
        self.arenas = arenas or {
            d: program.devices[d].backend.empty((n,), np.dtype(np.uint8))
            for d, n in program.memory.arenas.items()
        }
        self._floats: list[Array] = []
        self._watched: dict[str, Callable[..., None]] | None = None
        self._drawn: dict[int, tuple[Stream, int]] = {}  # draws that the backward half repeats
        self.signals = Signals(program._text.signals)
        functions = self._bind(program._text, program._code, _nobody)
        self.forward = self._half("forward", functions)
        self.backward = self._half("backward", functions)

    # ---- binding -------------------------------------------------------------------------
    def _bind(
        self, text: codegen.Text, code: Any, watch: Callable[..., None]
    ) -> dict[str, Callable[..., Any]]:
        scope: dict[str, Any] = {
            "np": np, "now": perf_counter_ns, **_generators(self._drawn),
            "wait": self.signals.wait, "ready": self.signals.ready, **text.scope,
        }  # fmt: skip
        gpus = [d for n, d in self.program.devices.items() if n.startswith("gpu")]
        if gpus:
            scope["cp"] = gpus[0].xp
        exec(code, scope)
        return scope["build"](self._array, self.signals, watch)

    def _array(self, device: str, offset: int, shape: tuple[int, ...], dtype: str) -> Array:
        """View of an arena: one buffer."""
        kind = np.dtype(dtype)
        nbytes = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
        view = self.arenas[device][offset : offset + nbytes].view(kind).reshape(shape)
        if kind.kind in "fc":
            self._floats.append(view)
        return view

    def array_of(self, buffer: memory.Buffer) -> Array:
        """What lies in the place of a buffer now, as the value that belongs there."""
        shape, dtype = self.program.graph.avals[buffer.value]
        nbytes = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        place = self.arenas[buffer.device][buffer.offset : buffer.offset + nbytes]
        return place.view(dtype).reshape(shape)

    def _half(self, name: str, functions: dict[str, Callable[..., None]]) -> Callable[..., None]:
        half = self.program.halves.get(name)
        if half is None:
            return _nothing
        if len(half.devices) == 1:
            run = functions[name]
            device = self.program.devices[half.devices[0]]
            return run if device.device_type != "gpu" else _on_gpu(run, device)
        parts = [
            (self.program.devices[d], functions[codegen.function_name(half, d)])
            for d in half.devices
        ]
        return self.signals.together(parts)

    # ---- running -------------------------------------------------------------------------
    def run(self, name: str, arrays: Sequence[Array]) -> None:
        """Run one half, watched if anybody watches."""
        if poison and name == "forward":
            for view in self._floats:
                view.fill(np.nan)
        if bus.subscribers:
            self._watched_half(name)(*arrays)
        else:
            (self.forward if name == "forward" else self.backward)(*arrays)

    def observed(self, watch: Callable[..., None]) -> Callable[[str], Callable[..., None]]:
        """The watched twin with a watcher of the caller's: a function from half to function."""
        text, code = self.program.watched
        functions = self._bind(text, code, watch)
        return lambda name: self._half(name, functions)

    def stepping(
        self, name: str
    ) -> dict[str, Callable[..., Iterator[tuple[int, tuple[Array, ...]]]]]:
        """The stepped twin of a half: by device, functions that make generators.

        Each generator answers the index of the step that comes next and the arrays it reads and
        writes; going on runs that step.
        """
        half = self.program.halves[name]
        self.signals.failed = False  # an earlier run may have been broken off
        text, code = self.program.stepped
        functions = self._bind(text, code, _nobody)
        return {d: functions[codegen.function_name(half, d)] for d in half.devices}

    @contextmanager
    def delivering(self, name: str, function: Callable[..., None]) -> Iterator[None]:
        """Let `function` stand for a half: the debugger has computed it already."""
        saved = self.forward, self.backward, self._watched, self._floats
        self._watched = {"forward": self.forward, "backward": self.backward, name: function}
        self._floats = []  # nothing is to be poisoned
        setattr(self, name, function)
        try:
            yield
        finally:
            self.forward, self.backward, self._watched, self._floats = saved

    def _watched_half(self, name: str) -> Callable[..., None]:
        if self._watched is None:
            from dlstudio.graph.watching import Watcher

            functions = self.observed(Watcher(self))
            self._watched = {h: functions(h) for h in ("forward", "backward")}
        return self._watched[name]


def _nobody(step: int, start: int, arrays: tuple[Array, ...]) -> None:
    """Stand where the watcher does in plans nobody watches."""


def _nothing(*arrays: Array) -> None:
    """Stand for a half without equations."""


def _generators(drawn: dict[int, tuple[Stream, int]]) -> dict[str, Any]:
    """Functions ``draw`` and ``replay`` of a plan; they hold no frame, which holds them."""

    def draw(device: str, number: int = -1) -> Any:
        """A fresh random generator; with a number it can be had once more, by `replay`."""
        stream = stream_of(device_of(device))
        count = stream.take()
        if number >= 0:
            drawn[number] = stream, count
        return stream.generator(count)

    def replay(number: int) -> Any:
        """The generator that the forward half drew, again at its start."""
        stream, count = drawn[number]
        return stream.generator(count)

    return {"draw": draw, "replay": replay}


def _on_gpu(run: Callable[..., None], device: Device) -> Callable[..., None]:
    def inside(*arrays: Array) -> None:
        with device.xp.cuda.Device(device.device_id):
            run(*arrays)

    return inside


# ---- several devices ---------------------------------------------------------------------------
class StoppedError(Exception):
    """Ends the other devices' parts after one has failed."""


class Signals:
    """Events that say "this value is computed", and the running of several devices together."""

    def __init__(self, count: int) -> None:
        self.events = [threading.Event() for _ in range(count)]
        self.failed = False

    def wait(self, number: int) -> None:
        """Wait until the value is computed, or stop because its device has failed."""
        self.events[number].wait()
        if self.failed:
            raise StoppedError

    def ready(self, number: int) -> None:
        """Say that the value is computed."""
        self.events[number].set()

    def fail(self) -> None:
        """Release everybody who waits."""
        self.failed = True
        for event in self.events:
            event.set()

    def together(self, parts: Sequence[tuple[Device, Callable[..., None]]]) -> Callable[..., None]:
        """A function that runs each part on its device's worker and waits for all."""

        def run(*arrays: Array) -> None:
            from dlstudio.graph.workers import submit_together

            self.failed = False
            for event in self.events:
                event.clear()
            jobs = submit_together([(d, self._guarded(d, f, arrays)) for d, f in parts])
            try:
                errors = [job.error() for job in jobs]
            except BaseException:  # Ctrl-C: nobody may still write into the frame afterwards
                self.fail()
                for job in jobs:
                    job.error()
                raise
            real = [e for e in errors if e is not None and not isinstance(e, StoppedError)]
            if real:
                raise real[0]

        return run

    def _guarded(
        self, device: Device, part: Callable[..., None], arrays: tuple[Array, ...]
    ) -> Callable[[], None]:
        run = _on_gpu(part, device) if device.device_type == "gpu" else part

        def guarded() -> None:
            try:
                run(*arrays)
            except BaseException:
                self.fail()
                raise

        return guarded
