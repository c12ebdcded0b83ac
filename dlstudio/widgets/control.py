"""Pause, resume, step, stop and learning rate of a loop that runs, from any thread.

Whoever presses a button only leaves a note; the loop reads the notes at its next step boundary
(`boundary`), so that a step is never torn and no lock is held while the user's code runs.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dlstudio.widgets.schema import Command

__all__ = ["Control", "stop_on_interrupt"]

# How often a paused loop looks up, in seconds. A note wakes it at once; the limit is for
# Windows, where a wait without one cannot be interrupted by the keyboard.
_PAUSE_POLL = 0.1
# How often an async loop gives way to the kernel's messages, and looks up while paused.
_ASYNC_POLL = 0.02


class Control:
    """The notes between the buttons and one loop.

    Parameters
    ----------
    apply_rate : callable of float, optional
        Called in the loop's thread, at a step boundary, with a new learning rate.
    changed : callable, optional
        Called whenever `paused` or `stopping` changes, from the loop's thread.
    """

    def __init__(
        self,
        apply_rate: Callable[[float], None] | None = None,
        changed: Callable[[], None] | None = None,
    ) -> None:
        self.active = False
        self.paused = False  # the loop stands still now
        self.stopping = False
        self.applied: dict[str, int] = {}
        self._apply_rate = apply_rate or _ignore
        self._changed = changed or _nothing
        self._news = False  # read without the lock: the fast path of `boundary`
        self._notes: list[Command] = []
        self._hold = False
        self._budget = 0  # steps still allowed while held
        self._signal = threading.Condition()

    # From any thread ---------------------------------------------------------------------

    def post(self, message: Command) -> None:
        """Leave a note of the browser; acts at the next step boundary."""
        with self._signal:
            self._notes.append(message)
            self._news = True
            if not self.active:
                self._read_notes()
            self._signal.notify_all()

    def pause(self) -> None:
        """Hold the loop before its next step."""
        self._tell("pause")

    def resume(self) -> None:
        """Let the loop go on."""
        self._tell("resume")

    def step(self, count: int = 1) -> None:
        """Do `count` steps, then hold."""
        self._tell("step", count)

    def stop(self) -> None:
        """End the loop before its next step."""
        self._tell("stop")

    def set_rate(self, rate: float) -> None:
        """Change the learning rate at the next step boundary."""
        self._tell("lr", rate)

    def _tell(self, command: Any, value: float = 0) -> None:
        self.post({"command": command, "value": value, "client": "", "sequence": 0})

    # From the loop -----------------------------------------------------------------------

    def begin(self) -> None:
        """Start a loop: old notes about stopping and pausing do not concern it."""
        with self._signal:
            self.active = True
            self.paused = self.stopping = self._hold = self._news = False
            self._budget = 0

    def end(self) -> None:
        """Leave the loop; notes from now on act at once."""
        with self._signal:
            self.active = False
            self._read_notes()
            self.paused = False

    def boundary(self) -> bool:
        """Act on the notes between two steps, wait while paused; False means: stop."""
        if not self._news:
            return True
        with self._signal:
            while not self._may_go():
                self._signal.wait(_PAUSE_POLL)
            return not self.stopping

    async def boundary_async(self) -> bool:
        """As `boundary`, for a loop in an async cell: it must not block the event loop."""
        while not self._look():
            await asyncio.sleep(_ASYNC_POLL)
        return not self.stopping

    def _look(self) -> bool:
        with self._signal:
            return self._may_go()

    def _may_go(self) -> bool:
        """Read the notes; True if the loop may do a step (or has to stop)."""
        self._read_notes()
        if self._hold and self._budget > 0 and not self.stopping:
            self._budget -= 1
            self._stand(still=False)
            return True
        self._stand(still=self._hold and not self.stopping)
        self._news = self._hold or self.stopping
        return not self.paused

    def _stand(self, *, still: bool) -> None:
        if still != self.paused:
            self.paused = still
            self._changed()

    def _read_notes(self) -> None:
        notes, self._notes = self._notes, []
        for note in notes:
            self._obey(note["command"], note["value"])
            if note["client"]:
                self.applied[note["client"]] = note["sequence"]

    def _obey(self, command: str, value: float) -> None:
        if command == "lr":
            self._apply_rate(value)
        elif not self.active:
            return  # nothing runs that could be held or ended
        elif command == "pause":
            self._hold, self._budget = True, 0
        elif command == "resume":
            self._hold = False
        elif command == "step":
            self._hold, self._budget = True, self._budget + max(1, int(value))
        elif command == "stop":
            self.stopping = True


def _ignore(_rate: float) -> None:
    """Nobody wants to know the rate."""


def _nothing() -> None:
    """Nobody wants to know."""


@contextmanager
def stop_on_interrupt(control: Control) -> Iterator[None]:
    """Make the first SIGINT (■, Ctrl-C) stop gracefully; the second raises KeyboardInterrupt.

    Outside the main thread Python allows no handlers: nothing changes there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.getsignal(signal.SIGINT)
    asked = False

    def handler(_number: int, _frame: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        control.stop()

    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        # Somebody else may have taken over meanwhile (a nested loop, the user): leave theirs.
        if signal.getsignal(signal.SIGINT) is handler:
            signal.signal(signal.SIGINT, previous)
