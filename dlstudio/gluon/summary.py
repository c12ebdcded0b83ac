"""The table of layers that `Block.summary` prints."""

from __future__ import annotations

from collections import OrderedDict
from math import prod
from typing import Any

from dlstudio import autograd
from dlstudio.errors import GraphError, explain
from dlstudio.gluon.structure import flatten, regroup
from dlstudio.gluon.tree import depth_first

__all__ = ["print_summary"]

LINE = "{:>20}  {:>42} {:>15}"


class _Table:
    """Rows gathered by forward hooks while one batch runs through the network."""

    def __init__(self) -> None:
        self.rows: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self.seen: set[int] = set()
        self.handles: list[Any] = []
        self.trainable = self.fixed = self.shared = 0

    def watch(self, block: Any) -> None:
        self.handles.append(block.register_forward_hook(self.add))

    def add(self, block: Any, _: Any, output: Any) -> None:
        count = 0
        for parameter in block._reg_params.values():
            size = prod(parameter.shape)
            count += size
            if id(parameter) in self.seen:
                self.shared += size
            self.seen.add(id(parameter))
            if parameter.grad_req == "null":
                self.fixed += size
            else:
                self.trainable += size
        self.rows[f"{type(block).__name__}-{len(self.rows) + 1}"] = (_shapes(output), count)


def _shapes(values: Any) -> Any:
    """Shapes of nested arrays, in the same nesting; a single array gives its shape alone."""
    arrays, structure = flatten(values)
    shapes = regroup([array.shape for array in arrays], structure)
    if isinstance(shapes, (list, tuple)) and len(shapes) == 1 and len(arrays) == 1:
        return arrays[0].shape
    return shapes


def print_summary(block: Any, inputs: tuple[Any, ...]) -> None:
    """Run `inputs` through `block` once and print its layers.

    Raises
    ------
    GraphError
        If a block in it is hybridized: what runs inside its plan cannot be seen by hooks.
    """
    block.apply(_refuse_hybridized)
    with autograd.pause():
        block(*inputs)  # parameters that wait for their shape get it before anything is counted
    table = _Table()
    table.rows["Input"] = (_shapes(inputs), 0)
    try:
        _watch_all(block, table)
        with autograd.pause():
            block(*inputs)
    finally:
        for handle in table.handles:
            handle.detach()
    print(_text(table))


def _refuse_hybridized(block: Any) -> None:
    if getattr(block, "_active", False):
        raise GraphError(
            explain(
                f'"{block.name}" must not be hybridized to print summary.',
                "a network whose layers run one by one.",
                "net.hybridize(active=False); net.summary(x); net.hybridize()",
            )
        )


def _watch_all(block: Any, table: _Table) -> None:
    """Hook every block that is not a mere container, once even if it stands in several places."""
    from dlstudio.gluon.nn import HybridSequential, Sequential

    for each in dict.fromkeys(reversed(depth_first(block))):
        if not isinstance(each, (Sequential, HybridSequential)):
            table.watch(each)


def _text(table: _Table) -> str:
    # the row of the input counts as number 0, so that the first layer is number 1
    rows = [(name, shape, count) for name, (shape, count) in table.rows.items()]
    named = [
        (name if i == 0 else f"{name.rsplit('-', 1)[0]}-{i}", shape, count)
        for i, (name, shape, count) in enumerate(rows)
    ]
    total = table.trainable + table.fixed
    unique = total - table.shared
    lines = [
        "-" * 80,
        LINE.format("Layer (type)", "Output Shape", "Param #"),
        "=" * 80,
        *(LINE.format(name, str(shape), count) for name, shape, count in named),
        "=" * 80,
        "Parameters in forward computation graph, duplicate included",
        f"   Total params: {total}",
        f"   Trainable params: {table.trainable}",
        f"   Non-trainable params: {table.fixed}",
        f"Shared params in forward computation graph: {table.shared}",
        f"Unique parameters in model: {unique}",
        "-" * 80,
    ]
    return "\n".join(lines)
