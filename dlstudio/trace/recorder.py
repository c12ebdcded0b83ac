"""Keep what the bus says: a ring buffer that counts what it had to drop."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from dlstudio.errors import ParamError, explain
from dlstudio.trace import bus
from dlstudio.trace.events import Event

__all__ = ["Recorder"]

T = TypeVar("T")


class Recorder:
    """The last `capacity` events of the bus.

    Recording costs the running program one lock and one append per event. When the ring is full
    the oldest event goes and `dropped` counts it, so that a reader always knows what is missing.

    Parameters
    ----------
    capacity : int, events

    Examples
    --------
    >>> from dlstudio.trace import bus
    >>> from dlstudio.trace.events import Copied
    >>> with Recorder() as recorder:
    ...     bus.emit(Copied("cpu(0)", "cpu(1)", 64, "as_in_context", 0))
    >>> [event.nbytes for event in recorder.of(Copied)]
    [64]
    """

    def __init__(self, capacity: int = 200_000) -> None:
        if capacity < 1:
            raise ParamError(
                explain(
                    f"Recorder: capacity={capacity!r}.",
                    "a positive number of events to keep.",
                    "Recorder(200_000)",
                )
            )
        self.capacity = capacity
        self.dropped = 0
        self._ring: deque[Event] = deque()
        # Appending may start a garbage collection, whose finalizers emit `Freed` in this thread.
        self._lock = threading.RLock()
        self._unsubscribe: Callable[[], None] | None = None

    @property
    def recording(self) -> bool:
        """True between `start` and `stop`."""
        return self._unsubscribe is not None

    def start(self) -> Self:
        """Subscribe to the bus; a second call does nothing."""
        if self._unsubscribe is None:
            self._unsubscribe = bus.subscribe(self._keep)
        return self

    def stop(self) -> None:
        """Leave the bus; what was recorded stays."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _keep(self, event: Event) -> None:
        with self._lock:
            if len(self._ring) >= self.capacity:
                self._ring.popleft()
                self.dropped += 1
            self._ring.append(event)

    @property
    def events(self) -> list[Event]:
        """The events kept, oldest first (a copy)."""
        with self._lock:
            return list(self._ring)

    def drain(self) -> list[Event]:
        """Return the events kept and forget them."""
        with self._lock:
            events, self._ring = self._ring, deque()
        return list(events)

    def of(self, *kinds: type[T]) -> list[T]:
        """Return the kept events of some types, oldest first."""
        return [event for event in self.events if isinstance(event, kinds)]

    def clear(self) -> None:
        """Forget all events and the count of dropped ones."""
        with self._lock:
            self._ring.clear()
            self.dropped = 0

    def __len__(self) -> int:
        return len(self._ring)

    def __repr__(self) -> str:
        state = "recording" if self.recording else "stopped"
        return f"<Recorder {state}: {len(self)} events, {self.dropped} dropped>"
