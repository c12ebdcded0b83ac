"""The reverse sweep: from the newest recorded entry to the oldest, without recursion.

`backward` writes into the `grad` of attached arrays, `gradients` answers the gradients asked for.
Rules run on bare arrays; with ``create_graph=True`` on tensors, so that the gradient is recorded.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from dlstudio.core.avals import Aval
from dlstudio.core.interpret import Lazy, raw
from dlstudio.core.late import (
    alive,
    backward_later,
    finished,
    give_up,
    is_late,
    too_early,
    unfinished,
)
from dlstudio.core.sparse import BaseSparseNDArray
from dlstudio.core.sparse_storage import densified, is_sparse
from dlstudio.core.tape import Entry, Leaf, Recorded, state
from dlstudio.errors import GradError, ShapeError, StaleValueError, explain
from dlstudio.trace import bus

if TYPE_CHECKING:
    from dlstudio.core.tensor import Tensor

__all__ = ["backward", "deliver", "gradients", "write_states"]


class _Sweep:
    """One backward pass: gradients that wait for their entry, newest entry first."""

    def __init__(self, *, create_graph: bool, retain: bool, delivering: bool) -> None:
        self.create_graph, self.retain, self.delivering = create_graph, retain, delivering
        self.waiting: dict[Entry | Leaf, list[Any]] = {}
        self.order: list[tuple[int, Entry]] = []
        self.leaves: dict[Leaf, Any] = {}
        self.gates: list[Any] = []  # passed on the way: see `meeting.gate`

    def add(self, target: tuple[Entry | Leaf, int], gradient: Any) -> None:
        """Accumulate `gradient` for output `index` of an entry, or for a leaf."""
        entry, index = target
        if isinstance(entry, Leaf):
            old = self.leaves.get(entry)
            self.leaves[entry] = gradient if old is None else self._sum(entry, old, gradient)
            return
        slots = self.waiting.get(entry)
        if slots is None:
            slots = self.waiting[entry] = [None] * entry.count
            heapq.heappush(self.order, (-entry.seq, entry))
        old = slots[index]
        slots[index] = gradient if old is None else self._sum(entry, old, gradient)

    def claim(self, leaf: Any) -> Any:
        """The buffer of `leaf` that its first gradient may be written into at once, or None."""
        if leaf.__class__ is not Leaf or not self.delivering or leaf in self.leaves:
            return None
        grad = leaf.grad
        if leaf.req != "write" or grad is None:
            return None
        if grad._store is not None:
            grad._prepare_write()
        if isinstance(grad, BaseSparseNDArray):
            return None
        buffer = grad._data
        if not buffer.flags.c_contiguous:
            return None
        self.leaves[leaf] = buffer
        return buffer

    def _sum(self, entry: Entry | Leaf, old: Any, new: Any) -> Any:
        if is_sparse(old) or is_sparse(new):
            return sparse_calls().added(entry.device.xp, old, new)
        return self._functions(entry).add(old, new)

    def _functions(self, entry: Entry | Leaf) -> Any:
        if self.create_graph:
            return Recorded
        if bus.subscribers:
            from dlstudio.core.watch import watched_raw

            return watched_raw(entry.device, "backward")
        return raw(entry.device.xp)

    def run(self, wanted: dict[tuple[Entry, int], Any], *, stop: bool = False) -> None:
        """Process entries until none waits; keep the gradients of `wanted` intermediate values.

        With `stop` the sweep ends at the entries of `wanted`.
        """
        ends = {entry for entry, _ in wanted} if stop else ()
        while self.order:
            entry = heapq.heappop(self.order)[1]
            heads = self.waiting.pop(entry)
            for index, gradient in enumerate(heads):
                if (entry, index) in wanted:
                    wanted[entry, index] = gradient
            if entry in ends:
                continue
            gradients_in = self._apply(entry, heads)
            if gradients_in is None:  # they depend on those of other devices: see `meeting.gate`
                return
            for parent, gradient in zip(entry.parents, gradients_in, strict=False):
                if parent is not None and gradient is not None:
                    self.add(parent, gradient.make() if gradient.__class__ is Lazy else gradient)
            if not self.retain:
                _free(entry)

    def stop(self) -> _Sweep:
        """End here; answer a sweep of what was found so far, for another one to take over."""
        found = _Sweep(create_graph=False, retain=self.retain, delivering=True)
        found.waiting, found.gates = self.waiting, self.gates
        for leaf, gradient in self.leaves.items():
            claimed = leaf.grad is not None and gradient is leaf.grad._data  # the user's own buffer
            found.leaves[leaf] = gradient.copy() if claimed else gradient
        self.waiting, self.order, self.leaves, self.gates = {}, [], {}, []
        return found

    def take_over(self, found: _Sweep) -> None:
        """Go on with what another sweep has found."""
        for entry, slots in found.waiting.items():
            for index, gradient in enumerate(slots):
                if gradient is not None:
                    self.add((entry, index), gradient)
        for leaf, gradient in found.leaves.items():
            self.add((leaf, 0), gradient)
        self.gates += found.gates

    def _apply(self, entry: Entry, heads: list[Any]) -> Sequence[Any] | None:
        if entry.inputs is None:
            raise GradError(
                explain(
                    f"backward ran through {_label(entry)} a second time, "
                    "but its saved values were freed.",
                    "one backward per recorded forward.",
                    "y.backward(retain_graph=True) the first time",
                )
            )
        if entry.op is None:
            assert entry.extra is not None
            rule = entry.extra["custom"]
            if getattr(rule, "takes_sweep", False):  # a compiled block; see graph/capture.py
                return rule(tuple(heads), self)
            return rule(tuple(heads), self.create_graph)
        for store, version in entry.versions:
            if store.version != version:
                raise _stale(entry)
        return self._rule(entry, heads)

    def _rule(self, entry: Entry, heads: list[Any]) -> Sequence[Any]:
        op = entry.op
        assert op is not None
        ins, outs = entry.inputs or (), entry.outputs
        if self.create_graph:
            ins, outs = _as_tensors(entry, ins, outs)
        functions = self._functions(entry)
        single = len(outs) == 1
        if op.aux_update is not None and entry.extra is not None:
            _update_aux(entry, entry.extra["aux"], raw(entry.device.xp))
        head, out = (heads[0], outs[0]) if single else (tuple(heads), outs)
        rule: Any = op.grad  # differentiable, hence a rule
        if self.create_graph:
            with entry.device:  # constants that the rule makes belong there
                return rule(functions, head, out, *ins, **entry.attrs)
        return rule(functions, head, out, *ins, **entry.attrs)


def _free(entry: Entry) -> None:
    """Drop saved arrays; what pictures show (operator, names, parents) stays."""
    entry.inputs, entry.outputs, entry.versions = None, (), ()
    if entry.extra is not None:
        entry.extra.pop("custom", None)
        entry.extra.pop("aux", None)


def _update_aux(entry: Entry, aux: Sequence[Tensor], functions: Any) -> None:
    """Write the new auxiliary states (moving averages); MXNet does so in the backward pass."""
    op = entry.op
    assert op is not None
    assert op.aux_update is not None
    ins = list(entry.inputs)
    for name, tensor in zip(op.aux, aux, strict=True):
        ins[op.inputs.index(name)] = tensor._data
    write_states(aux, op.aux_update(functions, entry.outputs, *ins, **entry.attrs))


def write_states(states: Sequence[Tensor], new: Sequence[Any] | None) -> None:
    """Put what `aux_update` has answered, if anything, into the auxiliary states."""
    for tensor, value in zip(states, new or (), strict=new is not None):
        tensor._prepare_write()
        tensor._data[...] = value


def _as_tensors(entry: Entry, ins: Sequence[Any], outs: Sequence[Any]) -> tuple[Any, Any]:
    """Dress saved arrays as tensors that hang on the tape where the originals did."""
    from dlstudio.core.tensor import Tensor

    def dress(value: Any, parent: tuple[Any, int] | None) -> Any:
        if value is None or isinstance(value, Aval):
            return value
        tensor = Tensor._wrap(value, entry.device)
        if parent is not None:
            tensor._entry, tensor._index = parent
        return tensor

    inputs = tuple(dress(x, p) for x, p in zip(ins, entry.parents, strict=True))
    return inputs, tuple(dress(x, (entry, i)) for i, x in enumerate(outs))


def _label(entry: Entry) -> str:
    extra = entry.extra or {}
    text = extra.get("name") or (entry.op.name if entry.op else "a custom function")
    return f"{text} ({extra['span']})" if extra.get("span") else text


def _stale(entry: Entry) -> StaleValueError:
    return StaleValueError(
        explain(
            f"a value that the gradient of {_label(entry)} needs was changed in place "
            "after it was recorded.",
            "inputs and outputs of recorded operators to stay as they were until backward.",
            "write into a copy (y = x.copy(); y[:] = ...), or call backward first",
        )
    )


def sparse_calls() -> Any:
    """Import what only sparse gradients need."""
    from dlstudio.core import sparse_calls

    return sparse_calls


# ---- entry points ----------------------------------------------------------------------------
def _heads(
    heads: Sequence[Tensor], head_grads: Sequence[Tensor | None] | None
) -> list[tuple[Any, Any]]:
    given = [None] * len(heads) if head_grads is None else list(head_grads)
    if len(given) != len(heads):
        raise GradError(
            explain(
                f"backward got {len(heads)} heads and {len(given)} head gradients.",
                "one head gradient (or None) per head.",
            )
        )
    return list(zip(heads, given, strict=True))


def _seed(head: Tensor, gradient: Tensor | None, *, create_graph: bool) -> Any:
    if gradient is None:
        value = head._device.xp.ones(head.shape, head.dtype)
        if not create_graph:
            return value
        from dlstudio.core.tensor import Tensor

        return Tensor._wrap(value, head._device)
    if not hasattr(gradient, "stype"):
        raise GradError(f"a head gradient must be an array. Got {type(gradient).__name__}.")
    gradient = gradient if gradient.stype == "default" else cast("Tensor", gradient.todense())
    if gradient._data.shape != head.shape:
        raise ShapeError(
            explain(
                f"the head gradient has shape {gradient._data.shape}, the head {head.shape}.",
                "the shape of the head: one weight per output element.",
                "y.backward(mx.nd.ones_like(y))",
            )
        )
    if create_graph:
        from dlstudio.core.tensor import Tensor

        return gradient._as(Tensor)
    return gradient._data.astype(head.dtype, copy=False)


def _start(
    heads: Sequence[Tensor], head_grads: Sequence[Tensor | None] | None, sweep: _Sweep
) -> None:
    for i, (head, gradient) in enumerate(_heads(heads, head_grads)):
        if is_late(head):
            raise too_early()
        if head._entry is None:
            which = "an array" if len(heads) == 1 else f"heads[{i}], an array"
            raise GradError(
                explain(
                    f"backward was called on {which} that was not computed while recording "
                    "from anything with attach_grad().",
                    "a result of operators run inside `with autograd.record():`.",
                    "x.attach_grad()\n     with autograd.record():\n         y = f(x)\n"
                    "     y.backward()",
                )
            )
        sweep.add(
            (head._entry, head._index), _seed(head, gradient, create_graph=sweep.create_graph)
        )


def _swept(
    heads: Sequence[Tensor],
    head_grads: Sequence[Tensor | None] | None,
    wanted: dict[tuple[Entry, int], Any],
    *,
    retain_graph: bool,
    create_graph: bool,
    delivering: bool = False,
    stop: bool = False,
) -> _Sweep:
    sweep = _Sweep(
        create_graph=create_graph,
        retain=retain_graph or create_graph,
        delivering=delivering and not create_graph,
    )
    recording = state.recording
    state.recording = create_graph
    try:
        _start(heads, head_grads, sweep)
        sweep.run(wanted, stop=stop)
    finally:
        state.recording = recording
    return sweep


def backward(
    heads: Sequence[Tensor],
    head_grads: Sequence[Tensor | None] | None = None,
    *,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> None:
    """Write the gradients of ``sum(head * head_grad)`` into the `grad` of every attached array."""
    if alive and any(is_late(x) for x in heads):
        again = partial(
            backward, heads, head_grads, retain_graph=retain_graph, create_graph=create_graph
        )
        backward_later(again, heads)
        return
    try:
        sweep = _swept(
            heads,
            head_grads,
            {},
            retain_graph=retain_graph,
            create_graph=create_graph,
            delivering=True,
        )
        for leaf, gradient in sweep.leaves.items():
            deliver(leaf, gradient, create_graph=create_graph)
    except BaseException:
        if unfinished:  # the other parts of the batch wait in vain
            give_up()
        raise
    if sweep.gates:
        finished(sweep.gates)


def deliver(leaf: Leaf, gradient: Any, *, create_graph: bool = False) -> None:
    """Put a finished gradient where the leaf's `grad_req` says."""
    target = leaf.grad
    if target is None or leaf.req == "null":
        return
    if is_sparse(gradient) or isinstance(target, BaseSparseNDArray):
        sparse_calls().deliver(leaf, gradient)
        return
    if gradient is target._data:  # written in place by a compiled block
        leaf.fresh = True
        return
    array = gradient._data if create_graph else gradient
    target._prepare_write()
    if leaf.req == "add":
        target._data[...] += array.astype(target._data.dtype, copy=False)
    else:
        target._data[...] = array
    leaf.fresh = True
    if create_graph and leaf.req != "add":
        target._entry, target._index = gradient._entry, gradient._index


def gradients(
    heads: Sequence[Tensor],
    variables: Sequence[Tensor],
    head_grads: Sequence[Tensor | None] | None = None,
    *,
    retain_graph: bool = False,
    create_graph: bool = False,
    stop: bool = False,
    sparse: bool = False,
) -> list[Any]:
    """Gradients with respect to `variables`, as arrays (tensors if `create_graph`); None = no path.

    With `stop` nothing before the variables is differentiated. With `sparse` row-sparse gradients
    come as they are.
    """
    wanted: dict[tuple[Entry, int], Any] = {
        (v._entry, v._index): None for v in variables if isinstance(v._entry, Entry)
    }
    sweep = _swept(
        heads, head_grads, wanted, retain_graph=retain_graph, create_graph=create_graph, stop=stop
    )
    found: list[Any] = []
    for v in variables:
        entry = v._entry
        if entry is None:
            raise GradError(
                explain(
                    "a variable of autograd.grad() is not on the tape.",
                    "arrays with attach_grad(), or results of recorded operators.",
                    "x.attach_grad() before recording",
                )
            )
        gradient = sweep.leaves.get(entry) if isinstance(entry, Leaf) else wanted[entry, v._index]
        if not sparse and is_sparse(gradient):
            gradient = densified(v._device.xp, gradient)
        found.append(gradient)
    return found
