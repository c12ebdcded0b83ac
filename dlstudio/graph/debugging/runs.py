"""What is debugged: one forward and backward of an executor, or one call of a compiled block.

A run starts in a frame of its own. When a half is over its results are handed to whoever owns
them, as if the half had run at once; until then nothing but the states it writes has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from dlstudio.core import reverse, tape
from dlstudio.core.tensor import NDArray, Tensor
from dlstudio.errors import ArgumentError, explain
from dlstudio.graph.debugging.walk import Draws
from dlstudio.graph.executor_run import plain
from dlstudio.graph.ir import mutated

if TYPE_CHECKING:
    from dlstudio.graph.capture import CachedOp
    from dlstudio.graph.executor import Executor
    from dlstudio.graph.program import Frame, Program
    from dlstudio.graph.symbol import Symbol

__all__ = ["BlockRun", "ExecutorRun", "Subject"]

Array = Any


class Subject(Protocol):
    """What the debugger asks of a run."""

    program: Program
    frame: Frame
    symbol: Symbol
    halves: tuple[str, ...]  # that will run: ("forward",) or both
    draws: Draws

    @property
    def result(self) -> Any:
        """What the forward pass returns."""

    def start(self) -> None:
        """Take a fresh frame; undo what an earlier start has written."""

    def begin(self, half: str) -> list[Array]:
        """Return the arrays of a half, ready to be written."""
        ...

    def finish(self, half: str) -> None:
        """Hand the results of a half over."""

    def monitor(self) -> Callable[..., None] | None:
        """Return who else wants to see every step."""


class _Saved:
    """Arrays that a run changes and reads, as they were before."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._kept = [(x, x._data.copy()) for x in tensors]

    def restore(self) -> None:
        for tensor, array in self._kept:
            tensor._prepare_write()
            tensor._data[...] = array


def _saved_or_restored(saved: _Saved | None, changed: Callable[[], Sequence[Tensor]]) -> _Saved:
    """Note what the first start will change; undo the changes at all later ones."""
    if saved is None:
        return _Saved(changed())
    saved.restore()
    return saved


class ExecutorRun:
    """One pass through an executor's plan."""

    def __init__(self, executor: Executor, *, train: bool, backward: bool, out_grads: Any) -> None:
        self.executor, self.train = executor, train
        self._run = executor._run(train=train)
        self.program, self.symbol = self._run.program, executor._symbol
        self.halves: tuple[str, ...] = ("forward", "backward") if backward else ("forward",)
        self._out_grads = [out_grads] if isinstance(out_grads, NDArray) else out_grads
        self._saved: _Saved | None = None
        self.draws = Draws(self.program)

    def _changed(self) -> list[NDArray]:
        graph, readers = self.program.graph, self._run.readers
        written = {v for eqn in graph.eqns for v in mutated(eqn)}
        return [
            readers[x.value]
            for x in graph.inputs
            if x.kind == "gradient" or (x.value in written and x.value in readers)
        ]

    @property
    def result(self) -> list[NDArray]:
        """Outputs of the executor."""
        return self.executor.outputs

    def start(self) -> None:
        """Begin anew, with states and accumulated gradients as they were."""
        self._saved = _saved_or_restored(self._saved, self._changed)
        self.frame = self.program.frame()

    def begin(self, half: str) -> list[Array]:
        """Return the arrays of a half, ready to be written."""
        if half == "forward":
            return self._run.forward_arrays()
        return self._run.backward_arrays(self._out_grads)

    def finish(self, half: str) -> None:
        """Let the executor go on from here."""
        self._run.take_over(self.frame)
        if half == "forward":
            self.executor._last = self._run if self.train else None

    def monitor(self) -> Callable[..., None] | None:
        """Return a watcher that calls the executor's monitor callback, if it has one."""
        return None if self.executor._monitor is None else self._run.monitor()


class BlockRun:
    """One call of a compiled block, and the backward pass through it.

    Parameters
    ----------
    op : CachedOp
    inputs : sequence of Tensor, in the order of ``op.names``
    regroup : function from the list of outputs to what the block returns
    """

    def __init__(
        self, op: CachedOp, inputs: Sequence[Tensor], regroup: Callable[[list[Tensor]], Any], *,
        train: bool, backward: bool, out_grads: Any,
    ) -> None:  # fmt: skip
        if op._dynamic:
            raise ArgumentError(
                explain(
                    f"{op.title} has no plan: the shape of some value depends on values.",
                    "a block whose shapes follow from the shapes of its inputs.",
                )
            )
        self.inputs, self.symbol, self.train = list(inputs), op.symbol, train
        with self._recording():
            self._plan = op._find(self.inputs, tape.state)
        self.program, self._regroup = self._plan.program, regroup
        both = backward and bool(self._plan.wanted)
        self.halves: tuple[str, ...] = ("forward", "backward") if both else ("forward",)
        self._out_grads = [out_grads] if isinstance(out_grads, Tensor) else out_grads
        self._saved: _Saved | None = None
        self.outputs: list[Tensor] = []
        self.draws = Draws(self.program)

    def _changed(self) -> list[Tensor]:
        plan = self._plan
        written = dict.fromkeys([*plan.written_forward, *plan.written])
        leaves = [x._entry for x in self.inputs if isinstance(x._entry, tape.Leaf)]
        added = [leaf.grad for leaf in leaves if leaf.req == "add" and leaf.grad is not None]
        return [*(self.inputs[i] for i in written), *added]

    @contextmanager
    def _recording(self) -> Iterator[None]:
        state = tape.state
        before = state.recording, state.training
        state.recording = state.training = self.train
        try:
            yield
        finally:
            state.recording, state.training = before

    @property
    def result(self) -> Any:
        """What the block returns; None until its forward half is over."""
        return self._regroup(self.outputs) if self.outputs else None

    def start(self) -> None:
        """Begin anew, with states and accumulated gradients as they were."""
        self._saved = _saved_or_restored(self._saved, self._changed)
        self.outputs = []
        self.frame = self.program.frame()

    def begin(self, half: str) -> list[Array]:
        """Return the arrays of a half, ready to be written."""
        plan = self._plan
        if half == "forward":
            self._arrays = [*self._read(plan.written_forward), *_made(plan.outputs)]
            return [self._arrays[i] for i in plan.forward_from]
        rule = self._rule()
        arrays = [*rule.arrays, *rule._heads(self._heads())]
        for i in plan.written:
            self.inputs[i]._prepare_write()
            arrays[i] = self.inputs[i]._data
        self._first_gradient = len(arrays)
        self._arrays = [*arrays, *_made(plan.grads)]
        return [self._arrays[i] for i in plan.backward_from]

    def _read(self, written: Sequence[int]) -> list[Array]:
        for i in written:
            self.inputs[i]._prepare_write()
        title = self._plan.source.title
        return [plain(x._data, f"{title} input", x._device) for x in self.inputs]

    def _rule(self) -> Any:
        entry = self.outputs[0]._entry
        assert isinstance(entry, tape.Entry)
        assert entry.extra is not None
        return entry.extra["custom"]

    def _heads(self) -> tuple[Array, ...]:
        given = self._out_grads or [None] * len(self.outputs)
        ones = (x._device.xp.ones(x.shape, x._data.dtype) for x in self.outputs)
        return tuple(one if g is None else g._data for g, one in zip(given, ones, strict=True))

    def finish(self, half: str) -> None:
        """Leave outputs on the tape, or gradients where the tape delivers them."""
        if half == "forward":
            self._return()
            return
        with self.frame.delivering("backward", self._deliver(self._first_gradient)):
            reverse.backward(self.outputs, self._out_grads)

    def _return(self) -> None:
        """Call the block once more, with what is computed already in the place of computing."""
        plan = self._plan
        deliver = self._deliver(len(self.inputs))
        with self._recording(), self.frame.delivering("forward", deliver):
            plan.frames.append(self.frame)  # the one the call takes
            with self.draws.undrawn():
                self.outputs = plan.call(self.inputs, [x._data for x in self.inputs])

    def _deliver(self, first: int) -> Callable[..., None]:
        """A stand-in for a half: it copies the computed arrays from number `first` on."""
        plan, mine = self._plan, self._arrays
        numbers = plan.forward_from if first == len(self.inputs) else plan.backward_from

        def deliver(*arrays: Array) -> None:
            for i, target in zip(numbers, arrays, strict=True):
                if i >= first:
                    target[...] = mine[i]

        return deliver

    def monitor(self) -> Callable[..., None] | None:
        """Nobody else looks on."""
        return None


def _made(makers: Sequence[Any]) -> list[Array]:
    return [empty(shape, dtype) for empty, shape, dtype, _ in makers]
