"""Views that are fed by the bus, and by nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from dlstudio.trace.events import Event
from dlstudio.trace.recorder import Recorder
from dlstudio.widgets import kernel
from dlstudio.widgets.feed import Stream, watch
from dlstudio.widgets.schema import STRING_COLUMNS, TABLES, Frame
from dlstudio.widgets.view import View

__all__ = ["EventView", "Row"]

Row = tuple[float, ...]

# Rows of each table that a view opened late, or a saved notebook, still gets.
_KEPT_ROWS = 20_000
_STILL_ROWS = 4_000


def _nothing() -> None:
    """Nothing to end yet."""


class EventView(View):
    """Turns events into rows of the wire tables, keeps the latest, and sends what is new."""

    tables: ClassVar[tuple[str, ...]] = ()
    _end_renewal: Callable[[], None] = staticmethod(_nothing)

    def __init__(self, *, locale: str = "auto", **traits: Any) -> None:
        self._stream = Stream()
        self._fresh: dict[str, list[Row]] = {name: [] for name in self.tables}
        self._kept: dict[str, deque[Row]] = {name: deque(maxlen=_KEPT_ROWS) for name in self.tables}
        self._changed = False  # since the stored picture was drawn
        super().__init__(locale=locale, **traits)
        watch.join(self)

    def show(self) -> None:
        """Display the view; its stored picture is renewed after cells in which something ran."""
        super().show()
        self._end_renewal()
        self._end_renewal = kernel.after_cells(self._renew)

    def _renew(self) -> None:
        self.catch_up()
        if self._changed:
            self._changed = False
            self.refresh_still()

    @property
    def recorder(self) -> Recorder:
        """The recorder that feeds this view; it runs while any such view is open."""
        return watch.recorder

    def take(self, event: Event) -> None:
        """Turn one event into rows, by `add`."""

    def add(self, table: str, row: Row) -> None:
        """Queue a row of `table` for the next frame."""
        self._fresh[table].append(row)

    def string(self, text: str) -> int:
        """Return the number that stands for `text` in the rows."""
        return self._stream.strings[text]

    def since_start(self, time: int) -> int:
        """Return nanoseconds since the view was made, for a time of an event."""
        return time - self._stream.origin

    def receive(self, events: Sequence[Event]) -> None:
        """Take a batch of events; called by the pump."""
        with self._guard:
            for event in events:
                self.take(event)

    def flush(self) -> bool:
        """Send the new rows, or everything to a browser that just came; called by the pump."""
        with self._guard:
            acknowledged = self._acknowledge()
            fresh = self._settle()
            reset = self._take_reset()
            if not reset and not any(fresh.values()):
                return acknowledged
            rows = {name: self.retained(name) for name in self.tables} if reset else fresh
            frame, data = self._stream.frame(
                _arrays(rows), reset=reset, dropped=self.recorder.dropped
            )
            self.send(frame, [data])
            return True

    def _settle(self) -> dict[str, list[Row]]:
        """Move the new rows to the kept ones and return them."""
        fresh, self._fresh = self._fresh, {name: [] for name in self.tables}
        for name, rows in fresh.items():
            self._changed = self._changed or bool(rows)
            self._kept[name].extend(rows)
        return fresh

    def retained(self, table: str) -> list[Row]:
        """Return the rows of `table` that stand for everything so far."""
        return list(self._kept[table])

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return the kept rows of `table` with their strings, as the browser shows them."""
        self.catch_up()
        names = list(self._stream.strings)
        columns = TABLES[table]
        return [
            {
                column: names[int(value)] if column in STRING_COLUMNS else value
                for column, value in zip(columns, row, strict=True)
            }
            for row in self.retained(table)
        ]

    def catch_up(self) -> None:
        """Take what the recorder has heard but not handed on yet."""
        watch.flush()

    def durable(self) -> tuple[Frame, bytes] | None:
        """Return the latest rows as one frame."""
        self.catch_up()
        with self._guard:
            rows = {name: self.retained(name)[-_STILL_ROWS:] for name in self.tables}
            if not any(rows.values()):
                return None
            return self._stream.frame(_arrays(rows), durable=True, dropped=self.recorder.dropped)

    def close(self) -> None:
        """Leave the bus and end the view; what it drew stays in the notebook."""
        watch.leave(self)
        self._end_renewal()
        super().close()


def _arrays(rows: dict[str, list[Row]]) -> list[tuple[str, Any]]:
    return [
        (name, np.array(table, dtype=np.float64).reshape(-1, len(TABLES[name])).T)
        for name, table in rows.items()
    ]
