"""Interleaved timing: on a busy machine only ratios taken side by side mean anything."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

Timed = Callable[[], object]


clock = time.perf_counter  # `run.py` takes CPU time instead where one thread does all the work


def medians(contestants: dict[str, Timed], seconds: float) -> dict[str, float]:
    """Median seconds per call of each contestant.

    They take turns in rounds of about 2 ms, so that all of them meet the same load of the machine,
    the same clock rate and the same warm caches.

    Parameters
    ----------
    contestants : functions by name; each is called three times before timing starts
    seconds : float
        Time for each of them.
    """
    repeats = {name: _repeats(function) for name, function in contestants.items()}
    times: dict[str, list[float]] = {name: [] for name in contestants}
    end = time.perf_counter() + seconds * len(contestants)
    while time.perf_counter() < end or len(times[next(iter(times))]) < 3:
        for name, function in contestants.items():
            start = clock()
            for _ in range(repeats[name]):
                function()
            times[name].append((clock() - start) / repeats[name])
    return {name: statistics.median(values) for name, values in times.items()}


def _repeats(function: Timed) -> int:
    for _ in range(2):
        function()
    start = time.perf_counter()
    function()
    return max(1, int(0.002 / max(time.perf_counter() - start, 1e-7)))
