"""The same in torch 2.13, eager."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from tests.bench import ours

NETS = {
    "MLP": lambda: [
        nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10),
    ],
    "LeNet": lambda: [
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    ],
}  # fmt: skip


def training_step(name: str) -> Callable[[], object]:
    """One step of SGD with momentum."""
    model = nn.Sequential(*NETS[name]())
    x, y = (torch.from_numpy(a) for a in ours.batch(ours.NETS[name][1]))
    optimizer = torch.optim.SGD(model.parameters(), lr=ours.RATE, momentum=ours.MOMENTUM)

    def step() -> object:
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def eager_calls() -> dict[str, Callable[[], object]]:
    """Counterparts of `ours.eager_calls`."""
    x, y, w = torch.ones(10), torch.ones(10), torch.ones(10, requires_grad=True)

    def add() -> None:
        for _ in range(100):
            w + y

    def recorded() -> None:
        w.grad = None
        (w * x + y).sum().backward()

    return {
        "x + y": lambda: x + y,
        "100 x + y, recorded": add,
        "exp(x)": x.exp,
        "record, 3 operators, backward": recorded,
    }
