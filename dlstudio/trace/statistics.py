"""How often and how long: the aggregate table of a profile."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from dlstudio.errors import ParamError, explain
from dlstudio.trace.chrome import Census, _Living, ending
from dlstudio.trace.events import Allocated, Copied, Freed, OpRan
from dlstudio.trace.marks import Count, Span

__all__ = ["Row", "as_json", "as_table", "collect"]

SORTS = ("total", "avg", "min", "max", "count")
_TIMES = ("Time (ms)", "Min Time (ms)", "Max Time (ms)", "Avg Time (ms)")
_SIZES = ("Total (kB)", "Min (kB)", "Max (kB)", "Avg (kB)")
_LEVELS = ("Min Use (kB)", "Max Use (kB)", "Avg Use (kB)")  # a sum of levels would mean nothing
_VALUES = ("Min", "Max", "Avg")
_UNITS = {"ms": _TIMES, "kB": _SIZES, "kB in use": _LEVELS, "": _VALUES}


@dataclass
class Row:
    """One name of the table: how many, and their sum, least and greatest."""

    count: int = 0
    total: float = 0.0
    min: float = float("inf")
    max: float = float("-inf")

    @property
    def avg(self) -> float:
        """Mean."""
        return self.total / self.count

    def add(self, value: float) -> None:
        """Enter one more."""
        self.count += 1
        self.total += value
        self.min, self.max = min(self.min, value), max(self.max, value)


Sections = dict[tuple[str, str], dict[str, Row]]  # (title, unit) -> name -> row


def collect(events: Iterable[Any], since: int = 0) -> Sections:
    """Add up events by section and name.

    Parameters
    ----------
    events : iterable of bus events, `Span` and `Count`, in order of time
    since : int
        Leave out what ended before (perf_counter_ns).

    Returns
    -------
    dict
        ``(title, unit) -> name -> Row``: operators, tasks, frames and events in milliseconds;
        copies and memory in use in kilobytes (1024 bytes); counters in their own unit, "".

    Examples
    --------
    >>> ran = OpRan("exp", "", "cpu(0)", 0, 2_000_000, (), (), (2,), "forward", "")
    >>> collect([ran, ran])["operator", "ms"]["exp"]
    Row(count=2, total=4.0, min=2.0, max=2.0)
    """
    sections: Sections = {}
    living = _Living()
    for e in events:
        for title, unit, name, value in _measured(e, living):
            if ending(e) >= since:
                sections.setdefault((title, unit), {}).setdefault(name, Row()).add(value)
    return sections


def _measured(e: Any, living: _Living) -> Iterator[tuple[str, str, str, float]]:
    """What an event adds to the table: title, unit, name and value."""
    if isinstance(e, OpRan):
        yield "operator", "ms", e.op, (e.end - e.start) / 1e6
    elif isinstance(e, Span):
        yield e.domain, "ms", e.name, (e.end - e.start) / 1e6
    elif isinstance(e, Copied):
        yield "Copies", "kB", f"{e.source} -> {e.target}", e.nbytes / 1024
    elif isinstance(e, Count):
        yield e.domain, "", e.name, e.value
    elif isinstance(e, (Census, Allocated, Freed)):
        for device in living.take(e):
            yield "Memory", "kB in use", device, sum(living.used[device].values()) / 1024


def as_table(sections: Sections, sort_by: str = "total", ascending: bool = False) -> str:
    """Lay the sections out as text, one table each; parameters as in `mx.profiler.dumps`."""
    lines = ["", "Profile Statistics:", "\tNote the difference in units for different entries."]
    for (title, unit), rows in sections.items():
        lines += [title, "=" * 17, _line("Name", ("Total Count", *_UNITS[unit]))]
        lines.append(_line("----", ["-" * len(c) for c in ("Total Count", *_UNITS[unit])]))
        for name, row in _sorted(rows, sort_by, ascending):
            numbers = (row.total, row.min, row.max, row.avg)[-len(_UNITS[unit]) :]
            lines.append(_line(name, (str(row.count), *(f"{n:.4f}" for n in numbers))))
        lines.append("")
    return "\n".join([*lines, ""])


def as_json(sections: Sections, sort_by: str = "total", ascending: bool = False) -> str:
    """Write the sections as JSON, times apart from bytes and counters."""
    groups: dict[str, dict[str, Any]] = {"Time": {}, "Memory": {}, "Counter": {}}
    places = {"ms": "Time", "kB": "Memory", "kB in use": "Memory", "": "Counter"}
    for (title, unit), rows in sections.items():
        groups[places[unit]][title] = {
            name: {
                "Count": row.count,
                **({"Total": row.total} if unit in ("ms", "kB") else {}),
                "Min": row.min,
                "Max": row.max,
                "Avg": row.avg,
            }
            for name, row in _sorted(rows, sort_by, ascending)
        }
    return json.dumps({**groups, "Unit": {"Time": "ms", "Memory": "kB"}}, indent=4)


def _sorted(rows: dict[str, Row], sort_by: str, ascending: bool) -> list[tuple[str, Row]]:
    if sort_by not in SORTS:
        raise ParamError(
            explain(
                f"profiler: parameter sort_by={sort_by!r}.",
                f"one of {', '.join(SORTS)}.",
                'mx.profiler.dumps(sort_by="total")',
            )
        )
    return sorted(rows.items(), key=lambda item: getattr(item[1], sort_by), reverse=not ascending)


def _line(name: str, cells: Iterable[str]) -> str:
    return f"{name:<40}" + "".join(f"{cell:>16}" for cell in cells)
