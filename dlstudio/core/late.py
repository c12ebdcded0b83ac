"""Arrays whose values are still to come, and the calls that are put off until they have come.

Eager operators compute at once. An operator whose result on one device depends on what the others
give it (`SyncBatchNorm` over a batch in parts) cannot: one device's call ends before the next
one's begins. Such a call answers arrays that have shape, dtype and device, but no values yet: a
`Late` stands in their `_data`. Calls on such arrays, `backward` among them, are put off as well;
the call on the last device computes them all, in the order of the program::

    y0 = norm(x0)      # a Visit: waits for a call of the same layer on another device
    loss0 = f(y0)      # a Call put off: follows the Visit
    loss0.backward()   # another one: follows that
    y1 = norm(x1)      # meets the Visit: y0 and y1, then loss0, then its gradients (`core.meeting`)

A call put off sees its operands as they were when it was made. It lives as long as its outputs do,
so that what the program has forgotten never meets anything. To read what is not there is an error,
which ends the waiting, unless other threads may still bring it.
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
from dlstudio.core.tape import state
from dlstudio.errors import GradError, WaitingError, explain

if TYPE_CHECKING:
    from dlstudio.core.device import Device
    from dlstudio.core.registry import Op
    from dlstudio.core.tensor import Tensor

__all__ = [
    "Late", "Visit", "alive", "backward_later", "compute_ready", "finished", "give_up", "is_late",
    "later", "lock", "one_later", "operands_now", "put_off", "too_early", "unfinished", "visits",
    "wait", "wait_for_gradients", "write_later",
]  # fmt: skip

_PATIENCE = 60.0  # seconds that one thread waits for the calls of others

alive: dict[int, None] = {}  # ids of all `Late`: eager calls look whether there are any
unfinished: list[Any] = []  # what keeps gradients from where they belong: calls and gates
lock = threading.RLock()
_arrived = threading.Condition(lock)
_numbers = itertools.count()
_ready: list[tuple[int, int, Call]] = []  # a heap, by number and arrival
_running: Call | None = None  # the call put off that is being computed


class Late:
    """Stands for the bare array of a result to come: only shape and dtype are known."""

    __slots__ = ("__weakref__", "call", "dtype", "memory", "shape", "tensors")

    def __init__(self, aval: Aval, call: Call) -> None:
        self.shape, self.dtype = aval
        self.call = call
        self.tensors: list[weakref.ref[Tensor]] = []  # first the result, then its twins
        self.memory: Tensor | None = None  # that the values are to be written into
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


class Call:
    """A call put off: what computes it, for whom, and how many of its operands are missing."""

    __slots__ = (
        "__weakref__", "followers", "missing", "modes", "number", "outputs", "run", "thread",
    )  # fmt: skip

    def __init__(self, run: Callable[[], Sequence[Any]] | None = None) -> None:
        self.run, self.missing = run, 0
        self.thread = threading.current_thread()
        self.modes = state.recording, state.training  # of the program where it was made
        # its place in the program: what a call put off does belongs where that one was made
        self.number = next(_numbers) if _running is None else _running.number
        self.outputs: list[weakref.ref[Late]] = []
        self.followers: list[weakref.ref[Call]] = []

    def promise(self, avals: Iterable[Aval], cls: type[Tensor], device: Device) -> list[Tensor]:
        """Make the outputs, which hold the call."""
        tensors = []
        for aval in avals:
            late = Late(aval, self)
            self.outputs.append(weakref.ref(late))
            tensors.append(cls._wrap(late, device))
            late.tensors.append(weakref.ref(tensors[-1]))
        return tensors

    def follow(self, others: Iterable[Call]) -> None:
        """Wait until `others` are done."""
        for other in others:
            self.missing += 1
            other.followers.append(weakref.ref(self))

    def one_less(self) -> None:
        """Note that an operand has come; without missing ones the call can run."""
        self.missing -= 1
        if not self.missing:
            heapq.heappush(_ready, (self.number, next(_numbers), self))

    def give(self, results: Sequence[Any]) -> None:
        """Let a call without operands have these results, which others have computed."""
        self.run = partial(_given, results)
        self.one_less()


def _given(results: Sequence[Any]) -> Sequence[Any]:
    return results


class Visit(Call):
    """A call that waits for calls with the same key on other devices."""

    __slots__ = ("count", "device", "key", "operands")

    def __init__(self, key: Hashable, count: int, device: Device, operands: Sequence[Any]) -> None:
        super().__init__()
        self.key, self.count, self.device, self.operands = key, count, device, operands
        self.missing = 1


visits: weakref.WeakSet[Visit] = weakref.WeakSet()  # what the program forgets is no longer here


# ---- putting off -----------------------------------------------------------------------------
def _sources(tensors: Iterable[Any]) -> list[Call]:
    return list({id(x._data.call): x._data.call for x in tensors if is_late(x)}.values())


def _as_now(tensor: Any) -> Any:
    """A twin: the value and the place on the tape that `tensor` has now, whatever follows."""
    twin = tensor.__class__._wrap(tensor._data, tensor._device)
    if is_late(tensor):
        tensor._data.tensors.append(weakref.ref(twin))
    else:
        tensor._share_lazily(twin)
    twin._entry = tensor._entry
    if twin._entry is not None:
        twin._index = tensor._index
    return twin


def operands_now(op: Op, inputs: Sequence[Any]) -> list[Any]:
    """The inputs as they are now; those that the operator changes are the user's own."""
    if op.flags.mutates or op.aux_inputs is not None:
        return list(inputs)
    aux = [op.inputs.index(name) for name in op.aux]
    return [x if x is None or i in aux else _as_now(x) for i, x in enumerate(inputs)]


def put_off(
    run: Callable[[], Sequence[Any]],
    operands: Sequence[Any],
    avals: Iterable[Aval],
    cls: type[Tensor],
    device: Device,
) -> Sequence[Any]:
    """Answer tensors that ``run()`` will compute as soon as `operands` have values."""
    with lock:
        sources = _sources(operands)
        if not sources:  # another thread has brought them meanwhile
            return run()
        call = Call(run)
        call.follow(sources)
        return call.promise(avals, cls, device)


def one_later(run: Callable[[Any], Any], tensor: Tensor, cls: type[Tensor], device: Device) -> Any:
    """Put off ``run(tensor)``, which makes a tensor of the same shape and dtype."""
    with lock:
        now = _as_now(tensor)
        return put_off(lambda: [run(now)], [now], [aval_of(now)], cls, device)[0]


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
        found = invoke(op, operands, attrs, cls)
        return found if isinstance(found, (list, tuple)) else [found]

    with lock:
        operands = operands_now(op, inputs)
        tensors = put_off(run, operands, avals, cls, operands[0]._device)
    single = isinstance(inferred, Aval) or (len(avals) == 1 and len(inferred) > 1)
    return tensors[0] if single else list(tensors)


def write_later(tensor: Tensor, result: Tensor) -> None:
    """Change `tensor` in place once `result` has values: ``total += loss``."""
    with lock:
        if is_late(tensor):  # nobody waits any longer for what stood here
            tensor._data.tensors = [ref for ref in tensor._data.tensors if ref() is not tensor]
            memory = tensor._data.memory
        else:
            memory = tensor.__class__._wrap(tensor._data, tensor._device)
            tensor._share(memory)

        def run() -> Sequence[Any]:
            if memory is None:
                return [result]
            memory._prepare_write()
            memory._data[...] = result._data
            return [memory]

        call = Call(run)
        call.follow(_sources([result]))
        late = Late(aval_of(tensor), call)
        late.memory = memory
        call.outputs.append(weakref.ref(late))
        late.tensors.append(weakref.ref(tensor))
        tensor._data = late
        if not call.missing:  # another thread has brought the result meanwhile
            _compute(call)


def backward_later(run: Callable[[], None], heads: Sequence[Any]) -> None:
    """Put off a backward pass until its heads have values, also if the program forgets them."""
    with lock:
        sources = _sources(heads)
        if not sources:
            run()
            return

        def swept() -> Sequence[Any]:
            run()
            finished([call])
            return ()

        call = Call(swept)
        call.follow(sources)
        unfinished.append(call)


def finished(passes: Iterable[Any]) -> None:
    """Note that the gradients of these backward passes are where they belong."""
    with lock:
        for each in passes:
            if each in unfinished:
                unfinished.remove(each)
        _arrived.notify_all()


# ---- computing -------------------------------------------------------------------------------
def compute_ready() -> None:
    """Run what can run, in the order of the program."""
    global _running  # noqa: PLW0603  read and written under the lock
    if _running is not None:  # what it has brought others comes next
        return
    modes = state.recording, state.training
    try:
        while _ready:
            _running = heapq.heappop(_ready)[-1]
            _compute(_running)
    except BaseException:
        give_up()
        raise
    finally:
        _running = None
        state.recording, state.training = modes
        _arrived.notify_all()


def _compute(call: Call) -> None:
    assert call.run is not None
    state.recording, state.training = call.modes
    results = call.run()
    waiting = _sources(results)
    if waiting:  # for the next operator of this kind: the results come when that has met
        call.run = partial(_given, results)
        call.follow(waiting)
        return
    for reference, result in zip(call.outputs, results, strict=True):
        late = reference()
        if late is not None:
            _fill(late, result)
    for reference in call.followers:
        follower = reference()
        if follower is not None:
            follower.one_less()


def _fill(late: Late, result: Tensor) -> None:
    """Let the tensors that the program holds be `result`; twins share its memory until a write."""
    lazy = result._store is not None and any(ref() is result for ref in result._store.lazy or ())
    for i, reference in enumerate(late.tensors):
        tensor = reference()
        if tensor is None:
            continue
        (result._share_lazily if lazy or i else result._share)(tensor)
        if tensor._entry is None and result._entry is not None:  # else `attach_grad` was called
            tensor._entry, tensor._index = result._entry, result._index
        tensor._data = result._data  # last: then other threads may have it


# ---- reading too early -----------------------------------------------------------------------
def give_up() -> None:
    """Forget all that waits: what follows in the program starts anew."""
    with lock:
        visits.clear()
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
    late = tensor._data
    if late.__class__ is Late:
        _wait_for(lambda: not is_late(tensor) or not visits, [late.call.thread])
    if is_late(tensor):
        raise too_early()


def wait_for_gradients() -> None:
    """Return when no backward pass waits for those of other devices, as `wait` does.

    Raises
    ------
    GradError
        If one does for ever; it is given up.
    """
    _wait_for(lambda: not unfinished, [one.thread for one in list(unfinished)])
    if unfinished:
        raise _gradients_too_early()


def _wait_for(arrived: Callable[[], bool], makers: list[threading.Thread]) -> None:
    """Let other threads work; the main one does so only for what another has put off."""
    main = threading.main_thread()
    if threading.current_thread() is main and all(t is main or not t.is_alive() for t in makers):
        return
    with _arrived:
        _arrived.wait_for(arrived, _PATIENCE)


def _who_waits() -> str:
    """Which calls wait for others, in words; empty if none does."""
    places: dict[tuple[Hashable, int], set[str]] = {}
    for visit in visits:
        places.setdefault((visit.key, visit.count), set()).add(str(visit.device))
    return "; ".join(
        f"{key} has been called on {', '.join(sorted(devices))},"
        f" and waits for calls on {count} devices"
        for (key, count), devices in places.items()
    )


def too_early() -> WaitingError:
    """End the waiting, and compose the error for a value that somebody wants now."""
    with lock:
        waiting = _who_waits() or "a call on another device was given up"
        give_up()
    return WaitingError(
        explain(
            f"the values of an array were asked for that are not computed yet: {waiting}.",
            "all parts of the batch to go through the network first, one on each device.",
            "outputs = [net(x) for x in gluon.utils.split_and_load(data, devices)], and read them "
            "afterwards; on one device: num_devices=1",
        )
    )


def _gradients_too_early() -> GradError:
    with lock:
        waiting = _who_waits()
        give_up()
    return GradError(
        explain(
            "gradients were asked for while a backward pass waits for other devices"
            f"{': ' + waiting if waiting else ''}.",
            "backward of all devices' losses first: their gradients depend on each other.",
            "autograd.backward(losses), or: for loss in losses: loss.backward()",
        )
    )
