"""A training loop that can be watched and steered: its state, its steps, its beginning and end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any, Protocol

from dlstudio.core.shell import shell
from dlstudio.widgets.control import Control, stop_on_interrupt
from dlstudio.widgets.progress import Clock
from dlstudio.widgets.schema import State

__all__ = ["Listener", "Loop"]

# Seconds between two chances for the kernel's messages in an async cell.
_BREATH = 1 / 50


class Listener(Protocol):
    """Who wants to know about a loop. All calls come from the loop's thread."""

    def loop_opened(self) -> None:
        """A loop begins."""
        ...

    def loop_stepped(self) -> None:
        """A step is about to begin."""
        ...

    def loop_changed(self) -> None:
        """The state has changed."""
        ...

    def loop_closed(self) -> None:
        """The loop is over."""
        ...


class Loop:
    """Counts steps, keeps time and obeys the controls at step boundaries.

    Parameters
    ----------
    apply_rate : callable of float
        Called at a step boundary with a new learning rate.
    listener : Listener
    """

    def __init__(self, apply_rate: Callable[[float], None], listener: Listener) -> None:
        self.control = Control(apply_rate, self._standing_changed)
        self.clock = Clock()
        self.state: State = "empty"
        self.message = ""
        self.step = 0  # steps done
        self.position = 0  # the step that `log` writes about
        self.total = self.epoch = self.epochs = 0
        self._listener = listener
        self._session: ExitStack | None = None
        self._dropped = False  # ended by whoever iterated: a break, or an error not known yet

    @property
    def tracked(self) -> bool:
        """True while `track` or `atrack` runs."""
        return self._session is not None

    def track(self, loader: Iterable[Any], epochs: int, total: int) -> Iterator[Any]:
        """Yield the items of `loader`, `epochs` times over."""
        self._open(loader, epochs, total)
        try:
            for epoch in range(epochs):
                self.epoch = epoch + 1
                for item in loader:
                    if not self._begin_step(self.control.boundary()):
                        return
                    yield item
                    self.step += 1
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._finish()

    async def atrack(self, loader: Iterable[Any], epochs: int, total: int) -> AsyncIterator[Any]:
        """As `track`, giving way to the event loop now and then."""
        self._open(loader, epochs, total)
        breath = time.perf_counter()
        try:
            for epoch in range(epochs):
                self.epoch = epoch + 1
                for item in loader:
                    if time.perf_counter() - breath > _BREATH:
                        await asyncio.sleep(0)
                        breath = time.perf_counter()
                    if not self._begin_step(await self.control.boundary_async()):
                        return
                    yield item
                    self.step += 1
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._finish()

    def count_untracked(self) -> None:
        """Count a step of a loop that does not go through `track`."""
        if self.state != "running":
            self._listener.loop_opened()
            self.clock.start()
            self._enter("running")
        self.step += 1
        self.position = self.step
        self._listener.loop_stepped()

    def end(self, state: State, message: str = "") -> None:
        """End the loop from outside, if it runs."""
        if self._session is not None or self.state == "running":
            self._close(state, message)

    def _drop(self) -> None:
        """Note that nobody iterates any more.

        Python closes a generator before it says why: after a break, and just as well after an
        error in the body of the loop, which `fail` then hears of.
        """
        self._dropped = True
        self.end("stopped")

    def fail(self, error: BaseException) -> None:
        """End the loop because of `error`; an interrupt is no error."""
        if isinstance(error, KeyboardInterrupt):
            self.end("stopped")
        elif self._dropped or self._session is not None or self.state == "running":
            self._dropped = False
            self._close("error", f"{type(error).__name__}: {error}")

    def _open(self, loader: Iterable[Any], epochs: int, total: int) -> None:
        if self._session is not None:
            self._close("stopped")
        length = total or _length(loader)
        self.total = self.step + length * epochs if length else 0
        self.epochs = epochs
        self.message = ""
        self._dropped = False
        self._listener.loop_opened()
        session = self._session = ExitStack()
        self.control.begin()
        session.callback(self.control.end)
        session.enter_context(stop_on_interrupt(self.control))
        _at_cell_error(self.fail)
        self.clock.start()
        self._enter("running")

    def _begin_step(self, go_on: bool) -> bool:
        self.position = self.step + 1
        self._listener.loop_stepped()
        return go_on

    def _fail(self, error: BaseException) -> None:
        """Note what ended the generator."""
        if isinstance(error, GeneratorExit):
            self._drop()
        else:
            self.fail(error)

    def _finish(self) -> None:
        if self._session is not None:
            self._close("stopped" if self.control.stopping else "done")

    def _close(self, state: State, message: str = "") -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
        self.clock.stop()
        self.message = message
        self.position = self.step
        self._enter(state)
        self._listener.loop_closed()

    def _standing_changed(self) -> None:
        """Note that the loop began or ended to stand still; called by its control."""
        if self.control.paused:
            self.clock.stop()
            self._enter("paused")
        elif self._session is not None:
            self.clock.start()
            self._enter("running")

    def _enter(self, state: State) -> None:
        self.state = state
        self._listener.loop_changed()


def _length(loader: Any) -> int:
    try:
        return len(loader)
    except TypeError:
        return 0


def _at_cell_error(failed: Callable[[BaseException], None]) -> None:
    """Call `failed` if the cell that runs now ends with an error."""
    events = getattr(shell(), "events", None)
    if events is None or threading.current_thread() is not threading.main_thread():
        return  # a background thread's loop has nothing to do with the cells

    def after_cell(result: Any) -> None:
        events.unregister("post_run_cell", after_cell)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            failed(error)

    events.register("post_run_cell", after_cell)
