"""What watching costs: nothing while nobody watches, little while somebody does."""

from __future__ import annotations

import inspect
import statistics
import textwrap
import time
from collections.abc import Callable
from typing import Any

from dlstudio import widgets
from dlstudio.core import dispatch
from tests.bench import ours, timing
from tests.bench.timing import medians

_TEST = "if bus.subscribers:"


def idle_overhead(seconds: float) -> dict[str, float]:
    """Seconds of an eager call as it is, and of the same text without its test of the bus."""
    with_test = _recompiled(_TEST)
    without = _recompiled("if False:")
    return medians({"with the test": with_test, "without it": without}, seconds)


def _recompiled(test: str) -> Callable[[], object]:
    """Compile `dispatch.invoke` afresh with `test` for the bus's, and call ``x + y`` through it."""
    import dlstudio as mx
    from dlstudio.core.registry import OPS
    from dlstudio.core.tensor import NDArray

    text = textwrap.dedent(inspect.getsource(dispatch.invoke))
    assert text.count(_TEST) == 1, "invoke tests the bus once"
    scope = dict(vars(dispatch))
    exec(compile(text.replace(_TEST, test), "<invoke>", "exec"), scope)
    invoke, add = scope["invoke"], OPS["add"]
    x, y = mx.nd.ones((4, 4)), mx.nd.ones((4, 4))
    attrs = dispatch.attributes(add, {})
    return lambda: invoke(add, (x, y), attrs, NDArray)


def watched_step(name: str, seconds: float) -> dict[str, float]:
    """Seconds of a hybridized training step, alone and with the four views open.

    Half a second each in turn, because views send up to 30 times a second in a thread of their own.
    Opening and closing is not timed.
    """
    step = ours.Training(name, hybrid=True)
    for _ in range(3):
        step()
    times: dict[str, list[float]] = {"unwatched": [], "watched": []}
    for _ in range(max(3, round(seconds))):
        times["unwatched"].append(_seconds_per_step(step, 0.5))
        views = [
            widgets.GraphView(step.net, step.data),
            widgets.MemoryView(step.net),
            widgets.DeviceView(),
            widgets.TrainingMonitor(trainer=step.trainer),
        ]
        step()  # the watched twin of the plan is made at its first run
        times["watched"].append(_seconds_per_step(_logging(step, views[-1]), 0.5))
        for view in views:
            view.close()
    return {who: statistics.median(values) for who, values in times.items()}


def _logging(step: Callable[[], Any], monitor: Any) -> Callable[[], object]:
    def run() -> None:
        monitor.log(loss=step().mean())

    return run


def _seconds_per_step(step: Callable[[], object], seconds: float) -> float:
    count, start, begin = 0, timing.clock(), time.perf_counter()
    while time.perf_counter() - begin < seconds:
        step()
        count += 1
    return (timing.clock() - start) / count
