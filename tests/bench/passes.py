"""What single passes of the graph compiler gain: the same training step with and without them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import dlstudio as mx
from dlstudio import sym
from tests.bench.timing import Timed, medians


def channels_last(batch: int = 16, size: int = 24) -> tuple[Any, dict[str, tuple[int, ...]]]:
    """Three residual units written in NHWC, on images of ``size x size``."""

    def unit(x: Any, name: str) -> Any:
        y = sym.Convolution(
            x, kernel=(3, 3), pad=(1, 1), num_filter=16, no_bias=True, layout="NHWC",
            name=f"{name}_conv",
        )  # fmt: skip
        y = sym.BatchNorm(y, axis=3, fix_gamma=False, name=f"{name}_norm")
        return sym.Activation(y + x, act_type="relu", name=f"{name}_relu")

    h = sym.var("data")
    for i in range(3):
        h = unit(h, f"unit{i}")
    return sym.mean(h), {"data": (batch, size, size, 16)}


def pointwise(size: int = 256) -> tuple[Any, dict[str, tuple[int, ...]]]:
    """Ten elementwise operators on a matrix, as an activation by hand."""
    x, y = sym.var("x"), sym.var("y")
    h = sym.tanh((x + 0.044715 * sym.square(x)) * 0.8) * 0.5 + 0.5
    return sym.sqrt(sym.abs(h * y) + 1.0), {"x": (size, size), "y": (size, size)}


NETS = {"layout": channels_last, "fuse_pointwise": pointwise}


def step(net: Any, shapes: dict[str, tuple[int, ...]], train: bool, **options: Any) -> Timed:
    """One step on random data: training, or inference."""
    executor = net.simple_bind(mx.cpu(), **shapes, **options)
    rng = np.random.default_rng(0)
    for array in executor.arg_dict.values():
        array[:] = rng.standard_normal(array.shape, dtype=np.float32) * 0.3

    def run() -> None:
        executor.forward(is_train=train)
        if train:
            executor.backward()

    run()
    return run


def gain(name: str, seconds: float, make: Callable[..., Any] | None = None) -> dict[str, float]:
    """Seconds of a step "with" and "without" the pass `name`."""
    net, shapes = (make or NETS[name])()
    train = name == "layout"
    steps = {
        "with": step(net, shapes, train),
        "without": step(net, shapes, train, without=name),
    }
    return medians(steps, seconds)
