"""Single layers of text models, forward and backward, in both libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import dlstudio as mx
from dlstudio import autograd, gluon
from dlstudio.gluon import nn, rnn

Step = Callable[[], object]

_RNG = np.random.default_rng(0)
_SHAPES = {
    "Embedding 5000 x 128": (64, 50),
    "LayerNorm 256": (64, 32, 256),
    "GELU": (128, 1024),
    "LSTM 100": (35, 32, 64),
    "einsum bij,bkj->bik": (32, 64, 64),
}


def _data(name: str) -> np.ndarray[Any, Any]:
    shape = _SHAPES[name]
    if name.startswith("Embedding"):
        return _RNG.integers(0, 5000, shape).astype(np.float32)
    return _RNG.standard_normal(shape, dtype=np.float32)


def _products(x: Any) -> Any:
    y = x.as_np_ndarray()
    return mx.np.einsum("bij,bkj->bik", y, y).as_nd_ndarray()


def _ours(call: Callable[[Any], Any], data: np.ndarray[Any, Any]) -> Step:
    if isinstance(call, gluon.Block):
        call.initialize()
    x = mx.nd.array(data)
    x.attach_grad()

    def step() -> None:
        with autograd.record():
            y = call(x)
        y.backward()

    return step


def ours() -> dict[str, dict[str, Step]]:
    """A step of each layer, and of the same hybridized."""
    made: dict[str, Callable[[], Any]] = {
        "Embedding 5000 x 128": lambda: nn.Embedding(5000, 128),
        "LayerNorm 256": nn.LayerNorm,
        "GELU": nn.GELU,
        "LSTM 100": lambda: rnn.LSTM(100),
        "einsum bij,bkj->bik": lambda: _products,
    }
    found: dict[str, dict[str, Step]] = {}
    for name, make in made.items():
        steps = found[name] = {"eager": _ours(make(), _data(name))}
        if not name.startswith("einsum"):
            layer = make()
            layer.hybridize()
            steps["hybrid"] = _ours(layer, _data(name))
    return found


def theirs() -> dict[str, Step]:
    """The same in torch."""
    import torch

    made: dict[str, Any] = {
        "Embedding 5000 x 128": torch.nn.Embedding(5000, 128),
        "LayerNorm 256": torch.nn.LayerNorm(256),
        "GELU": torch.nn.GELU(),
        "LSTM 100": torch.nn.LSTM(64, 100),
        "einsum bij,bkj->bik": lambda x: torch.einsum("bij,bkj->bik", x, x),
    }

    def stepped(name: str, layer: Any) -> Step:
        x = torch.from_numpy(_data(name))
        x = x.long() if name.startswith("Embedding") else x.requires_grad_()

        def step() -> None:
            y = layer(x)
            (y[0] if isinstance(y, tuple) else y).sum().backward()

        return step

    return {name: stepped(name, layer) for name, layer in made.items()}


def in_parts() -> dict[str, Step]:
    """A training step on two devices, with and without statistics of the whole batch."""
    devices = [mx.cpu(0), mx.cpu(1)]
    data = mx.nd.array(_RNG.standard_normal((32, 3, 24, 24), dtype=np.float32))
    parts = gluon.utils.split_and_load(data, devices)

    def step_of(norm: Callable[[], Any]) -> Step:
        net = nn.HybridSequential()
        for channels in (16, 32):
            net.add(nn.Conv2D(channels, 3, padding=1), norm(), nn.Activation("relu"))
        net.add(nn.GlobalAvgPool2D(), nn.Dense(10))
        net.initialize(ctx=devices)

        def step() -> None:
            with autograd.record():
                losses = [(net(x) ** 2).sum() for x in parts]
            autograd.backward(losses)

        return step

    return {
        "SyncBatchNorm": step_of(lambda: nn.SyncBatchNorm(num_devices=2)),
        "BatchNorm": step_of(nn.BatchNorm),
    }
