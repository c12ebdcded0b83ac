"""Calls of the standard's functions beside NumPy's, whose main namespace keeps it too."""

from __future__ import annotations

from typing import Any

import numpy as np

import dlstudio as mx

xp = mx.array_api


def numbers(dtype, *shape, seed=0):
    """Random numbers of a dtype: small integers, normal reals."""
    rng = np.random.default_rng([seed, *shape])
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind in "iu":
        return rng.integers(0 if kind == "u" else -9, 9, shape).astype(dtype)
    real = np.asarray(rng.normal(size=shape))
    return (real if kind == "f" else real + 1j * rng.normal(size=shape)).astype(dtype)


def definite(dtype, *shape):
    """Well conditioned Hermitian matrices."""
    x = numbers(dtype, *shape)
    return (x @ np.conj(np.swapaxes(x, -1, -2)) + 3 * np.eye(shape[-1])).astype(dtype)


def ours(x: Any) -> Any:
    """The same argument with our arrays for NumPy's."""
    if isinstance(x, np.ndarray):
        return xp.asarray(x, copy=True)
    if isinstance(x, (list, tuple)) and any(isinstance(v, np.ndarray) for v in x):
        return type(x)(ours(v) for v in x)
    return x


def assert_same(found: Any, wanted: Any, rtol: float = 2e-5) -> None:
    """Equal values, shapes and dtypes; sequences element by element."""
    if isinstance(wanted, (list, tuple)):
        for a, b in zip(found, wanted, strict=True):
            assert_same(a, b, rtol)
        return
    wanted = np.asarray(wanted)
    assert isinstance(found, mx.np.ndarray), type(found)
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    np.testing.assert_allclose(found.asnumpy(), wanted, rtol=rtol, atol=1e-5)


def find(place: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        place = getattr(place, part)
    return place


def check(name: str, *args: Any, rtol: float = 2e-5, **kwargs: Any) -> None:
    """Our function called `name` and NumPy's answer alike."""
    with np.errstate(all="ignore"):
        wanted = find(np, name)(*args, **kwargs)
    found = find(xp, name)(*map(ours, args), **{k: ours(v) for k, v in kwargs.items()})
    assert_same(found, wanted, rtol)
