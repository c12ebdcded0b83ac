"""MemoryView: who lies where in memory, and since when; what a plan saves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import traitlets

from dlstudio.core.watch import live_buffers
from dlstudio.errors import ArgumentError, explain
from dlstudio.trace.events import Allocated, Event, Freed, SlotFreed, SlotTaken
from dlstudio.widgets.events import EventView, Row
from dlstudio.widgets.schema import PlanBuffer, PlanMap
from dlstudio.widgets.text import format_bytes
from dlstudio.widgets.view import STATIC

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dlstudio.widgets.figures import Box

__all__ = ["MemoryView", "plan_map"]

_ALLOCATED, _FREED, _TAKEN, _RELEASED = range(4)  # indices into schema.MEMORY_KINDS
_CATEGORIES = ("parameter", "gradient", "activation", "data", "arena", "other")
# Buffers in a still picture: more would be slivers.
_PICTURED = 300
_OTHER = len(_CATEGORIES) - 1
_KIND, _SPACE, _BUFFER, _ADDRESS, _BYTES, _OWNER, _NOTE, _TIME = range(8)


class PlannedBuffer(Protocol):
    """One buffer of a `graph.memory.MemoryPlan`."""

    owner: str
    device: str
    offset: int
    nbytes: int
    first: int
    last: int
    previous: Sequence[str]


class Plan(Protocol):
    """What is read of a `graph.memory.MemoryPlan`."""

    naive_bytes: int
    inplace_bytes: int
    arena_bytes: int
    lower_bound_bytes: int
    buffers: Sequence[PlannedBuffer]


class MemoryView(EventView):
    """A live map of memory, time across and addresses upwards, for each pool and arena.

    Parameters
    ----------
    plan : Executor, hybridized block or MemoryPlan, optional
        Its plan is drawn too: what lies where at which step, and planned beside naive bytes.
    locale : {"auto", "en", "zh"}

    Examples
    --------
    >>> MemoryView()  # doctest: +SKIP
    >>> MemoryView(executor)  # doctest: +SKIP
    """

    _esm = STATIC / "memory.js"
    _css = STATIC / "memory.css"
    tables: ClassVar[tuple[str, ...]] = ("memory",)
    _plan = traitlets.Dict().tag(sync=True)

    def __init__(self, plan: Any = None, *, locale: str = "auto") -> None:
        self._live: dict[tuple[int, float], Row] = {}
        self.plan: Plan | None = None
        planned: dict[str, Any] = {}
        if plan is not None:
            self.plan, steps = _program_of(plan)
            planned = dict(plan_map(self.plan, steps))
        super().__init__(locale=locale, _plan=planned)
        self.receive(live_buffers())

    def take(self, event: Event) -> None:
        """Turn a memory event into a row; others do not concern this view."""
        encode = _ENCODERS.get(type(event))
        if encode is None:
            return
        row = encode(self, event)
        if row is not None:
            self.add("memory", row)

    def _allocated(self, event: Allocated) -> Row | None:
        space, key = self.string(event.device), float(event.buffer)
        if (space, key) in self._live:
            return None  # known from the list of live buffers
        row = self._row(_ALLOCATED, space, key, event, event.category)
        self._live[space, key] = row
        return row

    def _freed(self, event: Freed) -> Row | None:
        space, key = self.string(event.device), float(event.buffer)
        born = self._live.pop((space, key), None)
        if born is None:
            return None  # lived and died before anybody watched
        time = self.since_start(event.time)
        return (_FREED, space, key, event.address, event.nbytes, born[_OWNER], born[_NOTE], time)

    def _taken(self, event: SlotTaken) -> Row:
        space = self.string(f"{event.device}#{event.plan}")
        row = self._row(_TAKEN, space, -1, event, event.previous)
        # Slots have no number: below zero, the address stands for the one that lies there.
        self._live[space, -1 - event.address] = row
        return row

    def _released(self, event: SlotFreed) -> Row:
        space = self.string(f"{event.device}#{event.plan}")
        self._live.pop((space, -1 - event.address), None)
        return self._row(_RELEASED, space, -1, event, "")

    def _row(
        self, kind: int, space: int, key: float, event: Allocated | SlotTaken | SlotFreed, note: str
    ) -> Row:
        owner, time = self.string(event.owner), self.since_start(event.time)
        return (kind, space, key, event.address, event.nbytes, owner, self.string(note), time)

    def retained(self, table: str) -> list[Row]:
        """Return the latest rows, and before them those older ones that still lie in memory."""
        rows = super().retained(table)
        oldest = rows[0][_TIME] if rows else float("inf")
        return [*(row for row in self._live.values() if row[_TIME] < oldest), *rows]

    # Reading -----------------------------------------------------------------------------

    def live(self) -> list[dict[str, Any]]:
        """Return what lies in memory now: space, buffer, address, bytes, owner, note, time."""
        self.catch_up()
        names = list(self._stream.strings)
        with self._guard:
            rows = list(self._live.values())
        return [
            {
                "space": names[int(row[_SPACE])],
                "buffer": int(row[_BUFFER]),
                "address": int(row[_ADDRESS]),
                "bytes": int(row[_BYTES]),
                "owner": names[int(row[_OWNER])],
                "note": names[int(row[_NOTE])],
                "time": int(row[_TIME]),
            }
            for row in rows
        ]

    def summary(self) -> str:
        """Return one line: bytes in use per pool, and what the plan saves."""
        used: dict[str, int] = {}
        for buffer in self.live():
            if "#" not in buffer["space"]:
                used[buffer["space"]] = used.get(buffer["space"], 0) + buffer["bytes"]
        parts = [f"{space} {format_bytes(count)}" for space, count in used.items()]
        if self.plan is not None:
            naive, arena = format_bytes(self.plan.naive_bytes), format_bytes(self.plan.arena_bytes)
            parts.append(self.text("memory.saving", planned=arena, naive=naive))
        return " · ".join(parts) or self.text("memory.empty")

    def figure_ready(self) -> bool:
        """Return whether there is a plan or anything in memory to draw."""
        return self.plan is not None or bool(self.live())

    def figure(self) -> Figure | None:
        """Return the plan, or else the first pool's map, as a matplotlib figure."""
        from dlstudio.widgets import figures

        y_label = self.text("memory.address")
        if self.plan is None:
            groups = [self.text(f"memory.category.{name}") for name in _CATEGORIES]
            return figures.memory_map(
                self._pool_boxes(), self.text("memory.time"), y_label, groups=groups
            )
        boxes: list[Box] = []
        for i, b in enumerate(self._plan["buffers"]):
            length = b["last"] + 1 - b["first"]
            boxes.append(figures.Box(b["first"], length, b["offset"], b["bytes"], b["owner"], i))
        return figures.memory_map(boxes, self.text("memory.step"), y_label, self._saving())

    def _saving(self) -> str:
        plan = self._plan
        percent = round(100 * plan["arena"] / plan["naive"]) if plan["naive"] else 100
        planned, naive = format_bytes(plan["arena"]), format_bytes(plan["naive"])
        return self.text("memory.plan.text", planned=planned, naive=naive, percent=percent)

    def _pool_boxes(self) -> list[Box]:
        """Return the boxes of the first pool seen, in seconds: the latest, and who still lived."""
        from dlstudio.widgets.figures import Box

        rows = self.rows("memory")
        pool = next((row["space"] for row in rows if "#" not in row["space"]), "")
        died = {row["buffer"]: row["time"] for row in rows if row["kind"] == _FREED}
        born = [row for row in rows if row["kind"] == _ALLOCATED and row["space"] == pool]
        begin = born[-_PICTURED:][0]["time"] if born else 0.0
        end = max((row["time"] for row in rows), default=0.0)
        boxes: list[Box] = []
        for row in born:
            start, stop = max(begin, row["time"]), died.get(row["buffer"], end)
            if stop >= begin:
                group = _CATEGORIES.index(row["note"]) if row["note"] in _CATEGORIES else _OTHER
                box = (row["address"], row["bytes"], row["owner"], group)
                boxes.append(Box(start / 1e9, (stop - start) / 1e9, *box))
        return boxes


_ENCODERS: dict[type, Any] = {
    Allocated: MemoryView._allocated,
    Freed: MemoryView._freed,
    SlotTaken: MemoryView._taken,
    SlotFreed: MemoryView._released,
}


def _program_of(owner: Any) -> tuple[Plan, list[str]]:
    """Return the memory plan of `owner` and the names of the plan's steps."""
    program = owner
    if hasattr(program, "_cached_op"):  # a block: what it compiled to, if it was called
        program = program._cached_op
    if callable(getattr(program, "plan", None)):  # of its programs, the one that trains
        program = _training_program(program)
    plan = program if hasattr(program, "arena_bytes") else getattr(program, "memory", None)
    if plan is None or not hasattr(plan, "arena_bytes"):
        raise ArgumentError(
            explain(
                f"MemoryView: {type(owner).__name__} has no memory plan.",
                "an Executor, a hybridized block that was called once, or a MemoryPlan.",
                "net.hybridize(); net(data); MemoryView(net)",
            )
        )
    equations: Iterable[Any] = getattr(getattr(program, "graph", None), "eqns", ())
    return plan, [str(equation.name or equation.op.name) for equation in equations]


def _training_program(cached: Any) -> Any:
    try:
        return cached.plan(True)
    except ArgumentError:  # never trained: the last program, or the error of one never called
        return cached.plan()


def plan_map(plan: Plan, steps: Sequence[str] = ()) -> PlanMap:
    """Return a memory plan in the form the browser draws."""
    return {
        "naive": plan.naive_bytes,
        "inplace": plan.inplace_bytes,
        "arena": plan.arena_bytes,
        "lowerBound": plan.lower_bound_bytes,
        "steps": list(steps),
        "buffers": [_planned(buffer, plan.buffers) for buffer in plan.buffers],
    }


def _planned(buffer: PlannedBuffer, others: Sequence[PlannedBuffer]) -> PlanBuffer:
    later = (other for other in others if other.first >= buffer.last)
    takers = (other for other in later if _overlap(buffer, other))
    after = min(takers, key=lambda other: other.first, default=None)
    # Its last reader may write over it: then that step belongs to the heir.
    inherited = after is not None and after.first == buffer.last
    return {
        "owner": buffer.owner,
        "device": buffer.device,
        "offset": buffer.offset,
        "bytes": buffer.nbytes,
        "first": buffer.first,
        "last": buffer.last - 1 if inherited else buffer.last,
        "previous": buffer.previous[0] if buffer.previous else "",
        "next": "" if after is None else after.owner,
    }


def _overlap(a: PlannedBuffer, b: PlannedBuffer) -> bool:
    """Whether two different buffers of one device share bytes."""
    return (
        a is not b
        and a.device == b.device
        and a.offset < b.offset + b.nbytes
        and b.offset < a.offset + a.nbytes
    )
