"""Devices: ``cpu(i)`` and ``gpu(i)``, and the one new arrays go to.

Every ``cpu(i)`` is a device of its own, with its own pool, worker and statistics, so that
placement and copies can be learned without a GPU. MXNet calls a device a context.
"""

from __future__ import annotations

import threading
from typing import Any, ClassVar

from dlstudio.core.backends import Backend, backend_for
from dlstudio.errors import DeviceError, explain

__all__ = [
    "Context",
    "Device",
    "cpu",
    "cpu_pinned",
    "current_context",
    "current_device",
    "default_device",
    "gpu",
    "gpu_memory_info",
    "num_gpus",
]

_TYPES = {"cpu": 1, "gpu": 2, "cpu_pinned": 3, "cpu_shared": 5}  # MXNet's numbers, in its files
_NAMES = {number: name for name, number in _TYPES.items()}
_state = threading.local()


class _DeviceType(type):
    """Makes ``Context.default_ctx`` an attribute of the class that can be read and set."""

    @property
    def default_ctx(cls) -> Device:
        """Where new arrays go in this thread, unless a block of code says otherwise."""
        return current_context()

    @default_ctx.setter
    def default_ctx(cls, device: Device) -> None:
        set_default(device)


class Device(metaclass=_DeviceType):
    """A place where arrays live and operators run.

    Parameters
    ----------
    device_type : {"cpu", "gpu", "cpu_pinned", "cpu_shared"} or Device
    device_id : int >= 0

    Examples
    --------
    >>> import dlstudio as mx
    >>> with mx.cpu(1):
    ...     print(mx.nd.ones(2).context)
    cpu(1)
    """

    __slots__ = ("_backend", "_text", "device_id", "device_type", "device_typeid", "xp")
    devtype2str: ClassVar[dict[int, str]] = _NAMES
    devstr2type: ClassVar[dict[str, int]] = _TYPES
    _made: ClassVar[dict[tuple[str, int], Device]] = {}
    _lock: ClassVar[Any] = threading.Lock()

    device_type: str
    device_id: int
    xp: Any  # the array module: numpy or cupy
    _backend: Backend | None

    def __new__(cls, device_type: str | Device, device_id: int = 0) -> Device:
        """Return the one object of this device, so that `is` compares devices."""
        if isinstance(device_type, Device):
            return device_type
        kind, number = _parse(device_type, device_id)
        with cls._lock:
            made = cls._made.get((kind, number))
            if made is None:
                made = object.__new__(cls)
                made.device_type, made.device_id = kind, number
                made.device_typeid = _TYPES[kind]
                made._text = f"{kind}({number})"
                made._backend = None
                cls._made[kind, number] = made
        return made

    @property
    def backend(self) -> Backend:
        """How arrays of this device are made; asking for a GPU that is not there raises."""
        if self._backend is None:
            self._backend = backend_for(self.device_type, self.device_id)
        return self._backend

    def __getattr__(self, name: str) -> Any:
        """Find the array module (`xp`) when it is first needed; from then on it is a plain slot."""
        if name != "xp":
            raise AttributeError(name)
        self.xp = self.backend.xp
        return self.xp

    def empty_cache(self) -> None:
        """Give unused pooled memory of this device back to the system."""
        from dlstudio.core.pool import pool_of

        pool_of(self).release()

    def __enter__(self) -> Device:
        stack = getattr(_state, "stack", None)
        if stack is None:
            stack = _state.stack = []
        stack.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _state.stack.pop()

    def __reduce__(self) -> tuple[Any, ...]:
        return Device, (self.device_type, self.device_id)

    def __copy__(self) -> Device:
        return self

    def __deepcopy__(self, memo: Any) -> Device:
        return self

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__


def _parse(device_type: Any, device_id: Any) -> tuple[str, int]:
    kind = _NAMES.get(device_type, device_type) if isinstance(device_type, int) else device_type
    if not isinstance(kind, str) or kind not in _TYPES:
        raise DeviceError(
            explain(
                f"device type {str(device_type)[:40]!r} is not known.",
                f"one of {', '.join(_TYPES)}.",
                "mx.cpu()",
            )
        )
    if not isinstance(device_id, int) or device_id < 0:
        raise DeviceError(
            explain(
                f"device number {device_id!r} is not valid.",
                "a whole number >= 0.",
                f"mx.{kind}(0)",
            )
        )
    return kind, int(device_id)


Context = Device
_CPU0 = Device("cpu", 0)


def cpu(device_id: int = 0) -> Device:
    """Return CPU device number `device_id`; any number of them may be used."""
    return Device("cpu", device_id)


def cpu_pinned(device_id: int = 0) -> Device:
    """Return the page-locked CPU device, from which copies to a GPU are fastest."""
    return Device("cpu_pinned", device_id)


def gpu(device_id: int = 0) -> Device:
    """Return GPU number `device_id`. It is looked for when first used."""
    return Device("gpu", device_id)


def current_context() -> Device:
    """Return the device new arrays go to: the innermost ``with mx.cpu(1):``, else ``cpu(0)``."""
    stack = getattr(_state, "stack", None)
    return stack[-1] if stack else _CPU0


default_device = current_device = current_context


def set_default(device: Device) -> None:
    """Make `device` the one of new arrays in this thread, until changed again."""
    _state.stack = [*getattr(_state, "stack", [])[:-1], Device(device)]


def num_gpus() -> int:
    """Count the CUDA devices CuPy can see; 0 without CuPy or without a driver."""
    try:
        import cupy

        return int(cupy.cuda.runtime.getDeviceCount())
    except Exception:
        return 0


def gpu_memory_info(device_id: int = 0) -> tuple[int, int]:
    """Free and total bytes of a GPU.

    Raises
    ------
    DeviceError
        If there is no such GPU.
    """
    return gpu(device_id).backend.memory()
