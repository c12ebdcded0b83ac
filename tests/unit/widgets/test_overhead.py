"""What it costs to be watched: a LeNet step with all views open, beside an unwatched one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest

from dlstudio.widgets import DeviceView, GraphView, MemoryView, TrainingMonitor, feed

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def real_pump(monkeypatch):
    """The thread that sends is part of the price."""
    monkeypatch.undo()


@pytest.fixture
def lenet():
    """Return (net, one training step)."""
    import dlstudio as mx
    from dlstudio import autograd, gluon, nd
    from dlstudio.gluon import nn

    net = nn.HybridSequential()
    net.add(nn.Conv2D(6, 5, activation="relu"), nn.MaxPool2D(2))
    net.add(nn.Conv2D(16, 5, activation="relu"), nn.MaxPool2D(2))
    net.add(nn.Dense(120, activation="relu"), nn.Dense(84, activation="relu"), nn.Dense(10))
    net.initialize(mx.init.Xavier())
    net.hybridize()
    rng = np.random.default_rng(0)
    data = nd.array(rng.standard_normal((64, 1, 28, 28)).astype("float32"))
    label = nd.array(rng.integers(0, 10, 64).astype("float32"))
    loss_of = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.05})

    def step() -> float:
        with autograd.record():
            loss = loss_of(net(data), label)
        loss.backward()
        trainer.step(64)
        return float(loss.mean().asscalar())

    for _ in range(3):
        step()
    return net, step


def median(step: Callable[[], object], count: int = 8) -> float:
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def watched(net, step) -> float:
    """Median step with all four views open, and a browser that wants everything."""
    views = [TrainingMonitor(lr=0.1), MemoryView(net), DeviceView(), GraphView(net)]
    monitor = views[0]
    hello = {"command": "hello", "value": 0, "client": "tab", "sequence": 1}
    for view in views[:3]:
        view._take(hello)
    try:
        step()  # compiles the watched twin
        return median(lambda: monitor.log(loss=step()))
    finally:
        for view in views:
            view.close()


def test_a_step_with_all_views_open_costs_at_most_half_more(lenet):
    net, step = lenet
    ratios = []
    for _ in range(5):
        before = median(step)
        with_views = watched(net, step)
        ratios.append(2 * with_views / (before + median(step)))
    ratio = statistics.median(ratios)
    print(f"watched / unwatched LeNet step: {ratio:.2f} (goal 1.5)")
    assert ratio < 2.5  # the goal with room for machines that share their cores
    assert feed.watch.recorder.recording is False
