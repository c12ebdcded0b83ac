"""Lazy steps of optimizers: a row-sparse gradient touches its own rows and no others.

With ``lazy_update=True`` rows without a gradient keep their weights and states: no decay, no
momentum. With False a missing row counts as a gradient of zero, as if it were dense.
"""

from __future__ import annotations

from typing import Any

from dlstudio.core.registry import OPS
from dlstudio.core.sparse_calls import rule
from dlstudio.core.sparse_storage import RowSparseArray, densified

Array = Any

LAZY = ("sgd_update", "sgd_mom_update", "adam_update", "adagrad_update", "group_adagrad_update")


def _register(name: str, *storages: str) -> None:
    @rule(name, update=storages)
    def _(xp: Any, attrs: Any, weight: Array, gradient: Any, *states: Array) -> None:
        forward = OPS[name].forward
        if not isinstance(gradient, RowSparseArray) or not attrs.get("lazy_update", True):
            dense = densified(xp, gradient)
            weight[...] = forward(xp, weight, dense, *states, **attrs)
            return
        rows = gradient.indices
        touched = [state[rows] for state in states]
        weight[rows] = forward(xp, weight[rows], gradient.data, *touched, **attrs)
        for state, part in zip(states, touched, strict=True):
            state[rows] = part


for _name in LAZY:
    _register(_name, "default", "row_sparse")
# MXNet knows no lazy step of a dense weight here: rows without gradient are brought to zero too
_register("ftrl_update", "row_sparse")
