"""What an optimizer step tells the bus while somebody watches."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

from dlstudio.core.device import Device
from dlstudio.core.sparse import stored
from dlstudio.core.sparse_storage import is_sparse
from dlstudio.core.watch import buffer_of
from dlstudio.optimizer.optimizer import Optimizer
from dlstudio.trace import bus
from dlstudio.trace.events import OpRan

__all__ = ["watched_update"]


def _values(tensor: Any) -> Any:
    """The array that holds a tensor's values, sparse or dense."""
    found = stored(tensor)
    return found.data if is_sparse(found) else found


def watched_update(
    optimizer: Optimizer, device: Device, names: list[str], grads: Any, weights: Any, start: int
) -> None:
    """Tell that `optimizer` has updated these weights since `start` (perf_counter_ns)."""
    outs = tuple(
        buffer_of(_values(w), device, name, "parameter")
        for w, name in zip(weights, names, strict=True)
    )
    ins = tuple(
        buffer_of(_values(g), device, f"{name}_grad", "gradient")
        for g, name in zip(grads, names, strict=True)
    )
    op = f"{type(optimizer).__name__.lower()}_update"
    shape = tuple(weights[0].shape)
    bus.emit(
        OpRan(op, "trainer", str(device), start, perf_counter_ns(), ins, outs, shape, "update", "")
    )
