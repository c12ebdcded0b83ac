"""What is timed, in dlstudio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import dlstudio as mx
from dlstudio import autograd, gluon
from dlstudio.gluon import nn

BATCH = 64
RATE, MOMENTUM = 0.01, 0.9


def mlp() -> Any:
    """784-256-128-10, rectified."""
    net = nn.HybridSequential()
    net.add(nn.Dense(256, activation="relu"), nn.Dense(128, activation="relu"), nn.Dense(10))
    return net


def lenet() -> Any:
    """Two convolutions of 6 and 16 channels, three dense layers."""
    net = nn.HybridSequential()
    net.add(
        nn.Conv2D(6, 5, padding=2, activation="relu"),
        nn.MaxPool2D(2, 2),
        nn.Conv2D(16, 5, activation="relu"),
        nn.MaxPool2D(2, 2),
        nn.Dense(120, activation="relu"),
        nn.Dense(84, activation="relu"),
        nn.Dense(10),
    )
    return net


NETS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "MLP": (mlp, (BATCH, 784)),
    "LeNet": (lenet, (BATCH, 1, 28, 28)),
}


def batch(shape: tuple[int, ...]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Seeded data and labels."""
    rng = np.random.default_rng(0)
    return rng.standard_normal(shape, dtype=np.float32), rng.integers(0, 10, shape[0])


class Training:
    """Steps of SGD with momentum, as a learner writes them: ``Training("MLP", hybrid=True)()``."""

    def __init__(self, name: str, *, hybrid: bool) -> None:
        make, shape = NETS[name]
        self.net, self.loss = make(), gluon.loss.SoftmaxCrossEntropyLoss()
        self.net.initialize(mx.init.Xavier())
        if hybrid:
            self.net.hybridize()
            self.loss.hybridize()
        options = {"learning_rate": RATE, "momentum": MOMENTUM}
        self.trainer = gluon.Trainer(self.net.collect_params(), "sgd", options)
        self.data, self.label = (mx.nd.array(a) for a in batch(shape))

    def __call__(self) -> Any:
        """Run one step and return the losses."""
        with autograd.record():
            value = self.loss(self.net(self.data), self.label)
        value.backward()
        self.trainer.step(BATCH)
        return value


def eager_calls() -> dict[str, Callable[[], object]]:
    """Small operators, whose time is that of the dispatch."""
    x, y, w = mx.nd.ones(10), mx.nd.ones(10), mx.nd.ones(10)
    w.attach_grad()

    def add() -> None:
        with autograd.record():
            for _ in range(100):
                w + y

    def recorded() -> None:
        with autograd.record():
            z = (w * x + y).sum()
        z.backward()

    return {
        "x + y": lambda: x + y,
        "100 x + y, recorded": add,
        "exp(x)": lambda: x.exp(),  # noqa: PLW0108  a method is looked up at every call
        "record, 3 operators, backward": recorded,
    }
