"""Debugger: a plan under control, with what each operator reads and writes."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import traitlets

from dlstudio.errors import MXNetError
from dlstudio.graph.debugging import Debugger as Commands
from dlstudio.graph.debugging import debug
from dlstudio.widgets.debugger_state import plan_state, stand_state
from dlstudio.widgets.schema import Command, Frame
from dlstudio.widgets.view import STATIC, View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Debugger"]

_AROUND = 6  # lines of the plan before and after the current one in a still picture


class Debugger(View):
    """Step through a plan: its text, buttons, and the arrays of the operator that has just run.

    The buttons and the commands of `debugger` do the same, and the view follows both.

    Parameters
    ----------
    target : Executor, hybridized block, CachedOp, or what `mx.graph.debug` returned
    *inputs : NDArray
        What a block is called with.
    height : int
        Of the text and the tables, in pixels.
    locale : "auto" | "en" | "zh"
    **options
        As for `mx.graph.debug`.

    Attributes
    ----------
    debugger : dlstudio.graph.Debugger
        The same debugger for programs: ``view.debugger.run_to("conv1")``.
    selected : str
        Name of the node of the last step, or of the line that was clicked on.

    Examples
    --------
    >>> view = Debugger(net, x)  # doctest: +SKIP
    >>> view.debugger.run_to(nan=True)  # doctest: +SKIP
    >>> link(view, GraphView(net), MemoryView(net))  # doctest: +SKIP
    """

    _esm = STATIC / "debugger.js"
    _css = STATIC / "debugger.css"

    _program = traitlets.Dict().tag(sync=True)
    _at = traitlets.Dict().tag(sync=True)
    height = traitlets.Int(340).tag(sync=True)
    _end: Callable[[], None] = staticmethod(lambda: None)  # until it follows a debugger

    def __init__(
        self, target: Any, *inputs: Any, height: int = 340, locale: str = "auto", **options: Any
    ) -> None:
        given = isinstance(target, Commands)
        self.debugger = target if given else debug(target, *inputs, **options)
        super().__init__(
            locale=locale,
            height=height,
            _program=dict(plan_state(self.debugger)),
            _at=dict(stand_state(self.debugger)),
        )
        self._end = self.debugger.subscribe(_follow(self))

    def follow(self) -> None:
        """Show where the debugger stands now; called after each of its commands."""
        self._push("")

    def _push(self, error: str) -> None:
        at = self.debugger.at
        with self.hold_sync():
            self._at = dict(stand_state(self.debugger, error))
            if at is not None:
                self.selected = at.name

    # Commands from the browser -------------------------------------------------------------

    def _take(self, message: Command) -> None:
        # Nothing streams here, so nobody else would ever answer the browser.
        super()._take(message)
        self._acknowledge()

    def command(self, message: Command) -> None:
        """Do what a button asks for; a refusal is shown in the view."""
        do = _COMMANDS.get(message["command"])
        if do is None:
            return
        try:
            do(self.debugger, message)
        except MXNetError as error:
            self._push(str(error))
        except Exception as error:  # the operator's own: the view says so, as a cell would
            self._push("\n".join([f"{type(error).__name__}: {error}", *_notes(error)]))

    # Pictures ------------------------------------------------------------------------------

    def summary(self) -> str:
        """Return one line: where the debugger stands and why."""
        at = self.debugger.at
        where = self.text("debugger.start") if at is None else at.title()
        return f"{self._program['title']}: {where} · {self.debugger.reason}"

    def durable(self) -> tuple[Frame, bytes] | None:
        """Nothing streams: all that is shown stands in traits."""
        return None

    def figure_ready(self) -> bool:
        """There always is a plan to show."""
        return True

    def figure(self) -> Figure:
        """Return the plan's text around the current line, and the arrays, as a figure."""
        from dlstudio.widgets import figures

        parts = [self.summary(), "", self.debugger.list(_AROUND)]
        if self.debugger.at is not None:
            parts += ["", repr(self.debugger.inputs), "", repr(self.debugger.outputs)]
        return figures.text("\n".join(parts))

    def close(self) -> None:
        """Stop following; the debugger itself stays where it is."""
        self._end()
        super().close()


def _follow(view: Debugger) -> Callable[[], None]:
    """A listener that holds the view weakly: dropping the view frees it."""
    reference = weakref.ref(view)

    def listener() -> None:
        shown = reference()
        if shown is not None:
            shown.follow()

    return listener


def _notes(error: Exception) -> list[str]:
    return list(getattr(error, "__notes__", ()))


def _run_to(debugger: Commands, message: Command) -> None:
    name = message.get("text", "").strip()
    debugger.run_to(
        name if name and not name.lstrip("-").isdigit() else int(name or message["value"])
    )


def _toggle(debugger: Commands, message: Command) -> None:
    """Set a breakpoint at a step, or take it away."""
    step = int(message["value"])
    here = [b for b in debugger.breakpoints if b.target.steps == frozenset([step])]
    if here:
        debugger.clear(here[0])
    else:
        debugger.break_at(step)


def _clear(debugger: Commands, message: Command) -> None:
    debugger.clear(int(message["value"]) or None)


_COMMANDS: dict[str, Callable[[Commands, Command], Any]] = {
    "runTo": _run_to,
    "step": lambda debugger, message: debugger.step(max(1, int(message["value"]))),
    "stepOver": lambda debugger, message: debugger.step_over(),
    "cont": lambda debugger, message: debugger.cont(),
    "restart": lambda debugger, message: debugger.restart(),
    "nan": lambda debugger, message: debugger.run_to(nan=True),
    "breakAt": _toggle,
    "clear": _clear,
}
