"""What memory costs: planning ResNet-50, and training 200 layers in a third of the memory."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any, NamedTuple

import dlstudio as mx
from dlstudio import sym
from dlstudio.gluon.model_zoo import vision
from dlstudio.graph import pipeline
from dlstudio.graph.ir import Graph
from dlstudio.graph.program import Program
from tests.bench.timing import medians
from tests.unit.graph.residual import fill, residual

__all__ = ["Trade", "planning", "trade"]


def _plan(net: Any, shapes: dict[str, tuple[int, ...]]) -> Program:
    wanted = {n: "write" for n in net.list_arguments() if n not in shapes}
    return Program(pipeline.compile_graph(Graph.of(net, shapes, training=True), wanted))


def planning(name: str = "resnet50_v1", batch: int = 32, size: int = 224) -> tuple[float, int]:
    """Seconds from symbol to runnable plan for training, and the most bytes allocated meanwhile."""
    scores = vision.get_model(name, prefix="net_")(sym.var("data"))
    net = sym.SoftmaxOutput(scores, name="softmax")
    shapes = {"data": (batch, 3, size, size), "softmax_label": (batch,)}
    _plan(net, shapes)  # loads what is loaded once
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        _plan(net, shapes)
        seconds.append(time.perf_counter() - start)
    tracemalloc.start()
    try:
        _plan(net, shapes)
        return min(seconds), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class Trade(NamedTuple):
    """Two plans of one network: arena bytes, seconds per step, and what a step takes besides."""

    arenas: dict[str, int]
    seconds: dict[str, float]
    kept: dict[str, int]  # allocated by the first step besides the arena: scratch of kernels
    temporaries: dict[str, int]  # allocated during a later step and given back
    arrays: int  # data, parameters, gradients, outputs: the same for both

    def lines(self) -> list[str]:
        """Spell the comparison."""
        plain, small = self.arenas["plain"], self.arenas["budget"]
        slower = self.seconds["budget"] / self.seconds["plain"]
        return [
            f"arena {plain / 1e6:.1f} MB -> {small / 1e6:.1f} MB ({small / plain:.2f}), "
            f"step {self.seconds['plain'] * 1e3:.0f} ms -> {self.seconds['budget'] * 1e3:.0f} ms "
            f"({slower:.2f})",
            f"besides: arrays of the user {self.arrays / 1e6:.1f} MB, scratch of kernels "
            f"{self.kept['plain'] / 1e6:.1f} MB (the second plan uses the same, and "
            f"{self.kept['budget'] / 1e6:.1f} MB), temporaries of a step "
            f"{self.temporaries['plain'] / 1e6:.1f} and {self.temporaries['budget'] / 1e6:.1f} MB",
        ]


def trade(
    seconds: float, blocks: int = 33, batch: int = 16, size: int = 32, fraction: int = 3
) -> Trade:
    """Train ``6 * blocks + 2`` layers with and without a byte budget, in turns."""
    net = residual(blocks)
    shapes = {"data": (batch, 3, size, size), "softmax_label": (batch,)}
    plain = fill(net.simple_bind(mx.cpu(), **shapes))
    budget = plain.memory.arena_bytes // fraction
    small = fill(net.simple_bind(mx.cpu(), memory_budget=budget, **shapes))
    both = {"plain": plain, "budget": small}
    steps = {name: _step(executor) for name, executor in both.items()}
    arenas = {name: executor.memory.arena_bytes for name, executor in both.items()}
    kept = {name: _allocated(step)[0] - arenas[name] for name, step in steps.items()}
    times = medians(steps, seconds)
    user = mx.graph.footprint(net, shapes)
    return Trade(
        arenas,
        times,
        kept,
        {name: _allocated(step)[1] for name, step in steps.items()},
        user.total_bytes - user.arena_bytes,
    )


def _step(executor: Any) -> Any:
    def step() -> None:
        executor.forward(is_train=True)
        executor.backward()

    return step


def _allocated(step: Any) -> tuple[int, int]:
    """Bytes that a step allocates and keeps, and the most it has allocated meanwhile."""
    tracemalloc.start()
    try:
        step()
        return tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
