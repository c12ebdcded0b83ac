"""The copy ledger: which calls moved bytes, how many, and why.

    with copies.ledger() as moved:
        y = x.as_in_context(mx.cpu(1))
    print(moved.bytes, moved.entries[0].reason)

Zero-copy is a promise of many calls (slices, `from_numpy`, executor arguments, loaders on one
device); a test that opens a ledger around them proves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter_ns

from dlstudio.trace import bus
from dlstudio.trace.events import Copied

__all__ = ["Ledger", "count", "ledger"]


class Ledger:
    """Copies counted while it is open."""

    def __init__(self) -> None:
        self.entries: list[Copied] = []

    @property
    def bytes(self) -> int:
        """Sum of the bytes of all copies."""
        return sum(e.nbytes for e in self.entries)

    def by_reason(self) -> dict[str, int]:
        """Bytes per reason."""
        totals: dict[str, int] = {}
        for e in self.entries:
            totals[e.reason] = totals.get(e.reason, 0) + e.nbytes
        return totals

    def __len__(self) -> int:
        return len(self.entries)

    def __str__(self) -> str:
        rows = [f"{e.nbytes:>12,} B  {e.source} -> {e.target}  {e.reason}" for e in self.entries]
        return "\n".join([f"{len(self.entries)} copies, {self.bytes:,} B", *rows])


@contextmanager
def ledger() -> Iterator[Ledger]:
    """Count every copy made meanwhile, in any thread."""
    mine = Ledger()

    def note(event: object) -> None:
        if isinstance(event, Copied):
            mine.entries.append(event)

    unsubscribe = bus.subscribe(note)
    try:
        yield mine
    finally:
        unsubscribe()


def count(source: str, target: str, nbytes: int, reason: str) -> None:
    """Tell everybody who watches that bytes moved."""
    if bus.subscribers:
        bus.emit(Copied(source, target, nbytes, reason, perf_counter_ns()))
