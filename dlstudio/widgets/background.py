"""A training function in a thread of its own, with the monitor's controls on it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Self

from dlstudio.widgets.control import stop_on_interrupt

if TYPE_CHECKING:
    from dlstudio.widgets.monitor import TrainingMonitor

__all__ = ["Run"]

_POLL = 0.05


class Run:
    """What `TrainingMonitor.run` returns: the running training, to be steered and awaited."""

    def __init__(self, monitor: TrainingMonitor, train: Callable[[], Any]) -> None:
        self.monitor = monitor
        self._train = train
        self._result: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="dlstudio-training", daemon=True)

    def _work(self) -> None:
        try:
            self._result = self._train()
        except BaseException as error:
            self._error = error
            self.monitor._loop.fail(error)
        else:
            self.monitor._loop.end("done")

    def start(self, *, background: bool) -> Self:
        """Begin; in the background, return at once."""
        if background:
            self._thread.start()
        else:
            self._work()
            self._raise()
        return self

    @property
    def running(self) -> bool:
        """True until the training function has returned."""
        return self._thread.is_alive()

    def pause(self) -> None:
        """Hold before the next step."""
        self.monitor.pause()

    def resume(self) -> None:
        """Go on."""
        self.monitor.resume()

    def step(self, count: int = 1) -> None:
        """Do `count` steps, then hold."""
        self.monitor.step(count)

    def stop(self) -> None:
        """End before the next step."""
        self.monitor.stop()

    def set(self, *, lr: float) -> None:
        """Change the learning rate at the next step boundary."""
        self.monitor.set(lr=lr)

    def wait(self, timeout: float | None = None) -> Any:
        """Wait for the end and return what the function returned; raise what it raised.

        The notebook's ■ stops the training gracefully; pressed twice it interrupts the waiting.

        Parameters
        ----------
        timeout : float, seconds, optional

        Raises
        ------
        TimeoutError
            If the training still runs after `timeout`.
        """
        with stop_on_interrupt(self.monitor.control):
            self._join(timeout)
        if self.running:
            raise TimeoutError(f"the training still runs after {timeout} s")
        self._raise()
        return self._result

    def _join(self, timeout: float | None) -> None:
        """Join in small bites, between which Python handles signals on every system."""
        left = timeout
        while self.running and (left is None or left > 0):
            bite = _POLL if left is None else min(_POLL, left)
            self._thread.join(bite)
            left = None if left is None else left - bite

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def __await__(self) -> Generator[Any, None, Any]:
        return self._finished().__await__()

    async def _finished(self) -> Any:
        while self.running:
            await asyncio.sleep(_POLL)
        self._raise()
        return self._result

    def __repr__(self) -> str:
        return f"<Run {self.monitor.state}: {self.monitor.summary()}>"
