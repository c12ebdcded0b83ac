"""Random numbers: a counter-based stream per device, so that every draw can be replayed."""

from __future__ import annotations

import os
import threading
from typing import Any

from dlstudio.core.device import Device
from dlstudio.errors import ParamError

__all__ = [
    "Stream",
    "get_state",
    "host_generator",
    "next_generator",
    "seed",
    "set_state",
    "stream_of",
]

_lock = threading.Lock()
_streams: dict[Device, Stream] = {}
# without a seed every process draws other numbers, as in MXNet
_base = int.from_bytes(os.urandom(7), "little")


class Stream:
    """The random stream of one device: a seed and the number of generators handed out."""

    __slots__ = ("counter", "device", "key", "lock")

    def __init__(self, device: Device, key: int) -> None:
        self.device, self.key, self.counter = device, key, 0
        self.lock = threading.Lock()

    def take(self) -> int:
        """Number of the next draw; `generator(number)` replays it."""
        with self.lock:
            self.counter += 1
            return self.counter

    def generator(self, number: int) -> Any:
        """The generator of draw `number`."""
        return self.device.backend.generator(self.key, number)


def stream_of(device: Device) -> Stream:
    """Return the stream of `device`, starting it if need be."""
    stream = _streams.get(device)
    if stream is None:
        with _lock:
            stream = _streams.setdefault(device, Stream(device, _base))
    return stream


def next_generator(device: Device) -> Any:
    """A fresh generator for one random operator call on `device`."""
    stream = stream_of(device)
    return stream.generator(stream.take())


def host_generator() -> Any:
    """A fresh NumPy generator for what the host draws: augmentation of pictures, orders of files.

    `seed` starts it anew, so that a program with ``mx.random.seed`` repeats itself.
    """
    return next_generator(Device("cpu", 0))


def seed(seed_state: int, ctx: Device | str = "all") -> None:
    """Start the random stream of every device, or of `ctx`, anew.

    Parameters
    ----------
    seed_state : int
        Equal seeds give equal numbers on the same device; devices differ from each other.
    ctx : Device or "all"

    Raises
    ------
    ParamError
        If the seed is not a whole number.
    """
    global _base  # noqa: PLW0603  the seed of devices that have not drawn yet
    try:
        key = int(seed_state)
    except (TypeError, ValueError):
        raise ParamError(
            f"seed: parameter seed_state must be an integer. Got {seed_state!r}."
        ) from None
    with _lock:
        if isinstance(ctx, Device):
            _streams[ctx] = Stream(ctx, key)
            return
        _base = key
        _streams.clear()


def get_state() -> dict[str, Any]:
    """Where the random streams of all devices stand, as plain numbers and texts."""
    with _lock:
        streams = [
            [device.device_type, device.device_id, stream.key, stream.counter]
            for device, stream in _streams.items()
        ]
        return {"base": _base, "streams": streams}


def set_state(state: dict[str, Any]) -> None:
    """Go on where `get_state` was called: the same numbers are drawn again."""
    global _base  # noqa: PLW0603  as in `seed`
    with _lock:
        _base = state["base"]
        _streams.clear()
        for device_type, device_id, key, counter in state["streams"]:
            device = Device(device_type, device_id)
            _streams[device] = stream = Stream(device, key)
            stream.counter = counter
