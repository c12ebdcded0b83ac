"""`FitRun`: a training in a thread of its own, to be steered and awaited."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Self

from dlstudio.core.device import current_context

if TYPE_CHECKING:
    from dlstudio.gluon.contrib.estimator.loop import FitLoop

__all__ = ["FitRun"]

# Seconds between two looks at the thread: Python handles signals in between, on every system.
_POLL = 0.05


class FitRun:
    """What ``Estimator.fit(background=True)`` returns.

    Examples
    --------
    >>> run = estimator.fit(loader, epochs=9, background=True)  # doctest: +SKIP
    >>> run.pause(); run.step(3); run.set(lr=0.01); run.resume()  # doctest: +SKIP
    >>> run.wait()  # doctest: +SKIP
    """

    def __init__(self, loop: FitLoop) -> None:
        self._loop = loop
        self._error: BaseException | None = None
        self._device = current_context()
        self._thread = threading.Thread(target=self._work, name="dlstudio-fit", daemon=True)

    def _start(self) -> Self:
        self._thread.start()
        return self

    def _work(self) -> None:
        try:
            with self._device:  # a thread begins with the default device
                self._loop.run()
        except BaseException as error:
            self._error = error

    @property
    def running(self) -> bool:
        """True until the training has ended."""
        return self._thread.is_alive()

    @property
    def state(self) -> str:
        """``"running" | "paused" | "done" | "stopped" | "error"``."""
        if self.running:
            return "paused" if self._loop.gate.waiting else "running"
        if self._error is not None:
            return "error"
        return "stopped" if self._loop.gate._stopped else "done"

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return self._loop.epoch

    @property
    def batch(self) -> int:
        """Batches done of the running epoch."""
        return self._loop.batch

    def pause(self) -> None:
        """Hold before the next batch."""
        self._loop.gate.hold()

    def resume(self) -> None:
        """Go on."""
        self._loop.gate.open()

    def step(self, count: int = 1) -> None:
        """Do `count` batches, then hold."""
        self._loop.gate.hold(count)

    def stop(self) -> None:
        """End before the next batch, as a handler's True would."""
        self._loop.gate.stop()

    def set(self, *, lr: float) -> None:
        """Change the learning rate before the next batch."""
        self._loop.gate.change_rate(lr)

    def wait(self, timeout: float | None = None) -> None:
        """Wait for the end; raise what the training raised.

        Parameters
        ----------
        timeout : float, seconds, optional

        Raises
        ------
        TimeoutError
            If the training still runs after `timeout`.
        """
        left = timeout
        while self.running and (left is None or left > 0):
            bite = _POLL if left is None else min(_POLL, left)
            self._thread.join(bite)
            left = None if left is None else left - bite
        if self.running:
            raise TimeoutError(f"the training still runs after {timeout} s")
        self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def __await__(self) -> Generator[Any, None, None]:
        return self._finished().__await__()

    async def _finished(self) -> None:
        while self.running:
            await asyncio.sleep(_POLL)
        self._raise()

    def __repr__(self) -> str:
        return f"<FitRun {self.state}: epoch {self.epoch}, batch {self.batch}>"
