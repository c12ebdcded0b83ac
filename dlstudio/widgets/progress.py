"""Where a training run stands: steps, pace, time left, and the metrics it logged."""

from __future__ import annotations

import time
from array import array
from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray as Floats

__all__ = ["Clock", "Metrics", "number"]

# The pace is that of the last seconds, so that it follows a change of batch size or load.
_PACE_WINDOW = 4.0


class Clock:
    """Seconds of training, pauses left out, and steps per second of late."""

    def __init__(self) -> None:
        self._before = 0.0  # seconds of finished stretches
        self._since: float | None = None
        self._marks: deque[tuple[float, int]] = deque()

    def start(self) -> None:
        """Run; a second call does nothing."""
        if self._since is None:
            self._since = time.perf_counter()

    def stop(self) -> None:
        """Stand still, for a pause or the end."""
        self._before = self.elapsed
        self._since = None

    @property
    def elapsed(self) -> float:
        """Seconds run so far."""
        running = 0.0 if self._since is None else time.perf_counter() - self._since
        return self._before + running

    def pace(self, step: int) -> float:
        """Return steps per second over the last seconds, given the steps done now."""
        now = self.elapsed
        if not self._marks or self._marks[-1][1] != step:
            self._marks.append((now, step))
        while len(self._marks) > 2 and self._marks[0][0] < now - _PACE_WINDOW:
            self._marks.popleft()
        first_time, first_step = self._marks[0]
        last_time, last_step = self._marks[-1]
        if last_time <= first_time:
            return step / now if now > 0 else 0.0
        return (last_step - first_step) / (last_time - first_time)


def number(value: Any) -> float:
    """Return a logged value as a float: numbers as they are, arrays and tensors by their mean."""
    if isinstance(value, (int, float, np.number)):
        return float(value)
    if hasattr(value, "asnumpy"):
        value = value.asnumpy()
    return float(np.mean(np.asarray(value, dtype=np.float64)))


class Metrics:
    """The logged series, each a growing pair of columns."""

    def __init__(self) -> None:
        self._series: dict[str, tuple[array[float], array[float]]] = {}

    def add(self, rows: Iterable[tuple[str, int, float]]) -> None:
        """Append (series, step, value) rows."""
        for name, step, value in rows:
            steps, values = self._series.setdefault(name, (array("d"), array("d")))
            steps.append(step)
            values.append(value)

    def __len__(self) -> int:
        return sum(len(steps) for steps, _ in self._series.values())

    @property
    def names(self) -> list[str]:
        """The series, in the order of their first value."""
        return list(self._series)

    def series(self, name: str) -> tuple[Floats[np.float64], Floats[np.float64]]:
        """Return (steps, values) of one series, as copies."""
        steps, values = self._series[name]
        return np.array(steps), np.array(values)

    def latest(self) -> dict[str, float]:
        """Return the last value of each series."""
        return {name: values[-1] for name, (_, values) in self._series.items()}

    def thinned(self, limit: int) -> list[tuple[str, Floats[np.float64], Floats[np.float64]]]:
        """Return all series with at most about `limit` points each; ends and extremes stay."""
        return [(name, *_thin(*self.series(name), limit)) for name in self.names]


def _thin(
    steps: Floats[np.float64], values: Floats[np.float64], limit: int
) -> tuple[Floats[np.float64], Floats[np.float64]]:
    """Keep the smallest and the largest of each of `limit / 2` stretches, and both ends."""
    count = len(steps)
    if count <= limit:
        return steps, values
    kept = {0, count - 1}
    for stretch in np.array_split(np.arange(count), max(1, limit // 2)):
        part = np.nan_to_num(values[stretch])
        kept.update((int(stretch[part.argmin()]), int(stretch[part.argmax()])))
    order = np.array(sorted(kept))
    return steps[order], values[order]
