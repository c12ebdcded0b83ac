"""What a compiled block runs: one plan per signature, and the gradient of one call.

A call leases a frame from its plan. The gradient on the tape holds the lease, and gives the frame
back when it dies: after backward, or when the result is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dlstudio.core import reverse, tape
from dlstudio.core.avals import Aval, aval_of
from dlstudio.core.device import Device
from dlstudio.core.pool import THRESHOLD, pool_of
from dlstudio.core.storage import Store
from dlstudio.core.tensor import NDArray, Tensor
from dlstudio.errors import StaleValueError, explain
from dlstudio.graph import pipeline, program
from dlstudio.graph.executor_run import plain
from dlstudio.graph.ir import mutated
from dlstudio.graph.lower import lower
from dlstudio.graph.on_tape import repeating, run_on_arrays
from dlstudio.graph.program import Frame, Program
from dlstudio.trace import bus

if TYPE_CHECKING:
    from dlstudio.graph.ir import Graph
    from dlstudio.graph.symbol import Symbol

__all__ = ["Plan", "Source"]

Array = Any


class Source(NamedTuple):
    """What is compiled: a symbol, its variables in order, a title, and devices of groups."""

    symbol: Symbol
    names: list[str]
    title: str
    group2ctx: Mapping[str, Any] | None


class Plan:
    """A program for one signature, and its free frames."""

    def __init__(
        self, source: Source, inputs: Sequence[Tensor], wants: tuple[bool, ...], *, training: bool
    ) -> None:
        self.source, self.wanted = source, [i for i, w in enumerate(wants) if w]
        self.training, self.wants = training, list(wants)
        self.avals = [aval_of(x._data) for x in inputs]
        self.places = [x._device for x in inputs]
        self.seen: list[Array] = [None] * len(inputs)  # arrays that came twice: parameters
        self.fresh: list[Any] = [None] * len(inputs)  # ids of the arrays of the last call
        names = source.names
        avals = {n: aval_of(x._data) for n, x in zip(names, inputs, strict=True)}
        graph = lower(source.symbol, avals=avals, training=training, group2ctx=source.group2ctx)
        requests = {names[i]: "write" for i in self.wanted if _is_argument(graph, names[i])}
        self.wanted = [i for i in self.wanted if names[i] in requests]
        device = inputs[0]._device if inputs else Device("cpu", 0)
        pinned = {n: str(x._device) for n, x in zip(names, inputs, strict=True)}
        graph = pipeline.compile_graph(graph, requests, device=str(device), pinned=pinned)
        self.by_tape = bool(requests) and not graph.differentiated
        self.program = Program(graph, source.title)
        self.draws = bool(self.program.streams())
        self.frames: list[Frame] = []
        self._locate(graph, names)

    def _locate(self, graph: Graph, names: list[str]) -> None:
        """Say where the two halves find their arrays: inputs, outputs, heads, gradients."""
        position: dict[int, int] = {}
        n = len(names)
        for x in graph.inputs:
            if x.kind in ("argument", "auxiliary"):
                position[x.value] = names.index(x.name)
        heads = [x.value for x in graph.inputs if x.kind == "head_gradient"]
        visible = graph.outputs[: graph.heads]
        position.update({v: n + i for i, v in enumerate(visible)})
        position.update({v: n + len(visible) + i for i, v in enumerate(heads)})
        after = n + len(visible) + len(heads)
        position.update({v: after + i for i, v in enumerate(graph.outputs[graph.heads :])})
        params = self.program.params
        self.forward_from = [position[v] for v in params["forward"]]
        self.backward_from = [position[v] for v in params.get("backward", ())]
        place = self.program.devices
        self.outputs = [self._maker(graph.avals[v], place[graph.devices[v]]) for v in visible]
        self.heads = [(graph.avals[v], place[graph.devices[v]]) for v in visible]
        self.grads = [
            self._maker(graph.avals[v], place[graph.devices[v]])
            for v in graph.outputs[graph.heads :]
        ]
        arguments = [position[x.value] for x in graph.inputs if x.kind == "argument"]
        read = dict.fromkeys(arguments if self.by_tape else self.backward_from)
        self.saved = [i for i in read if i < n]
        self.saved_outputs = [i - n for i in read if n <= i < n + len(visible)]
        self._find_effects(graph, names)

    def _find_effects(self, graph: Graph, names: list[str]) -> None:
        states = {
            x.value: names.index(x.name)
            for x in graph.inputs
            if x.kind in ("argument", "auxiliary")
        }
        written = [
            {states[v] for e in half for v in mutated(e) if v in states}
            for half in (graph.eqns[: graph.split], graph.eqns[graph.split :])
        ]
        self.written_forward, self.written = sorted(written[0]), sorted(written[1])
        self.saved = [i for i in self.saved if i not in self.written]

    @staticmethod
    def _maker(aval: Aval, device: Device) -> tuple[Any, tuple[int, ...], Any, Device]:
        """How an array that leaves the plan is made: large ones from the pool."""
        small = aval.nbytes < THRESHOLD and device.device_type != "gpu"
        return np.empty if small else pool_of(device).empty, aval.shape, aval.dtype, device

    # ---- calls -----------------------------------------------------------------------------
    def fits(self, inputs: Sequence[Tensor], arrays: list[Array], state: Any) -> bool:
        """Whether this plan is the one for these inputs; parameters are known by identity."""
        if state.training is not self.training or len(arrays) != len(self.seen):
            return False
        if state.recording:
            wants = [x._entry is not None for x in inputs]
            if wants != self.wants and (self.wants or True in wants):
                return False
        elif self.wants:
            return False
        for i, a in enumerate(arrays):
            if a is not self.seen[i] and not self._admits(i, a, inputs[i]):
                return False
        return True

    def _admits(self, i: int, array: Array, tensor: Tensor) -> bool:
        """Look closely at an array that was not seen before."""
        shape, dtype = self.avals[i]
        if array.shape != shape or array.dtype != dtype or tensor._device is not self.places[i]:
            return False
        if self.fresh[i] == id(array) and array.flags.c_contiguous:
            self.seen[i] = array
        else:
            self.fresh[i], self.seen[i] = id(array), None
        return True

    def call(self, inputs: Sequence[Tensor], arrays: list[Array]) -> list[Tensor]:
        """Run the forward half; leave a tape entry if gradients are wanted."""
        for i, known in enumerate(self.seen):
            if known is None and not arrays[i].flags.c_contiguous:
                arrays[i] = plain(arrays[i], f"{self.source.title} input", inputs[i]._device)
        for i in self.written_forward:
            inputs[i]._prepare_write()
            arrays[i] = inputs[i]._data
        outs = [empty(shape, dtype) for empty, shape, dtype, _ in self.outputs]
        arrays += outs
        frames = self.frames
        try:
            frame = frames.pop()
        except IndexError:  # all are leased: by calls whose backward is to come, or by threads
            frame = self.program.frame()
        counters = [s.counter for s in self.program.streams()] if self.draws else ()
        if bus.subscribers or program.poison:
            frame.run("forward", [arrays[i] for i in self.forward_from])
        else:
            frame.forward(*[arrays[i] for i in self.forward_from])
        cls = inputs[0].__class__ if inputs else NDArray
        tensors = [cls._wrap(a, m[3]) for a, m in zip(outs, self.outputs, strict=True)]
        if self.wanted:
            self._record(inputs, arrays, tensors, frame, counters)
        else:
            frames.append(frame)
        return tensors

    def _record(
        self, inputs: Sequence[Tensor], arrays: list[Array], tensors: list[Tensor],
        frame: Frame, counters: Sequence[int],
    ) -> None:  # fmt: skip
        rule = _Backward(self, inputs, tensors, arrays, frame, counters)
        source = self.source
        entry = tape.record_custom(
            inputs, tensors, rule, source.title, symbol=source.symbol, arguments=source.names
        )
        rule.parents = entry.parents


def _is_argument(graph: Graph, name: str) -> bool:
    return any(x.name == name and x.kind == "argument" for x in graph.inputs)


def _with_store(tensor: Tensor) -> Any:
    if tensor._store is None:
        tensor._store = Store()
    return tensor


class _Backward:
    """The gradient of one call. It holds the frame; when it dies the frame is free again."""

    __slots__ = ("arrays", "counters", "frame", "inputs", "parents", "plan", "versions")
    takes_sweep = True  # the tape hands over the whole sweep: gradients may go where they belong

    def __init__(
        self,
        plan: Plan,
        inputs: Sequence[Tensor],
        tensors: Sequence[Tensor],
        arrays: list[Array],
        frame: Frame,
        counters: Sequence[int],
    ) -> None:
        self.plan, self.inputs, self.arrays, self.frame = plan, inputs, arrays, frame
        self.counters = counters
        self.parents: tuple[Any, ...] = ()
        # what backward reads must stay as it is: inputs, parameters, and outputs it kept
        kept = [inputs[i] for i in plan.saved] + [tensors[i] for i in plan.saved_outputs]
        self.versions = [(x._store, x._store.version) for x in map(_with_store, kept)]

    def __del__(self) -> None:
        self.plan.frames.append(self.frame)

    def __call__(self, heads: tuple[Any, ...], sweep: Any) -> list[Any]:
        """Gradients of the inputs; where possible written straight into the parameters' buffers."""
        plan = self.plan
        if sweep.create_graph:
            return self._replayed(heads, create_graph=True)
        for store, version in self.versions:
            if store.version != version:
                raise self._stale()
        if plan.by_tape:
            places = [device for _, device in plan.heads]
            pairs = zip(heads, places, strict=True)
            given = [None if h is None else Tensor._wrap(h, place) for h, place in pairs]
            return self._replayed(given, create_graph=False)
        for i in plan.written:
            self.inputs[i]._prepare_write()
            self.arrays[i] = self.inputs[i]._data
        arrays = [*self.arrays, *self._heads(heads)]
        result: list[Any] = [None] * len(self.inputs)
        parents, claim = self.parents, sweep.claim
        for i, (empty, shape, dtype, _) in zip(plan.wanted, plan.grads, strict=True):
            buffer = claim(parents[i][0])
            if buffer is None:
                buffer = result[i] = empty(shape, dtype)
            arrays.append(buffer)
        self._run(arrays, retain=sweep.retain)
        return result

    def _heads(self, heads: tuple[Any, ...]) -> list[Array]:
        """Head gradients as the plan reads them; zeros for outputs nobody used."""
        found = []
        for head, (aval, device) in zip(heads, self.plan.heads, strict=True):
            array = device.xp.zeros(aval.shape, aval.dtype) if head is None else head
            found.append(plain(array, "head gradient", device))
        return found

    def _run(self, arrays: list[Array], *, retain: bool) -> None:
        plan, frame = self.plan, self.frame
        # backward reuses the memory of what forward kept: a second backward needs it as it was
        kept = {d: a.copy() for d, a in frame.arenas.items()} if retain else None
        chosen = [arrays[i] for i in plan.backward_from]
        if bus.subscribers:
            frame.run("backward", chosen)
        else:
            frame.backward(*chosen)
        if kept is not None:
            for device, array in kept.items():
                frame.arenas[device][...] = array

    def _replayed(self, heads: Sequence[Tensor | None], *, create_graph: bool) -> list[Any]:
        """Run the symbol again on the tape, with the same random numbers, and ask the tape."""
        plan = self.plan
        bound = dict(zip(plan.source.names, self.inputs, strict=True))
        with repeating(plan.program.streams(), self.counters, training=plan.program.graph.training):
            outputs = run_on_arrays(plan.source.symbol, bound)
        pairs = [(y, h) for y, h in zip(outputs, heads, strict=True) if h is not None]
        wanted = [self.inputs[i] for i in plan.wanted]
        found = reverse.gradients(
            [y for y, _ in pairs],
            wanted,
            [h for _, h in pairs],
            create_graph=create_graph,
            stop=True,
        )
        result: list[Any] = [None] * len(self.inputs)
        for i, g in zip(plan.wanted, found, strict=True):
            result[i] = g
        return result

    def _stale(self) -> StaleValueError:
        plan = self.plan
        outputs = plan.source.symbol.list_outputs()
        names = [plan.source.names[i] for i in plan.saved] + [
            outputs[i] for i in plan.saved_outputs
        ]
        changed = [
            name
            for name, (store, version) in zip(names, self.versions, strict=True)
            if store.version != version
        ]
        return StaleValueError(
            explain(
                f"{', '.join(changed)} of {plan.source.title} changed in place "
                "between forward and backward.",
                "inputs and parameters to stay as they were until backward.",
                "call backward before trainer.step, or write into a copy",
            )
        )
