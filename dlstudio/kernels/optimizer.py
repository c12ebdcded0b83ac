"""Optimizer steps in one pass over each parameter, and over many parameters in one call.

A network has many small parameters. `MultiStep` keeps their addresses in a table and updates all
of them in one compiled call, so that a step costs no Python per parameter.

The rules are MXNet's: the gradient is rescaled, weight decay is added to it, and momentum holds
the step itself (``mom = momentum * mom - lr * grad``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import types
from numba.np.numpy_support import carray

from dlstudio.kernels.jit import compiled, declared, helper, intrinsic

__all__ = ["KERNELS", "MultiStep"]

Array = Any
f4 = np.float32


@intrinsic
def _address(context, value):
    """Read an integer as the pointer to float32 values that it is."""
    signature = types.CPointer(types.float32)(types.uint64)

    def generate(context, builder, signature, arguments):
        target = context.get_value_type(signature.return_type)
        return builder.inttoptr(arguments[0], target)

    return signature, generate


@helper
def _sgd(weight, grad, lr, decay, rescale):
    for i in range(weight.size):
        weight[i] -= lr * (rescale * grad[i] + decay * weight[i])


@helper
def _sgd_momentum(weight, grad, mom, lr, decay, rescale, momentum):
    for i in range(weight.size):
        step = momentum * mom[i] - lr * (rescale * grad[i] + decay * weight[i])
        mom[i] = step
        weight[i] += step


@helper
def _adam(weight, grad, mean, var, lr, decay, rescale, beta1, beta2, epsilon):
    for i in range(weight.size):
        g = rescale * grad[i] + decay * weight[i]
        m = beta1 * mean[i] + (f4(1) - beta1) * g
        v = beta2 * var[i] + (f4(1) - beta2) * g * g
        mean[i], var[i] = m, v
        weight[i] -= lr * m / (np.sqrt(v) + epsilon)


_TABLE = ("uint64[:,::1]", "int64[::1]", "float32[:,::1]")


@compiled(*_TABLE)
def sgd_step(table, sizes, rates):
    """One SGD step; rows of `table` are addresses of (weight, grad)."""
    for k in range(sizes.size):
        n = sizes[k]
        weight, grad = carray(_address(table[k, 0]), n), carray(_address(table[k, 1]), n)
        _sgd(weight, grad, rates[k, 0], rates[k, 1], rates[k, 2])


@compiled(*_TABLE, "float32")
def sgd_momentum_step(table, sizes, rates, momentum):
    """One SGD step with momentum; rows of `table` are addresses of (weight, grad, mom)."""
    for k in range(sizes.size):
        n = sizes[k]
        weight, grad = carray(_address(table[k, 0]), n), carray(_address(table[k, 1]), n)
        mom = carray(_address(table[k, 2]), n)
        _sgd_momentum(weight, grad, mom, rates[k, 0], rates[k, 1], rates[k, 2], momentum)


@compiled(*_TABLE, "float32", "float32", "float32")
def adam_step(table, sizes, rates, beta1, beta2, epsilon):
    """One Adam step; rows of `table` are addresses of (weight, grad, mean, var)."""
    for k in range(sizes.size):
        n = sizes[k]
        weight, grad = carray(_address(table[k, 0]), n), carray(_address(table[k, 1]), n)
        mean, var = carray(_address(table[k, 2]), n), carray(_address(table[k, 3]), n)
        _adam(weight, grad, mean, var, rates[k, 0], rates[k, 1], rates[k, 2], beta1, beta2, epsilon)


KERNELS = declared(__name__)
_STEPS = {
    "sgd_update": (sgd_step, ()),
    "sgd_mom_update": (sgd_momentum_step, ("momentum",)),
    "adam_update": (adam_step, ("beta1", "beta2", "epsilon")),
}


class MultiStep:
    """One optimizer rule over a fixed list of parameters.

    Parameters
    ----------
    rule : {"sgd_update", "sgd_mom_update", "adam_update"}
    rows : sequence of tuples of arrays
        Per parameter what the rule reads and writes, in the operator's order: weight, grad,
        states. All float32, contiguous, and alike in shape within a row.

    Notes
    -----
    The arrays are kept alive, because their addresses are. Ask `holds` before a step: parameters
    that were given new arrays need a new table.
    """

    def __init__(self, rule: str, rows: Sequence[tuple[Array, ...]]) -> None:
        kernel, self._constants = _STEPS[rule]
        self._run = kernel.load()
        self._rows = [tuple(row) for row in rows]
        self._table = np.array([[a.ctypes.data for a in row] for row in self._rows], np.uint64)
        self._sizes = np.array([row[0].size for row in self._rows], np.int64)
        self._rates = np.zeros((len(self._rows), 3), np.float32)

    @staticmethod
    def accepts(rule: str, rows: Sequence[tuple[Array, ...]]) -> bool:
        """Whether the rule and all arrays are of the supported kind."""
        return (
            rule in _STEPS
            and len(rows) > 0
            and all(
                a.dtype == np.float32 and a.flags.c_contiguous and a.flags.writeable
                for row in rows
                for a in row
            )
            and all(a.shape == row[0].shape for row in rows for a in row)
        )

    def holds(self, rows: Sequence[tuple[Array, ...]]) -> bool:
        """Whether these are the very arrays that the table was made for."""
        if len(rows) != len(self._rows):
            return False
        for mine, given in zip(self._rows, rows, strict=True):
            for a, b in zip(mine, given, strict=True):
                if a is not b:
                    return False
        return True

    def __call__(
        self,
        rates: Sequence[float],
        decays: Sequence[float],
        rescale: float,
        **constants: float,
    ) -> None:
        """Update every parameter.

        Parameters
        ----------
        rates, decays : one float per parameter
            Learning rate and weight decay.
        rescale : float
            Factor of every gradient, 1 / batch size as a rule.
        **constants
            ``momentum`` of ``sgd_mom_update``; ``beta1``, ``beta2``, ``epsilon`` of
            ``adam_update``, whose learning rate already contains the bias correction.
        """
        self._rates[:, 0] = rates
        self._rates[:, 1] = decays
        self._rates[:, 2] = rescale
        values = [constants[name] for name in self._constants]
        self._run(self._table, self._sizes, self._rates, *map(f4, values))
