"""One mode of an executor: its program, its frame, and where the arrays come from."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dlstudio.core.avals import Aval, aval_of
from dlstudio.core.device import Device
from dlstudio.core.tensor import NDArray
from dlstudio.errors import GradError, GraphError, ShapeError, explain
from dlstudio.graph import pipeline
from dlstudio.graph.arenas import Block
from dlstudio.graph.compose import topological
from dlstudio.graph.ir import ABSENT
from dlstudio.graph.lower import lower
from dlstudio.graph.on_tape import (
    leaves,
    placed,
    push_back,
    repeating,
    run_on_arrays,
    waits_for_others,
)
from dlstudio.graph.program import Frame, Program
from dlstudio.trace import copies

if TYPE_CHECKING:
    from dlstudio.core.registry import Op
    from dlstudio.graph.executor import Executor
    from dlstudio.graph.ir import Eqn
    from dlstudio.graph.symbol import Symbol

__all__ = ["Run", "new_array", "plain"]

Array = Any


def new_array(aval: Aval, device: Device) -> NDArray:
    """Zeros on `device`."""
    return NDArray._wrap(device.backend.zeros(aval.shape, aval.dtype), device)


def plain(array: Array, reason: str, device: Device) -> Array:
    """`array`, or a C-contiguous copy of it: plans read memory in order."""
    if array.flags.c_contiguous:
        return array
    copies.count(str(device), str(device), array.nbytes, reason)
    return array.copy(order="C")


class Run:
    """One mode of an executor: its program, its frame, and where the arrays come from."""

    def __init__(self, owner: Executor, *, train: bool) -> None:
        # the executor holds its runs; no cycle, so that its memory is free as soon as it is dropped
        self.owner: Executor = weakref.proxy(owner)
        if train:
            _refuse_waiting(owner._symbol)
        names = [*owner._arg_names, *owner._aux_names]
        arrays = [*owner.arg_arrays, *owner.aux_arrays]
        avals = {n: aval_of(a._data) for n, a in zip(names, arrays, strict=True)}
        graph = lower(owner._symbol, avals=avals, training=train, group2ctx=owner._group2ctx)
        wanted = {n: r for n, r in owner._grad_req.items() if r != "null"} if train else {}
        pinned = {n: str(a.context) for n, a in zip(names, arrays, strict=True)}
        graph = pipeline.compile_graph(graph, wanted, device=str(owner._ctx), pinned=pinned)
        self.by_tape = bool(wanted) and not graph.differentiated
        self.program = Program(graph, owner._symbol.name or "group")
        self._frame: Frame | None = None  # made by the first forward: planning takes no memory
        self._blocks: dict[str, Block] | None = None  # None: the frame has memory of its own
        self._counters: list[int] = []  # of the random streams, before the last forward half
        self._token = object()  # marks blocks in which this run's values lie
        self.requests = wanted if graph.differentiated else {}
        self.monitored: Callable[[str], Callable[..., None]] | None = None
        self._ones: list[Array] | None = None
        self._find_sources()

    def _find_sources(self) -> None:
        """For each external value of the program: the function that fetches its array."""
        owner, graph = self.owner, self.program.graph
        self.heads = [
            (graph.avals[v], self.program.devices[graph.devices[v]])
            for v in graph.outputs[: graph.heads]
        ]
        arguments, states, grads = owner.arg_dict, owner.aux_dict, owner.grad_dict
        self.readers: dict[int, NDArray] = {}
        self.head_inputs: list[tuple[int, int]] = []  # (value, number of output)
        names = self.owner._symbol.list_outputs()
        for x in graph.inputs:
            if x.kind == "argument":
                self.readers[x.value] = arguments[x.name]
            elif x.kind == "auxiliary":
                self.readers[x.value] = states[x.name]
            elif x.kind == "gradient":
                self.readers[x.value] = grads[x.name.removesuffix("_old_grad")]  # type: ignore[assignment]
        order = [x.value for x in graph.inputs if x.kind == "head_gradient"]
        self.head_inputs = list(zip(order, range(len(names)), strict=False))
        self.written = list(states.values()) if self.requests else []
        self.grads = {
            v: grads[n] for n, v in zip(self.requests, graph.outputs[graph.heads :], strict=True)
        }  # fmt: skip

    def _arrays(self, half: str, heads: Mapping[int, Array]) -> list[Array]:
        outputs = dict(zip(self.program.graph.outputs, self.owner.outputs, strict=False))
        found: list[Array] = []
        for value in self.program.params[half]:
            tensor = self.readers.get(value)
            if tensor is None:
                tensor = self.grads.get(value)
            if tensor is None:
                tensor = outputs.get(value)
            if tensor is not None:
                found.append(plain(tensor._data, "executor input", tensor.context))
            else:
                found.append(heads[value])
        return found

    @property
    def frame(self) -> Frame:
        """The frame it runs in."""
        if self._frame is None:
            self._settle()
        assert self._frame is not None
        return self._frame

    def _settle(self) -> None:
        """Lie in the shared arenas as they are now."""
        blocks = self.owner._arenas.blocks(self.program)
        if self._blocks != blocks:  # blocks are equal only to themselves
            arrays = {device: block.array for device, block in blocks.items()}
            self._frame, self._blocks, self.monitored = self.program.frame(arrays), blocks, None

    def _check_kept(self) -> None:
        """Refuse to read what somebody else has written over since the forward half."""
        if any(block.user is not self._token for block in (self._blocks or {}).values()):
            raise GradError(
                explain(
                    "executor.backward(): another executor that shares this one's memory has run "
                    "forward since.",
                    "backward right after its own forward.",
                    "call forward(is_train=True) again, or bind without shared_exec",
                )
            )

    def forward(self) -> None:
        """Run the forward half."""
        self._settle()
        for block in (self._blocks or {}).values():
            block.user = self._token  # what others kept there for their backward half is lost
        self._counters = [stream.counter for stream in self.program.streams()]
        self._execute("forward", self.forward_arrays())

    def forward_arrays(self) -> list[Array]:
        """What the forward half reads and writes, ready to be written."""
        for out in self.owner.outputs:
            out._prepare_write()
        return self._arrays("forward", {})

    def backward(self, given: Sequence[Any] | None) -> None:
        """Run the backward half with the given head gradients."""
        if self.by_tape:
            self._backward_by_tape(given)
            return
        self._check_kept()
        arrays = self.backward_arrays(given)
        if "backward" in self.program.params:
            self._execute("backward", arrays)

    def _backward_by_tape(self, given: Sequence[Any] | None) -> None:
        """Compute once more, operator by operator on the tape: the plan has no backward half."""
        owner = self.owner
        ends = leaves(owner.arg_dict, owner.grad_dict, owner._grad_req)
        place = placed(owner._ctx, owner._group2ctx)
        with repeating(self.program.streams(), self._counters, training=True):
            outputs = run_on_arrays(owner._symbol, {**ends, **owner.aux_dict}, place)
        push_back(outputs, given)

    def backward_arrays(self, given: Sequence[Any] | None) -> list[Array]:
        """What the backward half reads and writes, ready to be written."""
        for tensor in [*self.written, *self.grads.values()]:
            if tensor is not None:
                tensor._prepare_write()
        heads = self._heads(given)
        return self._arrays("backward", heads) if "backward" in self.program.params else []

    def _heads(self, given: Sequence[Any] | None) -> dict[int, Array]:
        if given is None:
            if self._ones is None:
                self._ones = [d.xp.ones(a.shape, a.dtype) for a, d in self.heads]
            return {value: self._ones[i] for value, i in self.head_inputs}
        if len(given) != len(self.heads):
            raise GradError(
                explain(
                    f"backward was given {len(given)} head gradients "
                    f"for {len(self.heads)} outputs.",
                    "one per output.",
                )
            )
        for g, (aval, _) in zip(given, self.heads, strict=True):
            if g.shape != aval.shape:
                raise ShapeError(
                    explain(
                        f"a head gradient has shape {g.shape}, its output {aval.shape}.",
                        "equal shapes.",
                    )
                )
        devices, found = self.program.graph.devices, {}
        for value, i in self.head_inputs:
            head = given[i].as_in_context(self.program.devices[devices[value]])
            array = head._data.astype(self.heads[i][0].dtype, copy=False)
            found[value] = plain(array, "head gradient", head.context)
        return found

    def _execute(self, half: str, arrays: list[Array]) -> None:
        frame = self.frame
        if self.owner._monitor is None:
            frame.run(half, arrays)
            return
        if self.monitored is None:
            self.monitored = frame.observed(self.monitor())
        self.monitored(half)(*arrays)

    def monitor(self) -> Callable[..., None]:
        """A watcher that calls the executor's monitor callback."""
        assert self.owner._monitor is not None
        nodes = {n.name: n.op for n in topological(self.owner._symbol.outputs_) if n.op}
        return _Monitor(self.program, nodes, *self.owner._monitor)

    def take_over(self, frame: Frame) -> None:
        """Go on in the memory of `frame`, in which somebody else has run a half."""
        self._frame, self._blocks, self.monitored = frame, None, None


def _refuse_waiting(symbol: Symbol) -> None:
    """Executors compute one after the other: no part of one can wait for the next."""
    node = next((n for n in topological(symbol.outputs_) if waits_for_others(n)), None)
    if node is not None:
        raise GraphError(
            explain(
                f"the bound symbol has a {node.op.name} {node.name!r} over several devices.",  # type: ignore[union-attr]
                "an operator that can train on its own: executors run one after the other.",
                fix="ndev=1 or BatchNorm; a Gluon block or gluon.SymbolBlock on several devices",
            )
        )


class _Monitor:
    """Hands every step's arrays to a user's callback."""

    def __init__(
        self,
        program: Program,
        nodes: Mapping[str, Op],
        callback: Callable[[str, NDArray], None],
        inputs: bool,
    ) -> None:
        self.program, self.callback, self.inputs = program, callback, inputs
        self.nodes = nodes
        # a node written as several equations reports the last of them, its output;
        # copies that separate outputs belong to no node
        eqns = enumerate(program.graph.eqns)
        self.final = {e.name: k for k, e in eqns if e.role == "forward" and e.name in nodes}

    def __call__(self, step: int, start: int, arrays: tuple[Array, ...]) -> None:
        eqn = self.program.graph.eqns[step]
        if self.final.get(eqn.name) != step:
            return
        device = self.program.devices[eqn.device]
        count = len(eqn.reads)
        if self.inputs:
            for name, array in zip(self._operands(eqn), arrays, strict=False):
                self.callback(f"{eqn.name}_{name}", NDArray._wrap(array.copy(), device))
        results = arrays[count : count + eqn.op.n_visible(eqn.attrs)]
        for i, array in enumerate(results):
            number = i if len(results) > 1 else ""
            self.callback(f"{eqn.name}_output{number}", NDArray._wrap(array.copy(), device))

    def _operands(self, eqn: Eqn) -> Sequence[str]:
        """Names of what an equation reads; numbers where it is a part of the user's operator."""
        if self.nodes[eqn.name] is eqn.op:
            names = eqn.op.inputs_for(eqn.attrs, len(eqn.ins))
            return [name for name, i in zip(names, eqn.ins, strict=False) if i != ABSENT]
        return [f"input{i}" for i in range(len(eqn.reads))]
