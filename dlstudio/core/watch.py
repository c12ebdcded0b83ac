"""What the engine does additionally while somebody watches: time calls, and follow buffers.

Every array the watched engine sees gets a number and an address range in its device's virtual
address space when it is first seen, and gives the range back when its memory dies. Sizes,
owners, lifetimes and sharing are the real ones; only the address is ours, because the system
allocator's addresses lie too far apart to be drawn.
"""

from __future__ import annotations

import bisect
import itertools
import threading
import weakref
from collections.abc import Sequence
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from dlstudio.core.interpret import Interpreter
from dlstudio.core.node import caller_span
from dlstudio.core.storage import root
from dlstudio.core.tape import Leaf, state
from dlstudio.trace import bus
from dlstudio.trace.events import Allocated, Copied, Freed, OpRan

if TYPE_CHECKING:
    from dlstudio.core.device import Device
    from dlstudio.core.registry import Op
    from dlstudio.core.tensor import Tensor

__all__ = [
    "AddressSpace",
    "announce",
    "buffer_of",
    "copied",
    "live_buffers",
    "watched",
    "watched_raw",
]

Array = Any
_ALIGN = 64


class AddressSpace:
    """First-fit addresses of one device. `holes` are the free ranges below `top`, by address."""

    def __init__(self) -> None:
        self.top = 0
        self.holes: list[tuple[int, int]] = []  # (address, nbytes), sorted, never adjacent

    def take(self, nbytes: int) -> int:
        """Lowest address with room for `nbytes`."""
        for i, (address, room) in enumerate(self.holes):
            if room >= nbytes:
                if room == nbytes:
                    del self.holes[i]
                else:
                    self.holes[i] = (address + nbytes, room - nbytes)
                return address
        address, self.top = self.top, self.top + nbytes
        return address

    def give(self, address: int, nbytes: int) -> None:
        """Free a range and join it with its free neighbours."""
        i = bisect.bisect(self.holes, (address, 0))
        if i < len(self.holes) and self.holes[i][0] == address + nbytes:
            nbytes += self.holes.pop(i)[1]
        if i and sum(self.holes[i - 1]) == address:
            address, room = self.holes.pop(i - 1)
            nbytes += room
        if address + nbytes == self.top:
            self.top = address
        else:
            bisect.insort(self.holes, (address, nbytes))


_lock = threading.RLock()  # finalizers may run while it is held
_spaces: dict[str, AddressSpace] = {}
_live: dict[int, int] = {}  # id of the memory's owner -> buffer number
_announced: dict[int, Allocated] = {}  # buffer number -> what was said when it came to life
_numbers = itertools.count(1)


def buffer_of(array: Array, device: Device, owner: str, category: str) -> int:
    """Number of the buffer that `array` lies in; a new buffer is announced as allocated."""
    holder = root(array)
    number = _live.get(id(holder))
    if number is not None:
        return number
    try:
        reference = weakref.ref(holder)  # bytes and memoryviews cannot be followed
    except TypeError:
        return 0
    del reference
    nbytes = max(_ALIGN, -(-getattr(holder, "nbytes", array.nbytes) // _ALIGN) * _ALIGN)
    place = str(device)
    with _lock:
        space = _spaces.setdefault(place, AddressSpace())
        address = space.take(nbytes)
        number = _live[id(holder)] = next(_numbers)
    weakref.finalize(holder, _freed, id(holder), number, place, address, nbytes).atexit = False
    event = Allocated(number, place, address, nbytes, owner, category, perf_counter_ns())
    _announced[number] = event
    bus.emit(event)
    return number


def live_buffers() -> list[Allocated]:
    """The buffers alive now, for a watcher who comes later than they did."""
    with _lock:
        return list(_announced.values())


def _freed(key: int, number: int, device: str, address: int, nbytes: int) -> None:
    with _lock:
        if _live.get(key) == number:
            del _live[key]
        _announced.pop(number, None)
        _spaces[device].give(address, nbytes)
    if bus.subscribers:
        bus.emit(Freed(number, device, address, nbytes, perf_counter_ns()))


def _tensor_buffer(tensor: Tensor) -> int:
    entry = tensor._entry
    if isinstance(entry, Leaf):
        return buffer_of(tensor._data, tensor._device, entry.name or "parameter", "parameter")
    return buffer_of(tensor._data, tensor._device, "input", "data")


def announce(tensors: Sequence[Tensor]) -> None:
    """Number the memory of a plan's arguments, telling parameters from data."""
    for tensor in tensors:
        _tensor_buffer(tensor)


def watched(
    op: Op, device: Device, arrays: Sequence[Array], attrs: Any, inputs: Sequence[Any]
) -> Any:
    """Run the forward of an eager call and tell the bus about it."""
    from dlstudio.core.dispatch import explain_failure

    ins = tuple(_tensor_buffer(x) for x in inputs if x is not None)
    start = perf_counter_ns()
    try:
        result = op.run(device.xp, *arrays, **attrs)
    except Exception as error:
        raise explain_failure(op, inputs, attrs, error) from error
    _tell(op, device, ins, result, start, "forward")
    return result


def _tell(
    op: Op, device: Device, ins: tuple[int, ...], result: Any, start: int, phase: str
) -> None:
    end = perf_counter_ns()
    results = result if isinstance(result, (tuple, list)) else (result,)
    arrays = [r for r in results if isinstance(r, device.xp.ndarray)]  # not NumPy's scalars
    category = "activation" if phase == "forward" and state.recording else "other"
    category = "gradient" if phase == "backward" else category
    outs = tuple(buffer_of(r, device, op.name, category) for r in arrays)
    shape = tuple(arrays[0].shape) if arrays else ()
    bus.emit(OpRan(op.name, "", str(device), start, end, ins, outs, shape, phase, caller_span()))


class _WatchedRaw(Interpreter):
    """F over bare arrays that tells the bus about every call."""

    def __init__(self, device: Device, phase: str) -> None:
        self.device, self.phase = device, phase

    def reader(self, op: Op) -> Any:
        device, phase = self.device, self.phase

        def run(*arrays: Any, **attrs: Any) -> Any:
            ins = tuple(
                buffer_of(a, device, "gradient", "gradient")
                for a in arrays
                if isinstance(a, device.xp.ndarray)
            )
            start = perf_counter_ns()
            result = op.run(device.xp, *arrays, **attrs)
            _tell(op, device, ins, result, start, phase)
            return result

        return run


_raws: dict[tuple[Device, str], _WatchedRaw] = {}


def watched_raw(device: Device, phase: str) -> _WatchedRaw:
    """The telling `F` of a device and phase."""
    return _raws.setdefault((device, phase), _WatchedRaw(device, phase))


def copied(source: Tensor, target: Tensor, reason: str) -> None:
    """Tell the bus that bytes moved from one tensor to another."""
    _tensor_buffer(source)
    buffer_of(target._data, target._device, reason, "other")
    bus.emit(
        Copied(str(source._device), str(target._device), target.nbytes, reason, perf_counter_ns())
    )
