"""Hooks on the operators of a hybridized block: what every one of them was given and gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from dlstudio.core import tape
from dlstudio.gluon.structure import flatten, regroup

if TYPE_CHECKING:
    from dlstudio.core.node import Node
    from dlstudio.gluon.hybrid import HybridBlock

__all__ = ["OpHook", "run_hooked"]


class OpHook(NamedTuple):
    """A function, and whether it is called with inputs too."""

    callback: Callable[[str, str, Any], Any]
    monitor_all: bool

    def report(self, node: Node, inputs: list[Any], outputs: list[Any]) -> None:
        """Call the function with what one operator was given and gave."""
        assert node.op is not None
        seen = []
        if self.monitor_all:
            listed = node.op.inputs if len(node.op.inputs) >= len(inputs) else ()
            names = listed or [f"arg{i}" for i in range(len(inputs))]
            seen = list(zip(names, inputs, strict=False))
        many = len(outputs) > 1
        seen += [(f"output{i}" if many else "output", x) for i, x in enumerate(outputs)]
        recording, tape.state.recording = tape.state.recording, False
        try:
            for name, array in seen:
                self.callback(f"{node.name}_{name}", node.op.name, array)
        finally:
            tape.state.recording = recording


def run_hooked(block: HybridBlock, hook: OpHook, args: tuple[Any, ...]) -> Any:
    """Run the traced block operator by operator: inside a plan there is nobody to call."""
    from dlstudio.graph.on_tape import run_on_arrays

    if any(p._deferred is not None for p in block.collect_params().values()):
        block._infer_and_finish(args)
    graph = block._graph(args)
    arrays = flatten(args)[0]
    device = arrays[0].context
    bound = {p.name: p._on(device) for p in block.collect_params().values()}
    bound.update({name: x.as_in_context(device) for name, x in graph.constants.items()})
    bound.update(zip(graph.names, arrays, strict=True))
    outputs = run_on_arrays(graph.symbol, bound, lambda _: device, hook.report)
    return regroup(outputs, graph.structure)
