"""What can be seen where the debugger stands: arrays, their places in memory, their statistics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core.device import Device
from dlstudio.core.tensor import NDArray
from dlstudio.errors import ParamError, explain
from dlstudio.graph.ir import Eqn
from dlstudio.graph.memory import Buffer, owner_name
from dlstudio.graph.spelling import human_bytes

if TYPE_CHECKING:
    from dlstudio.graph.program import Program

__all__ = ["Facts", "Statistics", "Value", "Values", "columns", "nearest"]

Array = Any


@dataclass(frozen=True)
class Statistics:
    """Numbers that sum an array up: of its finite elements, and how many are not finite."""

    min: float
    max: float
    mean: float
    std: float
    norm: float
    nan: int
    inf: int

    @staticmethod
    def of(array: np.ndarray[Any, Any]) -> Statistics:
        """Compute them in double precision."""
        if array.dtype.kind == "c":
            array = np.abs(array)
        numbers = array.astype(np.float64, copy=False)
        finite = np.isfinite(numbers)
        nan = int(np.isnan(numbers).sum())
        good = numbers if finite.all() else numbers[finite]
        infinite = numbers.size - good.size - nan
        if not good.size:
            unknown = float("nan")
            return Statistics(unknown, unknown, unknown, unknown, unknown, nan, infinite)
        return Statistics(
            min=float(good.min()),
            max=float(good.max()),
            mean=float(good.mean()),
            std=float(good.std()),
            norm=float(np.sqrt(np.square(good).sum())),
            nan=nan,
            inf=infinite,
        )

    def __str__(self) -> str:
        found = [f"{name} {getattr(self, name):.4g}" for name in ("min", "mean", "max", "std")]
        found += [f"{n} {name}" for n, name in ((self.nan, "NaN"), (self.inf, "Inf")) if n]
        return "  ".join(found)


@dataclass(frozen=True)
class Value:
    """An array as it was where the debugger stood, and where it lies.

    Attributes
    ----------
    name : str
        Of the argument, or of the node that computed it.
    plan_name : str
        Its identifier in the plan's text.
    array : NDArray
        A copy: later steps do not change it.
    device : str
    kind : str
        "argument", "auxiliary", "constant", "head_gradient", "gradient", "output", or "buffer"
        for what lies in the arena.
    offset : int or None
        Bytes from the start of the device's arena; None outside it.
    previous : tuple of str
        Who owned (part of) these bytes before, latest first.
    in_place_of : str
        Whose value it was written over, or "".
    first, last : int
        Steps that first write and last read the buffer; -1 outside the arena.
    """

    name: str
    plan_name: str
    array: NDArray
    device: str
    kind: str
    offset: int | None = None
    previous: tuple[str, ...] = ()
    in_place_of: str = ""
    first: int = -1
    last: int = -1

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Element type."""
        return self.array._data.dtype

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        return self.array._data.nbytes

    def asnumpy(self) -> np.ndarray[Any, Any]:
        """Return the elements as a NumPy array."""
        return self.array.asnumpy()

    @cached_property
    def statistics(self) -> Statistics:
        """Least, largest and mean element, standard deviation, norm, NaN and Inf."""
        return Statistics.of(self.array.asnumpy())

    def place(self) -> str:
        """Say where it lies and who lay there before."""
        if self.offset is None:
            return f"{self.device} {self.kind}"
        place = f"{self.device} {self.offset:,} + {human_bytes(self.nbytes)}"
        if self.in_place_of:
            return f"{place}, over {self.in_place_of}"
        return place + (f", was {self.previous[0]}'s" if self.previous else "")

    def row(self) -> tuple[str, ...]:
        """Texts of a table's row."""
        shape = "x".join(map(str, self.shape)) or "scalar"
        facts = (self.name, self.plan_name, shape, self.dtype.name, self.place())
        return (*facts, str(self.statistics))

    def __repr__(self) -> str:
        return f"<{'  '.join(self.row())}>"


class Values(Sequence[Value]):
    """Values in order; found by position, by name, or by identifier in the plan's text."""

    def __init__(self, values: Sequence[Value], what: str = "values") -> None:
        self._values, self._what = tuple(values), what

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Value]:
        return iter(self._values)

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return self._values[key]
        for value in self._values:
            if key in (value.name, value.plan_name):
                return value
        raise ParamError(
            explain(
                f"none of the {self._what} here is called {key!r}.",
                f"one of {self.names}.",
                nearest(key, self.names) or "a number: values are counted from 0",
            )
        )

    @property
    def names(self) -> list[str]:
        """Names in order."""
        return [value.name for value in self._values]

    def __repr__(self) -> str:
        if not self._values:
            return f"no {self._what}"
        heading = ("name", "plan", "shape", "dtype", "place", "values")
        return "\n".join(columns([heading, *(value.row() for value in self._values)]))


def columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Lines of a table whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def nearest(name: str, known: Sequence[str]) -> str:
    """Say which known names are most like `name`; nothing if none is."""
    import difflib

    found = difflib.get_close_matches(name, list(dict.fromkeys(known)), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(map(repr, found))}?" if found else ""


class Facts:
    """All that a plan tells of its values: names, kinds, places, history."""

    def __init__(self, program: Program) -> None:
        self.program, graph = program, program.graph
        self.inputs = {x.value: x for x in graph.inputs}
        self.outputs = dict(zip(graph.outputs, graph.names, strict=False))
        self.buffers = {b.value: b for b in program.memory.buffers}
        self.makers: dict[int, Eqn] = {v: e for e in graph.eqns for v in e.outs}

    def name(self, value: int) -> str:
        """What the user calls a value."""
        source = self.inputs.get(value)
        if source is not None:
            return source.name
        return self.outputs.get(value) or owner_name(self.makers[value], value)

    def describe(self, value: int, array: Array) -> Value:
        """Copy what `value` holds, with everything known of it."""
        program = self.program
        root = program.storages.root[value]
        buffer, source = self.buffers.get(root), self.inputs.get(root)
        device = program.graph.devices.get(root) or "cpu(0)"
        kind = "output" if source is None else source.kind
        name = self.name(value)
        facts = (name, program.names[value], _copied(array, program.devices[device]), device)
        if buffer is None:
            return Value(*facts, kind)
        return Value(
            *facts, "buffer", buffer.offset, buffer.previous, buffer.in_place_of,
            buffer.first, buffer.last,
        )  # fmt: skip

    def alive(self, k: int) -> list[Buffer]:
        """Buffers in use while step `k` runs, by device and offset."""
        found = [b for b in self.program.memory.buffers if b.first <= k <= b.last]
        heirs = {b.over for b in found if b.first == k}
        return sorted(
            (b for b in found if b.value not in heirs), key=lambda b: (b.device, b.offset)
        )

    def heir(self, buffer: Buffer, k: int) -> Buffer | None:
        """Who has written over a buffer by the end of step `k`: the first; or None."""
        for b in self.program.memory.buffers:
            meets = b.offset < buffer.offset + buffer.nbytes and buffer.offset < b.offset + b.nbytes
            if b.device == buffer.device and meets and buffer.first < b.first <= k:
                return b
        return None


def _copied(array: Array, device: Device) -> NDArray:
    return NDArray._wrap(array.copy(), device)
