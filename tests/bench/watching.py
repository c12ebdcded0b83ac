"""What watching costs: nothing while nobody watches, little while somebody does."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable

from dlstudio.core import dispatch
from dlstudio.trace.recorder import Recorder
from tests.bench import ours
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
    """Seconds of a hybridized training step, alone and while the recorder of the views listens."""
    step = ours.training_step(name, hybrid=True)
    recorder = Recorder()

    def watched() -> None:
        with recorder:
            step()
        recorder.drain()

    return medians({"unwatched": step, "watched": watched}, seconds)
