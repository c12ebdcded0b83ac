"""The wire between kernel and browser, declared once.

`python -m dlstudio.widgets.schema > widgets/src/lib/schema.ts` writes the TypeScript side; a test
compares. Headers are JSON; numbers travel as tables of little-endian float64 columns, all in one
binary buffer per message (`pack_tables`). Strings travel once: string columns hold their index in
the list that the headers build up. Times are nanoseconds since the view was made, which float64
holds exactly for 104 days; addresses and sizes are bytes; absent numbers are -1.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from typing import Any, Literal, NotRequired, TypedDict, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray as Floats

__all__ = [
    "MEMORY_KINDS",
    "STRING_COLUMNS",
    "TABLES",
    "VERSION",
    "Acknowledgement",
    "Command",
    "DebuggerBreak",
    "DebuggerPlan",
    "DebuggerStand",
    "DebuggerStep",
    "DebuggerValue",
    "Frame",
    "Ping",
    "PlanBuffer",
    "PlanMap",
    "Progress",
    "Strings",
    "TableHeader",
    "pack_tables",
    "typescript",
]

VERSION = 1

TABLES: dict[str, tuple[str, ...]] = {
    # One row per event on the memory of a device, in the order of the bus.
    # space: "cpu(0)" for a pool, "cpu(0)#3" for the arena of plan 3.
    # note: category of an allocation, or previous owner of a slot.
    "memory": ("kind", "space", "buffer", "address", "bytes", "owner", "note", "time"),
    "operators": ("start", "end", "op", "name", "device", "phase", "span", "elements"),
    "copies": ("source", "target", "bytes", "reason", "time"),
    "usage": ("device", "bytes", "peak", "time"),
    "metrics": ("series", "step", "value"),
}
STRING_COLUMNS = (
    *("space", "owner", "note", "op", "name", "device", "phase", "span"),
    *("source", "target", "reason", "series"),
)
MEMORY_KINDS = ("allocated", "freed", "slotTaken", "slotFreed")

State = Literal["empty", "running", "paused", "done", "stopped", "error"]
CommandName = Literal["hello", "pong", "pause", "resume", "step", "stop", "lr"]
DebuggerCommand = Literal["runTo", "step", "stepOver", "cont", "restart", "nan", "breakAt", "clear"]


class TableHeader(TypedDict):
    """Which columns of how many rows follow in the buffer."""

    name: str
    columns: list[str]
    rows: int


class Strings(TypedDict):
    """New strings, and the index of the first."""

    start: int
    added: list[str]


class Progress(TypedDict):
    """Where a training run stands; seconds, steps per second."""

    state: State
    step: int
    total: int  # 0: not known
    epoch: int
    epochs: int
    rate: float
    remaining: float  # seconds; -1: not known
    elapsed: float
    lr: float  # -1: the run has no learning rate
    message: str  # the error, when state is "error"
    rateLocked: bool  # a schedule sets the rate: no slider


class Frame(TypedDict):
    """One batch of one view, at most 30 a second. `reset`: forget what came before."""

    type: Literal["frame"]
    version: int
    sequence: int
    reset: bool
    sent: float  # seconds since the epoch
    dropped: int  # events lost so far because the ring buffer was full
    strings: Strings
    tables: list[TableHeader]
    progress: NotRequired[Progress]


class Acknowledgement(TypedDict):
    """Per browser client, the number of its last command that arrived, and that took effect."""

    type: Literal["acknowledgement"]
    received: dict[str, int]
    applied: dict[str, int]


class Ping(TypedDict):
    """Asks every browser client for a `pong`, to learn whether its messages arrive."""

    type: Literal["ping"]


class Command(TypedDict):
    """What a browser client sends to the kernel."""

    command: CommandName | DebuggerCommand
    value: float
    client: str
    sequence: int
    text: NotRequired[str]  # of a debugger's `runTo`: the name of an operator


class DebuggerStep(TypedDict):
    """One step of a plan; `line` counts the plan's lines from 1."""

    line: int
    name: str
    op: str
    scope: str
    phase: str
    device: str
    span: str


class DebuggerPlan(TypedDict):
    """What is stepped through: the plan's text and its steps."""

    title: str
    lines: list[str]
    steps: list[DebuggerStep]


class DebuggerValue(TypedDict):
    """An array where the debugger stands; numbers that are not finite travel as text."""

    name: str
    planName: str
    shape: str
    dtype: str
    device: str
    kind: str
    bytes: int
    offset: int  # -1: outside the arena
    previous: str
    inPlaceOf: str
    numbers: dict[str, float | str]  # min, max, mean, std, norm
    nan: int
    inf: int
    width: int  # of the picture, in points
    picture: str  # base64, one byte a point: 0 .. 254 from min to max, 255 not finite


class DebuggerBreak(TypedDict):
    """A breakpoint; conditions have no steps."""

    number: int
    label: str
    steps: list[int]
    enabled: bool
    hits: int


class DebuggerStand(TypedDict):
    """Where the debugger stands, and what lies there."""

    index: int  # of the step that has just run; -1 before the first
    next: int  # of the step to come; -1 at the end
    reason: str
    finished: bool
    failed: bool
    error: str  # of the last command from the browser
    inputs: list[DebuggerValue]
    outputs: list[DebuggerValue]
    buffers: list[DebuggerValue]
    breaks: list[DebuggerBreak]


class PlanBuffer(TypedDict):
    """One buffer of a memory plan; steps are positions in the plan, both ends included."""

    owner: str
    device: str
    offset: int
    bytes: int
    first: int
    last: int
    previous: str
    next: str


class PlanMap(TypedDict):
    """A memory plan: where every buffer lies, and what the plan saves."""

    naive: int
    inplace: int
    arena: int
    lowerBound: int
    steps: list[str]
    buffers: list[PlanBuffer]


def pack_tables(
    tables: Sequence[tuple[str, Floats[np.float64]]],
) -> tuple[list[TableHeader], bytes]:
    """Put tables one behind the other.

    Parameters
    ----------
    tables : sequence of (name in `TABLES`, float64 array of shape (columns, rows))

    Returns
    -------
    tuple of (list of TableHeader, bytes)
    """
    headers: list[TableHeader] = []
    parts: list[bytes] = []
    for name, table in tables:
        columns = TABLES[name]
        headers.append({"name": name, "columns": list(columns), "rows": table.shape[1]})
        parts.append(np.ascontiguousarray(table, dtype="<f8").tobytes())
    return headers, b"".join(parts)


def typescript() -> str:
    """Return the text of `widgets/src/lib/schema.ts`."""
    lines = [
        "// Generated by `python -m dlstudio.widgets.schema`: change that file instead.",
        "",
        f"export const VERSION = {VERSION};",
        "export const TABLES = {",
        *(f"  {name}: [{_quoted(columns)}]," for name, columns in TABLES.items()),
        "} as const;",
        f"export const MEMORY_KINDS = [{_quoted(MEMORY_KINDS)}] as const;",
        f"export type State = {_ts_type(State)};",
        f"export type CommandName = {_ts_type(CommandName)};",
        f"export type DebuggerCommand = {_ts_type(DebuggerCommand)};",
    ]
    records = (TableHeader, Strings, Progress, Frame, Acknowledgement, Ping, Command)
    debugger = (DebuggerStep, DebuggerPlan, DebuggerValue, DebuggerBreak, DebuggerStand)
    for record in (*records, *debugger, PlanBuffer, PlanMap):
        lines += ["", *_interface(record)]
    return "\n".join(lines) + "\n"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _interface(record: type) -> list[str]:
    hints = get_type_hints(record, include_extras=True)
    summary = (record.__doc__ or "").splitlines()[0]
    body = [f"  {_field(name, hint)};" for name, hint in hints.items()]
    return [f"/** {summary} */", f"export interface {record.__name__} {{", *body, "}"]


def _field(name: str, hint: Any) -> str:
    if get_origin(hint) is NotRequired:
        return f"{name}?: {_ts_type(get_args(hint)[0])}"
    return f"{name}: {_ts_type(hint)}"


_PRIMITIVES = {str: "string", int: "number", float: "number", bool: "boolean"}


def _ts_type(hint: Any) -> str:
    if hint in _PRIMITIVES:
        return _PRIMITIVES[hint]
    origin, parameters = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in parameters)
    if origin in {typing.Union, types.UnionType}:
        return " | ".join(_ts_type(part) for part in parameters)
    if origin is list:
        return f"{_ts_type(parameters[0])}[]"
    if origin is dict:
        return f"Record<{_ts_type(parameters[0])}, {_ts_type(parameters[1])}>"
    return hint.__name__


if __name__ == "__main__":
    print(typescript(), end="")
