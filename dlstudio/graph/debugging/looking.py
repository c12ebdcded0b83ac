"""What can be looked at while a run stands still: the half of a debugger that changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlstudio.errors import ParamError, explain
from dlstudio.graph.debugging.here import Here, Listing, listing
from dlstudio.graph.debugging.values import Facts, Value, Values, nearest

if TYPE_CHECKING:
    from dlstudio.graph.debugging.runs import Subject
    from dlstudio.graph.debugging.stops import Breakpoint
    from dlstudio.graph.ir import Graph
    from dlstudio.graph.memory import MemoryPlan

__all__ = ["Looking"]


class Looking:
    """A run that stands at a step, as `Debugger` shows it."""

    _run: Subject
    _facts: Facts
    at: Here | None
    reason: str
    finished: bool
    breakpoints: list[Breakpoint]

    @property
    def _position(self) -> int:
        return -1 if self.at is None else self.at.index

    @property
    def title(self) -> str:
        """Name of what is debugged."""
        return self._run.program.title

    def step_number(self, k: int) -> Here:
        """Return what is known of step `k` before it runs."""
        return Here(self._facts, k)

    @property
    def graph(self) -> Graph:
        """The graph after all passes: what is stepped through."""
        return self._run.program.graph

    @property
    def source(self) -> str:
        """The plan's text."""
        return self._run.program.source

    @property
    def memory(self) -> MemoryPlan:
        """The memory plan."""
        return self._run.program.memory

    @property
    def result(self) -> Any:
        """What the forward pass returned: outputs of the executor, or of the block."""
        return self._run.result

    @property
    def next(self) -> Here | None:
        """The step to come, without values; None at the end of the run."""
        return None if self.finished else Here(self._facts, self._position + 1)

    @property
    def inputs(self) -> Values:
        """What the step read, as it was then."""
        return Values([], "inputs") if self.at is None else self.at.inputs

    @property
    def outputs(self) -> Values:
        """What the step wrote."""
        return Values([], "outputs") if self.at is None else self.at.outputs

    @property
    def buffers(self) -> Values:
        """What lies in the arenas now and is still to be read."""
        alive = [] if self.at is None else self._facts.alive(self.at.index)
        frame = self._run.frame
        found = [self._facts.describe(b.value, frame.array_of(b)) for b in alive]
        return Values(found, "buffers")

    def value(self, name: str) -> Value:
        """Find a buffer of the arena by its owner or its name in the plan's text.

        Also one that is not read any more, as long as nobody has written over it.

        Raises
        ------
        ParamError
            If there is no such buffer, it is not written yet, or others took its place.
        """
        names = self._run.program.names
        mine = [b for b in self.memory.buffers if name in (b.owner, names[b.value])]
        written = [b for b in mine if b.first <= self._position]
        if not written:
            raise self._no_value(name, [b.first for b in mine])
        buffer = written[-1]
        heir = self._facts.heir(buffer, self._position)
        if heir is not None:
            raise ParamError(
                explain(
                    f"the memory of {name} was taken by {heir.owner} at step {heir.first}.",
                    "a value that is still there.",
                    f"debugger.restart().run_to({buffer.first}).outputs",
                )
            )
        return self._facts.describe(buffer.value, self._run.frame.array_of(buffer))

    def _no_value(self, name: str, later: list[int]) -> ParamError:
        if later:
            return ParamError(
                explain(
                    f"{name} is written at step {later[0]}, and the debugger stands at step "
                    f"{self._position}.",
                    fix=f"debugger.run_to({later[0]})",
                )
            )
        owners = [b.owner for b in self.memory.buffers]
        return ParamError(
            explain(
                f"no buffer of the arena is called {name!r}.",
                "an owner or a name of the plan's text: see debugger.memory.",
                nearest(name, owners),
            )
        )

    def where(self) -> Listing:
        """Say where the debugger stands, and why, with the plan's line."""
        if self.at is None:
            head = f"before the first step of {len(self.graph.eqns)}"
        else:
            head = f"{self.at.title()}\n  {self.at.text}"
        return Listing(f"{head}\n  [{self.reason}]")

    def list(self, around: int | None = 6) -> Listing:
        """Return the plan's text around the current line; all of it for ``around=None``.

        The arrow marks the step that has just run, stars mark breakpoints.
        """
        lines, following = self._run.program.lines, self.next
        stops = {lines[k] for b in self.breakpoints for k in b.target.steps if k in lines}
        line = 0 if self.at is None else self.at.line
        return listing(self.source, line, stops, around, 0 if following is None else following.line)

    def __repr__(self) -> str:
        return f"<Debugger of {self._run.program.title}: {self.reason}>\n" + (
            str(self.where()) if self.at is None else repr(self.at)
        )
