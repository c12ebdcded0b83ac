"""Where a debugger stands: one step of the plan that has just run, and the text around it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any

from dlstudio.graph.debugging.values import Facts, Values

__all__ = ["Here", "Listing", "listing"]

Array = Any


class Listing(str):
    """Text that shows as it is, also where a notebook or a terminal would print its `repr`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Here:
    """A step that has just run.

    Attributes
    ----------
    index : int
        Number of the step in the plan, from 0.
    name : str
        Of the user's node; several steps may share it.
    op : str
        Of the operator.
    attrs : dict
        Parameters of the operator.
    phase : "forward" or "backward"
    device, scope, span : str
        Where it ran; the block it belongs to; the user's line (``"net.py:12"``), if known.
    line : int
        Line of the plan's text, from 1.
    """

    def __init__(self, facts: Facts, index: int, arrays: tuple[Array, ...] = ()) -> None:
        program = facts.program
        eqn = program.graph.eqns[index]
        self._facts, self._eqn, self._arrays = facts, eqn, arrays
        self.index, self.name, self.op = index, eqn.name or eqn.op.name, eqn.op.name
        self.phase = "forward" if index < program.graph.split else "backward"
        self.device, self.scope, self.span = eqn.device or "cpu(0)", eqn.scope, eqn.span
        self.line = program.lines.get(index, 0)

    @property
    def attrs(self) -> dict[str, Any]:
        """Parameters of the operator."""
        return dict(self._eqn.attrs)

    @cached_property
    def inputs(self) -> Values:
        """What it read, as it was then."""
        return self._values(self._eqn.reads, self._arrays[: len(self._eqn.reads)], "inputs")

    @cached_property
    def outputs(self) -> Values:
        """What it wrote."""
        return self._values(self._written(), self._arrays[len(self._eqn.reads) :], "outputs")

    def _written(self) -> list[int]:
        unused = self._facts.program.unused
        return [v for v in self._eqn.outs if v not in unused]

    def _values(self, values: Any, arrays: tuple[Array, ...], what: str) -> Values:
        pairs = zip(values, arrays, strict=False)  # a step to come has no arrays yet
        return Values([self._facts.describe(v, a) for v, a in pairs], f"{what} of {self.name}")

    def read(self) -> Iterator[tuple[str, Array]]:
        """Names and arrays of the inputs; not copied, for conditions that ask at every step."""
        yield from zip(map(self._facts.name, self._eqn.reads), self._arrays, strict=False)

    def written(self) -> Iterator[tuple[str, Array]]:
        """Names and arrays of the outputs, not copied."""
        arrays = self._arrays[len(self._eqn.reads) :]
        yield from zip(map(self._facts.name, self._written()), arrays, strict=False)

    @property
    def text(self) -> str:
        """The plan's line."""
        lines = self._facts.program.source.splitlines()
        return lines[self.line - 1].strip() if self.line else ""

    def title(self) -> str:
        """Name the step in one line."""
        count = len(self._facts.program.graph.eqns)
        facts = [f"step {self.index} of {count}", self.phase, f"{self.name} ({self.op})"]
        facts += [self.device, *(x for x in (self.scope, self.span) if x)]
        return "  ".join(facts)

    def __repr__(self) -> str:
        parts = [self.title(), f"  {self.text}"]
        for what, values in (("inputs", self.inputs), ("outputs", self.outputs)):
            rows = repr(values) if len(values) else "none"
            parts += [what, *(f"  {line}" for line in rows.splitlines())]
        return "\n".join(parts)


def listing(
    source: str, line: int, stops: Collection[int], around: int | None, nearby: int
) -> Listing:
    """The plan's text around a line, with marks.

    Parameters
    ----------
    line : that of the step that has just run, or 0
    stops : lines with a breakpoint
    around : lines before and after; None for all
    nearby : line to show the surroundings of while no step has run
    """
    lines = source.splitlines()
    middle = line or nearby
    first = 1 if around is None else max(1, middle - around)
    last = len(lines) if around is None else min(len(lines), middle + around)
    width = len(str(last))
    shown: list[str] = []
    for number in range(first, last + 1):
        arrow, dot = "->" if number == line else "  ", "*" if number in stops else " "
        shown.append(f"{arrow}{dot}{number:>{width}}  {lines[number - 1]}".rstrip())
    return Listing("\n".join(shown))
