"""Calls that wait for the same call on other devices, and all that follows from their results.

Eager operators compute at once. An operator whose result on one device depends on what the others
give it (`SyncBatchNorm` over a batch in parts) cannot: one device's call ends before the next
one's begins. Such a call answers arrays that have shape, dtype and device, but no values yet: a
`Late` stands in their `_data`. Calls on such arrays, `backward` among them, are put off as well;
the call on the last device computes them all, in the order of the program.

A call put off lives as long as its outputs do, so that what the program has forgotten never meets
anything. To read what is not there is an error; it ends the waiting.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import weakref
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from dlstudio.core.avals import Aval, aval_of
from dlstudio.core.tape import record_custom, state
from dlstudio.errors import GradError, WaitingError, explain

if TYPE_CHECKING:
    from dlstudio.core.device import Device
    from dlstudio.core.registry import Op
    from dlstudio.core.tensor import Tensor

__all__ = [
    "Late", "alive", "backward_later", "gate", "give_up", "is_late", "later", "meet", "one_later",
    "put_off", "refuse_unfinished", "together", "too_early", "unfinished", "wait",
]  # fmt: skip

_PATIENCE = 60.0  # seconds that one thread waits for the calls of others

alive: dict[int, None] = {}  # ids of all `Late`: eager calls look whether there are any
unfinished: list[Any] = []  # backward passes that wait
_lock = threading.RLock()
_arrived = threading.Condition(_lock)
_numbers = itertools.count()
_ready: list[tuple[int, _Call]] = []
_draining = False
_meetings: dict[Hashable, _Meeting] = {}


class Late:
    """Stands for the bare array of a result to come: only shape and dtype are known."""

    __slots__ = ("__weakref__", "call", "dtype", "shape")

    def __init__(self, aval: Aval, call: _Call) -> None:
        self.shape, self.dtype = aval
        self.call = call
        alive[id(self)] = None

    def __del__(self) -> None:
        alive.pop(id(self), None)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return Aval(self.shape, self.dtype).size

    @property
    def nbytes(self) -> int:
        """Bytes that the elements will take."""
        return Aval(self.shape, self.dtype).nbytes

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise too_early()

    __array__ = __array_ufunc__ = __array_function__ = __getitem__ = __setitem__ = _refuse

    def __getattr__(self, name: str) -> NoReturn:
        raise too_early()


def is_late(tensor: Any) -> bool:
    """Whether the values of `tensor` are still to come."""
    return getattr(tensor, "_data", None).__class__ is Late


class _Call:
    """A call put off: what computes it, for whom, and how many of its operands are missing."""

    __slots__ = (
        "__weakref__", "followers", "missing", "modes", "number", "operands", "outputs", "run",
    )  # fmt: skip

    def __init__(
        self, run: Callable[[], Sequence[Any]] | None = None, operands: Sequence[Any] = ()
    ) -> None:
        self.run, self.operands, self.missing = run, operands, 0
        self.modes = state.recording, state.training
        self.number = next(_numbers)
        self.outputs: list[weakref.ref[Tensor]] = []
        self.followers: list[weakref.ref[_Call]] = []

    def promise(self, avals: Iterable[Aval], cls: type[Tensor], device: Device) -> list[Tensor]:
        """Make the outputs, which hold the call."""
        tensors = [cls._wrap(Late(aval, self), device) for aval in avals]
        self.outputs = [weakref.ref(x) for x in tensors]
        return tensors

    def follow(self, others: Iterable[_Call]) -> None:
        """Wait until `others` are done."""
        for other in others:
            self.missing += 1
            other.followers.append(weakref.ref(self))

    def one_less(self) -> None:
        """Note that an operand has come; without missing ones the call can run."""
        self.missing -= 1
        if not self.missing:
            heapq.heappush(_ready, (self.number, self))


# ---- putting off -----------------------------------------------------------------------------
def _sources(tensors: Iterable[Any]) -> list[_Call]:
    return list({id(x._data.call): x._data.call for x in tensors if is_late(x)}.values())


def put_off(
    run: Callable[[], Sequence[Any]],
    operands: Sequence[Any],
    avals: Iterable[Aval],
    cls: type[Tensor],
    device: Device,
) -> Sequence[Any]:
    """Answer tensors that ``run()`` will compute as soon as `operands` have values."""
    with _lock:
        sources = _sources(operands)
        if not sources:  # another thread has brought them meanwhile
            return run()
        call = _Call(run)
        call.follow(sources)
        return call.promise(avals, cls, device)


def one_later(run: Callable[[], Any], tensor: Tensor, cls: type[Tensor], device: Device) -> Any:
    """Put off what makes a tensor of the shape and dtype of `tensor`."""
    return put_off(lambda: [run()], [tensor], [aval_of(tensor)], cls, device)[0]


def later(op: Op, inputs: Sequence[Any], attrs: Any, cls: type[Tensor], out: Any) -> Any:
    """Put off a call of an operator; arguments as those of `dispatch.invoke`."""
    from dlstudio.core.dispatch import explain_failure, invoke

    if out is not None or op.flags.dynamic:
        raise too_early()
    try:
        inferred = op.infer(*[None if x is None else aval_of(x._data) for x in inputs], **attrs)
    except Exception as error:
        raise explain_failure(op, inputs, attrs, error) from error
    avals = [inferred] if isinstance(inferred, Aval) else list(inferred)[: op.n_visible(attrs)]

    def run() -> Sequence[Any]:
        found = invoke(op, inputs, attrs, cls)
        return found if isinstance(found, (list, tuple)) else [found]

    tensors = put_off(run, inputs, avals, cls, inputs[0]._device)
    single = isinstance(inferred, Aval) or (len(avals) == 1 and len(inferred) > 1)
    return tensors[0] if single else list(tensors)


def backward_later(run: Callable[[], None], heads: Sequence[Any]) -> None:
    """Put off a backward pass until its heads have values, also if the program forgets them."""
    with _lock:
        sources = _sources(heads)
        if not sources:
            run()
            return

        def swept() -> Sequence[Any]:
            unfinished.remove(call)
            run()
            return ()

        call = _Call(swept)
        call.follow(sources)
        unfinished.append(call)


# ---- computing -------------------------------------------------------------------------------
def _drain() -> None:
    """Run what can run, in the order of the program."""
    global _draining  # noqa: PLW0603  read and written under the lock
    if _draining:  # what runs has brought others what they waited for: they come next
        return
    modes, _draining = (state.recording, state.training), True
    try:
        while _ready:
            _compute(heapq.heappop(_ready)[1])
    except BaseException:
        give_up()
        raise
    finally:
        _draining = False
        state.recording, state.training = modes
        _arrived.notify_all()


def _compute(call: _Call) -> None:
    assert call.run is not None
    state.recording, state.training = call.modes
    results = call.run()
    waiting = _sources(results)
    if waiting:  # for the next operator of this kind: the results come when that has met
        call.run = partial(_given, results)
        call.follow(waiting)
        return
    for reference, result in zip(call.outputs, results, strict=True):
        target = reference()
        if target is not None:
            _fill(target, result)
    for reference in call.followers:
        follower = reference()
        if follower is not None:
            follower.one_less()


def _fill(target: Tensor, result: Tensor) -> None:
    """Let `target`, which the program holds, be `result`."""
    target._data, target._entry, target._store = result._data, result._entry, result._store
    if result._entry is not None:
        target._index = result._index
    if result._store is not None and any(ref() is result for ref in result._store.lazy or ()):
        result._store.lazy.append(weakref.ref(target))  # type: ignore[union-attr]


# ---- meeting ---------------------------------------------------------------------------------
class _Meeting:
    """Where the calls of one layer wait: in one line per device, the first ones belong together."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.lines: dict[Device, list[weakref.ref[_Call]]] = {}

    def line(self, device: Device) -> list[_Call]:
        """The waiting calls of a device, without those that the program has forgotten."""
        calls = [call for ref in self.lines.get(device, ()) if (call := ref()) is not None]
        self.lines[device] = [weakref.ref(call) for call in calls]
        return calls

    def others(self, device: Device) -> list[Device]:
        """The devices whose first calls complete one from `device`, or none."""
        found = [d for d in self.lines if d is not device and self.line(d)]
        return found[: self.count - 1] if len(found) >= self.count - 1 else []


def meet(
    key: Hashable,
    count: int,
    inputs: Sequence[Any],
    avals: Sequence[Aval],
    joint: Callable[[list[Sequence[Any]]], list[list[Any]]],
) -> Sequence[Any]:
    """Compute together with the calls of the same `key` on ``count - 1`` other devices.

    Parameters
    ----------
    inputs, avals : operands of this call, and what its outputs look like
    joint : function
        Of all calls' inputs, in the order of their devices; answers each call's outputs.
    """
    device, cls = inputs[0]._device, inputs[0].__class__
    with _lock:
        meeting = _meetings.setdefault(key, _Meeting(count))
        others = meeting.others(device)
        if meeting.line(device) or not others:
            call = _Call(operands=inputs)
            call.missing = 1
            meeting.lines[device].append(weakref.ref(call))
            return call.promise(avals, cls, device)
        met = {d: meeting.line(d)[0] for d in others}
        for d in others:
            del meeting.lines[d][0]
        if not any(meeting.lines.values()):
            del _meetings[key]
        parts = {device: inputs, **{d: call.operands for d, call in met.items()}}
        order = sorted(parts, key=str)
        try:
            outputs = dict(zip(order, joint([parts[d] for d in order]), strict=True))
        except BaseException:
            give_up()
            raise
        for d, call in met.items():
            call.run = partial(_given, outputs[d])
            call.one_less()
        _drain()
        return outputs[device]


def _given(results: Sequence[Any]) -> Sequence[Any]:
    return results


def together(op: Op, inputs: Sequence[Any], attrs: Any, cls: type[Tensor], out: Any) -> Any:
    """Run a call that waits for others; arguments as those of `dispatch.invoke`."""
    assert op.together is not None
    found = [x._as(cls) for x in op.together.run(inputs, attrs)[: op.n_visible(attrs)]]
    if out is None:
        return found[0] if len(found) == 1 else found
    for target, value in zip(out if isinstance(out, (list, tuple)) else [out], found, strict=True):
        target._overwrite(value)
    return out


class _Gate:
    """The gradient of what was computed together: it is passed on when all parts' have come.

    A sweep that comes from one device's loss stops here and leaves what it has found; the one that
    brings the last part goes on for both.
    """

    takes_sweep = True

    def __init__(self, width: int, finish: Callable[[], None]) -> None:
        self.width, self.finish = width, finish
        self.heads: list[Any] = []
        self.left: list[Any] = []  # by the sweeps that stopped

    def __call__(self, heads: tuple[Any, ...], sweep: Any) -> list[Any] | None:
        with _lock:
            kept = self.heads or [None] * len(heads)
            found = [_sum(old, new) for old, new in zip(kept, heads, strict=True)]
            parts = [found[i : i + self.width] for i in range(0, len(found), self.width)]
            if sweep.delivering and any(all(h is None for h in part) for part in parts):
                self.heads = found
                self.left.append(sweep.stop())
                if self not in unfinished:
                    unfinished.append(self)
                return None
            for left in self.left:
                sweep.take_over(left)
            self.heads, self.left = [], []
            if self in unfinished:
                unfinished.remove(self)
        self.finish()
        return found


def _sum(old: Any, new: Any) -> Any:
    return new if old is None else old if new is None else old + new


def gate(parts: list[list[Tensor]], name: str, finish: Callable[[], None]) -> list[list[Tensor]]:
    """Answer the same values, through which gradients pass only together; then ``finish()`` runs.

    Parameters
    ----------
    parts : equally many tensors of each device
    """
    tensors, width = [x for part in parts for x in part], len(parts[0])
    outputs = [x.detach() for x in tensors]
    record_custom(tensors, outputs, _Gate(width, finish), name)  # type: ignore[arg-type]
    return [outputs[i : i + width] for i in range(0, len(outputs), width)]


# ---- reading too early -----------------------------------------------------------------------
def give_up() -> None:
    """Forget all that waits: what follows in the program starts anew."""
    with _lock:
        _meetings.clear()
        unfinished.clear()
        _ready.clear()
        _arrived.notify_all()


def wait(tensor: Tensor) -> None:
    """Return when `tensor` has values: another thread may be about to make the missing call.

    Raises
    ------
    WaitingError
        If nobody else could.
    """
    if threading.current_thread() is threading.main_thread():
        raise too_early()
    with _arrived:
        if not _arrived.wait_for(lambda: not is_late(tensor) or not _meetings, _PATIENCE):
            raise too_early()
        if is_late(tensor):
            raise too_early()


def too_early() -> WaitingError:
    """End the waiting, and compose the error for a value that somebody wants now."""
    with _lock:
        waiting = [
            f"{key} has been called on {', '.join(str(d) for d in m.lines if m.line(d))},"
            f" and waits for calls on {m.count} devices"
            for key, m in _meetings.items()
        ]
        give_up()
    return WaitingError(
        explain(
            "the values of an array were asked for that are not computed yet: "
            f"{'; '.join(waiting) or 'a call on another device was given up'}.",
            "all parts of the batch to go through the network first, one on each device.",
            "outputs = [net(x) for x in gluon.utils.split_and_load(data, devices)], and read them "
            "afterwards; on one device: num_devices=1",
        )
    )


def refuse_unfinished() -> None:
    """Raise if gradients are asked for while a backward pass waits for those of other devices.

    Raises
    ------
    GradError
        If one does; it is given up.
    """
    if unfinished:
        give_up()
        raise GradError(
            explain(
                "gradients were asked for while a backward pass waits for other devices.",
                "backward of all devices' losses first: their gradients depend on each other.",
                "autograd.backward(losses), or: for loss in losses: loss.backward()",
            )
        )
