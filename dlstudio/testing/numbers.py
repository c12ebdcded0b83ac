"""Comparing arrays, with tolerances that fit their dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["assert_close", "tolerance"]

# relative error: a few dozen roundings of each dtype
_RELATIVE = {"float16": 1e-2, "float32": 1e-5, "float64": 1e-9, "complex64": 1e-5}


def tolerance(dtype: Any) -> tuple[float, float]:
    """Relative and absolute tolerance for results of `dtype`; (0, 0) for whole numbers."""
    relative = _RELATIVE.get(np.dtype(dtype).name, 0.0)
    return relative, relative / 10


def assert_close(
    actual: Any, expected: Any, rtol: float | None = None, atol: float | None = None, what: str = ""
) -> None:
    """Raise AssertionError unless shapes agree and values agree within the dtype's tolerance.

    Parameters
    ----------
    actual, expected : arrays or tensors
    rtol, atol : float, optional
        Default: by the less precise of the two dtypes.
    what : str
        Named in the message.
    """
    a, b = np.asarray(actual), np.asarray(expected)
    if a.shape != b.shape:
        raise AssertionError(f"{what}: shape {a.shape}, expected {b.shape}")
    loosest = max(tolerance(a.dtype), tolerance(b.dtype))
    np.testing.assert_allclose(
        a,
        b,
        rtol=loosest[0] if rtol is None else rtol,
        atol=loosest[1] if atol is None else atol,
        err_msg=what,
    )
