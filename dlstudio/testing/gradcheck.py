"""Gradients against finite differences, to any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["check_gradients", "numeric_gradients"]

Array = np.ndarray[Any, Any]
# central differences err by O(STEP²) from curvature and O(1e-16 / STEP) from rounding; for values
# around 1 both are below 1e-9 here
STEP = 1e-5


def numeric_gradients(
    function: Callable[..., float], arrays: Sequence[Any], wanted: Sequence[int]
) -> list[Array]:
    """Central differences of a scalar `function` of float64 arrays, for each index in `wanted`."""
    found = []
    for k in wanted:
        slopes = np.zeros(arrays[k].shape)
        for position in np.ndindex(arrays[k].shape):
            ends = []
            for sign in (1, -1):
                shifted = [a.copy() if i == k else a for i, a in enumerate(arrays)]
                shifted[k][position] += sign * STEP
                ends.append(function(*shifted))
            slopes[position] = (ends[0] - ends[1]) / (2 * STEP)
        found.append(slopes)
    return found


def check_gradients(
    function: Callable[..., Any], arrays: Sequence[Array], *, rtol: float = 1e-5, atol: float = 1e-7
) -> None:
    """Compare recorded gradients of ``function(*tensors)`` with central differences.

    The result is contracted with fixed random numbers, so that every output element counts.

    Parameters
    ----------
    function : tensors -> tensor
    arrays : float64 arrays; every one of them is differentiated

    Raises
    ------
    AssertionError
        Naming the input whose gradient differs.
    """
    from dlstudio import autograd, nd

    tensors = [nd.array(a, dtype="float64") for a in arrays]
    for tensor in tensors:
        tensor.attach_grad()
    with autograd.record():
        out = function(*tensors)
    weights = np.random.default_rng(1).uniform(0.5, 1.5, out.shape)
    out.backward(nd.array(weights, dtype="float64"))

    def scalar(*values: Array) -> float:
        result = function(*(nd.array(v, dtype="float64") for v in values))
        return float((result.asnumpy() * weights).sum())

    numeric = numeric_gradients(scalar, list(arrays), range(len(arrays)))
    for i, (tensor, expected) in enumerate(zip(tensors, numeric, strict=True)):
        np.testing.assert_allclose(
            tensor.grad.asnumpy(), expected, rtol=rtol, atol=atol, err_msg=f"gradient of input {i}"
        )
