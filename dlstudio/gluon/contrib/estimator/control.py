"""`Gate`: where a training that runs in the background is held, stepped and stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Gate"]


class Gate:
    """Stands between two batches. Everybody may close it, the loop goes through it.

    Parameters
    ----------
    set_rate : callable of float
        Called in the loop's thread with a new learning rate.
    """

    def __init__(self, set_rate: Callable[[float], None]) -> None:
        self._set_rate = set_rate
        self._changed = threading.Condition()
        self._held = self._stopped = False
        self._budget = 0
        self._rate: float | None = None
        self.waiting = False

    def hold(self, budget: int = 0) -> None:
        """Let `budget` more batches through, then none."""
        with self._changed:
            self._held, self._budget = True, budget
            self._changed.notify_all()

    def open(self) -> None:
        """Let everything through."""
        with self._changed:
            self._held = False
            self._changed.notify_all()

    def stop(self) -> None:
        """End the loop."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def change_rate(self, lr: float) -> None:
        """Leave a learning rate for the next step."""
        with self._changed:
            self._rate = lr
            self._changed.notify_all()

    def passes(self) -> bool:
        """Wait while the gate is held; whether the loop may go on."""
        with self._changed:
            self._apply()
            while self._held and not self._budget and not self._stopped:
                self.waiting = True
                self._changed.wait()
                self._apply()
            self.waiting = False
            if self._held and self._budget:
                self._budget -= 1
            return not self._stopped

    def _apply(self) -> None:
        if self._rate is not None:
            rate, self._rate = self._rate, None
            self._set_rate(rate)
