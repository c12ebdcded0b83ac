"""The functions that densities are written in, on arrays and on plain numbers.

Parameters may stay numbers: ``Normal(0, 1)`` belongs to no device and no dtype until it meets an
array. A function of numbers alone gives a number; as soon as one operand is an array, an array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from dlstudio import np, npx
from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import NDArray, Tensor, ndarray
from dlstudio.errors import GraphError, explain
from dlstudio.graph.symbol import Symbol

__all__ = [
    "as_array", "digamma", "draw_binomial", "dtype_of", "erf", "erfinv", "exp", "expm1",
    "gammainc", "gammaln", "log", "log1p", "shape_of", "sigmoid", "softplus", "sqrt",
]  # fmt: skip

Value = Any  # an array or a number


def _function(
    ours: Callable[..., Any], of_number: Callable[[float], Any]
) -> Callable[[Value], Any]:
    def function(x: Value) -> Any:
        return ours(x) if isinstance(x, Tensor) else float(of_number(x))

    function.__doc__ = ours.__doc__
    return function


def _by_operator(name: str, **attrs: Any) -> Callable[[float], Any]:
    """Run an operator on a number: it leaves no trace in graphs."""
    return lambda x: OPS[name].forward(numpy, numpy.asarray(x, "float64"), **attrs)


exp = _function(np.exp, numpy.exp)
expm1 = _function(np.expm1, numpy.expm1)
log = _function(np.log, numpy.log)
log1p = _function(np.log1p, numpy.log1p)
sqrt = _function(np.sqrt, numpy.sqrt)
sigmoid = _function(npx.sigmoid, lambda x: 1 / (1 + numpy.exp(-x)))
softplus = _function(lambda x: np.logaddexp(x, 0.0), lambda x: numpy.logaddexp(x, 0.0))
gammaln = _function(npx.gammaln, _by_operator("gammaln"))
digamma = _function(npx.digamma, _by_operator("polygamma", order=0))
erf = _function(npx.erf, _by_operator("erf"))
erfinv = _function(npx.erfinv, _by_operator("erfinv"))


def gammainc(a: Value, x: ndarray) -> ndarray:
    """Regularised lower incomplete gamma function P(a, x)."""
    op = OPS["gammainc"]
    shape = a if isinstance(a, Tensor) else np.full_like(x, a)
    return invoke(op, (shape, x), attributes(op, {}), ndarray)


def draw_binomial(n: ndarray, p: ndarray, shape: tuple[int, ...], dtype: str) -> ndarray:
    """Successes in `n` trials with probability `p` each."""
    op = OPS["_npi_binomial"]
    return invoke(op, (n, p), attributes(op, {"size": shape, "dtype": dtype}), ndarray)


def as_array(value: Any) -> Any:
    """Take arrays of both dialects, NumPy arrays and lists as an `np` array; keep numbers.

    Raises
    ------
    GraphError
        If it is a symbol.
    """
    if isinstance(value, (ndarray, int, float)) or value is None:
        return value
    if isinstance(value, NDArray):
        return value.as_np_ndarray()
    if isinstance(value, Symbol):
        raise GraphError(
            explain(
                f"A distribution was given the symbol {value.name!r}.",
                "arrays or numbers.",
                "forward(self, x) in place of hybrid_forward(self, F, x): it is compiled as well",
            )
        )
    if isinstance(value, numpy.generic):
        return value.item()
    return np.array(value)


def shape_of(value: Value) -> tuple[int, ...]:
    """Shape of an array; () of a number."""
    return value.shape if isinstance(value, Tensor) else ()


def dtype_of(*values: Value) -> str:
    """Floating dtype that draws with these parameters have."""
    kinds = [v.dtype for v in values if isinstance(v, Tensor) and v.dtype.kind == "f"]
    return numpy.result_type(*kinds).name if kinds else "float32"
