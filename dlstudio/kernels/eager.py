"""Compiled kernels for eager calls, chosen once per operator, shapes, dtypes and attributes."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio import config, kernels
from dlstudio.core.avals import Aval
from dlstudio.core.registry import OPS, Op

__all__ = ["attach"]

Array = Any
# Operators that NumPy computes in many passes, or slowly. The others gain too little to look for
# a kernel at each call.
_SLOW = (
    "Convolution", "convolution_grad_data", "convolution_grad_weight", "Pooling", "pooling_grad",
    "BatchNorm", "batch_norm_grad", "LayerNorm", "layer_norm_grad", "LeakyReLU", "erf",
    "softmax", "softmax_grad", "log_softmax", "log_softmax_grad", "sigmoid", "sigmoid_grad",
)  # fmt: skip
_LEAST = 2048  # elements of the first input; below, NumPy is done before a kernel is found
_KEPT = 64  # kernels of one operator; each holds scratch memory


def attach() -> None:
    """Let eager calls of slow operators run compiled kernels."""
    for name in _SLOW:
        object.__setattr__(OPS[name], "run", _Chosen(OPS[name]))


class _Chosen:
    """What eager calls of one operator run: ``(xp, *arrays, **attrs) -> arrays``.

    A choice stays for the rest of the process, also where the kernel was not compiled yet: results
    never change in mid-run.
    """

    def __init__(self, op: Op) -> None:
        self.op = op
        self.choices: dict[Any, Any] = {}

    def __call__(self, xp: Any, *arrays: Array, **attrs: Any) -> Any:
        op = self.op
        if xp is not np or arrays[0].size < _LEAST:
            return op.forward(xp, *arrays, **attrs)
        try:
            key = (
                config.get().kernels,
                *[None if a is None else (a.shape, a.dtype) for a in arrays],
                *[item for item in attrs.items() if item[0] != "rng"],
            )
            choice = self.choices.get(key, self)
        except TypeError:  # an attribute that is no value, a list say
            return op.forward(xp, *arrays, **attrs)
        if choice is self:
            choice = self.choices[key] = self._choose(arrays, attrs)
        if choice is None:
            return op.forward(xp, *arrays, **attrs)
        kernel, outs = choice
        results = [np.empty(shape, dtype) for shape, dtype in outs]
        kernel(*results, *[np.ascontiguousarray(a) for a in arrays if a is not None])
        return results[0] if len(results) == 1 else tuple(results)

    def _choose(self, arrays: tuple[Array, ...], attrs: dict[str, Any]) -> Any:
        op, full = self.op, {**self.op.attrs, **attrs}
        ins = [None if a is None else Aval(a.shape, a.dtype) for a in arrays]
        found = op.infer(*ins, **{k: v for k, v in full.items() if k not in ("rng", "training")})
        outs = (found,) if isinstance(found, Aval) else tuple(found)
        kernel = kernels.find(op.name, ins, outs, full)
        if kernel is None:
            return None
        if sum(c is not None for c in self.choices.values()) >= _KEPT:
            self.choices = {key: None for key, c in self.choices.items() if c is None}
        return kernel, outs
