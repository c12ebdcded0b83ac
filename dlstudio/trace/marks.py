"""What programs say about themselves: domains, tasks, frames, events, counters, markers.

MXNet's profiling objects. Each has a name that shows in the trace; while no profile is running
they only remember their own state.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from types import TracebackType
from typing import NamedTuple, Self

from dlstudio.errors import ParamError, explain

__all__ = ["Count", "Counter", "Domain", "Event", "Frame", "Mark", "Marker", "Span", "Task"]

_SCOPES = ("global", "process", "thread", "task", "marker")


class Span(NamedTuple):
    """A task, frame or event that has ended; times as on the bus (ns)."""

    kind: str  # "task" | "frame" | "event"
    domain: str
    name: str
    start: int
    end: int


class Count(NamedTuple):
    """A counter has a new value."""

    domain: str
    name: str
    value: float
    time: int


class Mark(NamedTuple):
    """A marker was set."""

    domain: str
    name: str
    scope: str
    time: int


Note = Span | Count | Mark
listener: Callable[[Note], None] | None = None  # the running profile's; None while none runs


def _tell(note: Note) -> None:
    if listener is not None:
        listener(note)


class Domain:
    """A name that groups tasks, frames, counters and markers.

    Parameters
    ----------
    name : str

    Examples
    --------
    >>> str(Domain("loading").new_task("decode"))
    'decode'
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name

    def new_task(self, name: str) -> Task:
        """Make a `Task` of this domain."""
        return Task(self, name)

    def new_frame(self, name: str) -> Frame:
        """Make a `Frame` of this domain."""
        return Frame(self, name)

    def new_counter(self, name: str, value: float | None = None) -> Counter:
        """Make a `Counter` of this domain."""
        return Counter(self, name, value)

    def new_marker(self, name: str) -> Marker:
        """Make a `Marker` of this domain."""
        return Marker(self, name)


class _Timed:
    """Something with a beginning and an end, also as a ``with`` block."""

    _kind = ""

    def __init__(self, domain: Domain | str, name: str) -> None:
        self.domain, self.name = domain, name
        self._start: int | None = None

    def __str__(self) -> str:
        return self.name

    def start(self) -> None:
        """Begin; a second call begins anew."""
        self._start = perf_counter_ns()

    def stop(self) -> None:
        """End, and enter the time between into the running profile.

        Raises
        ------
        ParamError
            If it was not started.
        """
        if self._start is None:
            raise ParamError(
                explain(
                    f"{type(self).__name__} {self.name!r}: stop() without start().",
                    "start() before every stop().",
                    f"{self._kind}.start()",
                )
            )
        start, self._start = self._start, None
        _tell(Span(self._kind, str(self.domain), self.name, start, perf_counter_ns()))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Task(_Timed):
    """A piece of work of a domain; tasks may overlap.

    Parameters
    ----------
    domain : Domain
    name : str
    """

    _kind = "task"


class Frame(_Timed):
    """One turn of something that repeats, such as a batch.

    Parameters
    ----------
    domain : Domain
    name : str
    """

    _kind = "frame"


class Event(_Timed):
    """A piece of work of no domain.

    Parameters
    ----------
    name : str
    """

    _kind = "event"

    def __init__(self, name: str) -> None:
        super().__init__("event", name)


class Counter:
    """A number that changes over time and is drawn as a graph.

    Parameters
    ----------
    domain : Domain
    name : str
    value : float, optional
        Set at once if given.

    Examples
    --------
    >>> queue = Counter(Domain("loading"), "queue", 2)
    >>> queue += 3
    >>> queue.value
    5
    """

    def __init__(self, domain: Domain, name: str, value: float | None = None) -> None:
        self.domain, self.name = domain, name
        self.value: float = 0
        if value is not None:
            self.set_value(value)

    def __str__(self) -> str:
        return self.name

    def set_value(self, value: float) -> None:
        """Give the counter a value."""
        self.value = value
        _tell(Count(str(self.domain), self.name, value, perf_counter_ns()))

    def increment(self, delta: float = 1) -> None:
        """Add `delta`."""
        self.set_value(self.value + delta)

    def decrement(self, delta: float = 1) -> None:
        """Subtract `delta`."""
        self.set_value(self.value - delta)

    def __iadd__(self, delta: float) -> Self:
        self.increment(delta)
        return self

    def __isub__(self, delta: float) -> Self:
        self.decrement(delta)
        return self


class Marker:
    """A point in time with a name.

    Parameters
    ----------
    domain : Domain
    name : str
    """

    def __init__(self, domain: Domain, name: str) -> None:
        self.domain, self.name = domain, name

    def __str__(self) -> str:
        return self.name

    def mark(self, scope: str = "process") -> None:
        """Set the marker now.

        Parameters
        ----------
        scope : {"global", "process", "thread", "task", "marker"}
            How far the line reaches in the picture.

        Raises
        ------
        ParamError
            If the scope is none of these.
        """
        if scope not in _SCOPES:
            raise ParamError(
                explain(
                    f"Marker.mark: parameter scope={scope!r}.",
                    f"one of {', '.join(_SCOPES)}.",
                    'marker.mark(scope="process")',
                )
            )
        _tell(Mark(str(self.domain), self.name, scope, perf_counter_ns()))
