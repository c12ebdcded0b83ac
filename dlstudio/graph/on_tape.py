"""Symbols run without a plan: operator by operator, on arrays in any storage, and on the tape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core import tape
from dlstudio.core.device import Device, cpu
from dlstudio.core.dispatch import attributes, create, invoke
from dlstudio.core.reverse import backward
from dlstudio.core.sparse_calls import cast_storage
from dlstudio.core.tensor import NDArray, Tensor, ndarray
from dlstudio.errors import GradError, explain
from dlstudio.graph.compose import topological

if TYPE_CHECKING:
    from dlstudio.core.node import Node
    from dlstudio.core.random import Stream
    from dlstudio.graph.symbol import Symbol

__all__ = [
    "head_gradients",
    "leaves",
    "nothing_recorded",
    "placed",
    "push_back",
    "repeating",
    "run_on_arrays",
    "waits_for_others",
]


def run_on_arrays(
    symbol: Symbol,
    bound: Mapping[str, Any],
    place: Callable[[Node], Device] | None = None,
    report: Callable[[Node, list[Any], list[Any]], None] | None = None,
) -> list[Any]:
    """Compute a symbol on arrays in any storage, node by node.

    Parameters
    ----------
    symbol : Symbol
    bound : dict of array, by variable
    place : function of a node, optional
        The device it runs on; by default that of its inputs.
    report : function of a node, its inputs and its outputs, optional

    Returns
    -------
    list of NDArray
    """
    values: dict[Node, Sequence[Any]] = {}
    first = next(iter(bound.values()), None)
    made = _dialect(first), None if first is None else first._device  # arrays made from nothing
    for node in topological(symbol.outputs_):
        if node.is_variable:
            values[node] = (bound[node.name],)
            continue
        device = None if place is None else place(node)
        inputs = [values[source][i] for source, i in node.inputs]
        if device is not None:
            inputs = [x.as_in_context(device) for x in inputs]
        values[node] = _apply(node, inputs, device or made[1], made[0])
        if report is not None:
            report(node, inputs, list(values[node]))
    return [values[node][i] for node, i in symbol.outputs_]


def _dialect(x: Any) -> type[NDArray]:
    return ndarray if x.__class__ is ndarray else NDArray


def _apply(
    node: Node, inputs: list[Any], device: Device | None, made: type[NDArray]
) -> Sequence[Any]:
    op = node.op
    assert op is not None
    attrs = attributes(op, node.attrs)
    if op.name == "cast_storage":
        result = cast_storage(inputs[0], attrs["stype"])
    elif inputs:
        result = invoke(op, inputs, attrs, _dialect(inputs[0]))
    else:
        result = create(op, attrs, device, made)
    return result if isinstance(result, (list, tuple)) else (result,)


def placed(ctx: Device, group2ctx: Mapping[str, Any] | None) -> Callable[[Node], Device]:
    """Where nodes run: the device of their ``ctx_group``, else `ctx`."""

    def device(node: Node) -> Device:
        group = node.raw.get("__ctx_group__", node.raw.get("ctx_group", ""))
        return Device((group2ctx or {}).get(group, ctx))

    return device


def waits_for_others(node: Node) -> bool:
    """Whether a node waits, in training, for the same one on other devices; plans cannot."""
    op = node.op
    if op is None or op.together is None:
        return False
    return op.together.waits({**op.attrs, **node.attrs, "training": True})


# ---- gradients -------------------------------------------------------------------------------
def leaves(
    arrays: Mapping[str, NDArray], grads: Mapping[str, Any], requests: Mapping[str, str]
) -> dict[str, NDArray]:
    """The arrays by name, as ends of the tape where a gradient is asked for."""
    found = {}
    for name, array in arrays.items():
        leaf, req = array.detach(), requests.get(name, "null")
        if req != "null":
            leaf._attach(grads[name], req)
        found[name] = leaf
    return found


def head_gradients(given: Any) -> list[Tensor] | None:
    """What a user gave to ``backward``, as a list of arrays; None for ones.

    Raises
    ------
    GradError
        If something else than arrays was given.
    """
    if given is None:
        return None
    heads = list(given) if isinstance(given, (list, tuple)) else [given]
    for i, head in enumerate(heads):
        if isinstance(head, np.ndarray):
            heads[i] = NDArray(head, cpu(), head.dtype)
        elif not isinstance(head, Tensor):
            raise GradError(
                explain(
                    f"backward was given a {type(head).__name__} as head gradient {i}.",
                    "an array in the shape of the output; zeros where it is not to count.",
                    "executor.backward([mx.nd.ones_like(x) for x in executor.outputs])",
                )
            )
    return heads


def push_back(outputs: Sequence[Any], head_grads: Sequence[Any] | None) -> None:
    """Write the gradients of recorded outputs into the leaves; what was not recorded has none.

    Raises
    ------
    GradError
        If there are not as many head gradients as outputs.
    """
    if head_grads is not None and len(head_grads) != len(outputs):
        raise GradError(
            explain(
                f"backward was given {len(head_grads)} head gradients for {len(outputs)} outputs.",
                "one per output.",
            )
        )
    heads = head_grads or [None] * len(outputs)
    pairs = [(x, g) for x, g in zip(outputs, heads, strict=True) if x._entry is not None]
    if pairs:
        backward([x for x, _ in pairs], [g for _, g in pairs], retain_graph=True)


@contextmanager
def repeating(
    streams: Sequence[Stream], counters: Sequence[int], *, training: bool
) -> Iterator[None]:
    """Record, and draw once more the random numbers drawn when the streams stood at `counters`."""
    state = tape.state
    before, now = (state.recording, state.training), [s.counter for s in streams]
    state.recording, state.training = True, training
    for stream, counter in zip(streams, counters, strict=True):
        stream.counter = counter
    try:
        yield
    finally:
        state.recording, state.training = before
        for stream, counter in zip(streams, now, strict=True):
            stream.counter = counter


def nothing_recorded() -> GradError:
    """Build the error of a backward pass that no forward pass in training mode came before."""
    return GradError(
        explain(
            "executor.backward() was called with no forward pass in training mode before.",
            "values kept by the forward pass.",
            "executor.forward(is_train=True)",
        )
    )
