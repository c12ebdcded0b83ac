"""Functions of `np` with two operands, either of which may be a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.registry import OPS
from dlstudio.core.tensor import Tensor
from dlstudio.dialects.numpy.functions import call

__all__ = ["binary_function", "binary_functions"]


_MIRRORED = {
    "less": "greater",
    "greater": "less",
    "less_equal": "greater_equal",
    "greater_equal": "less_equal",
}
_SYMMETRIC = ("equal", "not_equal", "logical_and", "logical_or", "logical_xor")
_BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "mod",
    "power",
    "maximum",
    "minimum",
    "hypot",
    "arctan2",
    "copysign",
    "ldexp",
    "equal",
    "not_equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "lcm",
    "gcd",
    "left_shift",
    "right_shift",
    "floor_divide",
    "logaddexp",
    "nextafter",
]
_ALIASES = {"divide": "true_divide", "mod": "remainder", "arctan2": "atan2", "power": "pow"}


def _scalar_call(name: str, x: Any, number: Any, out: Any, *, reverse: bool) -> Any:
    if reverse and name in _MIRRORED:
        name, reverse = _MIRRORED[name], False
    attrs = {"scalar": number}
    if reverse and name not in _SYMMETRIC:
        attrs["reverse"] = True
    return call(f"{name}_scalar", x, out=out, **attrs)


def binary_function(name: str) -> Callable[..., Any]:
    """Build ``np.<name>(x1, x2)`` of arrays and numbers in any combination."""
    op = OPS[name]

    def function(x1: Any, x2: Any, out: Any = None, **kwargs: Any) -> Any:
        first, second = isinstance(x1, Tensor), isinstance(x2, Tensor)
        if not first and not second and np.isscalar(x1) and np.isscalar(x2):
            return getattr(np, name)(x1, x2)
        if not second and np.isscalar(x2):
            result = _scalar_call(name, x1, x2, out, reverse=False)
        elif not first and np.isscalar(x1):
            result = _scalar_call(name, x2, x1, out, reverse=True)
        else:
            result = call(name, x1, x2, out=out)
        return result

    function.__name__ = function.__qualname__ = name
    function.__module__ = "dlstudio.np"
    function.__doc__ = f"{op.doc}\n\nEither operand may be a number."
    return function


def binary_functions() -> dict[str, Callable[..., Any]]:
    """All functions of two operands."""
    made = {name: binary_function(name) for name in _BINARY}
    return made | {alias: made[name] for name, alias in _ALIASES.items()}
