"""Events as a Chrome trace: a JSON file that Perfetto and chrome://tracing open.

Every device is a process. Operators are complete events; those that ran at the same time lie in
lanes (threads) of their own, since boxes of one lane may only nest. Copies are arrows between the
copy lanes of two devices, memory and plans' arenas are counters.

Format: "Trace Event Format", Google. Times are microseconds since the first event.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dlstudio.trace.events import Allocated, Copied, Freed, OpRan, SlotFreed, SlotTaken
from dlstudio.trace.marks import Count, Mark, Span

__all__ = ["Census", "ending", "save", "trace"]

Record = dict[str, Any]
PROGRAM = "program"  # the process of what the program says itself
_COPIES = 999  # a lane below all operators' lanes
_REACH = {"global": "g", "process": "p", "thread": "t", "task": "t", "marker": "t"}


class Census(NamedTuple):
    """The buffers alive at a time; memory counters start from it."""

    alive: tuple[Allocated, ...]
    time: int


def trace(events: Sequence[Any], dropped: int = 0) -> dict[str, Any]:
    """Translate events into the trace's JSON object.

    Parameters
    ----------
    events : sequence of bus events, `Census`, `Span`, `Count` and `Mark`
        In any order.
    dropped : int
        Events missing at the beginning; noted in the file.

    Returns
    -------
    dict
        Ready for `json.dump`.

    Examples
    --------
    >>> ran = OpRan("exp", "", "cpu(0)", 5000, 9000, (), (), (2,), "forward", "")
    >>> [box] = [r for r in trace([ran])["traceEvents"] if r["ph"] == "X"]
    >>> box["name"], box["ts"], box["dur"]
    ('exp', 0.0, 4.0)
    """
    writer = _Writer(events)
    records = [
        *writer.operators(),
        *writer.spans(),
        *writer.copies(),
        *writer.memory(),
        *writer.arenas(),
        *writer.notes(),
    ]
    records.sort(key=lambda r: r["ts"])
    return {
        "traceEvents": [*writer.names(), *records],
        "displayTimeUnit": "ms",
        "otherData": {"producer": "dlstudio", "droppedEvents": dropped},
    }


def save(path: str | os.PathLike[str], events: Sequence[Any], dropped: int = 0) -> None:
    """Write the trace of `events` to a file; parameters as in `trace`."""
    text = json.dumps(trace(events, dropped))
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


class _Writer:
    """One translation: numbers processes and lanes as they appear."""

    def __init__(self, events: Sequence[Any]) -> None:
        self.events = events
        self.origin = min((_beginning(e) for e in events), default=0)
        self.processes: dict[str, int] = {}
        self.threads: dict[tuple[int, int], str] = {}

    def of(self, *kinds: type) -> list[Any]:
        """Events of some types, in order of time."""
        return sorted((e for e in self.events if isinstance(e, kinds)), key=_order)

    def at(self, time: int) -> float:
        """Microseconds since the first event."""
        return max(0, time - self.origin) / 1000

    def process(self, name: str) -> int:
        """Number of a device, or of the program."""
        return self.processes.setdefault(name, len(self.processes) + 1)

    def thread(self, process: int, number: int, name: str) -> int:
        """Name a lane."""
        self.threads.setdefault((process, number), name)
        return number

    def names(self) -> Iterator[Record]:
        """Names of all processes and lanes."""
        for name, process in self.processes.items():
            yield _named("process_name", process, 0, name)
        for (process, number), name in self.threads.items():
            yield _named("thread_name", process, number, name)

    def operators(self) -> Iterator[Record]:
        """A box per operator that ran."""
        lanes: dict[str, _Lanes] = {}
        for e in self.of(OpRan):
            process = self.process(e.device)
            lane = lanes.setdefault(e.device, _Lanes()).place(e.start, e.end)
            yield {
                "name": e.op,
                "cat": f"operator,{e.phase}",
                "ph": "X",
                "ts": self.at(e.start),
                "dur": (e.end - e.start) / 1000,
                "pid": process,
                "tid": self.thread(process, lane, "operators" if lane == 1 else f"lane {lane}"),
                "args": {
                    "node": e.name,
                    "phase": e.phase,
                    "shape": list(e.shape),
                    "inputs": list(e.inputs),
                    "outputs": list(e.outputs),
                    "line": e.span,
                },
            }

    def spans(self) -> Iterator[Record]:
        """A box per task, frame and event of the program."""
        lanes = _Lanes()
        for e in self.of(Span):
            process = self.process(PROGRAM)
            lane = lanes.place(e.start, e.end)
            yield {
                "name": e.name,
                "cat": f"{e.kind},{e.domain}",
                "ph": "X",
                "ts": self.at(e.start),
                "dur": (e.end - e.start) / 1000,
                "pid": process,
                "tid": self.thread(process, lane, "tasks" if lane == 1 else f"tasks {lane}"),
                "args": {"domain": e.domain, "kind": e.kind},
            }

    def copies(self) -> Iterator[Record]:
        """Two thin boxes and an arrow per copy (the bus knows when bytes moved, not how long)."""
        for number, e in enumerate(self.of(Copied), 1):
            for device in dict.fromkeys((e.source, e.target)):
                yield self._side_of_copy(e, device)
            if e.source == e.target:
                continue
            arrow = {"name": "copy", "cat": "copy", "id": number, "ts": self.at(e.time)}
            begin, end = self.process(e.source), self.process(e.target)
            yield {**arrow, "ph": "s", "pid": begin, "tid": _COPIES}
            yield {**arrow, "ph": "f", "bp": "e", "pid": end, "tid": _COPIES}

    def _side_of_copy(self, e: Copied, device: str) -> Record:
        process = self.process(device)
        return {
            "name": e.reason,
            "cat": "copy",
            "ph": "X",
            "ts": self.at(e.time),
            "dur": 0.001,  # arrows hang on boxes, and a box needs a width
            "pid": process,
            "tid": self.thread(process, _COPIES, "copies"),
            "args": {"bytes": e.nbytes, "from": e.source, "to": e.target},
        }

    def memory(self) -> Iterator[Record]:
        """Bytes per category of every device, at each change."""
        census = _Living()
        for e in self.of(Census, Allocated, Freed):
            for device in census.take(e):
                yield self._counter("memory", device, e.time, census.used[device])

    def arenas(self) -> Iterator[Record]:
        """Bytes in use of every plan's arena, at each change."""
        slots: dict[tuple[int, str], dict[int, int]] = {}
        for e in self.of(SlotTaken, SlotFreed):
            mine = slots.setdefault((e.plan, e.device), {})
            if isinstance(e, SlotTaken):
                mine[e.address] = e.nbytes
            else:
                mine.pop(e.address, None)
            yield self._counter(f"plan {e.plan}", e.device, e.time, {"arena": sum(mine.values())})

    def notes(self) -> Iterator[Record]:
        """Counters and markers of the program."""
        for e in self.of(Count):
            yield self._counter(f"{e.domain}: {e.name}", PROGRAM, e.time, {e.name: e.value})
        for e in self.of(Mark):
            process = self.process(PROGRAM)
            yield {
                "name": e.name,
                "cat": f"marker,{e.domain}",
                "ph": "i",
                "s": _REACH[e.scope],
                "ts": self.at(e.time),
                "pid": process,
                "tid": self.thread(process, 1, "tasks"),
            }

    def _counter(self, name: str, process: str, time: int, values: dict[str, Any]) -> Record:
        return {
            "name": name,
            "ph": "C",
            "ts": self.at(time),
            "pid": self.process(process),
            "tid": 0,
            "args": dict(values),
        }


class _Living:
    """The buffers that live while the events pass by, and their bytes by device and category."""

    def __init__(self) -> None:
        self.buffers: dict[int, Allocated] = {}
        self.used: dict[str, dict[str, int]] = {}

    def take(self, event: Census | Allocated | Freed) -> list[str]:
        """Follow one event; return the devices whose memory changed."""
        if isinstance(event, Census):
            for born in list(self.buffers.values()):
                self._add(born, -1)
            self.buffers = {b.buffer: b for b in event.alive}
            for born in event.alive:
                self._add(born, 1)
            return list(self.used)
        if isinstance(event, Allocated):
            if event.buffer in self.buffers:
                return []  # counted already: it was born while the census was taken
            self.buffers[event.buffer] = event
            self._add(event, 1)
            return [event.device]
        lost = self.buffers.pop(event.buffer, None)
        if lost is None:
            return []  # its birth was dropped, so it was never counted
        self._add(lost, -1)
        return [event.device]

    def _add(self, buffer: Allocated, sign: int) -> None:
        mine = self.used.setdefault(buffer.device, {})
        mine[buffer.category] = mine.get(buffer.category, 0) + sign * buffer.nbytes


class _Lanes:
    """Boxes in as few lanes as keep every two boxes of a lane apart or nested."""

    def __init__(self) -> None:
        self.open: list[list[int]] = []  # per lane, ends of the boxes still open, outermost first

    def place(self, start: int, end: int) -> int:
        """Lane (from 1) for a box; boxes come in order of their starts."""
        for number, ends in enumerate(self.open, 1):
            while ends and ends[-1] <= start:
                ends.pop()
            if not ends or end <= ends[-1]:
                ends.append(end)
                return number
        self.open.append([end])
        return len(self.open)


def _beginning(event: Any) -> int:
    return event.start if isinstance(event, (OpRan, Span)) else event.time


def ending(event: Any) -> int:
    """When an event was over, or happened (ns)."""
    return event.end if isinstance(event, (OpRan, Span)) else event.time


def _order(event: Any) -> tuple[int, int]:
    """By beginning; of two that begin together, the longer one first, since it holds the other."""
    start = _beginning(event)
    return start, -event.end if isinstance(event, (OpRan, Span)) else start


def _named(what: str, process: int, thread: int, name: str) -> Record:
    return {"name": what, "ph": "M", "pid": process, "tid": thread, "args": {"name": name}}
