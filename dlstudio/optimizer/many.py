"""One compiled call for the whole step: all weights of a device at once.

A network has many small weights, and a Python call per weight and operation costs more than the
arithmetic. Where a compiled kernel knows the optimizer's rule, it gets a table of addresses.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio import kernels
from dlstudio.optimizer.optimizer import Optimizer, _arrays, _tensors

__all__ = ["ManyWeights"]


class ManyWeights:
    """Remembers the table of addresses from step to step."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []
        self._step: Any = None
        self._rule = ""

    def update(
        self, optimizer: Optimizer, indices: Any, grads: Any, weights: Any, states: Any
    ) -> bool:
        """Update all weights if a kernel can; answer whether it did.

        Parameters
        ----------
        optimizer : Optimizer
        indices, grads, weights, states : lists, one entry per weight
        """
        rule = optimizer.kernel()
        # a user's subclass may override update(); a clipped gradient has no kernel
        if rule is None or optimizer.clip_gradient or _customised(optimizer):
            return False
        if any(
            w._data.dtype != np.float32 for w in weights
        ):  # float16 has a float32 copy beside it
            return False
        rows = [
            (w._data, g._data, *_arrays(s)) for w, g, s in zip(weights, grads, states, strict=True)
        ]
        step = self._find(rule[0], rows, weights)
        if step is None:
            return False
        for weight, state in zip(weights, states, strict=True):
            for tensor in (weight, *_tensors(state)):
                tensor._prepare_write()
        optimizer._update_count(indices)
        counts = optimizer._index_update_count
        rates = [
            optimizer.kernel_rate(lr, counts[i])
            for lr, i in zip(optimizer._get_lrs(indices), indices, strict=True)
        ]
        step(rates, optimizer._get_wds(indices), optimizer.rescale_grad, **rule[1])
        return True

    def _find(self, rule: str, rows: list[tuple[Any, ...]], weights: Any) -> Any:
        if rule == self._rule and _same(rows, self._rows):
            return self._step
        self._rule, self._rows, self._step = rule, rows, None
        if weights[0].context.device_type != "gpu":
            self._step = kernels.multi_step(rule, rows)
        return self._step


def _same(rows: list[tuple[Any, ...]], others: list[tuple[Any, ...]]) -> bool:
    if len(rows) != len(others):
        return False
    for row, other in zip(rows, others, strict=True):
        for a, b in zip(row, other, strict=True):
            if a is not b:
                return False
    return True


def _customised(optimizer: Optimizer) -> bool:
    cls = type(optimizer)
    return (
        cls.update is not Optimizer.update
        or cls.update_multi_precision is not Optimizer.update_multi_precision
        or not cls.__module__.startswith("dlstudio.")
    )
