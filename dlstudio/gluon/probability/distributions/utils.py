"""Conversions between probabilities and log-odds, and other helpers with MXNet's names."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy

from dlstudio import np, npx
from dlstudio.core.tensor import Tensor
from dlstudio.gluon.probability import functions as fn

__all__ = [
    "cached_property", "constraint_check", "digamma", "erf", "erfinv", "gammaln", "logit2prob",
    "prob2logit", "sample_n_shape_converter", "sum_right_most",
]  # fmt: skip


def constraint_check() -> Any:
    """Return the function that raises where a constraint does not hold."""
    return npx.constraint_check


def digamma() -> Any:
    """Return the digamma function, of arrays and of numbers."""
    return fn.digamma


def gammaln() -> Any:
    """Return the logarithm of the gamma function, of arrays and of numbers."""
    return fn.gammaln


def erf() -> Any:
    """Return the error function, of arrays and of numbers."""
    return fn.erf


def erfinv() -> Any:
    """Return the inverse error function, of arrays and of numbers."""
    return fn.erfinv


def _inside(prob: Any) -> Any:
    """Keep probabilities off 0 and 1, whose log-odds are infinite."""
    if not isinstance(prob, Tensor):
        return min(max(prob, 1e-12), 1 - 1e-12)
    step = float(numpy.finfo(prob.dtype).eps)
    return np.clip(prob, step, 1 - step)


def prob2logit(prob: Any, binary: bool = True) -> Any:
    """Log-odds of probabilities; with ``binary=False`` their logarithms, for the last axis."""
    inside = _inside(prob)
    return fn.log(inside) - fn.log1p(-inside) if binary else fn.log(inside)


def logit2prob(logit: Any, binary: bool = True) -> Any:
    """Probabilities of log-odds; with ``binary=False`` the softmax of the last axis."""
    return fn.sigmoid(logit) if binary else npx.softmax(logit, axis=-1)


def sum_right_most(x: Any, ndim: int) -> Any:
    """Sum over the last `ndim` axes."""
    return x if ndim == 0 else x.sum(tuple(range(-ndim, 0)))


def sample_n_shape_converter(size: Any) -> tuple[int, ...]:
    """Shape that `sample_n` puts in front, as a tuple."""
    if size is None:
        return ()
    return (size,) if isinstance(size, int) else tuple(size)
