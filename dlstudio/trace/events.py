"""The vocabulary of the bus: small immutable records, made only while somebody watches.

Times are `time.perf_counter_ns()` integers. Addresses are byte offsets in a virtual address
space per device (see `dlstudio.core.storage`), sizes are bytes, devices are strings like
``"cpu(0)"``. `buffer` numbers identify an allocation for its whole life and are never reused.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Allocated", "Copied", "Event", "Freed", "OpRan", "SlotFreed", "SlotTaken"]


class OpRan(NamedTuple):
    """One operator finished on a device."""

    op: str  # registry name, e.g. "Convolution"
    name: str  # node name, e.g. "conv0_fwd"; empty for an anonymous eager call
    device: str
    start: int
    end: int
    inputs: tuple[int, ...]  # buffer numbers
    outputs: tuple[int, ...]  # buffer numbers
    shape: tuple[int, ...]  # of the first output
    phase: str  # "forward" | "backward" | "update"
    span: str  # "net.py:12", or "" where no line was captured


class Allocated(NamedTuple):
    """A buffer came to life in a device's pool."""

    buffer: int
    device: str
    address: int
    nbytes: int
    owner: str  # who asked: operator or parameter name
    category: str  # "parameter" | "gradient" | "activation" | "data" | "arena" | "other"
    time: int


class Freed(NamedTuple):
    """A buffer died; its address range is free again."""

    buffer: int
    device: str
    address: int
    nbytes: int
    time: int


class SlotTaken(NamedTuple):
    """A running plan starts to use the range [address, address + nbytes) of its arena."""

    plan: int
    device: str
    address: int  # offset inside the plan's arena
    nbytes: int
    owner: str  # the node whose output lives there now
    previous: str  # the node whose output lived there before, or ""
    time: int


class SlotFreed(NamedTuple):
    """The last reader of a slot has run; the range may be taken by the next owner."""

    plan: int
    device: str
    address: int
    nbytes: int
    owner: str
    time: int


class Copied(NamedTuple):
    """Bytes moved: between devices, or because a call could not be zero-copy."""

    source: str
    target: str
    nbytes: int
    reason: str
    time: int


Event = OpRan | Allocated | Freed | SlotTaken | SlotFreed | Copied
