"""`Constant`: fixed values in a block."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio import initializer
from dlstudio.core.device import cpu
from dlstudio.core.tensor import NDArray, Tensor
from dlstudio.errors import ParamError
from dlstudio.gluon.parameter import Parameter

__all__ = ["Constant"]


class Constant(Parameter):
    """A parameter with fixed values and no gradient, for constants in a block.

    Parameters
    ----------
    name : str
        May be left out, as in MXNet 2: ``Constant(value)``.
    value : array-like

    Raises
    ------
    ParamError
        If there is a name and no value.

    Examples
    --------
    >>> import dlstudio as mx
    >>> mx.gluon.Constant("c", [[1.0, 2.0]])
    Constant c (shape=(1, 2), dtype=<class 'numpy.float32'>)
    """

    def __init__(self, name: Any, value: Any = None) -> None:
        if value is None:
            if isinstance(name, str):
                raise ParamError(f"Constant({name!r}): a value is needed. Fix: Constant(name, 1.0)")
            name, value = "", name
        if not isinstance(value, Tensor):
            value = NDArray(np.asarray(value, np.float32), cpu())
        self.value = value
        super().__init__(
            name, grad_req="null", shape=value.shape, dtype=value.dtype,
            init=initializer.Constant(value), differentiable=False,
        )  # fmt: skip
