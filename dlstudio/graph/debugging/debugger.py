"""`Debugger`: a plan under control, one equation at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Self

from dlstudio.errors import ArgumentError, ParamError, explain
from dlstudio.graph.debugging.here import Here
from dlstudio.graph.debugging.looking import Looking
from dlstudio.graph.debugging.stops import (
    Breakpoint,
    Target,
    gradient_norm_above,
    not_finite,
    target_of,
)
from dlstudio.graph.debugging.values import Facts
from dlstudio.graph.debugging.walk import Walk
from dlstudio.graph.watching import Watcher
from dlstudio.trace import bus

if TYPE_CHECKING:
    from dlstudio.graph.debugging.runs import Subject

__all__ = ["Debugger"]


class Debugger(Looking):
    """A run that stops where it is told to. Made by `debug`.

    It stands *at* a step that has just run: `inputs` are as the step read them, `outputs` as it
    wrote them, `buffers` what lies in the arena now. Used in a ``with`` statement it is given up
    at the end, unless it is over by then.

    Attributes
    ----------
    at : Here or None
        The step; None before the first.
    reason : str
        Why it stopped there.
    finished : bool
        Whether the run is over and its results are handed over.
    breakpoints : list of Breakpoint

    Examples
    --------
    >>> debugger = mx.graph.debug(net, x)  # doctest: +SKIP
    >>> debugger.run_to("conv1").outputs[0].array  # doctest: +SKIP
    >>> debugger.break_at(gradient_norm=10.0)  # doctest: +SKIP
    >>> debugger.cont()  # doctest: +SKIP
    """

    def __init__(self, run: Subject) -> None:
        self._run = run
        self._facts = Facts(run.program)
        self._lock = threading.RLock()  # commands come from cells and from widgets
        self._listeners: list[Callable[[], None]] = []
        self._numbers = 0
        self.breakpoints: list[Breakpoint] = []
        self._start()

    def _start(self) -> None:
        run = self._run
        run.start()
        run.draws.rewind()
        self._walk: Walk | None = None
        self._watcher: Callable[..., None] | None = None
        self.at: Here | None = None
        self.reason = "before the first step"
        self.finished, self._broken = False, ""
        self._half = -1
        self._enter()

    # ---- the run -------------------------------------------------------------------------
    def _enter(self) -> None:
        """Begin the next half, and those that have nothing to do as well."""
        run = self._run
        self._half += 1
        if self._half == len(run.halves):
            self.finished = True
            return
        half = run.halves[self._half]
        split, count = self.graph.split, len(self.graph.eqns)
        self._end = split if half == "forward" else count
        arrays = run.begin(half)
        if self._position + 1 < self._end:
            self._walk = Walk(run.frame, half, arrays, run.draws)
        else:
            self._leave()

    def _leave(self) -> None:
        """Hand a half over."""
        self._walk = None
        self._run.finish(self._run.halves[self._half])
        self._enter()

    def _advance(self) -> None:
        """Run one step."""
        k, start = self._position + 1, perf_counter_ns()
        assert self._walk is not None
        try:
            arrays = self._walk.advance(k)
        except BaseException as error:
            self.at = Here(self._facts, k)
            self._broken = self.reason = f"{self.at.name} raised {type(error).__name__}"
            error.add_note(f"while the debugger ran {self.at.title()}\n  {self.at.text}")
            raise
        self.at = Here(self._facts, k, arrays)
        self._report(k, start, arrays)
        if k + 1 == self._end:
            self._leave()

    def _report(self, k: int, start: int, arrays: tuple[Any, ...]) -> None:
        """Tell the bus and an executor's monitor, as a run without a debugger does."""
        monitor = self._run.monitor()
        if monitor is not None:
            monitor(k, start, arrays)
        if bus.subscribers:
            if self._watcher is None:
                self._watcher = Watcher(self._run.frame)
            self._watcher(k, start, arrays)

    def _go(self, stop: Callable[[Here], str], otherwise: str) -> Self:
        """Run until `stop` says why to, a breakpoint is met, or the run is over."""
        with self._lock:
            self._check_alive()
            try:
                self.reason = self._reason(stop) or otherwise
            finally:
                self._tell()
        return self

    def _reason(self, stop: Callable[[Here], str]) -> str:
        while not self.finished:
            self._advance()
            assert self.at is not None
            reason = stop(self.at)
            met = [(b, b.target.met(self.at)) for b in self.breakpoints if b.enabled]
            for b, why in met:
                if why:
                    b.hits += 1
                    reason = reason or f"breakpoint {b.number}: {why}"
            if reason:
                return reason
        return ""

    def _check_alive(self) -> None:
        if self._broken or self.finished:
            state = self._broken or "the run is over"
            raise ArgumentError(
                explain(
                    f"the debugger cannot go on: {state}.",
                    "a run that stands before a step.",
                    "debugger.restart()",
                )
            )

    @property
    def failed(self) -> bool:
        """Whether a step has raised an error, or the run was given up."""
        return bool(self._broken)

    # ---- going on ------------------------------------------------------------------------
    def run_to(
        self, where: Any = None, *, nan: bool = False, gradient_norm: float | None = None
    ) -> Self:
        """Go on until an operator has run, a breakpoint is met, or the run is over.

        Parameters
        ----------
        where : str, int or callable
            Name of an operator's node (``"conv0"``, or ``"conv0 gradient"``), of a block, or of a
            kind of operator (``"Convolution"``); index of a step; or a function that is called
            with every `Here` and answers whether to stop there (text says why).
        nan : bool
            Stop at the first operator that writes a NaN or an infinity.
        gradient_norm : float
            Stop at the first result of the backward half with a larger norm.

        Returns
        -------
        Debugger
            Itself.

        Raises
        ------
        ParamError, IndexRangeError
            If there is no such operator, or none comes any more.
        """
        targets = self._targets(where, nan=nan, gradient_norm=gradient_norm)
        for target in targets:
            self._check_ahead(target)

        def stop(here: Here) -> str:
            return next(filter(None, (target.met(here) for target in targets)), "")

        return self._go(stop, f"the run is over; {targets[0].label} did not occur")

    def step(self, count: int = 1) -> Self:
        """Run `count` steps; fewer if a breakpoint is met or the run is over."""
        if count < 1:
            raise ParamError(f"step: parameter count must be at least 1. Got {count}.")
        end = self._position + count
        return self._go(lambda here: "step" if here.index >= end else "", "the run is over")

    def step_over(self) -> Self:
        """Run the next step, or, if it enters a block, all steps up to the block's end."""
        following = self.next
        if following is None:
            return self.step()
        inside = _entered(self.at.scope if self.at else "", following.scope)
        return self._leave_block(inside, f"{inside} has run") if inside else self.step()

    def step_out(self) -> Self:
        """Run to the end of the block that the last step belongs to."""
        scope = self.at.scope if self.at else ""
        return self._leave_block(scope, f"{scope} has run") if scope else self.cont()

    def _leave_block(self, scope: str, reason: str) -> Self:
        eqns, split = self.graph.eqns, self.graph.split

        def stop(here: Here) -> str:
            after = here.index + 1
            inside = after < len(eqns) and after != split and _within(eqns[after].scope, scope)
            return "" if inside else reason

        return self._go(stop, "the run is over")

    def cont(self) -> Self:
        """Go on to the next breakpoint, or to the end of the run."""
        return self._go(lambda here: "", "the run is over")

    continue_ = cont

    def restart(self) -> Self:
        """Begin anew: states, accumulated gradients and random numbers are as they were."""
        with self._lock:
            self._stop()
            self._start()
            self._tell()
        return self

    def quit(self) -> None:
        """Give the run up: what it has changed of states and random streams is undone.

        Outputs and gradients that were not accumulated stay as the run has left them. After the
        end of the run there is nothing to give up.
        """
        with self._lock:
            if self.finished or self._broken == "it was given up":
                return
            self._stop()
            self._run.start()
            self._run.draws.rewind()
            self._broken = self.reason = "it was given up"
            self._tell()

    def _stop(self) -> None:
        if self._walk is not None:
            self._walk.close()
            self._walk = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.quit()

    # ---- breakpoints ---------------------------------------------------------------------
    def break_at(
        self, where: Any = None, *, nan: bool = False, gradient_norm: float | None = None
    ) -> Breakpoint:
        """Stop here at every run; parameters as for `run_to`.

        Returns
        -------
        Breakpoint
        """
        (target, *others) = self._targets(where, nan=nan, gradient_norm=gradient_norm)
        if others:
            raise ParamError("break_at: one condition at a time makes one breakpoint.")
        with self._lock:
            self._numbers += 1
            made = Breakpoint(self._numbers, target)
            self.breakpoints.append(made)
            self._tell()
        return made

    def clear(self, breakpoint: Breakpoint | int | None = None) -> None:  # noqa: A002
        """Remove a breakpoint, given itself or its number; all by default.

        Raises
        ------
        ParamError
            If there is no such breakpoint.
        """
        number = getattr(breakpoint, "number", breakpoint)
        with self._lock:
            gone = [b for b in self.breakpoints if number is None or b.number == number]
            if number is not None and not gone:
                have = [b.number for b in self.breakpoints]
                raise ParamError(explain(f"there is no breakpoint {number}.", f"one of {have}."))
            self.breakpoints = [b for b in self.breakpoints if b not in gone]
            self._tell()

    def _targets(self, where: Any, *, nan: bool, gradient_norm: float | None) -> list[Target]:
        wanted = [] if where is None else [where]
        wanted += [not_finite] if nan else []
        wanted += [] if gradient_norm is None else [gradient_norm_above(gradient_norm)]
        if not wanted:
            raise ArgumentError(
                explain(
                    "no place to stop was given.",
                    "a name, an index or a condition; or nan=True, or gradient_norm=limit.",
                    'debugger.run_to("conv0")',
                )
            )
        return [target_of(each, self._run.program, self._run.symbol) for each in wanted]

    def _check_ahead(self, target: Target) -> None:
        if target.condition is not None or any(k > self._position for k in target.steps):
            return
        raise ParamError(
            explain(
                f"{target.label} has run already, at step {max(target.steps)}; "
                f"the debugger stands at step {self._position}.",
                "a step that is still to come.",
                f"debugger.restart().run_to({target.label!r})",
            )
        )

    # ---- who looks on --------------------------------------------------------------------
    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every command; the answer ends that."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _within(scope: str, block: str) -> bool:
    return scope == block or scope.startswith(f"{block}/")


def _entered(before: str, after: str) -> str:
    """The outermost block that a step in scope `after` enters, coming from scope `before`."""
    old, new = before.split("/") if before else [], after.split("/") if after else []
    common = 0
    while common < min(len(old), len(new)) and old[common] == new[common]:
        common += 1
    return "/".join(new[: common + 1]) if common < len(new) else ""
