"""Optimizer steps with sparse weights or gradients.

A lazy step runs the optimizer's rule on the rows of a row-sparse gradient alone: the others keep
their weights and states, so that a step costs as much as the gradient has rows. Otherwise a
missing row counts as a gradient of zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlstudio.core.sparse import stored
from dlstudio.core.sparse_calls import all_rows
from dlstudio.core.sparse_storage import RowSparseArray, densified

if TYPE_CHECKING:
    from dlstudio.optimizer.optimizer import Optimizer

__all__ = ["step"]


def step(
    optimizer: Optimizer, weight: Any, grad: Any, state: Any, lr: float, wd: float, t: int
) -> None:
    """Update `weight` and `state` in place; a row-sparse weight then stores all its rows.

    Parameters
    ----------
    optimizer : Optimizer
    weight, grad : NDArray in any storage, of one shape
    state : None, an NDArray or a tuple of these and None
    lr, wd, t
        As in `Optimizer.rule`.
    """
    xp, gradient = weight.context.xp, stored(grad)
    tensors = list(state) if isinstance(state, (tuple, list)) else [] if state is None else [state]
    arrays = [None if x is None else all_rows(x) for x in (weight, *tensors)]
    for tensor in (weight, *tensors):
        if tensor is not None:
            tensor._prepare_write()
    if not isinstance(gradient, RowSparseArray) or not optimizer._is_lazy(weight):
        dense = densified(xp, gradient)
        optimizer.rule(xp, arrays[0], dense, tuple(arrays[1:]), lr, wd, t)
        return
    rows = gradient.indices
    parts = [None if array is None else array[rows] for array in arrays]
    optimizer.rule(xp, parts[0], gradient.data, tuple(parts[1:]), lr, wd, t)
    for array, part in zip(arrays, parts, strict=True):
        if array is not None:
            array[rows] = part
