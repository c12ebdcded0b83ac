"""DeviceView: what each device does, as it does it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from dlstudio.core.watch import live_buffers
from dlstudio.trace.events import Allocated, Copied, Event, Freed, OpRan
from dlstudio.widgets.events import EventView, Row
from dlstudio.widgets.text import format_bytes
from dlstudio.widgets.view import STATIC

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DeviceView"]

# Changes of the bytes in use that one frame shows of each device.
_USAGE_ROWS = 64
_PHASES = ("forward", "backward", "update")


class DeviceView(EventView):
    """One lane per device: operators as bars while they run, copies as arrows, bytes in use.

    Parameters
    ----------
    locale : {"auto", "en", "zh"}

    Examples
    --------
    >>> DeviceView()  # doctest: +SKIP
    """

    _esm = STATIC / "devices.js"
    _css = STATIC / "devices.css"
    tables: ClassVar[tuple[str, ...]] = ("operators", "copies", "usage")

    def __init__(self, *, locale: str = "auto") -> None:
        self._bytes: dict[str, int] = {}  # in use now, by device
        self._peaks: dict[str, int] = {}
        self._alive: set[int] = set()
        # Changes of the bytes in use not sent yet, by device: (bytes, peak, time).
        self._changes: dict[str, list[tuple[int, int, int]]] = {}
        super().__init__(locale=locale)
        self.receive(live_buffers())

    def take(self, event: Event) -> None:
        """Turn an operator, a copy or a change of memory into a row."""
        if isinstance(event, OpRan):
            self.add("operators", self._operator(event))
        elif isinstance(event, Copied):
            self.add("copies", self._copy(event))
        elif isinstance(event, Allocated):
            self._grow(event)
        elif isinstance(event, Freed) and event.buffer in self._alive:
            self._alive.discard(event.buffer)
            self._change(event.device, -event.nbytes, event.time)

    def _operator(self, event: OpRan) -> Row:
        return (
            self.since_start(event.start),
            self.since_start(event.end),
            self.string(event.op),
            self.string(event.name),
            self.string(event.device),
            self.string(event.phase),
            self.string(event.span),
            prod(event.shape),
        )

    def _copy(self, event: Copied) -> Row:
        return (
            self.string(event.source),
            self.string(event.target),
            event.nbytes,
            self.string(event.reason),
            self.since_start(event.time),
        )

    def _grow(self, event: Allocated) -> None:
        if event.buffer not in self._alive:
            self._alive.add(event.buffer)
            self._change(event.device, event.nbytes, event.time)

    def _change(self, device: str, count: int, time: int) -> None:
        used = self._bytes[device] = self._bytes.get(device, 0) + count
        if used > self._peaks.get(device, 0):
            self._peaks[device] = used
        self._changes.setdefault(device, []).append((used, self._peaks.get(device, 0), time))

    def _settle(self) -> dict[str, list[Row]]:
        """Add the changes of bytes in use, thinned where there are more than anybody could see."""
        changes, self._changes = self._changes, {}
        for device, latest in changes.items():
            stride = -(-len(latest) // _USAGE_ROWS)
            # Counted from the end: the last value is the one that stays.
            for used, peak, time in reversed(latest[::-1][::stride]):
                self.add("usage", (self.string(device), used, peak, self.since_start(time)))
        return super()._settle()

    def usage(self) -> dict[str, tuple[int, int]]:
        """Return, per device, (bytes in use, peak bytes) since the view was made."""
        self.catch_up()
        return {device: (used, self._peaks[device]) for device, used in self._bytes.items()}

    def summary(self) -> str:
        """Return one line: bytes in use per device, and how many operators were seen."""
        usage = self.usage()
        count = len(self._kept["operators"])
        if not usage and not count:
            return self.text("devices.empty")
        parts = [f"{device} {format_bytes(used)}" for device, (used, _) in usage.items()]
        return " · ".join([*parts, self.text("devices.operators", count=count)])

    def figure(self) -> Figure | None:
        """Return the last operators of each device as a matplotlib figure."""
        from dlstudio.widgets import figures

        rows = self.rows("operators")[-500:]
        if not rows:
            return None
        phases = {name: self.text(f"devices.phase.{name}") for name in _PHASES}
        return figures.lanes(rows, self.text("devices.time"), phases)

    def operators(self) -> list[dict[str, Any]]:
        """Return the operators kept: start, end (ns), op, name, device, phase, span, elements."""
        return self.rows("operators")
