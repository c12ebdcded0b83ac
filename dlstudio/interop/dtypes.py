"""Dtypes by name: NumPy's, and bfloat16, which the package `ml_dtypes` teaches to NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.errors import DTypeError, MissingExtraError, explain

__all__ = ["bfloat16", "dtype_of", "from_bits", "numbers"]


def bfloat16() -> np.dtype[Any]:
    """Return the dtype with the exponent of float32 and 8 bits of precision.

    Raises
    ------
    MissingExtraError
        If `ml_dtypes` is not installed.
    """
    try:
        import ml_dtypes
    except ImportError:
        raise MissingExtraError(
            explain(
                "bfloat16 was asked for, which NumPy does not have by itself.",
                "the package ml_dtypes, which teaches it to NumPy.",
                "pip install ml_dtypes, or float16",
            )
        ) from None
    return np.dtype(ml_dtypes.bfloat16)


def from_bits(bits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return bfloat16 numbers; without `ml_dtypes` as float32, whose upper 16 bits they are."""
    try:
        return bits.view(bfloat16()).copy()
    except MissingExtraError:
        return (bits.astype(np.uint32) << 16).view(np.float32)


def dtype_of(value: Any) -> np.dtype[Any]:
    """Return ``numpy.dtype(value)``; the name "bfloat16" loads `ml_dtypes` when first met.

    Raises
    ------
    DTypeError
        If `value` names no dtype.
    MissingExtraError
        If it is "bfloat16" and `ml_dtypes` is not installed.
    """
    if isinstance(value, str) and value == "bfloat16":
        return bfloat16()
    try:
        return np.dtype(value)
    except (TypeError, ValueError) as error:
        raise DTypeError(
            explain(f"dtype={repr(value)[:60]}: {error}", "a dtype such as 'float32'.")
        ) from error


def numbers(array: np.ndarray[Any, Any], dtype: Any) -> np.ndarray[Any, Any]:
    """Convert to `dtype`; what cannot become numbers is refused."""
    try:
        return array.astype(dtype_of(dtype), copy=False)
    except (TypeError, ValueError) as error:
        given = "text" if array.dtype.kind in "US" else f"dtype {array.dtype}"
        raise DTypeError(
            explain(
                f"array: {error}, from {given} to {dtype}.",
                "numbers, and a dtype that NumPy knows.",
                "mx.nd.array([1, 2, 3], dtype='float32')",
            )
        ) from None
