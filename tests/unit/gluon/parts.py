"""Networks and data that lie in parts on several devices."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import numpy as np

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.core import late
from dlstudio.gluon import nn

Array = Any

RNG = np.random.default_rng(0)
DATA = RNG.normal(size=(9, 2, 6, 6)).astype("float32")
LABELS = RNG.integers(0, 4, 9).astype("float32")


def nothing_left() -> Iterator[None]:
    """Nobody waits for anything once a test is over."""
    yield
    gc.collect()
    assert not late.alive
    assert not late.visits
    assert not late.unfinished


class Residual(gluon.HybridBlock):
    """Two paths around a normalisation: their gradients meet below it."""

    def __init__(self, norm: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.first = nn.Conv2D(3, 3, padding=1, in_channels=2)
            self.norm = norm()
            self.second = nn.Conv2D(3, 1, in_channels=3)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        y = self.first(x)
        return F.relu(self.second(self.norm(y)) + y)


def network(devices: list[Any]) -> Any:
    def norm() -> Any:
        if len(devices) == 1:
            return nn.BatchNorm(in_channels=3)
        return nn.SyncBatchNorm(in_channels=3, num_devices=len(devices))

    net = nn.HybridSequential()
    with net.name_scope():
        net.add(Residual(norm), nn.Conv2D(3, 3, in_channels=3), norm(), nn.Dense(4, in_units=48))
    net.initialize(ctx=devices)
    rng = np.random.default_rng(1)
    for name, p in net.collect_params().items():
        if "running" not in name:
            p.set_data(nd.array(rng.normal(size=p.shape) * 0.3 + ("gamma" in name)))
    return net


def parts_of(sizes: list[int], devices: list[Any]) -> list[tuple[Any, Any]]:
    ends = list(accumulate(sizes))
    spans = zip([0, *ends], ends, devices, strict=False)
    return [(nd.array(DATA[i:j], d), nd.array(LABELS[i:j], d)) for i, j, d in spans]


def step(net: Any, loss: Any, parts: list[tuple[Any, Any]], style: str) -> list[Any]:
    if style == "device by device":
        losses = []
        for x, y in parts:
            with autograd.record():
                losses.append(loss(net(x), y))
            losses[-1].backward()
        return losses
    with autograd.record():
        losses = [loss(net(x), y) for x, y in parts]
    if style == "one backward":
        autograd.backward(losses)
    else:
        for each in losses:
            each.backward()
    return losses


def train(sizes: list[int], style: str, *, hybrid: bool = False) -> list[Array]:
    devices = [mx.cpu(i) for i in range(len(sizes))]
    net, loss = network(devices), gluon.loss.SoftmaxCrossEntropyLoss()
    if hybrid:
        net.hybridize()
        loss.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.9})
    for _ in range(2):
        losses = step(net, loss, parts_of(sizes, devices), style)
        trainer.step(9)
    values = [p.data(devices[-1]).asnumpy() for p in net.collect_params().values()]
    return [*values, np.concatenate([x.asnumpy() for x in losses])]


def close(found: list[Array], expected: list[Array]) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def layer(**options: Any) -> Any:
    net = nn.SyncBatchNorm(in_channels=2, num_devices=2, **options)
    net.initialize(ctx=[mx.cpu(0), mx.cpu(1)])
    return net


def two(n: int = 4) -> list[Any]:
    return [nd.array(DATA[:n], mx.cpu(0)), nd.array(DATA[n:], mx.cpu(1))]
