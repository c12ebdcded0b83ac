"""Progress as text, for where no browser shows the widget."""

from __future__ import annotations

import sys
import time

from dlstudio.core.shell import in_kernel

__all__ = ["Lines"]

# Seconds that a browser has to answer before text is written in its stead.
_PATIENCE = 2.0
# Seconds between two lines; on a terminal one line is written over and over.
_PAUSE = 5.0
_TERMINAL_PAUSE = 0.25


class Lines:
    """Decides when a line is due and writes it."""

    def __init__(self) -> None:
        self._next = 0.0

    def begin(self) -> None:
        """Give browsers time to answer."""
        self._next = time.monotonic() + _PATIENCE

    @property
    def due(self) -> bool:
        """Whether it is time for a line; cheap, asked at every step."""
        return time.monotonic() >= self._next

    def write(self, line: str, *, last: bool = False) -> None:
        """Write a line: in place on a terminal, below the others elsewhere."""
        terminal = sys.stdout.isatty() and not in_kernel()
        self._next = time.monotonic() + (_TERMINAL_PAUSE if terminal else _PAUSE)
        if terminal:
            sys.stdout.write(f"\r\x1b[K{line}" + ("\n" if last else ""))
        else:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def postpone(self) -> None:
        """Write nothing now: a browser shows it."""
        self._next = time.monotonic() + _PAUSE
