"""From the bus to the browser: one thread, at most 30 binary frames a second and view.

The bus is heard by one `Recorder` that all open views share. A thread, the pump, drains it, hands
the events to the views, and lets each view send what it has. Handlers of browser messages and
operators that run never send anything themselves.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Sequence
from typing import Any, Protocol

from dlstudio.trace.events import Event
from dlstudio.trace.recorder import Recorder
from dlstudio.widgets.schema import VERSION, Frame, Progress, pack_tables

__all__ = ["MAX_HZ", "Pump", "Source", "Stream", "Watch", "pump", "watch"]

MAX_HZ = 30
IDLE_HZ = 8


class Source(Protocol):
    """Something that has things to send from time to time."""

    def flush(self) -> bool:
        """Send what is waiting; return True if anything was sent."""
        ...


class Pump:
    """One background thread for all sources: `MAX_HZ` rounds a second, fewer when all is quiet."""

    def __init__(self) -> None:
        self._sources: tuple[Source, ...] = ()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, source: Source) -> None:
        """Flush `source` from now on; starts the thread if needed."""
        with self._lock:
            if source not in self._sources:
                self._sources = (*self._sources, source)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="dlstudio-pump", daemon=True)
                self._thread.start()

    def remove(self, source: Source) -> None:
        """Stop flushing `source`; the thread ends when none is left."""
        with self._lock:
            self._sources = tuple(known for known in self._sources if known is not source)
        self._wake.set()

    def wake(self) -> None:
        """Do the next round without the pause of quiet times."""
        self._wake.set()

    def _run(self) -> None:
        while self._sources:
            started = time.monotonic()
            busy = sum([self._flush(source) for source in self._sources]) > 0
            self._rest(started, busy=busy)

    def _rest(self, started: float, *, busy: bool) -> None:
        gap = 1 / MAX_HZ
        time.sleep(max(0.001, started + gap - time.monotonic()))
        if not busy:
            self._wake.wait(1 / IDLE_HZ - gap)
        self._wake.clear()

    def _flush(self, source: Source) -> bool:
        try:
            return source.flush()
        except Exception:
            self.remove(source)
            traceback.print_exc(file=sys.__stderr__)
            return False


pump = Pump()


class Viewer(Protocol):
    """A view that hears the bus."""

    def receive(self, events: Sequence[Event]) -> None:
        """Take a batch of events, in the order of the bus."""
        ...

    def flush(self) -> bool:
        """Send a frame if there is something to say."""
        ...


class Watch:
    """The recorder that the open views share: it listens only while there are any."""

    def __init__(self, capacity: int = 200_000) -> None:
        self.recorder = Recorder(capacity)
        self._viewers: tuple[Viewer, ...] = ()
        self._lock = threading.RLock()

    def join(self, viewer: Viewer) -> None:
        """Let `viewer` receive all events from now on."""
        with self._lock:
            self.flush()  # earlier events belong to those who were here
            self._viewers = (*self._viewers, viewer)
            self.recorder.start()
        pump.add(self)

    def leave(self, viewer: Viewer) -> None:
        """Send no more to `viewer`; with the last one the recorder stops."""
        with self._lock:
            self._viewers = tuple(known for known in self._viewers if known is not viewer)
            if not self._viewers:
                self.recorder.stop()
                pump.remove(self)

    def flush(self) -> bool:
        """Hand the recorded events on and let every view send its frame."""
        with self._lock:
            events = self.recorder.drain()
            for viewer in self._viewers:
                if events:
                    viewer.receive(events)
            return sum([viewer.flush() for viewer in self._viewers]) > 0


watch = Watch()


class _Interned(dict[str, int]):
    """Numbers for strings; `fresh` lists those that were not sent yet."""

    def __init__(self) -> None:
        super().__init__()
        self.fresh: list[str] = []

    def __missing__(self, text: str) -> int:
        number = len(self)
        self[text] = number
        self.fresh.append(text)
        return number


class Stream:
    """Builds the frames of one view: numbers them and sends every string once."""

    def __init__(self) -> None:
        self.strings = _Interned()
        self.origin = time.perf_counter_ns()
        self._sequence = 0

    def frame(
        self,
        tables: Sequence[tuple[str, Any]],
        *,
        reset: bool = False,
        durable: bool = False,
        dropped: int = 0,
        progress: Progress | None = None,
    ) -> tuple[Frame, bytes]:
        """Return the header and the buffer of the next frame.

        Parameters
        ----------
        tables : sequence of (table name, float64 array of shape (columns, rows))
        reset : bool
            The frame stands for everything so far; it carries all strings.
        durable : bool
            A complete frame to be stored, not sent: the stream goes on as if it had not been made.
        """
        headers, payload = pack_tables(tables)
        everything = reset or durable
        frame: Frame = {
            "type": "frame",
            "version": VERSION,
            "sequence": self._sequence,
            "reset": everything,
            "sent": time.time(),
            "dropped": dropped,
            "strings": {
                "start": 0 if everything else len(self.strings) - len(self.strings.fresh),
                "added": list(self.strings if everything else self.strings.fresh),
            },
            "tables": headers,
        }
        if progress is not None:
            frame["progress"] = progress
        if not durable:
            self._sequence += 1
            self.strings.fresh = []
        return frame, payload
