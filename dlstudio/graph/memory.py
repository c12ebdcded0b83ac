"""The memory plan of a graph: lifetimes of storages, reuse in place, offsets in arenas.

Parameters, data, gradients and outputs lie outside the arena: they belong to whoever runs the
graph. Sizes are rounded up to 64 bytes, so that every buffer starts on a cache line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from dlstudio.graph.history import History, Stay
from dlstudio.graph.ir import ABSENT, Eqn, Graph
from dlstudio.graph.operators import CROSS
from dlstudio.graph.pack import NoPackingError, arena_size, lower_bound, pack
from dlstudio.graph.storage import Storages, analyse

__all__ = [
    "ALIGNMENT",
    "SUFFIXES",
    "Buffer",
    "MemoryPlan",
    "NoPackingError",
    "lower_bound",
    "pack",
    "peak_bytes",
    "plan",
]

ALIGNMENT = 64  # bytes
SUFFIXES = {"backward": " gradient", "recompute": " again"}  # of owners' names, by role


@dataclass(frozen=True)
class Buffer:
    """One value's place in the arena. Several buffers share a slot when written in place.

    `first` and `last` are the equations that first write and last read it; `was` is the latest
    owner of (part of) the same bytes before; `in_place_of` the owner it overwrites, whose value is
    `over`.
    """

    value: int
    owner: str
    device: str
    offset: int
    nbytes: int
    first: int
    last: int
    was: str = ""
    in_place_of: str = ""
    over: int = -1
    number: int = field(default=-1, repr=False)
    history: History | None = field(default=None, repr=False, compare=False)

    @property
    def previous(self) -> tuple[str, ...]:
        """All owners of (part of) the same bytes before, latest first."""
        return () if self.history is None else self.history.before(self.number)


@dataclass(frozen=True)
class MemoryPlan:
    """Where every intermediate value of a graph lies, and what the plan saves.

    Data, parameters, gradients of parameters and outputs belong to the user and are not counted;
    sizes are rounded up to whole cache lines of 64 bytes.

    Attributes
    ----------
    buffers : tuple of Buffer
        In the order in which they are first written; each knows who had its bytes before.
    naive_bytes : int
        Every value in memory of its own.
    inplace_bytes : int
        Where an operator may, it writes over an input that nobody reads any more.
    arena_bytes : int
        Buffers that are not alive at the same time share memory: what is allocated.
    lower_bound_bytes : int
        The largest sum of bytes alive at one step, over the steps in their present order: no arena
        can be smaller.
    arenas : mapping of device to int
        `arena_bytes` by device.
    """

    buffers: tuple[Buffer, ...]
    naive_bytes: int
    inplace_bytes: int
    arena_bytes: int
    lower_bound_bytes: int
    arenas: Mapping[str, int]

    def buffer_of(self, value: int) -> Buffer | None:
        """The buffer of a value, or None for one that lies outside."""
        return next((b for b in self.buffers if b.value == value), None)

    def __str__(self) -> str:
        rows = [
            f"{b.offset:>12,} {b.nbytes:>12,} B  steps {b.first:>3}..{b.last:<3} "
            f"{b.device}  {b.owner}"
            + (f"  (in place of {b.in_place_of})" if b.in_place_of else "")
            + (f"  (was {b.was})" if b.was and not b.in_place_of else "")
            for b in self.buffers
        ]
        head = (
            f"arena {self.arena_bytes:,} B; naive {self.naive_bytes:,} B; "
            f"in place {self.inplace_bytes:,} B; "
            f"lower bound {self.lower_bound_bytes:,} B"
        )
        return "\n".join([head, *rows])


@dataclass
class _Slot:
    """Bytes shared by one storage and those written over it in place."""

    device: str
    nbytes: int
    first: int
    last: int


def rounded(nbytes: int) -> int:
    """Round up to whole cache lines; an empty array takes one too, so that addresses differ."""
    return max(ALIGNMENT, -(-nbytes // ALIGNMENT) * ALIGNMENT)


def plan(
    graph: Graph, storages: Storages | None = None, unused: frozenset[int] = frozenset()
) -> MemoryPlan:
    """Plan the memory of `graph` in its present order.

    Parameters
    ----------
    graph : Graph
    storages : Storages, optional
        Result of `analyse(graph)`, where it is known already.
    unused : values that need no memory: outputs that nobody reads and the operator can skip

    Returns
    -------
    MemoryPlan
    """
    storages = storages or analyse(graph)
    first, last = _lifetimes(graph, storages, unused)
    slots, slot_of, over = _share_in_place(graph, storages, first, last)
    offsets, arenas, bounds = _offsets(slots)
    buffers = _buffers(graph, first, last, slots, slot_of, over, offsets)
    return MemoryPlan(
        buffers=buffers,
        naive_bytes=sum(rounded(graph.avals[r].nbytes) for r in first),
        inplace_bytes=sum(s.nbytes for s in slots),
        arena_bytes=sum(arenas.values()),
        lower_bound_bytes=sum(bounds.values()),
        arenas=arenas,
    )


def peak_bytes(graph: Graph, storages: Storages | None = None) -> int:
    """Lower bound of the arenas of `graph`: what `plan` says, without looking for offsets."""
    storages = storages or analyse(graph)
    slots, _, _ = _share_in_place(graph, storages, *_lifetimes(graph, storages, frozenset()))
    total = 0
    for device in {s.device for s in slots}:
        mine = [s for s in slots if s.device == device]
        lower, upper = [s.first for s in mine], [s.last + 1 for s in mine]
        total += lower_bound(lower, upper, [s.nbytes for s in mine])
    return total


def _lifetimes(
    graph: Graph, storages: Storages, unused: frozenset[int]
) -> tuple[dict[int, int], dict[int, int]]:
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    root, end = storages.root, len(graph.eqns)
    for k, eqn in enumerate(graph.eqns):
        for value in (*eqn.reads, *eqn.outs):
            if root[value] not in storages.external and value not in unused:
                first.setdefault(root[value], k)
                last[root[value]] = max(k, last.get(root[value], k))
        if eqn.op is CROSS:
            # the other device's worker reads it at its own pace: never reuse it in this run
            source = root[eqn.ins[0]]
            if source in first:
                last[source] = end
    return first, last


def _share_in_place(
    graph: Graph, storages: Storages, first: dict[int, int], last: dict[int, int]
) -> tuple[list[_Slot], dict[int, int], dict[int, int]]:
    """Give every storage a slot; one that may overwrite a dying input takes over its slot."""
    slots: list[_Slot] = []
    slot_of: dict[int, int] = {}
    over: dict[int, int] = {}
    for k, eqn in enumerate(graph.eqns):
        for position, value in enumerate(eqn.outs):
            if value not in first or first[value] != k or storages.root[value] != value:
                continue
            found = _overwritable(graph, storages, eqn, k, value, last) if position == 0 else ()
            free = [source for source in found if slots[slot_of[source]].last == k]
            if free:
                # the oldest stays where it is: a residual stream, while branches come and go
                source = min(free, key=lambda v: slots[slot_of[v]].first)
                slot_of[value] = slot_of[source]
                slots[slot_of[value]].last = last[value]
                over[value] = source
            else:
                slot_of[value] = len(slots)
                device = graph.devices.get(value, eqn.device)
                slots.append(_Slot(device, rounded(graph.avals[value].nbytes), k, last[value]))
    return slots, slot_of, over


def _overwritable(
    graph: Graph, storages: Storages, eqn: Eqn, k: int, out: int, last: dict[int, int]
) -> Iterator[int]:
    """The input storages that `out` may be written over."""
    for position in eqn.op.flags.inplace:
        if position >= len(eqn.ins) or eqn.ins[position] == ABSENT:
            continue
        value = eqn.ins[position]
        source = storages.root[value]
        if source in storages.external or last.get(source) != k:
            continue
        whole = (
            graph.avals[value].nbytes == graph.avals[source].nbytes and storages.contiguous[value]
        )
        same = graph.avals[value] == graph.avals[out]
        # x + x.T may not overwrite x: another view of the storage is read at other places
        others = [v for v in eqn.reads if v != value and storages.root[v] == source]
        if whole and same and not others:
            yield source


def _offsets(slots: list[_Slot]) -> tuple[list[int], dict[str, int], dict[str, int]]:
    offsets = [0] * len(slots)
    arenas: dict[str, int] = {}
    bounds: dict[str, int] = {}
    for device in dict.fromkeys(s.device for s in slots):
        mine = [i for i, s in enumerate(slots) if s.device == device]
        lower = np.array([slots[i].first for i in mine])
        upper = np.array([slots[i].last + 1 for i in mine])
        size = np.array([slots[i].nbytes for i in mine])
        found = pack(lower, upper, size)
        for i, offset in zip(mine, found.tolist(), strict=True):
            offsets[i] = offset
        arenas[device] = arena_size(found, size)
        bounds[device] = lower_bound(lower, upper, size)
    return offsets, arenas, bounds


def _buffers(
    graph: Graph, first: dict[int, int], last: dict[int, int], slots: list[_Slot],
    slot_of: dict[int, int], over: dict[int, int], offsets: list[int],
) -> tuple[Buffer, ...]:  # fmt: skip
    made = {v: e for e in graph.eqns for v in e.outs}
    values = sorted(first, key=lambda v: (first[v], v))
    owners = {v: owner_name(made[v], v) for v in values}
    stays: list[Stay] = []
    for v in values:
        slot, start = slots[slot_of[v]], offsets[slot_of[v]]
        stays.append(Stay(owners[v], slot.device, start, start + slot.nbytes, first[v], last[v]))
    history = History(stays)
    return tuple(
        Buffer(
            value=v,
            owner=stay.owner,
            device=stay.device,
            offset=stay.start,
            nbytes=stay.end - stay.start,
            first=stay.first,
            last=stay.last,
            was=stays[before].owner if before >= 0 else "",
            in_place_of=owners[over[v]] if v in over else "",
            over=over.get(v, -1),
            number=number,
            history=history,
        )
        for number, (v, stay, before) in enumerate(zip(values, stays, history.latest, strict=True))
    )


def owner_name(eqn: Eqn, value: int) -> str:
    """Name of the node that owns a value: ``conv0``, ``conv0 gradient`` or ``conv0 again``."""
    name = eqn.name or eqn.op.name
    if len(eqn.outs) > 1:
        name = f"{name}[{eqn.outs.index(value)}]"
    return name + SUFFIXES.get(eqn.role, "")
