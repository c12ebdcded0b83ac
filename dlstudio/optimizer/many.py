"""All weights of a device at once: what is common is worked out once per step.

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
        """Update all weights with what is worked out once; answer whether that was possible.

        Parameters
        ----------
        optimizer : Optimizer
        indices, grads, weights, states : lists, one entry per weight
        """
        if _customised(optimizer):
            return False
        if any(w._data.dtype == np.float16 for w in weights):  # may have a float32 copy beside it
            return False
        rows = [
            (w._data, g._data, *_arrays(s)) for w, g, s in zip(weights, grads, states, strict=True)
        ]
        for weight, state in zip(weights, states, strict=True):
            weight._prepare_write()
            for tensor in _tensors(state):
                tensor._prepare_write()
        optimizer._update_count(indices)
        counts = optimizer._index_update_count
        rates, decays = optimizer._get_lrs(indices), optimizer._get_wds(indices)
        rule, step = self._find(optimizer, rows, weights)
        if step is None:
            xp = weights[0]._device.xp
            for i, (w, g, *s), lr, wd in zip(indices, rows, rates, decays, strict=True):
                optimizer.rule(xp, w, g, tuple(s), lr, wd, counts[i])
        else:
            fitted = [
                optimizer.kernel_rate(lr, counts[i]) for lr, i in zip(rates, indices, strict=True)
            ]
            step(fitted, decays, optimizer.rescale_grad, **rule[1])
        return True

    def _find(self, optimizer: Optimizer, rows: list[tuple[Any, ...]], weights: Any) -> Any:
        """Return the kernel's name and constants, and the kernel bound to these arrays or None."""
        rule = optimizer.kernel()
        # no kernel clips gradients
        if rule is None or optimizer.clip_gradient or weights[0]._device.device_type == "gpu":
            return None, None
        if rule[0] != self._rule or not _same(rows, self._rows):
            # asked once per set of arrays: results must not change when a kernel becomes ready
            self._rule, self._rows = rule[0], rows
            self._step = kernels.multi_step(rule[0], rows)
        return rule, self._step


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
