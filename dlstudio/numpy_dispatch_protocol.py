"""`mx.numpy_dispatch_protocol`: NumPy's functions on arrays of `mx.np`, which always work here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["with_array_function_protocol", "with_array_ufunc_protocol"]

F = TypeVar("F", bound=Callable[..., Any])


def with_array_function_protocol(func: F) -> F:
    """Return `func` itself: ``numpy.sum(x)`` of an `mx.np` array needs no switch."""
    return func


def with_array_ufunc_protocol(func: F) -> F:
    """Return `func` itself: ``numpy.add(x, y)`` of `mx.np` arrays needs no switch."""
    return func
